"""Heuristics: what is searched, and that all of it is."""

import itertools

import pytest
import torch

from qgnn_d2d.objective import single_link_rate
from qgnn_d2d.solvers import METHODS
from qgnn_d2d.solvers.heuristics import greedy, on_off_search
from tests.unit.solvers.cases import CASES, arguments, rate

RTOL_MONOTONE = 1e-12  # rounding, relative to the rate
RTOL_RATE = 1e-9


def test_best_single_link_has_the_best_rate_alone(channels):
    alone = channels.p_max**2 * torch.eye(channels.num_links, dtype=torch.float64)
    rates = torch.stack([rate(channels, power.expand_as(channels.weight)) for power in alone])
    power = METHODS["best_single_link"].solve(*arguments(channels))
    assert ((power > 0).sum(-1) == 1).all()
    torch.testing.assert_close(rate(channels, power), rates.amax(0), rtol=RTOL_RATE, atol=0)


def test_on_off_search_of_all_links_is_exhaustive(channels):
    patterns = torch.tensor(list(itertools.product((0.0, 1.0), repeat=6)), dtype=torch.float64)
    rates = torch.stack([rate(channels, (channels.p_max**2 * p).expand_as(channels.weight)) for p in patterns])
    power = on_off_search(*arguments(channels), candidates=6)
    torch.testing.assert_close(rate(channels, power), rates.amax(0), rtol=RTOL_RATE, atol=0)


def test_more_candidates_never_hurt(channels):
    rates = [rate(channels, on_off_search(*arguments(channels), candidates=count)) for count in range(1, 7)]
    for fewer, more in itertools.pairwise(rates):
        assert (more >= fewer * (1 - RTOL_MONOTONE)).all()


def test_on_off_search_uses_candidates_only(channels):
    score = single_link_rate(*arguments(channels))
    third = score.sort(dim=-1, descending=True).values[:, 2:3]
    power = on_off_search(*arguments(channels), candidates=3)
    assert (power[score < third] == 0).all()
    assert torch.isin(power, torch.tensor([0.0, channels.p_max**2], dtype=torch.float64)).all()


def test_candidates_beyond_the_links_are_all_links(channels):
    assert torch.equal(
        on_off_search(*arguments(channels), candidates=9), on_off_search(*arguments(channels), candidates=6)
    )


@pytest.mark.parametrize("candidates", [0, 17, 2.0])
def test_candidates_out_of_range_are_refused(candidates):
    with pytest.raises(ValueError, match=f"candidates is {candidates}; it must be an integer from 1 to 16"):
        on_off_search(*arguments(CASES["rayleigh"]), candidates=candidates)


def test_greedy_is_the_textbook_loop(channels):
    score = single_link_rate(*arguments(channels))
    for n in range(len(channels)):
        one = channels.take([n])
        power, best = torch.zeros_like(one.weight), 0.0
        for link in sorted(range(one.num_links), key=lambda m: -float(score[n, m])):
            tried = power.clone()
            tried[0, link] = one.p_max**2
            if float(rate(one, tried)) > best:
                power, best = tried, float(rate(one, tried))
        assert torch.equal(greedy(*arguments(one)), power)


def test_greedy_is_between_the_best_single_link_and_the_search_of_all(channels):
    rates = [
        rate(channels, power)
        for power in (
            on_off_search(*arguments(channels), candidates=1),
            greedy(*arguments(channels)),
            on_off_search(*arguments(channels), candidates=6),
        )
    ]
    for lower, higher in itertools.pairwise(rates):
        assert (lower <= higher * (1 + RTOL_MONOTONE)).all()
