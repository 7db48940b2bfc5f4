"""Zero-noise extrapolation as a linear combination."""

import numpy as np
import pytest

from qgnn_d2d.quantum.mitigation import MITIGATIONS, extrapolation_weights

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


@pytest.mark.parametrize(
    ("factors", "degree"), [([1, 3], 1), ([1, 3, 5], 1), ([1, 3, 5], 2), ([3, 1, 7, 5], 2), ([1, 1, 3], 1)]
)
def test_weights_are_a_polynomial_fit_at_zero(factors, degree):
    values = np.random.default_rng(0).normal(size=len(factors))
    fitted = np.polyfit(factors, values, degree)[-1]
    assert extrapolation_weights(factors, degree) @ values == pytest.approx(fitted, rel=0, abs=1e-9)


@pytest.mark.parametrize(("factors", "degree"), [([1], 1), ([1, 3], 2), ([3, 3], 1)])
def test_too_high_a_degree_is_refused(factors, degree):
    distinct = len(set(factors))
    with pytest.raises(ValueError, match=f"degree is {degree}; {distinct} distinct factors allow at most"):
        extrapolation_weights(factors, degree)


@pytest.mark.parametrize("name", list(MITIGATIONS))
def test_every_mitigation_leaves_what_no_noise_has_touched(name):
    mitigation = MITIGATIONS[name]
    assert all(factor % 2 == 1 for factor in mitigation.factors)
    assert extrapolation_weights(mitigation.factors, mitigation.degree).sum() == pytest.approx(1, abs=ROUNDING)
