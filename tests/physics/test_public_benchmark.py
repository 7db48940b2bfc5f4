"""The figures that the public code prints for its WMMSE line, from its own draws and by its own evaluation.

Source: LeGiangK62/QGNN_Comm, src/d2d, commit 8471955: 10 links, RandomState(1712), WMMSE from full power with 100
iterations. Sets of different sizes are different draws. Together these fix the draws' order, the index order
of the gains, power against amplitude, the logarithm, and the solver.
"""

import math

import pytest

from qgnn_d2d.channels import realizations, to_channels
from qgnn_d2d.objective import released_wmmse_rate, weighted_sum_rate
from qgnn_d2d.settings.scenario import PublicDraws
from qgnn_d2d.solvers.wmmse import wmmse

ATOL_BENCHMARK = 1e-6  # nats; the public code computes in float64

# number of realizations: (eq. (2) in nats, as the public code evaluates it in nats)
BENCHMARK = {300: (2.52673174, 2.47990728), 100: (2.66720312, 2.61385419)}


@pytest.mark.parametrize("num_realizations", BENCHMARK)
def test_wmmse_reproduces_the_public_benchmark(num_realizations):
    channels = to_channels(realizations(PublicDraws(num_links=10, draw_seed=1712), num_realizations, seed=0))
    power = wmmse(channels.gain, channels.weight, channels.noise_power, channels.p_max, init="full", iterations=100)
    quantities = (channels.gain, power, channels.weight, channels.noise_power)
    stated_nats = weighted_sum_rate(*quantities).mean().item() * math.log(2)
    released_nats = released_wmmse_rate(*quantities).mean().item()
    expected_stated, expected_released = BENCHMARK[num_realizations]
    assert stated_nats == pytest.approx(expected_stated, abs=ATOL_BENCHMARK, rel=0)
    assert released_nats == pytest.approx(expected_released, abs=ATOL_BENCHMARK, rel=0)
