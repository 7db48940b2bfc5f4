"""Validators for values that enter the library; each failure is a `ValueError` of one line.

The line names the thing, shows the value, and says what is allowed. The package's lowest floor: it imports
nothing from the package, and NumPy and PyTorch only where their arrays are checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

# Products of a weight, an SNR and its square root stay within float64 below this.
_LARGEST = 1e100


def require_positive(name: str, value: object) -> None:
    """Require a finite real number above zero.

    Example:
        >>> require_positive("noise_power", -0.1)
        Traceback (most recent call last):
        ValueError: noise_power is -0.1; it must be a finite number above 0
    """
    try:
        good = not isinstance(value, bool) and isinstance(value, Real) and 0 < float(value) < math.inf
    except OverflowError:  # an integer of more than 308 digits
        good = False
    if not good:
        raise ValueError(f"{name} is {shown(value)}; it must be a finite number above 0")


def require_count(name: str, value: object, minimum: int = 1, maximum: int | None = None) -> None:
    """Require an integer from `minimum` to `maximum`, None for no upper bound (a bool is no integer here).

    Example:
        >>> require_count("k", 12, minimum=1, maximum=9)
        Traceback (most recent call last):
        ValueError: k is 12; it must be an integer from 1 to 9
    """
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    if is_integer and minimum <= value and (maximum is None or value <= maximum):  # type: ignore[operator]
        return
    allowed = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    raise ValueError(f"{name} is {shown(value)}; it must be an integer {allowed}")


def require_choice(name: str, value: object, allowed: Iterable[object]) -> None:
    """Require one of a set of values.

    Example:
        >>> require_choice("protocol", "stted", ["stated", "released"])
        Traceback (most recent call last):
        ValueError: protocol is 'stted'; it must be one of: stated, released
    """
    choices = list(allowed)
    if value not in choices:
        raise ValueError(f"{name} is {shown(value)}; it must be one of: {', '.join(map(str, choices))}")


def require_device(name: str, value: object) -> None:
    """Require a device that PyTorch has on this machine.

    Example:
        >>> require_device("device", "warp")
        Traceback (most recent call last):
        ValueError: device is 'warp'; it must be a device that PyTorch has here, for instance cpu
    """
    import torch

    try:
        torch.empty(0, device=value).sum().item()  # type: ignore[call-overload]
    except Exception as error:  # by the kind of device, almost any
        allowed = "a device that PyTorch has here, for instance cpu"
        raise ValueError(f"{name} is {shown(value)}; it must be {allowed}") from error


def require_samples(
    name: str, values: object, ndim: int = 1, minimum: int = 1, low: float = -math.inf, high: float = math.inf
) -> None:
    """Require a NumPy array (or scalar) of finite numbers.

    Its first dimension has at least `minimum` entries, and no other is empty; all entries are from `low` to `high`.

    Example:
        >>> import numpy as np
        >>> require_samples("values", np.array([1.0, np.nan]))
        Traceback (most recent call last):
        ValueError: values has 1 bad of 2 entries, the first at index (1,) is nan; all must be finite
    """
    import numpy as np

    if not isinstance(values, np.ndarray | np.generic) or values.dtype.kind not in "fiu":
        found = getattr(values, "dtype", type(values).__name__)
        raise ValueError(f"{name} is of type {found}; it must be a NumPy array of real numbers")
    values = np.asarray(values)
    if values.ndim != ndim or (ndim and len(values) < minimum) or values.size == 0:
        size = f"at least {minimum} along the first" if ndim else "no"
        raise ValueError(f"{name} has shape {values.shape}; it must have {ndim} dimensions, {size}, none empty")
    bounds = ("" if low == -math.inf else f", at least {low:g}") + ("" if high == math.inf else f", at most {high:g}")
    _require_entries(name, values, np.isfinite(values) & (values >= low) & (values <= high), f"finite{bounds}")


def check_channels(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> tuple[float, float]:
    """Require a complete, usable description of one or many interference networks.

    Args:
        gain: Power gains (dimensionless), receiver first, shape (..., M, M).
        weight: Link weights (dimensionless), shape (..., M).
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).

    Returns:
        `noise_power` and `p_max` as plain numbers: NumPy's compute in their own precision.

    Raises:
        ValueError: If `gain` or `weight` is no tensor, a shape does not fit, a tensor is empty or not real floating
            point, an entry is negative, NaN or infinite, `noise_power` or `p_max` is not above zero, or powers, weights
            or signal-to-noise ratios are so large or small (1e100) that rates would leave float64's range.
    """
    import torch

    tensors = {"gain": gain, "weight": weight}
    for name, values in tensors.items():
        if not isinstance(values, torch.Tensor) or not values.is_floating_point() or not values.numel():
            shape = f", shape {tuple(values.shape)}" if hasattr(values, "shape") else ""
            found = f"{getattr(values, 'dtype', type(values).__name__)}{shape}"
            raise ValueError(f"{name} is of type {found}; it must be a real floating-point tensor, not empty")
    if gain.ndim < 2 or gain.shape[-1] != gain.shape[-2]:
        raise ValueError(f"gain has shape {tuple(gain.shape)}; it must be (..., M, M)")
    if weight.shape != gain.shape[:-1]:
        expected = tuple(gain.shape[:-1])
        raise ValueError(f"weight has shape {tuple(weight.shape)}; it must be {expected}, one entry per receiver")
    for name, values in tensors.items():
        _require_entries(name, values, torch.isfinite(values) & (values >= 0), "finite and at least 0")
    require_positive("noise_power", noise_power)
    require_positive("p_max", p_max)
    noise_power, p_max = float(noise_power), float(p_max)
    # As a quotient: the product of a large gain and a large power may itself leave the range.
    largest_gain = _LARGEST * (noise_power / p_max) / p_max
    for what, number, low, high in [
        ("p_max", p_max, 1 / _LARGEST, _LARGEST),
        ("largest weight", float(weight.max()), 0.0, _LARGEST),
        (f"largest gain, for noise_power = {noise_power!r} and p_max = {p_max!r},", float(gain.max()), 0, largest_gain),
    ]:
        if not low <= number <= high:
            raise ValueError(f"{what} is {number!r}; it must be from {low:g} to {high:g}")
    return noise_power, p_max


def shown(value: Any) -> str:
    """Return a value on one line, short; NumPy scalars as plain numbers."""
    try:
        text = " ".join(repr(value.item() if getattr(value, "ndim", None) == 0 else value).split())
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists within lists
        return f"a {type(value).__name__} too long to show"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _require_entries(name: str, values: Any, good: Any, allowed: str) -> None:
    """Require that all entries of an array or a tensor are good; else name the first that is not."""
    if good.all():
        return
    import numpy as np

    bad = np.argwhere(~np.asarray(good.cpu() if hasattr(good, "cpu") else good))
    index = tuple(bad[0].tolist())
    raise ValueError(
        f"{name} has {len(bad)} bad of {math.prod(values.shape)} entries, the first at index {index} is "
        f"{values[index].item()!r}; all must be {allowed}"
    )
