"""Values of every realization as named, checked datasets: kept as NetCDF, averaged. Needs no PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..io import read_netcdf, write_netcdf
from ..objective import BEST_FOUND, BOUND, QUANTITIES, Quantity

if TYPE_CHECKING:
    from torch import Tensor

    from ..channels import Channels

HUNDRED = "reference"
"""Variable of scale studies with the sum rate of every realization that is 100 percent."""

CERTIFIED_SHARE = "certified_share"
"""Column of tables: the share of realizations whose optimum is certified; only where it is below 1."""


def _certified(dataset: xr.Dataset, quantity: Quantity) -> xr.DataArray | None:
    """Return where the powers that a quantity is evaluated for are a certified optimum; None without an optimum."""
    of = next(one for one in QUANTITIES.values() if one.bound and one.solver_power == quantity.solver_power)
    return dataset.get(of.certificate)


def certified_share(dataset: xr.Dataset, quantity: Quantity) -> float | None:
    """Return the share of realizations whose optimum is certified; None where no optimum was searched for."""
    certified = _certified(dataset, quantity)
    return None if certified is None else float(certified.mean())


def by_solver(dataset: xr.Dataset, quantity: Quantity) -> xr.DataArray:
    """Return the solvers' values of a quantity (solver, realization) by the names that tables have.

    Where the optimum is not certified in every realization, what stands under its name in the dataset are the best
    powers found: they are called ``best_found``, and ``bound``, the optimum's upper bound, comes after them.
    """
    values, share = dataset[quantity.name], certified_share(dataset, quantity)
    if share in (None, 1.0):
        return values
    values = values.assign_coords(
        solver=[BEST_FOUND if name == "optimum" else name for name in values["solver"].values]
    )
    if quantity.bound is None:
        return values
    bound = dataset[quantity.bound].expand_dims(solver=[BOUND])
    return xr.concat([values, bound], dim="solver", combine_attrs="override")


def _quantities(dataset: xr.Dataset) -> list[Quantity]:
    return [quantity for quantity in QUANTITIES.values() if quantity.name in dataset]


def score(channels: Channels, power: Tensor, quantity: Quantity) -> NDArray[np.float64]:
    """Return a quantity of every realization, (..., N), for (..., N, M) transmit powers, W."""
    found: NDArray[np.float64] = quantity.values(channels.gain, power, channels.weight, channels.noise_power).numpy()
    return found


def summarize(dataset: xr.Dataset) -> pd.DataFrame:
    """Return the solvers' means over realizations: solver (`by_solver`), metric, unit, num_realizations, mean.

    Where an optimum is not certified, also certified_share, for the rows that stand in its place.
    """
    rows = []
    for quantity in _quantities(dataset):
        share = certified_share(dataset, quantity)
        for one in by_solver(dataset, quantity).mean("realization"):
            row = {"solver": one["solver"].item(), "metric": quantity.name, "unit": quantity.unit}
            row |= {"num_realizations": dataset.sizes["realization"], "mean": one.item()}
            rows.append(row | ({CERTIFIED_SHARE: share} if row["solver"] in (BEST_FOUND, BOUND) else {}))
    return pd.DataFrame(rows)


def seed_means(dataset: xr.Dataset) -> pd.DataFrame:
    """Return every copy's mean over realizations: run, seed, metric, value.

    Args:
        dataset: What `evaluation.evaluate` returns; runs may be concatenated along `copy`.
    """
    metrics = [one.name for one in _quantities(dataset)]
    wide = dataset[metrics].mean("realization").to_dataframe().reset_index()
    return wide.melt(["run", "seed"], metrics, "metric", "value")


def save(dataset: xr.Dataset, path: Path | str) -> None:
    """Write a dataset of `evaluation` as compressed NetCDF-4; the file is whole or not there.

    Raises:
        ValueError: A value is not finite.
    """
    for name, values in dataset.data_vars.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{path}: {name} has values that are not finite")
    write_netcdf(path, dataset)


def load(path: Path | str) -> xr.Dataset:
    """Read a dataset of `evaluation` into memory.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is truncated or foreign: no whole NetCDF-4 file, another layout, or a value that is not
            finite; the line names it.
    """
    dataset = read_netcdf(path)
    first, names = ("copy", ("run", "seed")) if "run" in dataset else ("solver", ("solver",))
    for name in names:
        if name not in dataset or dataset[name].dims != (first,):
            raise ValueError(f"{path}: {name} is no coordinate of the dimension {first}")
    if not _quantities(dataset):
        variables = sorted(map(str, dataset.data_vars))
        raise ValueError(f"{path}: variables are {variables}; one of {list(QUANTITIES)} is needed")
    for one in _quantities(dataset):
        values = dataset[one.name]
        if values.dims != (first, "realization") or values.dtype.kind != "f" or not values.size:
            raise ValueError(
                f"{path}: {one.name} has dimensions {values.dims} of sizes {values.shape} and dtype {values.dtype}; "
                f"it must have ({first}, realization), none empty, and floating point"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"{path}: {one.name} has values that are not finite")
        if values.attrs.get("units") != one.unit:
            raise ValueError(f"{path}: {one.name} has units {values.attrs.get('units')!r}; they must be {one.unit!r}")
        if first == "solver" and "optimum" in dataset["solver"] and one.bound is not None:
            _check_bound(dataset, one, path)
    return dataset


def _check_bound(dataset: xr.Dataset, quantity: Quantity, path: Path | str) -> None:
    """Require a quantity's upper bounds, and whether they certify its optimum."""
    for name, kind in ((quantity.bound, "f"), (quantity.certificate, "b")):
        if name not in dataset or dataset[name].dims != ("realization",) or dataset[name].dtype.kind != kind:
            what = "truths" if kind == "b" else "numbers"
            raise ValueError(f"{path}: solver optimum needs {name}, {what} by realization")


def load_runs(paths: Iterable[Path | str]) -> xr.Dataset:
    """Read datasets of `evaluation.evaluate` as one, concatenated along `copy`; errors as in `load`."""
    return xr.concat([load(path) for path in paths], dim="copy")
