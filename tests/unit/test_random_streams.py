"""Named random streams."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.random_streams import child, numpy_generator, seed_sequence, torch_generator
from tests.strategies import COUNTS, JUNK, is_plain_count, result_of


def test_streams_are_repeatable_and_distinct():
    addresses = [(), ("shuffle",), ("shuffle", 0), ("shuffle", 1), ("stars", 0), ("stars", "test", 0)]
    states = [tuple(seed_sequence(11, *address).generate_state(4)) for address in addresses]
    assert len(set(states)) == len(addresses)
    assert states == [tuple(seed_sequence(11, *address).generate_state(4)) for address in addresses]
    first = torch.rand(3, generator=torch_generator(11, "shuffle", 0))
    assert torch.equal(first, torch.rand(3, generator=torch_generator(11, "shuffle", 0)))


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed is -1"):
        seed_sequence(-1)


def test_children_are_those_that_spawn_gives_and_leave_the_parent_as_it_was():
    parent = seed_sequence(11, "channels")
    children = [child(parent, i) for i in range(3)]
    assert parent.n_children_spawned == 0
    for own, spawned in zip(children, parent.spawn(3), strict=True):
        assert (own.entropy, own.spawn_key) == (spawned.entropy, spawned.spawn_key)
    assert np.array_equal(
        numpy_generator(11, 2).random(3), np.random.default_rng(np.random.SeedSequence(11).spawn(3)[2]).random(3)
    )


@given(seed=JUNK, names=st.lists(st.text(max_size=4) | COUNTS | JUNK, max_size=3))
def test_streams_of_any_address_repeat_or_are_refused(seed, names):
    def state():
        return seed_sequence(seed, *names).generate_state(4).tolist()

    first = result_of(state)
    good = is_plain_count(seed) and seed >= 0
    good &= all(isinstance(name, str) or (is_plain_count(name) and name >= 0) for name in names)
    assert (first is not None) == good
    if good:
        assert first == state()
        draws = [torch.rand(2, generator=torch_generator(seed, *names)) for _ in range(2)]
        assert torch.equal(*draws)
        assert first != seed_sequence(seed, *names, "more").generate_state(4).tolist()
