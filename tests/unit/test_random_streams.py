"""Named random streams."""

import pytest
import torch

from qgnn_d2d.random_streams import seed_sequence, torch_generator


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
