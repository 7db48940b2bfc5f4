"""WMMSE: monotone, equal to the textbook's loop, stationary, from starts that fit."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.objective import single_link_rate
from qgnn_d2d.solvers.heuristics import full_power, on_off_search
from qgnn_d2d.solvers.wmmse import wmmse, wmmse_after_search, wmmse_better_start, wmmse_multistart
from tests.unit.solvers.cases import CASES, arguments, draw, rate

RTOL_MONOTONE = 1e-12  # rounding, relative to the rate
RTOL_RATE = 1e-9


def slow_wmmse(gain, weight, noise_power, p_max, iterations):
    """Shi et al. 2011 for one network, link by link, in unscaled units."""
    num_links = len(weight)
    g = gain.tolist()
    v = [p_max] * num_links
    for _ in range(iterations):
        total = [noise_power + sum(g[m][j] * v[j] ** 2 for j in range(num_links)) for m in range(num_links)]
        u = [math.sqrt(g[m][m]) * v[m] / total[m] for m in range(num_links)]
        w = [total[m] / (total[m] - g[m][m] * v[m] ** 2) for m in range(num_links)]
        cost = [sum(weight[j] * w[j] * u[j] ** 2 * g[j][m] for j in range(num_links)) for m in range(num_links)]
        v = [min(p_max, float(weight[m]) * w[m] * u[m] * math.sqrt(g[m][m]) / float(cost[m])) for m in range(num_links)]
    return torch.tensor(v, dtype=torch.float64) ** 2


@given(
    seed=st.integers(0, 2**32),
    num_links=st.integers(1, 8),
    kind=st.sampled_from(["rayleigh", "geometric"]),
    start=st.floats(0.01, 1.0),
)
def test_the_objective_never_falls(seed, num_links, kind, start):
    channels = draw(num_links, 10, seed, kind)
    power = torch.full_like(channels.weight, start * channels.p_max**2)
    before = rate(channels, power)
    for _ in range(30):
        power = wmmse(*arguments(channels), init=power, iterations=1)
        after = rate(channels, power)
        assert (after >= before * (1 - RTOL_MONOTONE)).all()
        before = after


def test_equals_the_textbook_loop(channels):
    gain, weight, noise_power, p_max = arguments(channels)
    fast = wmmse(gain[:5], weight[:5], noise_power, p_max, iterations=5)
    slow = torch.stack([slow_wmmse(gain[n], weight[n], noise_power, p_max, iterations=5) for n in range(5)])
    # The textbook form of w loses digits by subtraction at high SINR, hence no tighter tolerance.
    torch.testing.assert_close(fast, slow, rtol=1e-4, atol=1e-8 * p_max**2)


def test_does_exactly_the_iterations_asked_for(channels):
    assert torch.equal(wmmse(*arguments(channels), iterations=0), full_power(*arguments(channels)))
    half = wmmse(*arguments(channels), iterations=50)
    continued = wmmse(*arguments(channels), init=half, iterations=50)
    torch.testing.assert_close(
        rate(channels, continued), rate(channels, wmmse(*arguments(channels))), rtol=RTOL_RATE, atol=0
    )


def test_ends_in_a_stationary_point():
    channels = CASES["rayleigh"]
    power = wmmse(*arguments(channels), iterations=3_000).requires_grad_()
    rate(channels, power).sum().backward()
    projected = (power + power.grad).clamp(0, channels.p_max**2) - power
    assert projected.abs().max().item() < 0.02  # links that turn off approach zero slowly, as 1/iterations
    assert projected.abs().mean().item() < 1e-3


def test_scales_with_the_units():
    channels = CASES["rayleigh"]
    gain, weight, _, _ = arguments(channels)
    power = wmmse(gain * 1e-12, weight, 0.1 * 4e-12, p_max=2.0)
    torch.testing.assert_close(power / 4, wmmse(gain, weight, 0.1, 1.0), rtol=1e-6, atol=1e-8)


def test_refuses_starts_that_do_not_fit():
    channels = CASES["rayleigh_strong"]  # p_max^2 = 9
    for init, message in [
        (torch.full((6,), 9.1), "init has powers from 9.1 to 9.1 W; they must be from 0 to p_max"),
        (torch.tensor([-1.0, 0, 0, 0, 0, 0]), "init has powers from -1"),
        (torch.full((6,), math.nan), "init has powers from nan"),
        (torch.ones(5), r"init has shape \(5,\); it must broadcast to \(30, 6\)"),
        ("random", "init is 'random'"),
    ]:
        with pytest.raises(ValueError, match=message):
            wmmse(*arguments(channels), init=init)
    with pytest.raises(ValueError, match="iterations is -1"):
        wmmse(*arguments(channels), iterations=-1)


def test_takes_starts_that_exceed_full_power_by_rounding():
    channels = CASES["geometric"]
    init = torch.full_like(channels.weight, channels.p_max**2 * (1 + 1e-7))
    assert wmmse(*arguments(channels), init=init).max() <= channels.p_max**2


def test_multistart_is_the_best_of_its_runs(channels):
    starts = [full_power(*arguments(channels))]
    for favored in range(channels.num_links):
        alone = torch.full((channels.num_links,), 0.01 * channels.p_max**2, dtype=torch.float64)
        alone[favored] = channels.p_max**2
        starts.append(alone)
    runs = torch.stack([rate(channels, wmmse(*arguments(channels), init=start)) for start in starts])
    best = rate(channels, wmmse_multistart(*arguments(channels)))
    torch.testing.assert_close(best, runs.amax(0), rtol=RTOL_RATE, atol=0)


def test_the_single_start_is_the_best_link_with_the_others_at_one_percent(channels):
    best = single_link_rate(*arguments(channels)).argmax(-1)
    start = torch.full_like(channels.weight, 0.01 * channels.p_max**2)
    start[torch.arange(len(channels)), best] = channels.p_max**2
    single = wmmse(*arguments(channels), init="single", iterations=7)
    assert torch.equal(single, wmmse(*arguments(channels), init=start, iterations=7))


def test_the_better_start_is_the_better_of_both_in_each_realization(channels):
    both = [wmmse(*arguments(channels), init=init, iterations=20) for init in ("full", "single")]
    rates = [rate(channels, power) for power in both]
    found = wmmse_better_start(*arguments(channels), iterations=20)
    assert torch.equal(rate(channels, found), torch.maximum(*rates))
    assert not any(torch.equal(found, power) for power in both)  # no start wins everywhere


def test_after_a_search_it_is_no_worse_than_what_the_search_found_beside_faint_links(channels):
    found = on_off_search(*arguments(channels), candidates=3)
    start = found.clamp(min=0.01 * channels.p_max**2)
    torch.testing.assert_close(wmmse_after_search(*arguments(channels), candidates=3, iterations=0), start)
    after = rate(channels, wmmse_after_search(*arguments(channels), candidates=3))
    assert (after >= rate(channels, start) * (1 - RTOL_MONOTONE)).all()
