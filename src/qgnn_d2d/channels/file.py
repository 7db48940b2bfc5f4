"""Channels of one's own, from a file."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from ..checks import require_samples
from ..random_streams import Seed, numpy_generator
from ..settings.base import validated
from ..settings.scenario import AXES, File
from .arrays import Variable, variables
from .batch import Channels
from .conventions import exact, order_of, require_square, to_gain
from .layout import WEIGHT_STREAM, FloatArray, dataset

if TYPE_CHECKING:
    import xarray as xr

LARGEST_SNR = 150.0
"""dB; received powers beyond it mean a unit that was mistaken, more often than a network."""


class _Content(NamedTuple):
    """Gains (N, M, M), and the file's weights (N, M) if they are asked for."""

    gain: FloatArray
    weight: FloatArray | None


def file(settings: File, num_realizations: int, seed: Seed) -> xr.Dataset:
    """Read N realizations from a file, from the settings' ``first`` on; the seed is that of uniform weights.

    For N = 0, which gives the attributes alone, the file is not opened. An SNR above 150 dB is warned of.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, has too few realizations, or holds something else than the settings say; the
            line names the file, what is wrong, and what is allowed.
    """
    shape = (num_realizations, settings.num_links)
    content = _Content(np.empty((*shape, settings.num_links)), None)
    if num_realizations:
        content = _read(settings, num_realizations)
        if content.gain.shape[1] != settings.num_links:
            raise ValueError(
                f"{settings.path}: channels are of {content.gain.shape[1]} links; num_links is {settings.num_links}"
            )
    weight = _weights(settings, content, shape, seed)
    about = settings.model_dump(include={"first", "quantity", "unit", "weights"})
    about |= {"file": Path(str(settings.path)).name, "variable": settings.variable or ""}
    about |= {"axes": " ".join(settings.axes or AXES)}
    return dataset(content.gain, weight, settings.kind, settings.p_max, settings.noise_power, seed, about)


def read_file(
    path: Path | str,
    quantity: str,
    *,
    noise_power: float,
    p_max: float,
    weights: str = "ones",
    seed: int = 0,
    **options: Any,
) -> Channels:
    """Read all channels of a file.

    Args:
        path: A file .nc, .npz, .npy, .mat, .h5 or .hdf5.
        quantity: What it holds: complex, amplitude or gain.
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).
        weights: ones, uniform, or the name of a variable.
        seed: That of uniform weights.
        options: ``unit``, ``variable``, ``axes`` and ``first``, as in a config (`settings.scenario.File`).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: See `file`.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> np.savez(folder / "mine.npz", H=np.full((5, 3, 3), 1 + 1j))
        >>> read_file(folder / "mine.npz", "complex", noise_power=0.1, p_max=1.0).gain.shape
        torch.Size([5, 3, 3])
    """
    given = {"path": str(path), "quantity": quantity, "noise_power": noise_power, "p_max": p_max}
    settings = validated(File, {**given, "weights": weights, "num_links": 2, **options})
    content = _read(settings, None)
    weight = _weights(settings, content, content.gain.shape[:2], seed)
    return Channels(torch.tensor(content.gain), torch.tensor(weight), settings.noise_power, settings.p_max)


def require_disjoint(splits: Mapping[str, xr.Dataset]) -> None:
    """Require that no realization, by its gains, stands in two splits.

    Raises:
        ValueError: One does; the line names the splits and where it stands in each.
    """
    known: dict[bytes, tuple[str, int]] = {}
    for split, drawn in splits.items():
        for i, gain in enumerate(drawn["gain"].values):
            other, at = known.setdefault(gain.tobytes(), (split, i))
            if other != split:
                raise ValueError(
                    f"{drawn.attrs['file']}: realization {i} of split {split} is realization {at} of split {other}; "
                    "splits must be disjoint"
                )


def _weights(settings: File, content: _Content, shape: tuple[int, ...], seed: Seed) -> FloatArray:
    """Return link weights (N, M)."""
    if settings.weights == "uniform":
        return numpy_generator(seed, WEIGHT_STREAM).random(shape)
    return np.ones(shape) if content.weight is None else content.weight


def _read(settings: File, number: int | None) -> _Content:
    """Read realizations, all for None, and check them."""
    path = str(settings.path)
    own = settings.weights if settings.weights not in ("ones", "uniform") else None
    with variables(path) as found:
        name = settings.variable or _only(found, path, own)
        gain = _ordered(found, name, path, settings.axes, 3)
        weight = _ordered(found, own, path, settings.axes, 2) if own is not None else None
    needed = settings.first + (number or 1)
    if len(gain) < needed:
        part = f": {number} after the first {settings.first}" if settings.first else ""
        raise ValueError(f"{path}: {name} has {len(gain)} realizations; it must have {needed}{part}")
    chosen = slice(settings.first, None if number is None else needed)
    label = f"{path}: {name}" + ("" if len(gain[chosen]) == len(gain) else f"[{chosen.start}:{chosen.stop or ''}]")
    gains = np.ascontiguousarray(to_gain(gain[chosen], settings.quantity, settings.unit, label))
    require_square(gains, label)
    _warn(gains, settings, path)
    if weight is None:
        return _Content(gains, None)
    if weight.shape != gain.shape[:2]:
        raise ValueError(f"{path}: {own} has shape {weight.shape}; it must be {gain.shape[:2]}, one entry per receiver")
    weights = exact(weight[chosen], f"{path}: {own}")
    require_samples(f"{path}: {own}", weights, ndim=2, low=0)
    return _Content(gains, np.ascontiguousarray(weights))


def _only(found: Mapping[str, Variable], path: str, weights: str | None) -> str:
    """Return the name of the one variable that can be channels."""
    numbers = {name: variable for name, variable in found.items() if variable.is_number and name != weights}
    candidates = [name for name, variable in numbers.items() if len(variable.shape) >= 3] or list(numbers)
    if len(candidates) != 1:
        raise ValueError(f"{path}: variables are {_listed(found)}; `variable` must name the channels")
    return candidates[0]


def _ordered(found: Mapping[str, Variable], name: str, path: str, axes: Sequence[str] | None, count: int) -> Any:
    """Return a variable with its dimensions in the library's order."""
    if name not in found:
        raise ValueError(f"{path}: variables are {_listed(found)}; {name} is missing")
    variable, label = found[name], f"{path}: {name}"
    if not variable.is_number:
        raise ValueError(f"{label} holds text, truths or objects; it must hold numbers")
    order = order_of(variable.shape, variable.dims, axes, label, count)
    return variable.read().transpose(order)


def _listed(found: Mapping[str, Variable]) -> str:
    texts = [f"{name} ({' x '.join(map(str, variable.shape))})" for name, variable in found.items()]
    return ", ".join(texts[:8] + ["..."] * (len(texts) > 8)) or "none"


def _warn(gain: FloatArray, settings: File, path: str) -> None:
    """Warn of received powers that no network has."""
    largest = gain.max(axis=(1, 2))
    with np.errstate(divide="ignore"):
        snr = 10 * np.log10(largest) + 20 * math.log10(settings.p_max) - 10 * math.log10(settings.noise_power)
    beyond = np.flatnonzero(snr > LARGEST_SNR)
    if len(beyond):
        more = f" and {len(beyond) - 1} more" if len(beyond) > 1 else ""
        warnings.warn(
            f"{path}: realization {settings.first + beyond[0]}{more}: the largest SNR is {snr[beyond[0]]:.0f} dB, "
            f"above {LARGEST_SNR:g} dB; are quantity, unit, noise_power (W) and p_max (an amplitude) right?",
            stacklevel=2,
        )
