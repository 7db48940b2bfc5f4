"""What holds for every method: a new one is tested by being registered."""

import math

import pytest
import torch

from qgnn_d2d.solvers import METHODS, shown_in
from tests.unit.solvers.cases import CASES, NUM_LINKS, arguments, draw, rate

ATOL_SHARE = 1e-6  # of full power
RTOL_RATE = 1e-6
CERTIFIED_RTOL = 2e-6  # two optima, each certified to 1e-6

methods = pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))


def assert_same(method, channels, power, expected):
    """Powers agree; of a certified optimum, which may be reached by several, the rates."""
    if method.certified:
        torch.testing.assert_close(rate(channels, power), rate(channels, expected), rtol=CERTIFIED_RTOL, atol=0)
    else:
        torch.testing.assert_close(power, expected, rtol=RTOL_RATE, atol=ATOL_SHARE * channels.p_max**2)


@methods
def test_powers_are_float64_and_within_bounds(channels, method):
    power = method.solve(*arguments(channels))
    assert power.shape == channels.weight.shape
    assert power.dtype == torch.float64
    assert ((power >= 0) & (power <= channels.p_max**2)).all()
    single = method.solve(channels.gain.float(), channels.weight.float(), channels.noise_power, channels.p_max)
    assert single.dtype == torch.float64


@methods
def test_relabelling_the_links_relabels_the_powers(channels, method):
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    gain, weight, noise_power, p_max = arguments(channels)
    power = method.solve(gain, weight, noise_power, p_max)
    relabelled = method.solve(gain[:, order][:, :, order], weight[:, order], noise_power, p_max)
    assert_same(method, channels, relabelled[:, order.argsort()], power)


@methods
def test_realizations_are_solved_independently(channels, method):
    together = method.solve(*arguments(channels))
    alone = method.solve(channels.gain[7], channels.weight[7], channels.noise_power, channels.p_max)
    assert alone.shape == (NUM_LINKS,)
    assert_same(method, channels.take([7]), alone[None], together[[7]])


@methods
def test_leading_shapes_are_kept(method):
    channels = CASES["rayleigh"]
    gain, weight = channels.gain.reshape(5, 6, 6, 6), channels.weight.reshape(5, 6, 6)
    shaped = method.solve(gain, weight, channels.noise_power, channels.p_max)
    assert_same(method, channels, shaped.reshape(30, 6), method.solve(*arguments(channels)))


@methods
@pytest.mark.parametrize("num_links", [1, 2, 3])
def test_small_networks_work(method, num_links):
    channels = draw(num_links, 5, seed=1, p_max=2.0)
    power = method.solve(*arguments(channels))
    assert power.shape == (5, num_links)
    if num_links == 1:
        torch.testing.assert_close(power, torch.full((5, 1), 4.0, dtype=torch.float64))


@methods
def test_networks_without_gains_interference_or_weights_give_finite_powers(method):
    gain, weight = torch.zeros(3, 5, 5, dtype=torch.float64), torch.ones(3, 5, dtype=torch.float64)
    gain[1] = torch.eye(5)  # no interference
    gain[2], weight[2] = 1.0, 0.0  # nothing to gain
    power = method.solve(gain, weight, 0.1, 1.0)
    assert torch.isfinite(power).all()
    if method.is_reference:  # they maximize
        torch.testing.assert_close(power[1], torch.ones(5, dtype=torch.float64))


@methods
def test_none_is_better_than_the_certified_optimum(channels, method):
    best = METHODS["optimum"].function(*arguments(channels), gap=1e-6)
    assert (rate(channels, method.solve(*arguments(channels))) <= best.upper).all()


@methods
def test_unusable_networks_are_refused(method):
    gain = torch.ones(2, 4, 4, dtype=torch.float64)
    gain[1, 2, 3] = math.nan
    with pytest.raises(ValueError, match=r"gain has 1 bad of 32 entries, the first at index \(1, 2, 3\)"):
        method.solve(gain, torch.ones(2, 4), 0.1, 1.0)


@methods
def test_methods_are_described(method):
    assert METHODS[method.name] is method
    assert method.label and method.short
    assert set(method.shown_in) <= {"gaps", "scale", "baselines"}
    assert all(method in shown_in(place) for place in method.shown_in)
