"""The certified optimum: brute force on small networks, valid bounds, corner cases, refusals."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from scipy.optimize import minimize

from qgnn_d2d.objective import released_gain, released_metric, weighted_sum_rate
from qgnn_d2d.solvers.branch_and_bound import optimum
from qgnn_d2d.solvers.heuristics import full_power, on_off_search
from qgnn_d2d.solvers.wmmse import wmmse_multistart
from tests.unit.solvers.cases import CASES, arguments, draw, random_networks, rate

GAP = 1e-4  # the default
RTOL_RATE = 1e-12  # rounding of one rate


def brute_force(channels, index):
    """Best rate on a grid that is dense near zero as well, refined by quasi-Newton from the best points."""
    one = channels.take([index])
    ends = torch.cat([torch.zeros(1), torch.logspace(-6, -1, 11), torch.linspace(0.15, 1, 18)]).double()
    grid = torch.cartesian_prod(*[ends] * channels.num_links).reshape(-1, channels.num_links) * channels.p_max**2
    values = rate(one, grid)

    def loss(share):
        power = torch.tensor(share).mul(channels.p_max**2).requires_grad_()
        value = -rate(one, power).sum()
        value.backward()
        return value.item(), power.grad.numpy() * channels.p_max**2

    best = values.max().item()
    for start in grid[values.topk(8).indices] / channels.p_max**2:
        found = minimize(loss, start.numpy(), jac=True, method="L-BFGS-B", bounds=[(0, 1)] * channels.num_links)
        best = max(best, -found.fun)
    return best


# --- the result ---------------------------------------------------------------------------------------------


def test_every_realization_is_certified_to_the_gap(channels):
    best = optimum(*arguments(channels))
    assert best.certified.all()
    assert (best.lower <= best.upper).all()
    assert (best.upper <= best.lower * (1 + GAP)).all()
    assert (best.boxes >= 1).all()


def test_lower_bound_is_the_rate_of_the_power(channels):
    best = optimum(*arguments(channels))
    assert best.power.dtype == best.lower.dtype == best.upper.dtype == torch.float64
    assert ((best.power >= 0) & (best.power <= channels.p_max**2)).all()
    torch.testing.assert_close(best.lower, rate(channels, best.power), rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["rayleigh", "geometric"])
@pytest.mark.parametrize("num_links", [2, 3])
def test_small_networks_agree_with_brute_force(kind, num_links):
    channels = draw(num_links, 10, num_links, kind)
    best = optimum(*arguments(channels), gap=1e-6)
    for index in range(len(channels)):
        expected = brute_force(channels, index)
        assert best.lower[index].item() >= expected * (1 - 1e-6)
        assert best.upper[index].item() >= expected


def test_no_other_solver_is_better(channels):
    best = optimum(*arguments(channels))
    for power in (wmmse_multistart(*arguments(channels)), on_off_search(*arguments(channels), candidates=6)):
        assert (rate(channels, power) <= best.upper).all()
        assert (rate(channels, power) <= best.lower * (1 + GAP)).all()
    # Rounding: the search starts from WMMSE's powers, in its own units.
    assert (best.lower >= rate(channels, wmmse_multistart(*arguments(channels))) * (1 - RTOL_RATE)).all()


def test_optimum_grows_with_the_power_limit():
    channels = CASES["rayleigh"]
    results = [optimum(channels.gain, channels.weight, channels.noise_power, p_max) for p_max in (0.1, 0.5, 1, 2, 5)]
    for smaller, larger in itertools.pairwise(results):
        assert (larger.upper >= smaller.lower).all()
        assert (larger.lower * (1 + GAP) >= smaller.lower).all()


def test_units_do_not_matter():
    channels = CASES["rayleigh"]
    best = optimum(*arguments(channels))
    scaled = optimum(channels.gain * 1e-12, channels.weight, channels.noise_power * 4e-12, p_max=2.0)
    torch.testing.assert_close(scaled.lower, best.lower, rtol=GAP, atol=0)
    heavier = optimum(channels.gain, channels.weight * 1e6, channels.noise_power, channels.p_max)
    torch.testing.assert_close(heavier.lower, best.lower * 1e6, rtol=GAP, atol=0)


def test_leading_shapes_are_kept():
    channels = CASES["rayleigh"]
    best = optimum(*arguments(channels))
    shaped = optimum(
        channels.gain.reshape(5, 6, 6, 6), channels.weight.reshape(5, 6, 6), channels.noise_power, channels.p_max
    )
    assert shaped.lower.shape == shaped.upper.shape == shaped.certified.shape == shaped.boxes.shape == (5, 6)
    torch.testing.assert_close(shaped.power, best.power.reshape(5, 6, 6), rtol=0, atol=0)


def test_result_is_deterministic(channels):
    first, second = optimum(*arguments(channels)), optimum(*arguments(channels))
    for name in ("power", "lower", "upper", "certified", "boxes"):
        assert torch.equal(getattr(first, name), getattr(second, name))


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-6, 1e-8])
def test_gap_is_respected(channels, gap):
    best = optimum(*arguments(channels), gap=gap)
    assert best.certified.all()
    assert (best.upper <= best.lower * (1 + gap)).all()
    fine = optimum(*arguments(channels), gap=1e-8)
    assert (best.lower <= fine.upper).all()
    assert (fine.lower <= best.upper).all()


def test_realizations_beyond_one_batch_of_boxes_are_solved_alike():
    channels = draw(2, 1_100, seed=4)
    best, part = optimum(*arguments(channels)), optimum(*arguments(channels.take(slice(1_080, None))))
    assert best.certified.all()
    torch.testing.assert_close(best.lower[1_080:], part.lower, rtol=GAP, atol=0)


def test_box_limit_leaves_valid_bounds_and_says_so():
    channels = draw(8, 30, seed=3)
    best = optimum(*arguments(channels))
    for limit in (1, 20, 100):
        limited = optimum(*arguments(channels), max_boxes=limit)
        assert not limited.certified.all()
        assert torch.equal(limited.certified, limited.upper <= limited.lower * (1 + GAP))
        assert (limited.upper >= best.lower).all()
        assert torch.isfinite(limited.upper).all()
        torch.testing.assert_close(limited.lower, rate(channels, limited.power), rtol=0, atol=0)


def test_released_metric_is_certified_by_the_equivalent_network():
    channels = draw(8, 30, seed=5)
    gain, weight, noise_power, p_max = arguments(channels)
    best = optimum(released_gain(gain, weight), torch.ones_like(weight), noise_power, p_max)
    assert best.certified.all()
    torch.testing.assert_close(
        released_metric(gain, best.power, weight, noise_power), best.lower, rtol=RTOL_RATE, atol=0
    )
    alone = p_max**2 * torch.eye(8, dtype=torch.float64)
    singles = torch.stack([released_metric(gain, power.expand_as(weight), weight, noise_power) for power in alone])
    assert (best.upper >= singles.amax(0)).all()


# --- corner cases -------------------------------------------------------------------------------------------


def test_a_single_link_transmits_at_full_power():
    channels = draw(1, 20, seed=1, p_max=2.0)
    best = optimum(*arguments(channels))
    assert best.certified.all()
    torch.testing.assert_close(best.power, full_power(*arguments(channels)))


@pytest.mark.parametrize("num_links", [2, 9])
def test_links_without_interference_transmit_at_full_power(num_links):
    gain = torch.diag_embed(torch.linspace(0.1, 2.0, 5 * num_links, dtype=torch.float64).reshape(5, num_links))
    best = optimum(gain, torch.ones(5, num_links), 0.1, 3.0)
    assert best.certified.all()
    torch.testing.assert_close(best.power, torch.full((5, num_links), 9.0, dtype=torch.float64))


def test_links_that_cannot_earn_are_off():
    gain = draw(5, 4, seed=2).gain
    weight = torch.ones(4, 5, dtype=torch.float64)
    weight[0, 2] = 0.0  # nothing to gain
    gain[1, 3, 3] = 0.0  # no signal
    gain[2, 1, 1] = 1e-40  # hardly any: counted in the upper bound
    weight[3] = 0.0
    best = optimum(gain, weight, 0.1, 1.0)
    assert best.certified.all()
    assert best.power[0, 2] == best.power[1, 3] == best.power[2, 1] == 0.0
    assert best.lower[3] == best.upper[3] == 0.0


def test_networks_without_gains_have_rate_zero():
    best = optimum(torch.zeros(2, 3, 3), torch.ones(2, 3), 0.1, 1.0)
    assert best.certified.all()
    for values in (best.power, best.lower, best.upper):
        assert (values == 0).all()


def test_bound_covers_links_too_weak_to_be_searched():
    gain = 1e-40 * torch.eye(3, dtype=torch.float64)
    best = optimum(gain, torch.ones(3), 1.0, 1.0)
    assert best.upper >= 3e-40 / math.log(2) * (1 - GAP)
    assert best.certified == (best.upper <= best.lower * (1 + GAP))


@pytest.mark.parametrize("coupling", [0.0, 0.05, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("noise_power", [1.0, 1e-4])
def test_symmetric_networks_are_certified(coupling, noise_power):
    gain = torch.full((4, 4), coupling, dtype=torch.float64).fill_diagonal_(1.0)
    weight = torch.ones(4, dtype=torch.float64)
    best = optimum(gain, weight, noise_power, 1.0)
    assert best.certified
    patterns = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4)), dtype=torch.float64)
    assert best.upper >= weighted_sum_rate(gain, patterns, weight, noise_power).max()


def test_unusable_input_is_refused():
    gain, weight = torch.ones(2, 4, 4, dtype=torch.float64), torch.ones(2, 4, dtype=torch.float64)
    bad = gain.clone()
    bad[1, 2, 3] = math.nan
    for change, message in [
        ({"gain": bad}, r"gain has 1 bad of 32 entries, the first at index \(1, 2, 3\)"),
        ({"gain": gain[0]}, r"weight has shape \(2, 4\); it must be \(4,\)"),
        ({"weight": -weight}, "weight has 8 bad of 8 entries"),
        ({"noise_power": 0.0}, "noise_power is 0.0; it must be a finite number above 0"),
        ({"noise_power": 1e-40}, "gain is up to 1; gain .* must be at most"),
        ({"p_max": 1e30}, "gain is up to 1; gain .* must be at most"),
        ({"p_max": 1e200}, r"p_max is 1e\+200; it must be from"),
        ({"p_max": math.inf}, "p_max is inf; it must be a finite number above 0"),
        ({"gap": 1e-9}, "gap is 1e-09; it must be from 1e-08"),
        ({"gap": math.nan}, "gap is nan; it must be from"),
        ({"max_boxes": 0}, "max_boxes is 0; it must be an integer of at least 1"),
    ]:
        accepted = {"gain": gain, "weight": weight, "noise_power": 0.1, "p_max": 1.0, "gap": GAP, "max_boxes": 10}
        given_values = accepted | change
        positional = [given_values.pop(name) for name in ("gain", "weight", "noise_power", "p_max")]
        with pytest.raises(ValueError, match=message):
            optimum(*positional, **given_values)


@given(random_networks())
def test_bounds_hold_on_random_networks(case):
    channels, generator = case
    best = optimum(*arguments(channels))
    assert best.certified.all()
    assert (best.lower <= best.upper).all()
    shape = (300, *channels.weight.shape)
    share = np.where(generator.random(shape) < 0.3, generator.integers(0, 2, shape), generator.random(shape) ** 4)
    assert (rate(channels, torch.from_numpy(share) * channels.p_max**2) <= best.upper * (1 + RTOL_RATE)).all()
