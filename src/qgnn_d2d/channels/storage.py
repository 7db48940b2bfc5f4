"""Channel realizations in files: written and read whole, and held against the study that they belong to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..io import read_netcdf, write_netcdf
from .batch import Channels
from .draws import draw
from .layout import DIMS, check_dataset

if TYPE_CHECKING:
    import xarray as xr

    from ..settings.study import Study

_SAME = 1e-9  # relative: powers of ten may round differently on another machine


def save(dataset: xr.Dataset, path: Path | str) -> None:
    """Write channel realizations to a compressed, checksummed NetCDF-4 file, which is whole or not there.

    Raises:
        ValueError: `dataset` is no complete set of channel realizations; nothing is written then.
    """
    check_dataset(dataset, "dataset")
    compressed = {"zlib": True, "complevel": 4, "fletcher32": True, "_FillValue": None}
    write_netcdf(path, dataset, dict.fromkeys(dataset.data_vars, compressed))


def load(path: Path | str) -> xr.Dataset:
    """Read what `save` wrote into memory.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is truncated or foreign, or its content is no complete set of channel realizations:
            dimensions, dtypes, non-negative finite values, required attributes. The line names the file.
    """
    dataset = read_netcdf(path)
    check_dataset(dataset, str(path))
    return dataset


def to_channels(dataset: xr.Dataset) -> Channels:
    """Copy realizations into float64 tensors.

    Raises:
        ValueError: `dataset` is no complete set of channel realizations.
    """
    import torch

    check_dataset(dataset, "dataset")
    gain, weight = (torch.tensor(dataset[name].values) for name in DIMS)
    return Channels(gain, weight, float(dataset.attrs["noise_power"]), float(dataset.attrs["p_max"]))


def read(study: Study, scenario: str, files: Mapping[str, Path | str]) -> dict[str, Channels]:
    """Read splits of a study's scenario.

    Held against the study are the numbers of realizations and links, and all attributes: kind, parameters, split, seed,
    noise and largest amplitude. The entries themselves are held by the records of `make provenance`, and by
    `make verify`; gains that are all zero are channels, too.

    Args:
        study: The study.
        scenario: The scenario's name.
        files: Split to its file.

    Returns:
        Split to its realizations.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A file is damaged (see `load`) or holds something else than the split; the line names it.
    """
    settings, channels = study.scenarios[scenario], {}
    for split, path in files.items():
        found = load(path)
        expected = draw(scenario, settings, split, 1, study.seed).attrs  # the same for any number of realizations
        del expected["package_version"]
        expected |= {"realizations": study.splits[split], "links": settings.num_links}
        sizes = {"realizations": found.sizes["realization"], "links": found.sizes["receiver"]}
        for key, value in expected.items():
            own = {**found.attrs, **sizes}.get(key)
            if not _agree(own, value):
                raise ValueError(f"{path}: {key} is {own!s}; split {split} of scenario {scenario} has {value}")
        channels[split] = to_channels(found)
    return channels


def _agree(found: Any, expected: Any) -> bool:
    """Whether an attribute is the expected one, numbers but for their rounding."""
    if isinstance(expected, str):
        return isinstance(found, str) and found == expected
    try:
        return math.isclose(found, expected, rel_tol=_SAME)
    except TypeError:  # no single number
        return False
