"""Values of every realization as named, checked datasets: kept as NetCDF, averaged. Needs no PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ..io import read_netcdf, write_netcdf
from ..objective import QUANTITIES, Quantity


def _quantities(dataset: xr.Dataset) -> list[Quantity]:
    return [quantity for quantity in QUANTITIES.values() if quantity.name in dataset]


def summarize(dataset: xr.Dataset) -> pd.DataFrame:
    """Return the solvers' means over realizations: solver, metric, unit, num_realizations, mean."""
    means = _means(dataset, ["solver"], "mean")
    units = means["metric"].map({one.name: one.unit for one in _quantities(dataset)})
    means.insert(2, "unit", units)
    means.insert(3, "num_realizations", dataset.sizes["realization"])
    return means


def seed_means(dataset: xr.Dataset) -> pd.DataFrame:
    """Return every copy's mean over realizations: run, seed, metric, value.

    Args:
        dataset: What `evaluation.evaluate` returns; runs may be concatenated along `copy`.
    """
    return _means(dataset, ["run", "seed"], "value")


def _means(dataset: xr.Dataset, keys: list[str], name: str) -> pd.DataFrame:
    """Return the quantities' means over realizations: the keys, metric, and the means under a name."""
    metrics = [one.name for one in _quantities(dataset)]
    wide = dataset[metrics].mean("realization").to_dataframe().reset_index()
    return wide.melt(keys, metrics, "metric", name)


def save(dataset: xr.Dataset, path: Path | str) -> None:
    """Write a dataset of `evaluation` as compressed NetCDF-4; the file is whole or not there.

    Raises:
        ValueError: A value is not finite.
    """
    for name, values in dataset.data_vars.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{path}: {name} has values that are not finite")
    encoding = {name: {"zlib": True, "complevel": 4, "_FillValue": None} for name in dataset.data_vars}
    write_netcdf(path, dataset, encoding)


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
    return dataset


def load_runs(paths: Iterable[Path | str]) -> xr.Dataset:
    """Read datasets of `evaluation.evaluate` as one, concatenated along `copy`; errors as in `load`."""
    return xr.concat([load(path) for path in paths], dim="copy")
