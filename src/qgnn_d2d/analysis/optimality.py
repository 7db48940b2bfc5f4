"""How far methods stay below the certified optimum, realization by realization. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..checks import require_samples
from ..settings.configuration import PANEL_PROTOCOLS
from ..training.trainer import METRICS
from .evaluation import OPTIMUM_GAP
from .statistics import t_interval

CERTIFICATE = 100 * OPTIMUM_GAP
"""Width of the optimum's certificate, percent: what stays below the optimum by less cannot be told from it."""

GAPS = np.geomspace(CERTIFICATE, 100, 121)
"""Gaps, percent, at which shares are counted: 20 per decade."""

SOLVERS = {
    "full_power": "full power",
    "best_single_link": "best single link",
    "on_off_4": "on/off search over 4 links",
    "wmmse": "WMMSE, full-power start",
    "wmmse_multistart": "WMMSE, multistart",
}
"""Solvers shown to their labels."""

_UPPER_BOUNDS = {"sum_rate": "upper_bound", "released_metric": "released_upper_bound"}

Values = NDArray[np.float64]


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


def shares(gap: Values) -> Values:
    """Return the share of realizations whose gap is at most each of `GAPS`.

    Args:
        gap: (..., N), percent.

    Returns:
        (..., len(GAPS)).

    Raises:
        ValueError: There is no gap, or one is not finite.

    Example:
        >>> shares(np.array([0.0, 5.0, 50.0, 100.0]))[[0, 80, 100, 119, 120]].tolist()  # at 1e-4, 1, 10, 89, 100 %
        [0.25, 0.25, 0.5, 0.75, 1.0]
    """
    require_samples("gap", gap, ndim=max(1, np.ndim(gap)))
    return np.apply_along_axis(lambda row: np.searchsorted(np.sort(row), GAPS, side="right") / len(row), -1, gap)


def share_data(
    models: xr.Dataset,
    solvers: xr.Dataset,
    panels: Mapping[str, Sequence[str]],
    runs: Mapping[str, Mapping[str, Any]],
    labels: Mapping[str, str],
) -> pd.DataFrame:
    """Return everything that the figure plots.

    Args:
        models: What `evaluation.evaluate` returns, all runs shown concatenated along `copy`.
        solvers: What `evaluation.solve` returns for the same realizations.
        panels: ``left``, ``thin`` and ``right`` to run ids, as for Fig. 2.
        runs: Run id to its ``model`` and, for the label of a thin curve, ``about``: its architecture in short.
        labels: Model to label; a model without one goes by its name.

    Returns:
        One row per method and gap: panel (stated, released), kind (solver, curve, thin), method, label, model, metric,
        gap_percent (`GAPS`) and share, the share of realizations whose gap is at most that. A model's share is the
        mean over its seeds with the 95 % t interval over seeds low, high (empty for one seed): the same as the share of
        all seeds' realizations.

    Raises:
        ValueError: A run has no values.
    """
    parts = [
        _curve(solvers[METRICS[protocol][0]].sel(solver=[name]), solvers).assign(
            panel=protocol, kind="solver", method=name, label=label, num_seeds=None
        )
        for protocol in METRICS
        for name, label in SOLVERS.items()
    ]
    for panel, protocol in PANEL_PROTOCOLS.items():
        for run in panels.get(panel, []):
            model, about = runs[run]["model"], runs[run]["about"]
            kind = "thin" if panel == "thin" else "curve"
            label = labels.get(model, model) + (f", {about}" if kind == "thin" and about else "")
            values = models[METRICS[protocol][0]][models["run"].values == run]
            if not values.size:
                raise ValueError(f"run {run} has no values")
            part = _curve(values, solvers)
            parts.append(part.assign(panel=protocol, kind=kind, method=run, label=label, model=model))
    columns = ["panel", "kind", "method", "label", "model", "metric", "gap_percent", "share", "low", "high"]
    data = pd.concat(parts, ignore_index=True)[[*columns, "num_seeds", "num_realizations"]]
    return data.astype({"num_seeds": "Int64"})


def _curve(values: xr.DataArray, solvers: xr.Dataset) -> pd.DataFrame:
    """Return the shares of one method; ``values`` is (seeds, N), or (1, N) of a solver."""
    metric = str(values.name)
    optimum, bound = solvers[metric].sel(solver="optimum").values, solvers[_UPPER_BOUNDS[metric]].values
    per_seed = shares(gaps(values.values, optimum, bound))
    several = len(per_seed) > 1
    intervals = np.array([t_interval(column) if several else (np.nan, np.nan) for column in per_seed.T])
    return pd.DataFrame(
        {
            "gap_percent": GAPS,
            "share": per_seed.mean(axis=0),
            "low": intervals[:, 0],
            "high": intervals[:, 1],
            "metric": metric,
            "num_seeds": len(per_seed),
            "num_realizations": values.shape[1],
        }
    )
