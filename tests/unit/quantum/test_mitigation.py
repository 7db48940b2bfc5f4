"""Zero-noise extrapolation as a linear combination."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.quantum.mitigation import MITIGATIONS, extrapolation_weights
from qgnn_d2d.settings.noise import Mitigation

ROUNDING = 1e-11  # weights are rounded to 12 decimals


@pytest.mark.parametrize(
    ("factors", "degree", "expected"),
    [
        ([1], 0, [1.0]),
        ([1, 3], 0, [0.5, 0.5]),
        ([1, 3], 1, [1.5, -0.5]),
        ([1, 3, 5], 2, [15 / 8, -10 / 8, 3 / 8]),
    ],
)
def test_known_weights(factors, degree, expected):
    np.testing.assert_allclose(extrapolation_weights(factors, degree), expected, rtol=0, atol=ROUNDING)


@given(factors=st.lists(st.sampled_from([1, 3, 5, 7, 9]), min_size=1, max_size=5), data=st.data())
def test_weights_are_a_polynomial_fit_at_zero(factors, data):
    degree = data.draw(st.integers(0, len(set(factors)) - 1))
    values = np.random.default_rng(0).normal(size=len(factors))
    weights = extrapolation_weights(factors, degree)
    assert weights @ values == pytest.approx(np.polyfit(factors, values, degree)[-1], rel=1e-8, abs=1e-8)
    for power in range(degree + 1):  # polynomials up to the degree are extrapolated exactly
        assert weights @ np.array(factors, dtype=float) ** power == pytest.approx(float(power == 0), abs=1e-7)


def test_the_mitigations_are_those_of_the_settings():
    assert set(MITIGATIONS) == set(get_args(Mitigation))


@pytest.mark.parametrize("name", list(MITIGATIONS))
def test_every_mitigation_leaves_what_no_noise_has_touched(name):
    mitigation = MITIGATIONS[name]
    assert all(factor % 2 == 1 for factor in mitigation.factors)
    assert mitigation.degree < len(set(mitigation.factors))
    assert extrapolation_weights(mitigation.factors, mitigation.degree).sum() == pytest.approx(1, abs=ROUNDING)
