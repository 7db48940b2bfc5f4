"""Validators for values that enter the library; each failure is a `ValueError` of one line.

The line names the thing, shows the value, and says what is allowed. The package's lowest floor: it imports
nothing from the package.
"""

import math
from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor

# Products of a weight, an SNR and its square root stay within float64 below this.
_LARGEST = 1e100


def require_finite(name: str, value: object) -> None:
    """Require a finite real number.

    Args:
        name: What the value is called in the message.
        value: The value to check.

    Raises:
        ValueError: If `value` is not a real number, or is NaN or infinite.
    """
    if not _is_finite(value):
        raise ValueError(f"{name} is {_shown(value)}; it must be a finite number")


def require_positive(name: str, value: object) -> None:
    """Require a finite real number above zero.

    Args:
        name: What the value is called in the message.
        value: The value to check.

    Raises:
        ValueError: If `value` is not a finite real number above zero.

    Example:
        >>> require_positive("noise_power", -0.1)
        Traceback (most recent call last):
        ValueError: noise_power is -0.1; it must be a finite number above 0
    """
    if not _is_finite(value) or value <= 0:  # type: ignore[operator]
        raise ValueError(f"{name} is {_shown(value)}; it must be a finite number above 0")


def require_within(name: str, value: object, low: float, high: float) -> None:
    """Require a finite real number within bounds.

    Args:
        name: What the value is called in the message.
        value: The value to check.
        low: Smallest value allowed.
        high: What the value must be below.

    Raises:
        ValueError: If `value` is not a finite real number from `low` to below `high`.

    Example:
        >>> require_within("dropout", -1, 0, 1)
        Traceback (most recent call last):
        ValueError: dropout is -1; it must be a number of at least 0 and below 1
    """
    if not _is_finite(value) or not low <= value < high:  # type: ignore[operator]
        raise ValueError(f"{name} is {_shown(value)}; it must be a number of at least {low:g} and below {high:g}")


def require_count(name: str, value: object, minimum: int = 1, maximum: int | None = None) -> None:
    """Require an integer within bounds (a bool is no integer here).

    Args:
        name: What the value is called in the message.
        value: The value to check.
        minimum: Smallest value allowed.
        maximum: Largest value allowed; None for no upper bound.

    Raises:
        ValueError: If `value` is not an integer from `minimum` to `maximum`.

    Example:
        >>> require_count("k", 12, minimum=1, maximum=9)
        Traceback (most recent call last):
        ValueError: k is 12; it must be an integer from 1 to 9
    """
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    if is_integer and minimum <= value and (maximum is None or value <= maximum):  # type: ignore[operator]
        return
    allowed = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    raise ValueError(f"{name} is {_shown(value)}; it must be an integer {allowed}")


def require_choice(name: str, value: object, allowed: Iterable[object]) -> None:
    """Require one of a set of values.

    Args:
        name: What the value is called in the message.
        value: The value to check.
        allowed: The values to choose from.

    Raises:
        ValueError: If `value` is not in `allowed`.

    Example:
        >>> require_choice("protocol", "stted", ["stated", "released"])
        Traceback (most recent call last):
        ValueError: protocol is 'stted'; it must be one of: stated, released
    """
    choices = list(allowed)
    if value not in choices:
        raise ValueError(f"{name} is {_shown(value)}; it must be one of: {', '.join(map(str, choices))}")


def require_device(name: str, value: object) -> None:
    """Require a device that PyTorch has on this machine.

    Args:
        name: What the value is called in the message.
        value: The value to check.

    Raises:
        ValueError: If nothing can be computed there.

    Example:
        >>> require_device("device", "warp")
        Traceback (most recent call last):
        ValueError: device is 'warp'; it must be a device that PyTorch has here, for instance cpu
    """
    try:
        torch.empty(0, device=value).sum().item()  # type: ignore[call-overload]
    except Exception as error:  # by the kind of device, almost any
        raise ValueError(
            f"{name} is {_shown(value)}; it must be a device that PyTorch has here, for instance cpu"
        ) from error


def require_samples(
    name: str, values: object, ndim: int = 1, minimum: int = 1, low: float = -math.inf, high: float = math.inf
) -> None:
    """Require a NumPy array (or scalar) of finite numbers.

    Args:
        name: What the array is called in the message.
        values: The array to check.
        ndim: Number of dimensions.
        minimum: Smallest size of the first dimension; no other may be empty.
        low: Smallest value allowed.
        high: Largest value allowed.

    Raises:
        ValueError: If `values` is no array of real numbers, has another shape, or has an entry that is not finite
            or out of bounds.

    Example:
        >>> require_samples("values", np.array([1.0, np.nan]))
        Traceback (most recent call last):
        ValueError: values has 1 bad of 2 entries, the first at index (1,) is nan; all must be finite
    """
    if not isinstance(values, np.ndarray | np.generic) or values.dtype.kind not in "fiu":
        kind = (
            f"dtype {values.dtype}" if isinstance(values, np.ndarray | np.generic) else f"type {type(values).__name__}"
        )
        raise ValueError(f"{name} has {kind}; it must be a NumPy array of real numbers")
    values = np.asarray(values)
    if values.ndim != ndim or (ndim and len(values) < minimum) or values.size == 0:
        size = f"at least {minimum} along the first" if ndim else "no"
        raise ValueError(f"{name} has shape {values.shape}; it must have {ndim} dimensions, {size}, none empty")
    bad = ~(np.isfinite(values) & (values >= low) & (values <= high))
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        bounds = ("" if low == -math.inf else f", at least {low:g}") + (
            "" if high == math.inf else f", at most {high:g}"
        )
        raise ValueError(
            f"{name} has {int(bad.sum())} bad of {values.size} entries, the first at index {index} is "
            f"{values[index].item()!r}; all must be finite{bounds}"
        )


def require_tensor(name: str, value: object) -> None:
    """Require a PyTorch tensor.

    Args:
        name: What the value is called in the message.
        value: The value to check.

    Raises:
        ValueError: If `value` is of another type.

    Example:
        >>> require_tensor("gain", np.ones(2))
        Traceback (most recent call last):
        ValueError: gain has type ndarray; it must be a torch tensor
    """
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} has type {type(value).__name__}; it must be a torch tensor")


def check_channels(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> None:
    """Require a complete, usable description of one or many interference networks.

    Args:
        gain: Power gains (dimensionless), receiver first, shape (..., M, M).
        weight: Link weights (dimensionless), shape (..., M).
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).

    Raises:
        ValueError: If `gain` or `weight` is no tensor, a shape does not fit, a tensor is empty or not real floating
            point, an entry is negative, NaN or infinite, `noise_power` or `p_max` is not above zero, or powers, weights
            or signal-to-noise ratios are so large or small (1e100) that rates would leave float64's range.
    """
    for name, values in (("gain", gain), ("weight", weight)):
        require_tensor(name, values)
    if gain.ndim < 2 or gain.shape[-1] != gain.shape[-2]:
        raise ValueError(f"gain has shape {tuple(gain.shape)}; it must be (..., M, M)")
    if weight.shape != gain.shape[:-1]:
        expected = tuple(gain.shape[:-1])
        raise ValueError(f"weight has shape {tuple(weight.shape)}; it must be {expected}, one entry per receiver")
    _require_non_negative_entries("gain", gain)
    _require_non_negative_entries("weight", weight)
    require_positive("noise_power", noise_power)
    require_positive("p_max", p_max)
    if not 1 / _LARGEST <= p_max <= _LARGEST:
        raise ValueError(f"p_max is {p_max!r}; it must be from {1 / _LARGEST:g} to {_LARGEST:g}")
    largest_weight, largest_gain = float(weight.max()), float(gain.max())
    if largest_weight > _LARGEST:
        raise ValueError(f"weight has an entry {largest_weight!r}; all must be at most {_LARGEST:g}")
    # As a quotient: the product of a large gain and a large power may itself leave the range.
    if largest_gain > _LARGEST * (noise_power / p_max) / p_max:
        raise ValueError(
            f"gain has an entry {largest_gain!r}; all must be at most {_LARGEST:g} noise_power / p_max^2, with "
            f"noise_power = {noise_power!r} and p_max = {p_max!r}"
        )


def _shown(value: object) -> str:
    """Return a value's representation on one line, NumPy scalars as plain numbers."""
    plain = value.item() if isinstance(value, np.generic) else value
    return " ".join(repr(plain).split())


def _is_finite(value: object) -> bool:
    """Whether a value is a real number (a bool is none) that float64 can hold."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of more than 308 digits
        return False


def _require_non_negative_entries(name: str, values: Tensor) -> None:
    if not values.is_floating_point():
        raise ValueError(f"{name} has dtype {values.dtype}; it must be real floating point")
    if values.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(values.shape)}; it must not be empty")
    bad = ~(torch.isfinite(values) & (values >= 0))
    if not bad.any():
        return
    index = tuple(torch.nonzero(bad)[0].tolist())
    raise ValueError(
        f"{name} has {int(bad.sum())} bad of {values.numel()} entries, the first at index {index} is "
        f"{values[index].item()!r}; all must be finite and at least 0"
    )
