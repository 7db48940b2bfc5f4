"""Channels with certified optimal powers, against which anybody's powers are scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from ..channels import save as save_channels
from ..channels import to_channels
from ..io import read_netcdf, write_npz
from ..solvers import METHODS
from . import comparison, optimality, powers
from .powers import Track

FORMATS = (".nc", ".npz")

_RATES = ("wmmse_sum_rate", "optimal_sum_rate", "upper_bound")
_POWERS = ("wmmse_power", "optimal_power")
_DIMS = ("realization", "link")


def build(drawn: xr.Dataset, max_boxes: int | None = None, track: Track = iter) -> xr.Dataset:
    """Solve channels by WMMSE and to the certified optimum.

    Args:
        drawn: Realizations as `channels` describes them.
        max_boxes: Boxes after which a realization's optimum is given up; the solver's own limit for None.
        track: Shows progress.

    Returns:
        The same with `wmmse_power`, `optimal_power` (realization, link), W; `wmmse_sum_rate`, `optimal_sum_rate` and
        `upper_bound` (realization), bps/Hz; and `certified` (realization): whether the bound is within the relative gap
        `solvers.OPTIMUM_GAP`. So it is a file of channels, too.

    Example:
        >>> from qgnn_d2d.channels import draw
        >>> from qgnn_d2d.settings.scenario import Rayleigh
        >>> found = build(draw("rayleigh", Rayleigh(num_links=3), "evaluation", 2, seed=1))
        >>> bool(found["certified"].all()), bool((found["optimal_sum_rate"] >= found["wmmse_sum_rate"]).all())
        (True, True)
    """
    channels = to_channels(drawn)
    wmmse = powers.of_method(METHODS["wmmse"], channels)
    best = powers.of_method(METHODS["optimum"], channels, max_boxes, track)
    assert best.upper is not None and best.certified is not None
    solved = {"wmmse_power": wmmse.power, "optimal_power": best.power}
    of_rates = {"wmmse_sum_rate": comparison.rates(channels, wmmse.power)}
    of_rates |= {"optimal_sum_rate": comparison.rates(channels, best.power), "upper_bound": best.upper}
    return drawn.assign(
        {name: (_DIMS, power.numpy(), {"units": "W"}) for name, power in solved.items()}
        | {name: (_DIMS[:1], values, {"units": "bps/Hz"}) for name, values in of_rates.items()}
        | {"certified": (_DIMS[:1], best.certified.astype(np.int8))}  # NetCDF has no truths
    )


def save(benchmark: xr.Dataset, path: Path | str) -> None:
    """Write what `build` returns, as .nc, or as .npz with noise_power and p_max among the arrays."""
    powers.check_name("output", path, FORMATS)
    if Path(path).suffix.lower() == ".nc":
        save_channels(benchmark, path)
    else:
        numbers = {name: np.float64(benchmark.attrs[name]) for name in ("noise_power", "p_max")}
        write_npz(path, {str(name): found.values for name, found in benchmark.data_vars.items()} | numbers)


def load(path: Path | str) -> xr.Dataset:
    """Read a NetCDF file of `save`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or no benchmark.
    """
    powers.check_name("benchmark", path, (".nc",))
    found = read_netcdf(path)
    channels = to_channels(found, str(path))
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys((*_RATES, "certified"), (len(channels),))
    shapes |= dict.fromkeys(_POWERS, (len(channels), channels.num_links))
    for name, shape in shapes.items():
        if name not in found or found[name].shape != shape or not np.isfinite(found[name]).all():
            raise ValueError(f"{path}: no benchmark: it must have {name}, shape {shape}, all finite")
    return found


def score(benchmark: xr.Dataset, power: torch.Tensor) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Score powers on a benchmark.

    Args:
        benchmark: What `build` returns.
        power: (S, N, M) transmit powers, W; see `powers.load`.

    Returns:
        What they reach (`comparison.reached`), with the median and the largest gap, and ``share_within_1_percent``, the
        share of realizations (and seeds) whose gap is at most 1 %; and the gaps, 100 (1 - rate/optimum) in percent,
        (S, N). Where not every optimum is certified, percentages and gaps are those of the bounds.

    Raises:
        ValueError: A rate is above its bound: the powers are of other channels.
    """
    channels = to_channels(benchmark)
    values = comparison.rates(channels, power)
    is_certified = bool(benchmark["certified"].all())
    best = benchmark["optimal_sum_rate" if is_certified else "upper_bound"].values
    gaps = optimality.gaps(values, best, benchmark["upper_bound"].values)
    against = {"wmmse": benchmark["wmmse_sum_rate"].values, "optimum" if is_certified else "bound": best}
    found = comparison.reached(values, against)
    found |= {"gap_median": float(np.median(gaps)), "gap_largest": float(gaps.max())}
    return found | {"share_within_1_percent": float((gaps <= 1).mean())}, gaps
