"""What others call channels, as power gains: complex channels, amplitudes, decibels, other orders of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..checks import require_samples, shown
from ..settings.scenario import AXES
from .batch import Channels
from .layout import FloatArray


def exact(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Return numbers of any type as float64 or complex128.

    Raises:
        ValueError: They are no numbers, or a number has no exact float64.
    """
    if values.dtype.kind not in "iufc":
        raise ValueError(f"{name} is of type {values.dtype}; it must hold numbers")
    wide = values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # of integers that only float64's rounding makes too large
        changed = (wide.astype(values.dtype) != values) & (values == values)
    if changed.any():
        first = tuple(np.argwhere(changed)[0].tolist())
        raise ValueError(f"{name} is of type {values.dtype}; its entry at index {first} has no exact float64")
    return wide


def whole(values: FloatArray, name: str) -> NDArray[np.int64]:
    """Return whole numbers as int64.

    Raises:
        ValueError: A number is not whole.
    """
    is_real = not np.iscomplexobj(values)
    if not is_real or not (np.isfinite(values) & (values == np.rint(values)) & (np.abs(values) <= 2**53)).all():
        raise ValueError(f"{name} must hold whole numbers")
    return values.astype(np.int64)


def to_gain(values: NDArray[Any], quantity: str, unit: str, name: str) -> FloatArray:
    """Return power gains |h|².

    Args:
        values: Numbers of any type, shape (N, M, M).
        quantity: What they are: complex, amplitude or gain.
        unit: linear, or dB of amplitudes or gains.
        name: What a message calls them.

    Raises:
        ValueError: They are complex where they must not be, or real where they must be complex; NaN, infinite or
            negative (in dB, minus infinity is a gain of 0); no exact float64.
    """
    wide = exact(values, name)
    if (quantity == "complex") != np.iscomplexobj(wide):
        found = "complex" if np.iscomplexobj(wide) else "real"
        allowed = "complex" if quantity == "complex" else "real"
        raise ValueError(f"{name} is {found} ({values.dtype}); for quantity {quantity} it must be {allowed}")
    with np.errstate(over="ignore"):  # what leaves float64's range is refused below
        if quantity == "complex":
            gain = wide.real**2 + wide.imag**2
        elif unit == "dB":
            gain = 10.0 ** (wide / 10)
        else:
            require_samples(name, wide, ndim=wide.ndim, low=0)
            gain = wide**2 if quantity == "amplitude" else wide
    what = name if quantity == "gain" and unit == "linear" else f"{name}, as power gain,"
    require_samples(what, gain, ndim=gain.ndim, low=0)
    return gain


def without_padding(values: NDArray[Any], real: NDArray[np.bool_], unit: str, name: str) -> NDArray[Any]:
    """Return values whose padding is zero, minus infinity in dB.

    Args:
        values: Numbers of any type.
        real: Which of them are no padding.
        unit: linear or dB.
        name: What a message calls them.

    Raises:
        ValueError: Padding is neither zero nor NaN (nor minus infinity in dB): the sizes are of other networks.
    """
    nothing = -np.inf if unit == "dB" else 0
    bad = ~real & (values != 0) & (values != nothing) & (values == values)
    if bad.any():
        first = tuple(np.argwhere(bad)[0].tolist())
        raise ValueError(f"{name} at index {first} is {values[first]}, beyond its network's links; it must be 0 or NaN")
    wide = values if values.dtype.kind in "fc" else values.astype(np.float64) if unit == "dB" else values
    return np.where(real, wide, np.array(nothing, wide.dtype))


def order_of(
    shape: Sequence[int], dims: Sequence[str] | None, axes: Sequence[str] | None, name: str, count: int = len(AXES)
) -> list[int]:
    """Return the order that brings an array's dimensions into that of the first ``count`` of `AXES`.

    Args:
        shape: The array's shape.
        dims: Names of its dimensions, if its file has names.
        axes: The three dimensions in the array's order; or, of a file with other names, its names of `AXES`.
        name: What a message calls it.
        count: 3 for channels, 2 for weights, which have no transmitter.

    Raises:
        ValueError: A dimension is missing, or there is one more.
    """
    has_own_names = axes is not None and set(axes) != set(AXES)
    wanted = list(axes if axes is not None and has_own_names else AXES)[:count]
    if dims is None:
        if has_own_names:
            order = f"an order of {', '.join(AXES)}"
            raise ValueError(f"axes is {shown(axes)}; it must be {order}, as dimensions of {name} have no names")
        if len(shape) != count:
            raise ValueError(
                f"{name} has shape {tuple(shape)}; it must have {count} dimensions: {', '.join(wanted)} (see axes)"
            )
        given = [axis for axis in axes or AXES if axis in wanted]
        return [given.index(axis) for axis in wanted]
    if missing := [axis for axis in wanted if axis not in dims]:
        raise ValueError(
            f"{name} has dimensions {', '.join(dims)}, and no {missing[0]}; axes must give its names of "
            f"{', '.join(AXES)}, in this order"
        )
    if extra := [f"{axis} ({size})" for axis, size in zip(dims, shape, strict=True) if axis not in wanted]:
        raise ValueError(f"{name} has one dimension more, {extra[0]}; it must have {', '.join(wanted)} only")
    if axes is not None and not has_own_names and [axis for axis in axes if axis in wanted] != list(dims):
        raise ValueError(f"axes is {shown(axes)}; by its own names, {name} is in the order {', '.join(dims)}")
    return [list(dims).index(axis) for axis in wanted]


def require_square(gain: FloatArray, name: str) -> None:
    """Require gains (N, M, M) with M of at least 2."""
    _, receivers, transmitters = gain.shape
    if receivers != transmitters or receivers < 2:
        raise ValueError(
            f"{name} has {receivers} receivers and {transmitters} transmitters; it must have as many, at least 2"
        )


def from_complex(
    channel: ArrayLike | torch.Tensor,
    receiver_first: bool = True,
    weight: ArrayLike | None = None,
    *,
    noise_power: float,
    p_max: float,
) -> Channels:
    """Return complex channels h, from NumPy or PyTorch, as `Channels`.

    Args:
        channel: Shape (N, M, M): realization, receiver, transmitter.
        receiver_first: False for channels (realization, transmitter, receiver).
        weight: Link weights, shape (N, M); ones where not given.
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).

    Raises:
        ValueError: They are no complex numbers, not of this shape, not finite, or see `Channels`.

    Example:
        >>> h = np.array([[[1 + 1j, 0.5j], [0.1, 2]]])  # 0.5j: from transmitter 1 to receiver 0
        >>> from_complex(h, noise_power=0.1, p_max=1.0).gain
        tensor([[[2.0000, 0.2500], [0.0100, 4.0000]]], dtype=torch.float64)
    """
    name = "channel"
    values = np.asarray(channel.detach().cpu().resolve_conj() if isinstance(channel, torch.Tensor) else channel)
    axes = AXES if receiver_first else (AXES[0], AXES[2], AXES[1])
    gain = to_gain(values.transpose(order_of(values.shape, None, axes, name)), "complex", "linear", name)
    require_square(gain, name)
    weights = np.ones(gain.shape[:2]) if weight is None else exact(np.asarray(weight), "weight")
    return Channels(torch.tensor(gain), torch.tensor(weights), noise_power, p_max)
