"""The weighted sum rate of eq. (1)-(2) and the quantities that the public code reports instead.

The only implementation of the objective in this package: losses, baselines and tables all call it. Everything
here is differentiable, keeps the dtype (float32 or float64), and lets leading batch dimensions broadcast, so
powers of shape (seeds, realizations, M) meet gains of shape (realizations, M, M) as they are.

The functions take

* gain: power gains (dimensionless), shape (..., M, M); `gain[..., m, j]` is |g_jm|^2, into m from transmitter j,
* power: transmit powers, W, from 0 to p_max^2, shape (..., M); the paper's p is an amplitude, so `power = p**2`,
* weight: link weights alpha (dimensionless), shape (..., M), and
* noise_power: noise power sigma^2, W: a number, or a tensor that broadcasts to (..., M).

Shapes, dtypes and a noise power that is a number are checked at every call. Entries are not, because training calls
this in every step: `channels.Channels` and the solvers refuse negative, NaN and infinite ones where they come in.
A `gain` that is not square, tensors of other numbers of links, shapes that do not broadcast, tensors that are not real
floating point and a noise power not above zero are a ValueError.
"""

import math

import torch
from torch import Tensor

from ..checks import require_positive


def sinr(gain: Tensor, power: Tensor, noise_power: float | Tensor) -> Tensor:
    """Return the signal-to-interference-plus-noise ratio of every link, eq. (1) of the paper.

    gamma_m = |g_mm p_m|^2 / (sum_{k != m} |g_km p_k|^2 + sigma^2), with |p|^2 = power; linear, shape (..., M).

    Example:
        >>> gain = torch.tensor([[4.0, 1.0], [2.0, 3.0]])
        >>> sinr(gain, torch.tensor([1.0, 0.5]), 0.5)
        tensor([4.0000, 0.6000])
    """
    _require_links(gain, power=power)
    if not isinstance(noise_power, Tensor):
        require_positive("noise_power", noise_power)
    # The direct gains are zeroed, not subtracted from the total: gains span ten decades in geometric
    # networks, where subtraction would lose weak interference in rounding.
    cross_gain = gain.masked_fill(_identity_mask(gain), 0.0)
    interference = (cross_gain * power.unsqueeze(-2)).sum(-1)  # broadcasts faster than a batched mat-vec
    return _direct_gain(gain) * power / (interference + noise_power)


def weighted_sum_rate(gain: Tensor, power: Tensor, weight: Tensor, noise_power: float | Tensor) -> Tensor:
    """Return the weighted sum rate, eq. (2) of the paper: sum_m alpha_m log2(1 + gamma_m), bps/Hz, shape (...).

    Example:
        >>> gain, weight = torch.tensor([[3.0, 0.0], [0.0, 7.0]]), torch.tensor([1.0, 0.5])
        >>> weighted_sum_rate(gain, torch.ones(2), weight, 1.0)
        tensor(3.5000)
    """
    _require_links(gain, power=power, weight=weight)
    # log1p keeps the rates of links that are nearly off.
    return (weight * torch.log1p(sinr(gain, power, noise_power))).sum(-1) / math.log(2)


def single_link_rate(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> Tensor:
    """Return what every link is worth alone: alpha_m log2(1 + |g_mm|^2 P_max^2 / sigma^2).

    It is eq. (2) with link m at full power and all others off, bps/Hz, shape (..., M). A node knows it without a
    message from any other.

    Example:
        >>> single_link_rate(torch.tensor([[3.0, 9.0], [9.0, 7.0]]), torch.tensor([1.0, 0.5]), 1.0, 1.0)
        tensor([2.0000, 1.5000])
    """
    _require_links(gain, weight=weight)
    noise_power, p_max = float(noise_power), float(p_max)  # NumPy's scalars compute in their own precision
    return weight * torch.log1p(_direct_gain(gain) * (p_max**2 / noise_power)) / math.log(2)


def released_gain(gain: Tensor, weight: Tensor) -> Tensor:
    """Return the gains with which eq. (2) becomes the metric that the public code trains on.

    G_mm = alpha_m d_m^2 and G_mj = d_m^2 for every j != m, with d_m^2 = gain_mm: the weight stands inside the
    logarithm, and interference arrives over the receiver's own direct gain. Dimensionless, shape (..., M, M).
    """
    _require_links(gain, weight=weight)
    direct = _direct_gain(gain)
    return torch.where(_identity_mask(gain), (weight * direct).unsqueeze(-1), direct.unsqueeze(-1))


def released_metric(gain: Tensor, power: Tensor, weight: Tensor, noise_power: float | Tensor) -> Tensor:
    """Return the quantity that the public code trains and reports its models in.

    sum_m log2(1 + alpha_m d_m^2 p_m^2 / (d_m^2 sum_{j != m} p_j^2 + sigma^2)), with p^2 = power; this is eq.
    (2) for the gains of `released_gain` and unit weights, in bps/Hz of that network, shape (...). Source:
    LeGiangK62/QGNN_Comm, src/d2d, commit 8471955.
    """
    return weighted_sum_rate(released_gain(gain, weight), power, torch.ones_like(weight), noise_power)


def released_wmmse_rate(gain: Tensor, power: Tensor, weight: Tensor, noise_power: float | Tensor) -> Tensor:
    """Return a solver's rate as the public code evaluates its WMMSE line.

    sum_m alpha_m ln(1 + |g_mm|^2 P_m^2 / (sum_{j != m} gain_jm P_j^2 + sigma^2)): nats, shape (...), the cross gains
    transposed with respect to those that were solved for, and the solver's power P in the place of an amplitude.
    Source: LeGiangK62/QGNN_Comm, src/d2d, commit 8471955. Only meant for P_max = 1, as there.
    """
    _require_links(gain, power=power)  # before a transposition that would fail itself
    return weighted_sum_rate(gain.mT, power.square(), weight, noise_power) * math.log(2)


def _direct_gain(gain: Tensor) -> Tensor:
    return gain.diagonal(dim1=-2, dim2=-1)


def _identity_mask(gain: Tensor) -> Tensor:
    return torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device)


def _require_links(gain: Tensor, **of_links: Tensor) -> None:
    if gain.ndim < 2 or gain.shape[-1] != gain.shape[-2] or gain.shape[-1] == 0:
        raise ValueError(f"gain has shape {tuple(gain.shape)}; it must be (..., M, M), M at least 1")
    for name, values in of_links.items():
        if values.ndim < 1 or values.shape[-1] != gain.shape[-1]:
            raise ValueError(f"{name} has shape {tuple(values.shape)}; its last size must be M = {gain.shape[-1]}")
    for name, values in {"gain": gain, **of_links}.items():
        if not values.is_floating_point():
            raise ValueError(f"{name} has dtype {values.dtype}; it must be real floating point")
    try:
        torch.broadcast_shapes(gain.shape[:-1], *(values.shape for values in of_links.values()))
    except RuntimeError:
        shapes = " and ".join(f"{name} has shape {tuple(values.shape)}" for name, values in of_links.items())
        raise ValueError(
            f"{shapes}; leading sizes must broadcast with each other and those of gain, {tuple(gain.shape)}"
        ) from None
