"""Channel realizations in files: written and read whole, and held against the study that they belong to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..io import read_netcdf, write_netcdf
from .batch import Channels
from .draws import draw
from .layout import ATTRIBUTES, DIMS

if TYPE_CHECKING:
    import xarray as xr

    from ..settings.study import Study

_SAME = 1e-9  # relative: powers of ten may round differently on another machine


def save(dataset: xr.Dataset, path: Path | str) -> None:
    """Write channel realizations to a compressed, checksummed NetCDF-4 file, which is whole or not there.

    Raises:
        ValueError: `dataset` is no complete set of channel realizations; nothing is written then.
    """
    to_channels(dataset)
    compressed = {"zlib": True, "complevel": 4, "fletcher32": True, "_FillValue": None}
    write_netcdf(path, dataset, dict.fromkeys(dataset.data_vars, compressed))


def load(path: Path | str) -> xr.Dataset:
    """Read what `save` wrote into memory.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is truncated or foreign, or no complete set of realizations (`to_channels`).
    """
    dataset = read_netcdf(path)
    to_channels(dataset, str(path))
    return dataset


def to_channels(dataset: xr.Dataset, source: str = "dataset") -> Channels:
    """Copy realizations into float64 tensors.

    Raises:
        ValueError: `dataset` is no complete set of channel realizations (variables, dimensions, dtypes, attributes, the
            values that `Channels` requires); the line starts with ``source``.
    """
    for name, dims in DIMS.items():
        if name not in dataset.data_vars:
            raise ValueError(f"{source}: variables are {sorted(map(str, dataset.data_vars))}; {name} is missing")
        if dataset[name].dims != dims or dataset[name].dtype != np.float64:
            raise ValueError(
                f"{source}: {name} has dimensions {dataset[name].dims} and dtype {dataset[name].dtype}; they must be "
                f"{dims} and float64"
            )
    missing = [name for name in ATTRIBUTES if name not in dataset.attrs]
    if missing:
        raise ValueError(f"{source}: attributes {missing} are missing; required are {list(ATTRIBUTES)}")
    gain, weight = (torch.tensor(dataset[name].values) for name in DIMS)
    found = (dataset.attrs[name] for name in ("noise_power", "p_max"))
    noise_power, p_max = (number.item() if isinstance(number, np.generic) else number for number in found)
    try:
        return Channels(gain, weight, noise_power, p_max)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def read(study: Study, scenario: str, files: Mapping[str, Path | str]) -> dict[str, Channels]:
    """Read splits of a study's scenario, given the splits' files.

    Held against the study are the numbers of realizations and links, and all attributes: kind, parameters, split, seed,
    noise and largest amplitude. The entries themselves are held by the records of `make provenance`, and by
    `make verify`; gains that are all zero are channels, too.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A file is damaged (see `load`) or holds something else than the split; the line names it.
    """
    settings, channels = study.scenarios[scenario], {}
    for split, path in files.items():
        found = read_netcdf(path)
        channels[split] = to_channels(found, str(path))
        part = settings.part(split, study.splits)
        expected = draw(scenario, part, split, 0, study.seed).attrs  # the same for any number of realizations
        del expected["package_version"]
        expected |= {"realizations": study.splits[split], "links": settings.num_links}
        own = {**found.attrs, "realizations": len(channels[split]), "links": channels[split].num_links}
        for key, value in expected.items():
            if not _agree(own.get(key), value):
                raise ValueError(f"{path}: {key} is {own.get(key)!s}; split {split} of scenario {scenario} has {value}")
    return channels


def _agree(found: Any, expected: Any) -> bool:
    """Whether an attribute is the expected one, numbers but for their rounding."""
    if isinstance(expected, str):
        return isinstance(found, str) and found == expected
    try:
        return math.isclose(found, expected, rel_tol=_SAME)
    except TypeError:  # no single number
        return False
