"""Evaluation realization by realization, of solvers and trained models, as named, checked datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import xarray as xr

from .. import objective
from ..channels.scenarios import Channels
from ..io import require_file, write_netcdf
from ..models import PowerModel
from ..settings.study import RunSettings
from ..solvers import SOLVERS
from ..solvers.branch_and_bound import optimum
from ..training.trainer import allocate, cast, evaluation_leaves

METHODS = (*SOLVERS, "optimum")
"""What `solve` runs, in the tables' order: the solvers, and the certified optimum."""

OPTIMUM_GAP = 1e-6  # relative, certified for every realization

UNITS = {"sum_rate": "bps/Hz", "released_metric": "bps/Hz", "released_wmmse_rate": "nats"}
"""The tables' quantities to their units; `released_metric` is in bps/Hz of the network of `released_gain`."""

_LONG_NAMES = {
    "sum_rate": "weighted sum rate, eq. (2)",
    "released_metric": "the public code's model metric",
    "released_wmmse_rate": "the public code's evaluation of WMMSE",
}


def score(channels: Channels, power: torch.Tensor, metrics: Sequence[str]) -> dict[str, np.ndarray]:
    """Return quantities of every realization.

    Args:
        channels: N realizations of M links, float64.
        power: (..., N, M) transmit powers, W.
        metrics: Keys of `UNITS`.

    Returns:
        Metric name to values, (..., N).
    """
    functions = {
        "sum_rate": objective.weighted_sum_rate,
        "released_metric": objective.released_metric,
        "released_wmmse_rate": objective.released_wmmse_rate,
    }
    return {
        name: functions[name](channels.gain, power, channels.weight, channels.noise_power).numpy() for name in metrics
    }


@torch.no_grad()
def solve(channels: Channels) -> xr.Dataset:
    """Solve every realization with every solver and to the certified optimum, once for each of the two objectives.

    The public code's model metric is eq. (2) for the gains of `objective.released_gain` and unit weights, so the same
    solvers maximize it; every quantity is of the powers that were solved for it.

    Args:
        channels: N realizations of M links, float64.

    Returns:
        `power` (solver, realization, link) in W, which maximizes eq. (2), with its `sum_rate` (solver, realization),
        and, only for P_max = 1, the one case where it means what the public code reports, its `released_wmmse_rate`;
        `released_power`, which maximizes the public code's model metric, with its `released_metric`. Beside them
        `upper_bound` and `released_upper_bound` (realization) of the solver `optimum`, certified to `OPTIMUM_GAP`.

    Raises:
        ValueError: A realization's optimum is not certified within the solver's limit of boxes.
    """
    power, upper = _solved(channels)
    equivalent = Channels(
        objective.released_gain(channels.gain, channels.weight),
        torch.ones_like(channels.weight),
        channels.noise_power,
        channels.p_max,
    )
    released_power, released_upper = _solved(equivalent)
    dims = ("solver", "realization")
    dataset = xr.Dataset(coords={"solver": list(METHODS)})
    for name, powers in {"power": power, "released_power": released_power}.items():
        dataset[name] = ((*dims, "link"), powers.numpy(), {"units": "W", "long_name": "transmit power"})
    metrics = ["sum_rate"] + (["released_wmmse_rate"] if channels.p_max == 1 else [])
    values = score(channels, power, metrics) | score(channels, released_power, ["released_metric"])
    for name, bound, metric in [
        ("upper_bound", upper, "sum_rate"),
        ("released_upper_bound", released_upper, "released_metric"),
    ]:
        about = {"units": UNITS[metric], "long_name": f"certified upper bound of {metric}"}
        dataset[name] = ("realization", bound.numpy(), about)
    return _with_metrics(dataset, dims, values)


def _solved(channels: Channels) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the powers of all methods (method, N, M) and the optimum's certified upper bound (N,)."""
    arguments = channels.gain, channels.weight, channels.noise_power, channels.p_max
    best = optimum(*arguments, gap=OPTIMUM_GAP)
    if not best.certified.all():
        open_ones = int((~best.certified).sum())
        raise ValueError(f"{open_ones} of {len(channels)} realizations have no optimum certified to {OPTIMUM_GAP:g}")
    return torch.stack([*(solver(*arguments) for solver in SOLVERS.values()), best.power]), best.upper


def evaluate(run: RunSettings, model: PowerModel, channels: Channels, split: str) -> xr.Dataset:
    """Evaluate every seed of a trained run on the stars that its curves use.

    Args:
        run: The run.
        model: Its trained model.
        channels: N realizations, float64; powers are computed in float32, as in training.
        split: Name of the split, which fixes the stars.

    Returns:
        `sum_rate` and `released_metric` (copy, realization); a copy is one seed of the run, named by the
        coordinates `run` and `seed`.
    """
    single = cast(channels, torch.float32, run.device)
    power = allocate(model, single, evaluation_leaves(run, model, single, split)).double().cpu()
    dims = ("copy", "realization")
    dataset = xr.Dataset(coords={"run": ("copy", [run.id] * len(power)), "seed": ("copy", range(len(power)))})
    return _with_metrics(dataset, dims, score(channels, power, ["sum_rate", "released_metric"]))


def summarize(dataset: xr.Dataset) -> pd.DataFrame:
    """Return the solvers' means over realizations: solver, metric, unit, num_realizations, mean."""
    rows = [
        (
            str(solver),
            name,
            UNITS[name],
            dataset.sizes["realization"],
            float(dataset[name].sel(solver=solver).mean()),
        )
        for name in UNITS
        if name in dataset
        for solver in dataset["solver"].values
    ]
    return pd.DataFrame(rows, columns=["solver", "metric", "unit", "num_realizations", "mean"])


def seed_means(dataset: xr.Dataset) -> pd.DataFrame:
    """Return every copy's mean over realizations: run, seed, metric, value.

    Args:
        dataset: What `evaluate` returns; runs may be concatenated along `copy`.
    """
    parts = [
        pd.DataFrame(
            {
                "run": dataset["run"].values,
                "seed": dataset["seed"].values,
                "metric": name,
                "value": dataset[name].mean("realization").values,
            }
        )
        for name in UNITS
        if name in dataset
    ]
    return pd.concat(parts, ignore_index=True)


def save(dataset: xr.Dataset, path: Path | str) -> None:
    """Write a dataset of this module as compressed NetCDF-4; the file is whole or not there.

    Raises:
        ValueError: A value is not finite.
    """
    for name, values in dataset.data_vars.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{path}: {name} has values that are not finite")
    encoding = {name: {"zlib": True, "complevel": 4, "_FillValue": None} for name in dataset.data_vars}
    write_netcdf(path, dataset, encoding)


def load(path: Path | str) -> xr.Dataset:
    """Read a dataset of this module into memory.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is truncated or foreign: no whole NetCDF-4 file, another layout, or a value that is not
            finite; the line names it.
    """
    require_file(path)
    try:
        dataset = xr.load_dataset(path, engine="h5netcdf")
    except Exception as error:  # the layers down to HDF5 raise almost anything for bad files
        raise ValueError(f"{path}: not a complete NetCDF-4 file ({type(error).__name__})") from error
    first, names = ("copy", ("run", "seed")) if "run" in dataset else ("solver", ("solver",))
    metrics = [name for name in UNITS if name in dataset]
    for name in names:
        if name not in dataset or dataset[name].dims != (first,):
            raise ValueError(f"{path}: {name} is no coordinate of the dimension {first}")
    if not metrics:
        raise ValueError(f"{path}: variables are {sorted(map(str, dataset.data_vars))}; one of {list(UNITS)} is needed")
    for name in metrics:
        values = dataset[name]
        if values.dims != (first, "realization") or values.dtype.kind != "f" or not values.size:
            raise ValueError(
                f"{path}: {name} has dimensions {values.dims} of sizes {values.shape} and dtype {values.dtype}; it "
                f"must have ({first}, realization), none empty, and floating point"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"{path}: {name} has values that are not finite")
        if values.attrs.get("units") != UNITS[name]:
            raise ValueError(f"{path}: {name} has units {values.attrs.get('units')!r}; they must be {UNITS[name]!r}")
    return dataset


def _with_metrics(dataset: xr.Dataset, dims: Sequence[str], values: dict[str, np.ndarray]) -> xr.Dataset:
    for name, array in values.items():
        dataset[name] = (tuple(dims), array, {"units": UNITS[name], "long_name": _LONG_NAMES[name]})
    return dataset
