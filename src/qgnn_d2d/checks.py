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


def require_finite(name: str, value: object) -> None:
    """Require a finite real number.

    Args:
        name: What the value is called in the message.
        value: The value to check.

    Raises:
        ValueError: If `value` is not a real number, or is NaN or infinite.
    """
    if not _is_real(value) or not math.isfinite(value):  # type: ignore[arg-type]
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
    if not _is_real(value) or not math.isfinite(value) or value <= 0:  # type: ignore[arg-type,operator]
        raise ValueError(f"{name} is {_shown(value)}; it must be a finite number above 0")


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


def check_channels(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> None:
    """Require a complete, usable description of one or many interference networks.

    Args:
        gain: Power gains (dimensionless), receiver first, shape (..., M, M).
        weight: Link weights (dimensionless), shape (..., M).
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).

    Raises:
        ValueError: If a shape does not fit, a tensor is empty or not real floating point, an entry of `gain`
            or `weight` is negative, NaN or infinite, or `noise_power` or `p_max` is not above zero.
    """
    if gain.ndim < 2 or gain.shape[-1] != gain.shape[-2]:
        raise ValueError(f"gain has shape {tuple(gain.shape)}; it must be (..., M, M)")
    if weight.shape != gain.shape[:-1]:
        expected = tuple(gain.shape[:-1])
        raise ValueError(f"weight has shape {tuple(weight.shape)}; it must be {expected}, one entry per receiver")
    _require_non_negative_entries("gain", gain)
    _require_non_negative_entries("weight", weight)
    require_positive("noise_power", noise_power)
    require_positive("p_max", p_max)


def _shown(value: object) -> str:
    """Return a value's representation on one line, NumPy scalars as plain numbers."""
    plain = value.item() if isinstance(value, np.generic) else value
    return " ".join(repr(plain).split())


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


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
