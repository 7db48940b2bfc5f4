"""The certified optimum: brute force on small networks, valid bounds box by box, corner cases, refusals."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from qgnn_d2d.channels.scenarios import Channels, geometric, rayleigh, to_channels
from qgnn_d2d.objective import released_gain, released_metric, weighted_sum_rate
from qgnn_d2d.solvers import full_power, on_off_search, wmmse_multistart
from qgnn_d2d.solvers.branch_and_bound import (
    _Boxes,
    _envelope,
    _scale,
    _tighten_by_bound,
    _tighten_by_conditions,
    optimum,
)

GAP = 1e-4  # the default
RTOL_RATE = 1e-12  # rounding of one rate
SCENARIOS = {
    "rayleigh": to_channels(rayleigh(num_links=6, num_realizations=30, seed=8)),
    "rayleigh_strong": to_channels(rayleigh(num_links=6, num_realizations=30, seed=8, p_max=3.0, noise_power=0.01)),
    "geometric": to_channels(geometric(num_links=6, num_realizations=30, seed=8)),
}


@pytest.fixture(params=sorted(SCENARIOS))
def channels(request):
    return SCENARIOS[request.param]


def arguments(channels):
    return channels.gain, channels.weight, channels.noise_power, channels.p_max


def rate(channels, power):
    return weighted_sum_rate(channels.gain, power, channels.weight, channels.noise_power)


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
    assert (best.gap <= GAP * (1 + RTOL_RATE)).all()
    assert (best.boxes >= 1).all()


def test_lower_bound_is_the_rate_of_the_power(channels):
    best = optimum(*arguments(channels))
    assert best.power.dtype == best.lower.dtype == best.upper.dtype == torch.float64
    assert ((best.power >= 0) & (best.power <= channels.p_max**2)).all()
    torch.testing.assert_close(best.lower, rate(channels, best.power), rtol=0, atol=0)


@pytest.mark.parametrize("scenario", [rayleigh, geometric])
@pytest.mark.parametrize("num_links", [2, 3])
def test_small_networks_agree_with_brute_force(scenario, num_links):
    channels = to_channels(scenario(num_links, num_realizations=10, seed=num_links))
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
    channels = SCENARIOS["rayleigh"]
    results = [optimum(channels.gain, channels.weight, channels.noise_power, p_max) for p_max in (0.1, 0.5, 1, 2, 5)]
    for smaller, larger in itertools.pairwise(results):
        assert (larger.upper >= smaller.lower).all()
        assert (larger.lower * (1 + GAP) >= smaller.lower).all()


def test_units_do_not_matter():
    channels = SCENARIOS["rayleigh"]
    best = optimum(*arguments(channels))
    scaled = optimum(channels.gain * 1e-12, channels.weight, channels.noise_power * 4e-12, p_max=2.0)
    torch.testing.assert_close(scaled.lower, best.lower, rtol=GAP, atol=0)
    heavier = optimum(channels.gain, channels.weight * 1e6, channels.noise_power, channels.p_max)
    torch.testing.assert_close(heavier.lower, best.lower * 1e6, rtol=GAP, atol=0)


def test_relabelling_the_links_keeps_the_optimum(channels):
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    best = optimum(*arguments(channels))
    relabelled = optimum(
        channels.gain[:, order][:, :, order], channels.weight[:, order], channels.noise_power, channels.p_max
    )
    torch.testing.assert_close(relabelled.lower, best.lower, rtol=GAP, atol=0)


def test_realizations_are_solved_independently(channels):
    together = optimum(*arguments(channels))
    alone = optimum(channels.gain[7], channels.weight[7], channels.noise_power, channels.p_max)
    assert alone.power.shape == (6,)
    assert alone.lower.shape == alone.upper.shape == alone.certified.shape == alone.boxes.shape == ()
    torch.testing.assert_close(alone.lower, together.lower[7], rtol=GAP, atol=0)


def test_leading_shapes_are_kept():
    channels = SCENARIOS["rayleigh"]
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


def test_float32_channels_give_float64_results():
    channels = SCENARIOS["geometric"]
    best = optimum(channels.gain.float(), channels.weight.float(), channels.noise_power, channels.p_max)
    assert best.power.dtype == best.lower.dtype == best.upper.dtype == torch.float64
    assert best.certified.all()


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-6, 1e-8])
def test_gap_is_respected(channels, gap):
    best = optimum(*arguments(channels), gap=gap)
    assert best.certified.all()
    assert (best.upper <= best.lower * (1 + gap)).all()
    fine = optimum(*arguments(channels), gap=1e-8)
    assert (best.lower <= fine.upper).all()
    assert (fine.lower <= best.upper).all()


def test_box_limit_leaves_valid_bounds_and_says_so():
    channels = to_channels(rayleigh(num_links=8, num_realizations=30, seed=3))
    best = optimum(*arguments(channels))
    for limit in (1, 20, 100):
        limited = optimum(*arguments(channels), max_boxes=limit)
        assert not limited.certified.all()
        assert torch.equal(limited.certified, limited.upper <= limited.lower * (1 + GAP))
        assert (limited.upper >= best.lower).all()
        assert torch.isfinite(limited.upper).all()
        torch.testing.assert_close(limited.lower, rate(channels, limited.power), rtol=0, atol=0)


def test_released_metric_is_certified_by_the_equivalent_network():
    channels = to_channels(rayleigh(num_links=8, num_realizations=30, seed=5))
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
    channels = to_channels(rayleigh(num_links=1, num_realizations=20, seed=1, p_max=2.0))
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
    gain = to_channels(rayleigh(num_links=5, num_realizations=4, seed=2)).gain
    weight = torch.ones(4, 5, dtype=torch.float64)
    weight[0, 2] = 0.0  # nothing to gain
    gain[1, 3, 3] = 0.0  # no signal
    gain[2, 1, 1] = 1e-40  # hardly any: counted in the upper bound
    weight[3] = 0.0
    best = optimum(gain, weight, 0.1, 1.0)
    assert best.certified.all()
    assert best.power[0, 2] == best.power[1, 3] == best.power[2, 1] == 0.0
    assert best.lower[3] == best.upper[3] == 0.0


def test_silent_networks_have_rate_zero():
    best = optimum(torch.zeros(2, 3, 3), torch.ones(2, 3), 0.1, 1.0)
    assert best.certified.all()
    for values in (best.power, best.lower, best.upper, best.gap):
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
        ({"gap": math.nan}, "gap is nan; it must be a finite number"),
        ({"max_boxes": 0}, "max_boxes is 0; it must be an integer of at least 1"),
    ]:
        accepted = {"gain": gain, "weight": weight, "noise_power": 0.1, "p_max": 1.0, "gap": GAP, "max_boxes": 10}
        given_values = accepted | change
        positional = [given_values.pop(name) for name in ("gain", "weight", "noise_power", "p_max")]
        with pytest.raises(ValueError, match=message):
            optimum(*positional, **given_values)


# --- properties on random networks and boxes ----------------------------------------------------------------


@st.composite
def random_networks(draw, max_links=5):
    """Networks with gains over up to 12 decades, some gains and weights zero, at most 3 realizations."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    num_links, num_realizations = draw(st.integers(1, max_links)), draw(st.integers(1, 3))
    shape = (num_realizations, num_links, num_links)
    gain = 10.0 ** (draw(st.integers(0, 12)) * (generator.random(shape) - 0.5))
    gain *= generator.random(shape) >= draw(st.sampled_from([0.0, 0.3, 0.8]))
    weight = generator.random(shape[:2]) * (generator.random(shape[:2]) >= draw(st.sampled_from([0.0, 0.4])))
    noise_power, p_max = 10.0 ** draw(st.integers(-8, 2)), 10.0 ** draw(st.integers(-2, 2))
    return Channels(torch.from_numpy(gain), torch.from_numpy(weight), noise_power, p_max), generator


@given(random_networks())
def test_bounds_hold_on_random_networks(case):
    channels, generator = case
    best = optimum(*arguments(channels))
    assert best.certified.all()
    assert (best.lower <= best.upper).all()
    shape = (300, *channels.weight.shape)
    share = np.where(generator.random(shape) < 0.3, generator.integers(0, 2, shape), generator.random(shape) ** 4)
    assert (rate(channels, torch.from_numpy(share) * channels.p_max**2) <= best.upper * (1 + RTOL_RATE)).all()


def random_boxes(channels, generator):
    """Return channels and networks per box, low and high ends, and points inside, (P, B, M): shares of full power.

    Boxes are wide and narrow, and touch zero and full power often. Points lie on the sides often.
    """
    channels = channels.take(np.repeat(np.arange(len(channels)), 20))
    networks = _scale(*arguments(channels))
    shape = networks.weight.shape
    centre = generator.random(shape) ** generator.choice([1, 4], size=(len(channels), 1))
    reach = 10.0 ** generator.uniform(-4, 0.5, (len(channels), 1))
    low, high = np.clip([centre - reach, centre + reach], 0.0, 1.0)
    kind = generator.random(shape)
    low, high = np.where(kind < 0.2, 0.0, low), np.where(kind > 0.8, 1.0, high)
    low, high = low * networks.usable, high * networks.usable
    share = generator.random((100, *shape))
    return channels, networks, low, high, low + np.clip(1.5 * share - 0.25, 0.0, 1.0) * (high - low)


@given(random_networks(max_links=7))
def test_envelope_is_above_the_rate_all_over_the_box(case):
    _, networks, low, high, points = random_boxes(*case)
    spread = 10.0 ** case[1].uniform(-6, 1, low.shape)
    bound, slope, _ = _envelope(networks, low, high, spread)
    corner = np.where(slope > 0, high, low)
    envelope = bound - (np.abs(slope) * np.abs(points - corner)).sum(-1)
    scale = bound + (np.abs(slope) * (high - low)).sum(-1)  # what was summed, so what rounding is relative to
    assert np.all(np.stack([networks.rate(point) for point in points]) <= envelope + 1e-13 * scale)


@given(random_networks(max_links=7))
def test_bound_cuts_off_no_power_above_the_threshold(case):
    channels, networks, low, high, _ = random_boxes(*case)
    bound, slope, spread = _envelope(networks, low, high, np.ones_like(low))
    threshold = bound * case[1].random(bound.shape)
    boxes = _Boxes(np.arange(len(channels)), low, high, spread, bound)
    new_low, new_high = _tighten_by_bound(boxes, slope, threshold)
    assert ((new_low >= low) & (new_high <= high) & (new_low <= new_high)).all()
    corner, other = np.where(slope > 0, high, low), np.where(slope > 0, low, high)
    cut = np.where(slope > 0, new_low, new_high)
    # The affine bound along one side falls to the threshold exactly where that side is cut, or not at all.
    above = bound[:, None] - np.abs(slope) * np.abs(cut - corner) - threshold[:, None]
    rounding = 1e-9 * np.broadcast_to(bound[:, None], above.shape)
    is_cut = cut != other
    assert (np.abs(above) <= rounding)[is_cut].all()
    assert (above >= -rounding)[~is_cut].all()


@given(random_networks(max_links=7))
def test_conditions_cut_off_no_optimum(case):
    channels, networks, low, high, points = random_boxes(*case)
    new_low, new_high, alive = map(torch.from_numpy, _tighten_by_conditions(networks, low, high))
    share = torch.from_numpy(points).requires_grad_()
    (gradient,) = torch.autograd.grad(rate(channels, share * channels.p_max**2).sum(), share)
    # Powers that are all below full power are no optimum, wherever the box lies: scaling them up helps.
    candidate = (share.amax(-1) >= 1.0) & torch.from_numpy(networks.usable).any(-1)
    rounding = 1e-9 * gradient.abs().amax(-1, keepdim=True)
    raised, lowered = new_low > torch.from_numpy(low), new_high < torch.from_numpy(high)
    assert (gradient >= -rounding)[(raised & (share < 1.0)) & (candidate & alive)[..., None]].all()
    assert (gradient <= rounding)[lowered & (candidate & alive)[..., None]].all()
    # In a box without an optimum, some power could be moved with profit, at every point.
    movable = torch.where(gradient > 0, share < 1.0, share > 0.0) & (gradient != 0)
    assert movable.any(-1)[candidate & ~alive].all()
