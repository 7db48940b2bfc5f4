"""How far methods stay below the certified optimum, realization by realization. Pure functions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..checks import require_samples
from ..objective import QUANTITIES
from ..solvers import OPTIMUM_GAP
from .statistics import mean_and_interval
from .values import CERTIFIED_SHARE, certified_share

CERTIFICATE = 100 * OPTIMUM_GAP
"""Width of the optimum's certificate, percent: what stays below the optimum by less cannot be told from it."""

Values = NDArray[np.float64]


def grid(certificate: float = CERTIFICATE) -> Values:
    """Return the gaps, percent, at which shares are counted: from a certificate's width, 20 per decade by default."""
    return np.geomspace(certificate, 100, 121)


GAPS = grid()
"""The gaps of the certificate that configs have where they say nothing else."""


def gaps(values: Values, optimum: Values, upper_bound: Values) -> Values:
    """Return 100 (1 - value/optimum), percent.

    Where a value lies above the optimum, yet below its certified bound, the gap is 0; likewise where the optimum is 0,
    which every allocation attains.

    Args:
        values: (..., N), one per realization.
        optimum: (N,) certified values.
        upper_bound: (N,) upper bounds of the certificates.

    Raises:
        ValueError: A value is negative, or above the upper bound by more than rounding in float32 explains; or shapes
            do not fit, or an entry is not finite.
    """
    require_samples("optimum", optimum, low=0)
    require_samples("upper_bound", upper_bound, low=0)
    require_samples("values", values, ndim=np.ndim(values))
    if np.ndim(values) < 1 or {values.shape[-1:], upper_bound.shape} != {optimum.shape}:
        raise ValueError(
            f"values, optimum and upper_bound have shapes {values.shape}, {optimum.shape}, {upper_bound.shape}; they "
            "must be (..., N), (N,), (N,)"
        )
    if (values < 0).any() or (values > upper_bound * (1 + OPTIMUM_GAP)).any():
        raise ValueError("values below 0 or above the certified bound: they are of other realizations or quantities")
    reached = np.divide(values, optimum, out=np.ones_like(values, dtype=float), where=optimum > 0)
    return np.maximum(100 * (1 - reached), 0)


def shares(gap: Values, at: Values = GAPS) -> Values:
    """Return the share of realizations whose gap is at most each of some gaps.

    Args:
        gap: (..., N), percent.
        at: (G,), percent.

    Returns:
        (..., G).

    Example:
        >>> shares(np.array([0.0, 5.0, 50.0, 100.0]))[[0, 80, 100, 119, 120]].tolist()  # at 1e-4, 1, 10, 89, 100 %
        [0.25, 0.25, 0.5, 0.75, 1.0]
    """
    return (gap[..., np.newaxis] <= at).mean(axis=-2)


def share_curve(values: xr.DataArray, solvers: xr.Dataset) -> pd.DataFrame:
    """Return how the realizations of one method are shared out over the gaps to the optimum.

    Where the optimum is not certified in every realization, the gaps are those to its upper bound, which is larger.

    Args:
        values: A quantity (seeds, N) of a model, or (1, N) of a solver.
        solvers: What `solving.solve` returns for the same realizations.

    Returns:
        One row per gap: gap_percent (`grid`) and share, the share of realizations whose gap is at most that, as a mean
        over seeds with its 95 % t interval low, high (empty for one seed); metric, num_seeds, num_realizations; and,
        only where it is below 1, certified_share.
    """
    metric = str(values.name)
    quantity, at = QUANTITIES[metric], grid(100 * solvers.attrs["gap"])
    share, bound = certified_share(solvers, quantity), solvers[quantity.bound].values
    optimum = solvers[metric].sel(solver="optimum").values if share == 1 else bound
    per_seed = shares(gaps(values.values, optimum, bound), at)
    intervals = pd.DataFrame([mean_and_interval(column) for column in per_seed.T])[["low", "high"]]
    num_seeds, num_realizations = values.shape
    return intervals.assign(
        gap_percent=at, share=per_seed.mean(axis=0), metric=metric, num_seeds=num_seeds,
        num_realizations=num_realizations, **({CERTIFIED_SHARE: share} if share != 1 else {}),
    )  # fmt: skip
