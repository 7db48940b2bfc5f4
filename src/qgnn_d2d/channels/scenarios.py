"""Channel realizations of device-to-device networks: drawn from a seed, kept as NetCDF, used in torch.

Every scenario returns an `xarray.Dataset` with the variables

* `gain` (realization, receiver, transmitter): power gain |g_jm|^2 into receiver m from transmitter j,
  float64,
* `weight` (realization, receiver): link weight alpha_m of eq. (2), float64,

and, as attributes, every parameter, the derived `p_max` (an AMPLITUDE, sqrt(W), as p in the paper) and
`noise_power` (W), the seed and the package version.

`rayleigh` and `geometric` are prefix-nested: the first n realizations are the same for any number of
realizations of at least n. So smaller training sets are subsets of larger ones.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from .. import __version__
from ..checks import (
    check_channels,
    require_choice,
    require_count,
    require_device,
    require_finite,
    require_positive,
    require_tensor,
)
from ..io import require_file, write_netcdf

SPEED_OF_LIGHT = 299_792_458.0  # m/s
SPLITS = ("train", "validation", "test", "evaluation", "pool")

_GAIN_DIMS = ("realization", "receiver", "transmitter")
_WEIGHT_DIMS = ("realization", "receiver")
_REQUIRED_ATTRIBUTES = ("scenario", "p_max", "noise_power", "seed", "package_version")

# One child stream per variable; the numbers are part of the data format: never reuse or reorder them.
_WEIGHT_STREAM, _FADING_STREAM, _TRANSMITTER_STREAM, _RECEIVER_STREAM = range(4)

# Rounds of joint redraws before a geometry is declared infeasible; the paper's geometries need a few dozen.
_MAX_PLACEMENT_ROUNDS = 5_000

# Lengths, frequencies and levels that physics has lie far within; beyond, powers of ten leave float64's range.
_LARGEST, _LARGEST_DB = 1e30, 1_000

Seed = int | np.random.SeedSequence
FloatArray = NDArray[np.float64]


# ASSUME: the paper states neither the number of links nor P_max, noise, weights, fading, path loss, distance.
# Defaults: the public code's where it has them (rayleigh), else those of the code of its reference [14].
# ASSUME: the square's edge is stated nowhere; 200 m is a choice (reference [14] has 50 links in 1,000 m).
def rayleigh(
    num_links: int, num_realizations: int, seed: Seed, *, p_max: float = 1.0, noise_power: float = 0.1
) -> xr.Dataset:
    """Draw i.i.d. Rayleigh networks without geometry, the scenario of the public code.

    All channels are CN(0, 1), so all power gains are Exp(1); weights are U(0, 1). Source: Shen et al., JSAC
    2021 (reference [14] of the paper), whose public code has M = 10 links and P_max = 1.

    Args:
        num_links: Number of links M.
        num_realizations: Number of realizations N.
        seed: Non-negative integer or `numpy.random.SeedSequence` (which is not changed).
        p_max: Largest transmit amplitude, sqrt(W).
        noise_power: Noise power at every receiver, W.

    Returns:
        Dataset as the module describes it: `gain` of shape (N, M, M), `weight` of shape (N, M).

    Raises:
        ValueError: If a count, the seed, `p_max` or `noise_power` is out of range.

    Example:
        >>> rayleigh(num_links=3, num_realizations=5, seed=7).gain.sizes
        Frozen({'realization': 5, 'receiver': 3, 'transmitter': 3})
    """
    _require_sizes(num_links, num_realizations)
    require_positive("p_max", p_max)
    require_positive("noise_power", noise_power)
    sequence = _seed_sequence(seed)
    gain = _stream(sequence, _FADING_STREAM).standard_exponential((num_realizations, num_links, num_links))
    weight = _stream(sequence, _WEIGHT_STREAM).random((num_realizations, num_links))
    return _dataset(gain, weight, "rayleigh", p_max, noise_power, seed)


def geometric(
    num_links: int,
    num_realizations: int,
    seed: Seed,
    *,
    area_edge: float = 200.0,
    pair_distance_min: float = 2.0,
    pair_distance_max: float = 65.0,
    min_crosslink_distance: float = 1.0,
    carrier_frequency: float = 2.4e9,
    antenna_height: float = 1.5,
    bandwidth: float = 5e6,
    p_max_dbm: float = 40.0,
    noise_density_dbm: float = -169.0,
    direct_antenna_gain_db: float = 2.5,
    fading: bool = True,
) -> xr.Dataset:
    """Draw pairs placed uniformly in a square, the system model of the paper's text.

    Transmitters are uniform in the square. Each receiver stands at a uniform angle and a uniform distance
    from its transmitter, redrawn until it is inside the square; if any cross link of a realization is then
    too short, all its receivers are redrawn (as the public code of reference [14] does). Path loss is ITU-R
    P.1411 line of sight with breakpoint R = 4 h^2 / lambda and L_R = |20 log10(lambda^2 / (8 pi h^2))|: in
    dB, L_R + 6 + 20 log10(d/R), plus another 20 log10(d/R) beyond R. Weights are U(0, 1).

    Args:
        num_links: Number of links M.
        num_realizations: Number of realizations N.
        seed: Non-negative integer or `numpy.random.SeedSequence` (which is not changed).
        area_edge: Edge of the square, m.
        pair_distance_min: Smallest distance within a pair, m.
        pair_distance_max: Largest distance within a pair, m.
        min_crosslink_distance: Smallest distance from a transmitter to another pair's receiver, m.
        carrier_frequency: Carrier frequency, Hz.
        antenna_height: Height of all antennas, m.
        bandwidth: Bandwidth, Hz.
        p_max_dbm: Largest transmit POWER, dBm; 40 dBm are 10 W, an amplitude `p_max` of sqrt(10).
        noise_density_dbm: Noise power density, dBm/Hz.
        direct_antenna_gain_db: Antenna gain of direct links only, dB.
        fading: Whether each power gain carries a Rayleigh fading factor, Exp(1).

    Returns:
        Dataset as the module describes it, and `transmitter_position` and `receiver_position`, m,
        of shape (N, M, 2).

    Raises:
        ValueError: If an argument is out of range, or the square is too crowded to keep the cross links
            apart.
    """
    _require_sizes(num_links, num_realizations)
    parameters = {
        "area_edge": area_edge,
        "pair_distance_min": pair_distance_min,
        "pair_distance_max": pair_distance_max,
        "min_crosslink_distance": min_crosslink_distance,
        "carrier_frequency": carrier_frequency,
        "antenna_height": antenna_height,
        "bandwidth": bandwidth,
    }
    decibels = {
        "p_max_dbm": p_max_dbm,
        "noise_density_dbm": noise_density_dbm,
        "direct_antenna_gain_db": direct_antenna_gain_db,
    }
    for name, value in parameters.items():
        require_positive(name, value)
        if not 1 / _LARGEST <= value <= _LARGEST:
            raise ValueError(f"{name} is {value!r}; it must be from {1 / _LARGEST:g} to {_LARGEST:g}")
    for name, value in decibels.items():
        require_finite(name, value)
        if abs(value) > _LARGEST_DB:
            raise ValueError(f"{name} is {value!r}; it must be from {-_LARGEST_DB} to {_LARGEST_DB}")
    require_choice("fading", fading, (True, False))
    if pair_distance_max < pair_distance_min:
        raise ValueError(
            f"pair_distance_max is {pair_distance_max!r}; it must be at least pair_distance_min = {pair_distance_min!r}"
        )
    if pair_distance_min >= area_edge / math.sqrt(2):
        raise ValueError(
            f"pair_distance_min is {pair_distance_min!r}; it must be below area_edge / sqrt(2) = "
            f"{area_edge / math.sqrt(2):.4g}, so that every transmitter can have a receiver in the square"
        )

    sequence = _seed_sequence(seed)
    shape = (num_realizations, num_links)
    transmitter = area_edge * _stream(sequence, _TRANSMITTER_STREAM).random((*shape, 2))
    receiver = _place_receivers(
        transmitter, sequence, area_edge, pair_distance_min, pair_distance_max, min_crosslink_distance
    )
    distance = _link_distances(transmitter, receiver)
    if not (distance > 0).all():
        raise ValueError(
            f"area_edge is {area_edge!r}; with pair_distance_min = {pair_distance_min!r} it is so large that receivers "
            "stand where their transmitters do, by rounding"
        )
    gain_db = -_path_loss_db(distance, carrier_frequency, antenna_height)
    gain_db += direct_antenna_gain_db * np.eye(num_links)
    gain = 10.0 ** (gain_db / 10)
    if fading:
        gain *= _stream(sequence, _FADING_STREAM).standard_exponential((*shape, num_links))
    weight = _stream(sequence, _WEIGHT_STREAM).random(shape)

    p_max = math.sqrt(10 ** ((p_max_dbm - 30) / 10))
    noise_power = 10 ** ((noise_density_dbm + 10 * math.log10(bandwidth) - 30) / 10)
    attributes = {**parameters, **decibels, "fading": int(fading)}  # NetCDF has no boolean attributes
    dataset = _dataset(gain, weight, "geometric", p_max, noise_power, seed, attributes)
    for name, position in (("transmitter", transmitter), ("receiver", receiver)):
        long_name = f"{name} position in the square"
        dataset[f"{name}_position"] = (
            ("realization", name, "axis"),
            position,
            {"units": "m", "long_name": long_name},
        )
    return dataset


def public_draws(num_links: int, num_realizations: int, seed: int) -> xr.Dataset:
    """Repeat the draws of the first author's public code.

    From NumPy's legacy generator RandomState(seed): weights rand(N, M), then real parts randn(N, M, M), then
    imaginary parts; |h|^2 = (re^2 + im^2) / 2 with P_max = 1 and noise power 0.1. NOT prefix-nested: sets of
    different sizes share the first weights but not the channels. Source: LeGiangK62/QGNN_Comm, commit
    8471955.

    Args:
        num_links: Number of links M.
        num_realizations: Number of realizations N.
        seed: Integer from 0 to 2^32 - 1.

    Returns:
        Dataset as the module describes it: `gain` of shape (N, M, M), `weight` of shape (N, M).

    Raises:
        ValueError: If a count or the seed is out of range.
    """
    _require_sizes(num_links, num_realizations)
    require_count("seed", seed, minimum=0, maximum=2**32 - 1)
    generator = np.random.RandomState(seed)
    weight = generator.rand(num_realizations, num_links)
    real = generator.randn(num_realizations, num_links, num_links)
    imaginary = generator.randn(num_realizations, num_links, num_links)
    gain = (real**2 + imaginary**2) / 2
    return _dataset(gain, weight, "public_draws", 1.0, 0.1, seed)


KINDS: Mapping[str, Callable[..., xr.Dataset]] = MappingProxyType(
    {"rayleigh": rayleigh, "geometric": geometric, "public_draws": public_draws}
)

RESIZABLE = ("rayleigh", "geometric")
"""Kinds that have streams to draw other numbers of links from; `public_draws` has one legacy stream for everything."""


def splits(kind: str, parameters: Mapping[str, Any], sizes: Mapping[str, int], seed: Seed) -> dict[str, xr.Dataset]:
    """Draw the named splits of a study: train, validation, test and evaluation.

    The splits take the children 0, 1, 2, 3 of the seed's `SeedSequence`, in this order, whichever of them are
    asked for: they are disjoint by construction, and asking for one more changes none of the others.

    The kind `public_draws` is the exception, and exists for it: all splits come from the SAME seed, as
    training and test sets do in the public code. Splits of equal size are then identical, others share their
    first weights.

    Args:
        kind: Scenario name, a key of `KINDS`.
        parameters: Keyword arguments of the scenario: `num_links`, and any that it can take by name.
        sizes: Number of realizations per split; keys from `SPLITS`.
        seed: Non-negative integer or `numpy.random.SeedSequence` (which is not changed).

    Returns:
        Dataset per split asked for, in the order of `SPLITS`, each with its name as attribute `split`.

    Raises:
        ValueError: If the kind, a parameter or a split is unknown, or a value is out of range.

    Example:
        >>> sets = splits("rayleigh", {"num_links": 4}, {"test": 2, "train": 3}, seed=1)
        >>> {name: dataset.sizes["realization"] for name, dataset in sets.items()}
        {'train': 3, 'test': 2}
    """
    require_choice("kind", kind, KINDS)
    draw = KINDS[kind]
    allowed = [name for name in inspect.signature(draw).parameters if name not in ("num_realizations", "seed")]
    for name in parameters:
        require_choice(f"parameter of scenario {kind}", name, allowed)
    if "num_links" not in parameters:
        raise ValueError(f"parameters of scenario {kind} are {sorted(parameters)}; they must include num_links")
    for name, size in sizes.items():
        require_choice("split", name, SPLITS)
        require_count(f"size of split {name}", size)

    datasets = {}
    for position, name in enumerate(SPLITS):
        if name not in sizes:
            continue
        split_seed = seed if kind == "public_draws" else _child(_seed_sequence(seed), position)
        datasets[name] = draw(num_realizations=sizes[name], seed=split_seed, **parameters)
        datasets[name].attrs["split"] = name
    return datasets


def save(dataset: xr.Dataset, path: str | Path) -> None:
    """Write channel realizations to a compressed, checksummed NetCDF-4 file.

    The file appears under its name only when complete: it is written beside it and then renamed.

    Args:
        dataset: Channel realizations as the module describes them.
        path: File to write; an existing one is replaced, missing folders are made.

    Raises:
        ValueError: If `dataset` is no complete set of channel realizations; nothing is written then.
    """
    _check_dataset(dataset, "dataset")
    compressed = {"zlib": True, "complevel": 4, "fletcher32": True, "_FillValue": None}
    encoding = dict.fromkeys(dataset.data_vars, compressed)
    write_netcdf(path, dataset, encoding)


def load(path: str | Path) -> xr.Dataset:
    """Read channel realizations into memory, check them, and close the file.

    Args:
        path: File that `save` wrote.

    Returns:
        The dataset, fully loaded.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is truncated or foreign, or its content is no complete set of channel
            realizations: dimensions, dtypes, non-negative finite values, required attributes. The line
            names the file.
    """
    require_file(path)
    try:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            dataset = opened.load()
    except Exception as error:  # the layers down to HDF5 raise almost anything for bad files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: not a complete NetCDF-4 file ({reason})") from error
    _check_dataset(dataset, str(path))
    return dataset


@dataclass(frozen=True, eq=False)
class Channels:
    """Channel realizations as torch tensors, checked when made.

    Attributes:
        gain: Power gains (dimensionless), receiver first, shape (N, M, M).
        weight: Link weights (dimensionless), shape (N, M).
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).

    Raises:
        ValueError: If a shape does not fit, an entry is negative or not finite, there is no realization, or gains and
            weights are no tensors of one type on one device.
    """

    gain: Tensor
    weight: Tensor
    noise_power: float
    p_max: float

    def __post_init__(self) -> None:
        """Check shapes and values."""
        require_tensor("gain", self.gain)
        if self.gain.ndim != 3:
            raise ValueError(f"gain has shape {tuple(self.gain.shape)}; it must be (N, M, M)")
        check_channels(self.gain, self.weight, self.noise_power, self.p_max)
        for name in ("dtype", "device"):
            own, other = getattr(self.gain, name), getattr(self.weight, name)
            if own != other:
                raise ValueError(f"{name} of weight is {other}; it must be that of gain, {own}")

    def __len__(self) -> int:
        """Return the number of realizations N."""
        return self.gain.shape[0]

    @property
    def num_links(self) -> int:
        """Number of links M."""
        return self.gain.shape[-1]

    def take(self, indices: slice | Sequence[int] | Tensor) -> "Channels":
        """Return some of the realizations.

        Args:
            indices: A slice, or a list or tensor of indices (integers; negative ones count from the end) or of choices
                (booleans, one for each of the N realizations).

        Returns:
            The realizations, in the order of `indices`.

        Raises:
            ValueError: If the indices are none of these or out of range, or no realization is left.
        """
        chosen = self._chosen(indices)
        return Channels(self.gain[chosen], self.weight[chosen], self.noise_power, self.p_max)

    def _chosen(self, indices: slice | Sequence[int] | Tensor) -> slice | Tensor:
        """Return indices or choices as a slice or tensor that fits."""
        count = len(self)
        try:
            if isinstance(indices, slice):
                range(count)[indices]  # a TypeError unless its bounds are integers
                return indices
            chosen = torch.as_tensor(indices)
        except (RuntimeError, TypeError, ValueError):
            chosen = torch.empty(0)  # of no type that is allowed
        is_choice = chosen.dtype == torch.bool and chosen.shape == (count,)
        is_index = chosen.dtype in (torch.int32, torch.int64) and chosen.ndim == 1
        if is_choice or (is_index and bool(((chosen >= -count) & (chosen < count)).all())):
            return chosen
        shown = " ".join(repr(indices).split())
        raise ValueError(
            f"indices are {shown:.80}; they must be a slice, integers from {-count} to {count - 1}, or {count} booleans"
        )


def to_channels(
    dataset: xr.Dataset, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu"
) -> Channels:
    """Copy a dataset's realizations into torch tensors.

    Args:
        dataset: Channel realizations as the module describes them.
        dtype: Floating-point type of the tensors.
        device: Device of the tensors.

    Returns:
        The realizations, N and M as in the dataset.

    Raises:
        ValueError: If `dataset` is no complete set of channel realizations, or there is no such device.
    """
    _check_dataset(dataset, "dataset")
    require_device("device", device)
    return Channels(
        gain=torch.tensor(dataset["gain"].values, dtype=dtype, device=device),
        weight=torch.tensor(dataset["weight"].values, dtype=dtype, device=device),
        noise_power=float(dataset.attrs["noise_power"]),
        p_max=float(dataset.attrs["p_max"]),
    )


def _require_sizes(num_links: int, num_realizations: int) -> None:
    require_count("num_links", num_links)
    require_count("num_realizations", num_realizations)


def _seed_sequence(seed: Seed) -> np.random.SeedSequence:
    if isinstance(seed, np.random.SeedSequence):
        return seed
    require_count("seed", seed, minimum=0)
    return np.random.SeedSequence(int(seed))


def _child(sequence: np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """Return the child that the first calls of `spawn` would give, without advancing the parent's counter."""
    return np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, *key), pool_size=sequence.pool_size)


def _stream(sequence: np.random.SeedSequence, *key: int) -> np.random.Generator:
    return np.random.default_rng(_child(sequence, *key))


def _seed_text(seed: Seed) -> str:
    if isinstance(seed, np.random.SeedSequence):
        return f"SeedSequence({seed.entropy}, spawn_key={seed.spawn_key})"
    return str(seed)


def _dataset(
    gain: FloatArray,
    weight: FloatArray,
    scenario: str,
    p_max: float,
    noise_power: float,
    seed: Seed,
    parameters: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    gain_attributes = {"units": "1", "long_name": "linear power gain into receiver from transmitter"}
    weight_attributes = {"units": "1", "long_name": "weight of the link in the sum rate"}
    return xr.Dataset(
        {"gain": (_GAIN_DIMS, gain, gain_attributes), "weight": (_WEIGHT_DIMS, weight, weight_attributes)},
        attrs={
            "scenario": scenario,
            **(parameters or {}),
            "p_max": float(p_max),  # amplitude, sqrt(W)
            "noise_power": float(noise_power),  # W
            "seed": _seed_text(seed),
            "package_version": __version__,
        },
    )


def _place_receivers(
    transmitter: FloatArray,
    sequence: np.random.SeedSequence,
    area_edge: float,
    pair_distance_min: float,
    pair_distance_max: float,
    min_crosslink_distance: float,
) -> FloatArray:
    """Place receivers by rejection, shape (N, M, 2), such that a realization never depends on later ones.

    Each round has its own stream, which serves the realizations that are still open in their order.
    """
    num_links = transmitter.shape[1]
    receiver = np.empty_like(transmitter)
    is_open = np.ones(transmitter.shape[:2], dtype=bool)
    cross_links = ~np.eye(num_links, dtype=bool)
    for round_index in range(_MAX_PLACEMENT_ROUNDS):
        rows = np.flatnonzero(is_open.any(axis=1))
        generator = _stream(sequence, _RECEIVER_STREAM, round_index)
        uniform = generator.random((rows.size, num_links, 2))
        distance = pair_distance_min + (pair_distance_max - pair_distance_min) * uniform[..., :1]
        angle = 2 * np.pi * uniform[..., 1:]
        proposal = transmitter[rows] + distance * np.concatenate([np.cos(angle), np.sin(angle)], axis=-1)
        placed = np.where(is_open[rows][..., None], proposal, receiver[rows])

        outside = np.any((placed < 0) | (placed > area_edge), axis=-1)
        too_close = _link_distances(transmitter[rows], placed) < min_crosslink_distance
        crowded = ~np.any(outside, axis=1) & np.any(too_close & cross_links, axis=(1, 2))
        receiver[rows] = placed
        is_open[rows] = outside | crowded[:, None]
        if not is_open.any():
            return receiver
    raise ValueError(
        f"min_crosslink_distance is {min_crosslink_distance!r}; for {num_links} links in a square of edge "
        f"{area_edge!r} it must be smaller: {int(is_open.any(axis=1).sum())} realizations found "
        f"no placement in {_MAX_PLACEMENT_ROUNDS} rounds"
    )


def _link_distances(transmitter: FloatArray, receiver: FloatArray) -> FloatArray:
    """Return distances in m, shape (N, M, M), receiver first."""
    offset = receiver[:, :, None, :] - transmitter[:, None, :, :]
    distances: FloatArray = np.hypot(offset[..., 0], offset[..., 1])
    return distances


def _path_loss_db(distance: FloatArray, carrier_frequency: float, antenna_height: float) -> FloatArray:
    """Return the ITU-R P.1411 line-of-sight path loss in dB, for distances in m."""
    wavelength = SPEED_OF_LIGHT / carrier_frequency
    breakpoint_distance = 4 * antenna_height**2 / wavelength
    breakpoint_loss = abs(20 * math.log10(wavelength**2 / (8 * math.pi * antenna_height**2)))
    slope = 20 * np.log10(distance / breakpoint_distance)
    loss: FloatArray = breakpoint_loss + 6 + slope + np.maximum(slope, 0.0)
    return loss


def _check_dataset(dataset: xr.Dataset, source: str) -> None:
    """Raise a ValueError that starts with `source` unless `dataset` is a complete set of realizations."""
    for name, dims in (("gain", _GAIN_DIMS), ("weight", _WEIGHT_DIMS)):
        if name not in dataset.data_vars:
            raise ValueError(f"{source}: variables are {sorted(map(str, dataset.data_vars))}; {name} is missing")
        if dataset[name].dims != dims:
            raise ValueError(f"{source}: {name} has dimensions {dataset[name].dims}; they must be {dims}")
        if dataset[name].dtype != np.float64:
            raise ValueError(f"{source}: {name} has dtype {dataset[name].dtype}; it must be float64")
    missing = [name for name in _REQUIRED_ATTRIBUTES if name not in dataset.attrs]
    if missing:
        raise ValueError(f"{source}: attributes {missing} are missing; required are {list(_REQUIRED_ATTRIBUTES)}")
    try:
        check_channels(
            torch.tensor(dataset["gain"].values),
            torch.tensor(dataset["weight"].values),
            dataset.attrs["noise_power"],
            dataset.attrs["p_max"],
        )
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
