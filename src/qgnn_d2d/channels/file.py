"""Channels of one's own, from a file."""

from __future__ import annotations

import math
import warnings
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..checks import require_samples
from ..random_streams import Seed, numpy_generator
from ..settings.base import validated
from ..settings.scenario import AXES, File
from .arrays import Variable, variables
from .batch import Channels
from .conventions import exact, order_of, require_square, to_gain, whole, without_padding
from .layout import WEIGHT_STREAM, FloatArray, dataset

if TYPE_CHECKING:
    import xarray as xr

LARGEST_SNR = 150.0
"""dB; received powers beyond it mean a unit that was mistaken, more often than a network."""


class _Content(NamedTuple):
    """Gains (N, M, M); the file's weights (N, M) and numbers of links (N,) if they are asked for."""

    gain: FloatArray
    weight: FloatArray | None = None
    sizes: NDArray[np.int64] | None = None

    @property
    def real(self) -> NDArray[np.bool_]:
        """Which links are no padding, (N, M)."""
        links = np.arange(self.gain.shape[1])
        return np.ones(self.gain.shape[:2], bool) if self.sizes is None else links < self.sizes[:, None]


def file(settings: File, num_realizations: int, seed: Seed) -> xr.Dataset:
    """Read N realizations from a file, from the settings' ``first`` on; the seed is that of uniform weights.

    For N = 0, which gives the attributes alone, the file is not opened. An SNR above 150 dB is warned of.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, has too few realizations, or holds something else than the settings say; the
            line names the file, what is wrong, and what is allowed.
    """
    shape = (num_realizations, settings.num_links)
    content = _Content(np.empty((*shape, settings.num_links)))
    if num_realizations:
        content = _read(settings, num_realizations)
        if content.gain.shape[1] != settings.num_links:
            raise ValueError(
                f"{settings.path}: channels are of {content.gain.shape[1]} links; num_links is {settings.num_links}"
            )
    weight = _weights(settings, content, shape, seed)
    about = settings.model_dump(include={"first", "quantity", "unit", "weights"})
    about |= {"file": Path(str(settings.path)).name, "axes": " ".join(settings.axes or AXES)}
    about |= {"variable": " ".join(_names(settings)), "sizes": settings.sizes or ""}
    return dataset(
        content.gain, weight, settings.kind, settings.p_max, settings.noise_power, seed, about, content.sizes
    )


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
        options: ``unit``, ``variable``, ``axes``, ``sizes`` and ``first``, as in a config (`settings.scenario.File`).

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
    sizes = None if content.sizes is None else torch.tensor(content.sizes)
    return Channels(torch.tensor(content.gain), torch.tensor(weight), settings.noise_power, settings.p_max, sizes)


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
    """Return link weights (N, M), zero for padding."""
    if settings.weights == "uniform":
        return numpy_generator(seed, WEIGHT_STREAM).random(shape) * content.real
    return content.real.astype(float) if content.weight is None else content.weight


def _names(settings: File) -> list[str]:
    """Return the names of the channels' variables, if the settings say any."""
    given = settings.variable
    return [given] if isinstance(given, str) else given or []


def _read(settings: File, number: int | None) -> _Content:
    """Read realizations, all for None, and check them."""
    path = str(settings.path)
    own = settings.weights if settings.weights not in ("ones", "uniform") else None
    with variables(path) as found:
        names = _names(settings) or [_only(found, path, {own, settings.sizes})]
        arrays = [_ordered(found, name, path, settings.axes, 3) for name in names]
        weight = _ordered(found, own, path, settings.axes, 2) if own is not None else None
        sizes = _ordered(found, settings.sizes, path, None, 1) if settings.sizes is not None else None
    name, channel = " and ".join(names), arrays[0]
    needed = settings.first + (number or 1)
    if len(channel) < needed:
        part = f": {number} after the first {settings.first}" if settings.first else ""
        raise ValueError(f"{path}: {name} has {len(channel)} realizations; it must have {needed}{part}")
    if len(arrays) == 2:
        channel = _complex(arrays[0], arrays[1], f"{path}: {name}")
    chosen = slice(settings.first, None if number is None else needed)
    count, channel, label = len(channel), channel[chosen], f"{path}: {name}"
    label += "" if len(channel) == count else f"[{chosen.start}:{chosen.stop or ''}]"
    require_square(channel, label)
    content = _Content(channel)
    if sizes is not None:
        about = f"{path}: {settings.sizes}"
        content = content._replace(sizes=_sizes(sizes, count, chosen, channel.shape[1], about))
        pairs = content.real[:, :, None] & content.real[:, None, :]
        channel = without_padding(channel, pairs, settings.unit, label)
    gains = np.ascontiguousarray(to_gain(channel, settings.quantity, settings.unit, label))
    _warn(gains, settings, path)
    content = content._replace(gain=gains)
    if weight is None:
        return content
    label = f"{path}: {own}"
    if weight.shape != arrays[0].shape[:2]:
        raise ValueError(f"{label} has shape {weight.shape}; it must be {arrays[0].shape[:2]}, one entry per receiver")
    weight = exact(weight[chosen], label)
    if sizes is not None:
        weight = without_padding(weight, content.real, "linear", label)
    require_samples(label, weight, ndim=2, low=0)
    return content._replace(weight=np.ascontiguousarray(weight))


def _complex(real: Any, imaginary: Any, label: str) -> NDArray[np.complex128]:
    """Return complex numbers from their two parts."""
    for part in (real, imaginary):
        if np.iscomplexobj(part) or part.shape != real.shape:
            raise ValueError(f"{label} have shapes {real.shape}, {imaginary.shape}; they must be real, of one shape")
    values = np.empty(real.shape, np.complex128)
    values.real, values.imag = exact(real, label), exact(imaginary, label)
    return values


def _sizes(values: Any, count: int, chosen: slice, num_links: int, label: str) -> NDArray[np.int64]:
    """Return the numbers of links of the chosen ones of N realizations."""
    if values.shape != (count,):
        raise ValueError(f"{label} has shape {values.shape}; it must be ({count},), one entry per realization")
    sizes = whole(exact(values[chosen], label), label)
    require_samples(label, sizes, low=2, high=num_links)
    return sizes


def _only(found: Mapping[str, Variable], path: str, others: Container[str | None]) -> str:
    """Return the name of the one variable that can be channels."""
    numbers = {name: variable for name, variable in found.items() if variable.is_number and name not in others}
    if not numbers and found:
        raise ValueError(f"{path}: variables are {_listed(found)}; none holds numbers that can be channels")
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
    if count == 1:  # MATLAB has rows and columns only
        return np.atleast_1d(variable.read().squeeze())
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
