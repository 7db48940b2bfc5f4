"""Fractional programming: monotone, equal to the formulas link by link, stationary."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.solvers.fractional import fractional_programming
from tests.unit.solvers.cases import CASES, arguments, draw, rate

RTOL_MONOTONE = 1e-12  # rounding, relative to the rate


def slow(gain, weight, noise_power, p_max, iterations):
    """Shen and Yu 2018 for one network, link by link, in unscaled units."""
    links, g, alpha = range(len(weight)), gain.tolist(), weight.tolist()
    power = [p_max**2] * len(weight)
    for _ in range(iterations):
        total = [noise_power + sum(g[m][j] * power[j] for j in links) for m in links]
        gamma = [g[m][m] * power[m] / (total[m] - g[m][m] * power[m]) for m in links]
        y = [math.sqrt(alpha[m] * (1 + gamma[m]) * g[m][m] * power[m]) / total[m] for m in links]
        cost = [sum(y[j] ** 2 * g[j][m] for j in links) for m in links]
        power = [min(p_max**2, y[m] ** 2 * alpha[m] * (1 + gamma[m]) * g[m][m] / cost[m] ** 2) for m in links]
    return torch.tensor(power, dtype=torch.float64)


def test_equals_the_formulas_link_by_link(channels):
    gain, weight, noise_power, p_max = arguments(channels)
    expected = torch.stack([slow(gain[n], weight[n], noise_power, p_max, iterations=5) for n in range(5)])
    found = fractional_programming(gain[:5], weight[:5], noise_power, p_max, iterations=5)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-8 * p_max**2)


@given(
    seed=st.integers(0, 2**32), num_links=st.integers(1, 8), kind=st.sampled_from(["rayleigh", "geometric"])
)  # fmt: skip
def test_the_objective_never_falls(seed, num_links, kind):
    channels = draw(num_links, 10, seed, kind)
    rates = [rate(channels, fractional_programming(*arguments(channels), iterations=n)) for n in range(12)]
    for before, after in itertools.pairwise(rates):
        assert (after >= before * (1 - RTOL_MONOTONE)).all()


def test_ends_in_a_stationary_point():
    channels = CASES["rayleigh"]
    power = fractional_programming(*arguments(channels), iterations=3_000).requires_grad_()
    rate(channels, power).sum().backward()
    projected = (power + power.grad).clamp(0, channels.p_max**2) - power
    assert projected.abs().mean().item() < 1e-3


def test_iterations_out_of_range_are_refused():
    with pytest.raises(ValueError, match="iterations is -1"):
        fractional_programming(*arguments(CASES["rayleigh"]), iterations=-1)
