"""The classical solvers: bounds, monotone WMMSE, equivariance, exhaustive search, degenerate networks."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.channels.scenarios import geometric, rayleigh, to_channels
from qgnn_d2d.objective import sinr, weighted_sum_rate
from qgnn_d2d.solvers import SOLVERS, best_single_link, full_power, on_off_search, wmmse, wmmse_multistart

RTOL_MONOTONE = 1e-12  # rounding, relative to the rate
RTOL_RATE = 1e-9
SCENARIOS = {
    "rayleigh": to_channels(rayleigh(num_links=6, num_realizations=40, seed=8)),
    "rayleigh_strong": to_channels(rayleigh(num_links=6, num_realizations=40, seed=8, p_max=3.0, noise_power=0.01)),
    "geometric": to_channels(geometric(num_links=6, num_realizations=40, seed=8)),
}


@pytest.fixture(params=sorted(SCENARIOS))
def channels(request):
    return SCENARIOS[request.param]


def arguments(channels):
    return channels.gain, channels.weight, channels.noise_power, channels.p_max


def rate(channels, power):
    return weighted_sum_rate(channels.gain, power, channels.weight, channels.noise_power)


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


@pytest.mark.parametrize("name", SOLVERS)
def test_powers_are_float64_and_within_bounds(channels, name):
    power = SOLVERS[name](*arguments(channels))
    assert power.shape == channels.weight.shape
    assert power.dtype == torch.float64
    assert (power >= 0).all()
    assert (power <= channels.p_max**2).all()


@pytest.mark.parametrize("name", SOLVERS)
def test_float32_channels_give_float64_powers(name):
    channels = SCENARIOS["geometric"]
    power = SOLVERS[name](channels.gain.float(), channels.weight.float(), channels.noise_power, channels.p_max)
    assert power.dtype == torch.float64


@pytest.mark.parametrize("name", SOLVERS)
def test_relabelling_the_links_relabels_the_powers(channels, name):
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    gain, weight, noise_power, p_max = arguments(channels)
    power = SOLVERS[name](gain, weight, noise_power, p_max)
    relabelled = SOLVERS[name](gain[:, order][:, :, order], weight[:, order], noise_power, p_max)
    torch.testing.assert_close(relabelled, power[:, order], rtol=1e-6, atol=1e-6 * p_max**2)


@pytest.mark.parametrize("name", SOLVERS)
def test_realizations_are_solved_independently(channels, name):
    together = SOLVERS[name](*arguments(channels))
    alone = SOLVERS[name](channels.gain[7], channels.weight[7], channels.noise_power, channels.p_max)
    assert alone.shape == (6,)
    torch.testing.assert_close(alone, together[7], rtol=1e-6, atol=1e-6 * channels.p_max**2)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("num_links", [1, 2, 3])
def test_small_networks_work(name, num_links):
    channels = to_channels(rayleigh(num_links, num_realizations=5, seed=1))
    power = SOLVERS[name](*arguments(channels))
    if num_links == 1:
        torch.testing.assert_close(power, full_power(*arguments(channels)))


@pytest.mark.parametrize("name", SOLVERS)
def test_silent_networks_give_finite_powers(name):
    gain, weight = torch.zeros(3, 5, 5), torch.ones(3, 5)
    gain[1] = torch.eye(5)  # no interference at all
    gain[2], weight[2] = 1.0, 0.0  # nothing to gain
    power = SOLVERS[name](gain.double(), weight.double(), 0.1, 1.0)
    assert torch.isfinite(power).all()
    if "wmmse" in name:
        torch.testing.assert_close(power[1], torch.ones(5, dtype=torch.float64))


@pytest.mark.parametrize("name", SOLVERS)
def test_unusable_networks_are_refused(name):
    gain = torch.ones(2, 4, 4, dtype=torch.float64)
    gain[1, 2, 3] = math.nan
    with pytest.raises(ValueError, match=r"gain has 1 bad of 32 entries, the first at index \(1, 2, 3\)"):
        SOLVERS[name](gain, torch.ones(2, 4), 0.1, 1.0)


# --- WMMSE --------------------------------------------------------------------------------------------------


@given(
    seed=st.integers(0, 2**32),
    num_links=st.integers(1, 8),
    scenario=st.sampled_from([rayleigh, geometric]),
    start=st.floats(0.01, 1.0),
)
def test_wmmse_objective_never_falls(seed, num_links, scenario, start):
    channels = to_channels(scenario(num_links=num_links, num_realizations=10, seed=seed))
    power = torch.full_like(channels.weight, start * channels.p_max**2)
    before = rate(channels, power)
    for _ in range(30):
        power = wmmse(*arguments(channels), init=power, iterations=1)
        after = rate(channels, power)
        assert (after >= before * (1 - RTOL_MONOTONE)).all()
        before = after


def test_wmmse_equals_the_textbook_loop(channels):
    gain, weight, noise_power, p_max = arguments(channels)
    fast = wmmse(gain[:5], weight[:5], noise_power, p_max, iterations=5)
    slow = torch.stack([slow_wmmse(gain[n], weight[n], noise_power, p_max, iterations=5) for n in range(5)])
    # The textbook form of w loses digits by subtraction at high SINR, hence no tighter tolerance.
    torch.testing.assert_close(fast, slow, rtol=1e-4, atol=1e-8 * p_max**2)


def test_wmmse_does_exactly_the_iterations_asked_for(channels):
    assert torch.equal(wmmse(*arguments(channels), iterations=0), full_power(*arguments(channels)))
    half = wmmse(*arguments(channels), iterations=50)
    continued = wmmse(*arguments(channels), init=half, iterations=50)
    torch.testing.assert_close(
        rate(channels, continued), rate(channels, wmmse(*arguments(channels))), rtol=RTOL_RATE, atol=0
    )


def test_wmmse_ends_in_a_stationary_point():
    channels = SCENARIOS["rayleigh"]
    power = wmmse(*arguments(channels), iterations=3_000).requires_grad_()
    rate(channels, power).sum().backward()
    projected = (power + power.grad).clamp(0, channels.p_max**2) - power
    assert projected.abs().max().item() < 0.02  # silent links approach zero slowly, as 1/iterations
    assert projected.abs().mean().item() < 1e-3


def test_wmmse_scales_with_the_units():
    channels = SCENARIOS["rayleigh"]
    gain, weight, _, _ = arguments(channels)
    power = wmmse(gain * 1e-12, weight, 0.1 * 4e-12, p_max=2.0)
    torch.testing.assert_close(power / 4, wmmse(gain, weight, 0.1, 1.0), rtol=1e-6, atol=1e-8)


def test_wmmse_refuses_starts_that_do_not_fit():
    channels = SCENARIOS["rayleigh_strong"]  # p_max^2 = 9
    for init, message in [
        (torch.full((6,), 9.1), "init has powers from 9.1 to 9.1 W; they must be from 0 to p_max"),
        (torch.tensor([-1.0, 0, 0, 0, 0, 0]), "init has powers from -1"),
        (torch.full((6,), math.nan), "init has powers from nan"),
        (torch.ones(5), r"init has shape \(5,\); it must broadcast to \(40, 6\)"),
        ("random", "init is 'random'"),
    ]:
        with pytest.raises(ValueError, match=message):
            wmmse(*arguments(channels), init=init)
    with pytest.raises(ValueError, match="iterations is -1"):
        wmmse(*arguments(channels), iterations=-1)


def test_wmmse_takes_starts_that_exceed_full_power_by_rounding():
    channels = SCENARIOS["geometric"]
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


# --- heuristics ---------------------------------------------------------------------------------------------


def test_best_single_link_has_the_best_rate_alone(channels):
    alone = channels.p_max**2 * torch.eye(channels.num_links, dtype=torch.float64)
    rates = torch.stack([rate(channels, power.expand_as(channels.weight)) for power in alone])
    power = best_single_link(*arguments(channels))
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
    ones = torch.ones_like(channels.weight)
    snr = sinr(torch.diag_embed(channels.gain.diagonal(dim1=-2, dim2=-1)), ones * channels.p_max**2, 1.0)
    score = channels.weight * torch.log2(1 + snr / channels.noise_power)
    third = score.sort(dim=-1, descending=True).values[:, 2:3]
    power = on_off_search(*arguments(channels), candidates=3)
    assert (power[score < third] == 0).all()
    assert torch.isin(power, torch.tensor([0.0, channels.p_max**2], dtype=torch.float64)).all()


@pytest.mark.parametrize("candidates", [0, 7, 2.0])
def test_candidates_out_of_range_are_refused(candidates):
    message = f"candidates is {candidates}; it must be an integer from 1 to 6"
    with pytest.raises(ValueError, match=message):
        on_off_search(*arguments(SCENARIOS["rayleigh"]), candidates=candidates)
