r"""Error mitigation of expectation values: readout inversion and zero-noise extrapolation.

Readout inversion undoes the affine readout map, (measured - a) / b. Zero-noise extrapolation measures at several odd
noise scale factors (folded gates, `compile.folded`), fits a polynomial in the factor, and takes its value at zero:
degree 1 is linear, the largest possible degree is Richardson's. It is a fixed linear combination of
measured values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mitigation:
    """What is done to measured expectation values: the readout map is undone, a polynomial in the factors fitted.

    The factors are the odd noise scale factors at which every value is measured; (1,) extrapolates nothing.
    """

    invert_readout: bool
    factors: tuple[int, ...] = (1,)
    degree: int = 0


MITIGATIONS: dict[str, Mitigation] = {
    "raw": Mitigation(False),
    "readout": Mitigation(True),
    "linear": Mitigation(True, (1, 3), 1),
    "richardson": Mitigation(True, (1, 3, 5), 2),
}
"""Mitigations by the names of `settings.noise.Mitigation`; both extrapolations invert the readout first."""


def extrapolation_weights(factors: Sequence[float], degree: int) -> np.ndarray:
    """Return w with sum_i w_i v(factor_i) = the least-squares polynomial through v, at zero.

    The degree must be below the number of distinct factors.

    Example:
        >>> extrapolation_weights([1, 3], 1)
        array([ 1.5, -0.5])
    """
    powers = np.vander(np.asarray(factors, dtype=float), degree + 1, increasing=True)
    return np.round(np.linalg.pinv(powers)[0], 12)
