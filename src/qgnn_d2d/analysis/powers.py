"""Transmit powers: of trained models and of solvers, with what they took, and in files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr
from numpy.typing import NDArray

from ..channels import Channels
from ..channels.arrays import variables
from ..checks import require_samples
from ..io import read_csv, write_csv, write_npz
from ..models import PowerModel
from ..settings import RunSettings
from ..solvers import Method
from ..training import allocate, cast, evaluation_leaves
from . import values

FORMATS = (".nc", ".npz", ".csv")
"""What powers are written to; they are read from every format of channels, too."""

DIMS = ("seed", "realization", "link")

_PART = 25  # realizations that a solver is given at a time: bounds its memory, and lets a progress bar move
_FLOAT32 = 1e-6  # relative: what is computed in float32 may exceed p_max^2 by its rounding

Track = Callable[[range], Iterable[int]]
"""What passes the numbers of a range on and shows how far it is."""


@dataclass(frozen=True)
class Solved:
    """Powers of a solver, W, shape (N, M), and the seconds that they took; of the optimum, its certificates.

    Attributes:
        power: (N, M) transmit powers, W.
        seconds: Wall time for all realizations.
        upper: (N,) certified upper bounds, bps/Hz; None of other methods.
        certified: (N,) whether the bounds are within the method's gap; None of other methods.
    """

    power: torch.Tensor
    seconds: float
    upper: NDArray[np.float64] | None = None
    certified: NDArray[np.bool_] | None = None


def of_model(run: RunSettings, model: PowerModel, channels: Channels, split: str) -> tuple[torch.Tensor, float]:
    """Return the powers of every seed of a trained run, (S, N, M), W, float64, and the seconds that they took.

    Args:
        run: The run.
        model: Its model; powers are computed in float32, as in training.
        channels: N realizations of any number M of links, float64.
        split: Their name, which fixes the stars where these are drawn.
    """
    single = cast(channels, torch.float32, run.device)
    start = time.perf_counter()
    power = allocate(model, single, evaluation_leaves(run, model, single, split))
    return power.double().cpu(), time.perf_counter() - start


def of_method(method: Method, channels: Channels, max_boxes: int | None = None, track: Track = iter) -> Solved:
    """Solve every realization; networks of each size on their own, powers of padding are 0.

    Args:
        method: An entry of `solvers.METHODS`.
        channels: N realizations, float64.
        max_boxes: Boxes after which a realization's certified optimum is given up; the solver's own limit for None.
        track: Shows progress.
    """
    options = dict(method.options)
    if method.certified and max_boxes is not None:
        options["max_boxes"] = max_boxes
    function, start = method.function, time.perf_counter()
    power = torch.zeros_like(channels.weight)
    upper, certified = torch.zeros_like(power[:, 0]), torch.zeros(len(power), dtype=torch.bool)
    for first in track(range(0, len(channels), _PART)):
        for index, part in channels.take(slice(first, first + _PART)).by_size():
            found = function(part.gain, part.weight, part.noise_power, part.p_max, **options)
            rows = first + index
            if method.certified:
                upper[rows], certified[rows] = found.upper, found.certified
            power[rows, : part.num_links] = found.power if method.certified else found
    seconds = time.perf_counter() - start
    return Solved(power, seconds, upper.numpy(), certified.numpy()) if method.certified else Solved(power, seconds)


def dataset(
    power: torch.Tensor, rate: NDArray[np.float64], seeds: Iterable[int], about: Mapping[str, Any]
) -> xr.Dataset:
    """Return powers (S, N, M), W, with their weighted sum rates (S, N), bps/Hz, as named arrays.

    Args:
        power: The powers; S = 1 for a solver.
        rate: The rates.
        seeds: The seeds' numbers.
        about: Attributes: what computed them, for which channels.
    """
    return xr.Dataset(
        {
            "power": (DIMS, power.numpy(), {"units": "W", "long_name": "transmit power"}),
            "sum_rate": (DIMS[:2], rate, {"units": "bps/Hz", "long_name": "weighted sum rate, eq. (2)"}),
        },
        coords={"seed": list(seeds)},
        attrs=dict(about),
    )


def check_name(what: str, path: Path | str, formats: Iterable[str] = FORMATS) -> None:
    """Require a file name that says its format, before anything is computed.

    Example:
        >>> check_name("output", "powers.txt")
        Traceback (most recent call last):
        ValueError: output is 'powers.txt'; it must end in one of: .nc, .npz, .csv
    """
    if Path(path).suffix.lower() not in formats:
        raise ValueError(f"{what} is {Path(path).name!r}; it must end in one of: {', '.join(formats)}")


def save(dataset: xr.Dataset, path: Path | str) -> None:
    """Write what `dataset` returns: .nc, .npz, or .csv with a row per seed and realization; whole or not at all."""
    check_name("output", path)
    suffix = Path(path).suffix.lower()
    if suffix == ".nc":
        values.save(dataset, path)
    elif suffix == ".npz":
        write_npz(path, {str(name): found.values for name, found in dataset.variables.items()})
    else:
        power = dataset["power"].values.reshape(-1, dataset.sizes["link"])
        keys = np.repeat(dataset["seed"].values, dataset.sizes["realization"])
        table = pd.DataFrame(
            {"seed": keys, "realization": np.tile(range(dataset.sizes["realization"]), len(set(keys)))}
        )
        columns = {f"power_{link}": power[:, link] for link in range(power.shape[1])}
        write_csv(path, table.assign(sum_rate=dataset["sum_rate"].values.ravel(), **columns))


def load(path: Path | str, channels: Channels) -> torch.Tensor:
    """Read powers for channels: anybody's, or those of `save`.

    A .csv file has a row per realization (with a column ``seed``: and seed) and the columns power_0, power_1, ...
    Every other file has a variable of shape (N, M) or (S, N, M), called ``power`` unless it is the only one.

    Returns:
        (S, N, M) transmit powers, W, float64; S = 1 for powers without seeds.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or not of these channels: another shape, a power below 0 or above p_max².
    """
    found = _table(path) if Path(path).suffix.lower() == ".csv" else _array(path)
    size = (len(channels), channels.num_links)
    power = found[np.newaxis] if found.ndim == 2 else found
    if found.ndim not in (2, 3) or power.shape[1:] != size or not len(power):
        raise ValueError(
            f"{path}: powers have shape {found.shape}; it must be {size}, or (seeds, {size[0]}, {size[1]})"
        )
    largest = channels.p_max**2
    require_samples(f"{path}: powers", power, ndim=3, low=0)
    if (power > largest * (1 + _FLOAT32)).any():
        at = tuple(np.unravel_index(power.argmax(), power.shape))
        raise ValueError(
            f"{path}: power of seed, realization, link {tuple(map(int, at))} is {power.max():g} W; the largest allowed "
            f"is p_max² = {largest:g} W"
        )
    return torch.from_numpy(np.minimum(power, largest))


def _table(path: Path | str) -> NDArray[np.float64]:
    """Return the powers of a CSV file: (N, M), or (S, N, M) with a column seed."""
    table = read_csv(path)
    names = [name for name in map(str, table.columns) if name.startswith("power_")]
    if names != [f"power_{link}" for link in range(len(names))] or not names:
        raise ValueError(f"{path}: columns are {list(map(str, table.columns))}; they must have power_0, power_1, ...")
    kinds = {table[name].dtype.kind for name in names}
    if not kinds <= set("fiu"):
        raise ValueError(f"{path}: columns power_0, power_1, ... must hold numbers")
    keys = [name for name in ("seed", "realization") if name in table]
    table = table.sort_values(keys, kind="stable") if keys else table
    seeds = table.groupby("seed") if "seed" in table else [(None, table)]
    parts = [part for _, part in seeds]
    sizes = {len(part) for part in parts}
    if len(sizes) > 1:
        raise ValueError(f"{path}: seeds have {sorted(sizes)} realizations; all must have equally many")
    if "realization" in keys and any(list(part["realization"]) != list(range(*sizes)) for part in parts):
        raise ValueError(f"{path}: column realization must be 0, 1, ... for every seed")
    power = np.stack([part[names].to_numpy(np.float64) for part in parts])
    return power if "seed" in keys else power[0]


def _array(path: Path | str) -> NDArray[np.float64]:
    """Return the powers of any other file, dimensions with names in the order of `DIMS`."""
    with variables(path) as found:
        numbers = {name: one for name, one in found.items() if one.is_number and len(one.shape) in (2, 3)}
        name = "power" if "power" in numbers else next(iter(numbers), None)
        if name is None or (name != "power" and len(numbers) > 1):
            raise ValueError(f"{path}: variables are {', '.join(found) or 'none'}; one must be called power")
        values, dims = np.asarray(numbers[name].read()), numbers[name].dims
    if dims is not None and set(dims) <= set(DIMS):
        values = values.transpose([dims.index(dim) for dim in DIMS if dim in dims])
    if values.dtype.kind == "c":
        raise ValueError(f"{path}: {name} is complex; powers are real, W")
    return values.astype(np.float64)
