"""Rayleigh networks: the distributions of gains and weights."""

import math

import pytest

from qgnn_d2d.channels.rayleigh import rayleigh
from qgnn_d2d.settings.scenario import Rayleigh

SIGMAS = 5  # tolerance of sample means, in standard errors


def test_gains_are_exponential_and_weights_uniform():
    drawn = rayleigh(Rayleigh(num_links=10), 2_000, seed=1)
    for values, mean, variance in [(drawn.gain, 1.0, 1.0), (drawn.weight, 0.5, 1 / 12)]:
        assert float(values.mean()) == pytest.approx(mean, abs=SIGMAS * math.sqrt(variance / values.size))
    above_two = float((drawn.gain > 2).mean())
    assert above_two == pytest.approx(math.exp(-2), abs=SIGMAS * math.sqrt(0.12 / drawn.gain.size))
