"""WMMSE power allocation: the paper's classical baseline, from one start, the better of two, or the best of many."""

import torch
from torch import Tensor

from ..checks import check_channels, require_count
from ..objective.rates import weighted_sum_rate
from .heuristics import on_off_search

# Power of the links that are not favored by a near-one-hot start, as a share of full power. Not zero: WMMSE
# never turns a link on again that is off.
_START_SHARE = 0.01

# Starting powers may exceed p_max^2 by rounding (for instance after a cast from float32); they are then
# clipped.
_START_RTOL = 1e-6


@torch.no_grad()
def wmmse(
    gain: Tensor,
    weight: Tensor,
    noise_power: float,
    p_max: float,
    *,
    init: str | Tensor = "full",
    iterations: int = 100,
) -> Tensor:
    """Maximize the weighted sum rate of eq. (2) locally, by weighted minimum mean square errors.

    With amplitudes v, each iteration sets receivers u_m = h_mm v_m / (sum_j gain_mj v_j^2 + sigma^2), error
    weights w_m = 1 / (1 - u_m h_mm v_m) = 1 + gamma_m, and then
    v_m = clip(alpha_m w_m u_m h_mm / sum_j alpha_j w_j u_j^2 gain_jm, 0, p_max). The objective never falls.
    Source: Shi, Razaviyayn, Luo and He, IEEE Trans. Signal Process. 59(9), 2011, for single antennas.

    Arguments, result, errors: see `qgnn_d2d.solvers`; and

    * init: "full" for full power; "single" for the link that is worth most alone at full power, and the others at 1 %
      of it; or starting powers from 0 to p_max^2, W, that broadcast to (..., M) (a ValueError otherwise). A link that
      starts at zero stays there.
    * iterations: number of iterations, at least 0 (a ValueError otherwise), all of which are done; 0 returns the start.

    Example:
        >>> gain = torch.tensor([[4.0, 9.0], [9.0, 1.0]], dtype=torch.float64)
        >>> wmmse(gain, torch.ones(2, dtype=torch.float64), 0.1, 1.0).round(decimals=3)
        tensor([1., 0.], dtype=torch.float64)
    """
    noise_power, p_max = check_channels(gain, weight, noise_power, p_max)
    if isinstance(init, str) and init == "single":
        init = _never_off(on_off_search(gain, weight, noise_power, p_max, candidates=1), p_max)
    start = _starting_shares(init, weight.shape, p_max).to(gain.device)
    return _iterate(gain, weight, noise_power, p_max, start.unsqueeze(-1), iterations).squeeze(-1)


@torch.no_grad()
def wmmse_better_start(
    gain: Tensor, weight: Tensor, noise_power: float, p_max: float, *, iterations: int = 100
) -> Tensor:
    """Return the better of two WMMSE runs, realization by realization: from full power and from the best single link.

    Runs are compared by the weighted sum rate of eq. (2). Arguments, result, errors: see `wmmse`.

    Example:
        >>> gain = torch.tensor([[4.0, 9.0], [9.0, 1.0]], dtype=torch.float64)
        >>> wmmse_better_start(gain, torch.ones(2, dtype=torch.float64), 0.1, 1.0).round(decimals=3)
        tensor([1., 0.], dtype=torch.float64)
    """
    full, single = (
        wmmse(gain, weight, noise_power, p_max, init=init, iterations=iterations) for init in ("full", "single")
    )
    rates = [weighted_sum_rate(gain, power, weight, float(noise_power)) for power in (full, single)]
    return torch.where((rates[1] > rates[0]).unsqueeze(-1), single, full)


@torch.no_grad()
def wmmse_multistart(
    gain: Tensor, weight: Tensor, noise_power: float, p_max: float, *, iterations: int = 100
) -> Tensor:
    """Return the best of M + 1 WMMSE runs: from full power, and from each link at full power alone.

    "Alone" means that the other links start at 1 % of full power, because WMMSE never turns a link on that is off.
    Runs, of ``iterations`` each, are compared by the weighted sum rate of eq. (2); the first of equals wins. Arguments,
    result, errors: see `wmmse`.
    """
    noise_power, p_max = check_channels(gain, weight, noise_power, p_max)
    num_links = gain.shape[-1]
    alone = torch.full((num_links, num_links), _START_SHARE, dtype=torch.float64, device=gain.device)
    alone.fill_diagonal_(1.0)
    starts = torch.cat([torch.ones_like(alone[:, :1]), alone], dim=-1)  # (M, M + 1), one start per column
    power = _iterate(gain, weight, noise_power, p_max, starts.expand(*gain.shape[:-1], -1), iterations)
    rates = torch.stack([weighted_sum_rate(gain, run, weight, noise_power) for run in power.unbind(-1)], dim=-1)
    return power.take_along_dim(rates.argmax(-1)[..., None, None], dim=-1).squeeze(-1)


@torch.no_grad()
def wmmse_after_search(
    gain: Tensor, weight: Tensor, noise_power: float, p_max: float, *, candidates: int = 3, iterations: int = 100
) -> Tensor:
    """Run WMMSE from the best on/off pattern of a few links, with the links that are off at 1 % of full power.

    Arguments, result, errors: see `wmmse` and `heuristics.on_off_search`.

    Example:
        >>> gain = torch.tensor([[4.0, 9.0], [9.0, 1.0]], dtype=torch.float64)
        >>> wmmse_after_search(gain, torch.ones(2, dtype=torch.float64), 0.1, 1.0, candidates=2).round(decimals=3)
        tensor([1., 0.], dtype=torch.float64)
    """
    start = on_off_search(gain, weight, noise_power, p_max, candidates=candidates)
    return wmmse(gain, weight, noise_power, p_max, init=_never_off(start, float(p_max)), iterations=iterations)


def _never_off(power: Tensor, p_max: float) -> Tensor:
    """Return powers, W, of which none is below the share of full power from which WMMSE can turn a link on."""
    return power.clamp(min=_START_SHARE * p_max**2)


def _iterate(gain: Tensor, weight: Tensor, noise_power: float, p_max: float, start: Tensor, iterations: int) -> Tensor:
    """Iterate from S starts at once, shares of p_max^2 (..., M, S); return powers, W, of the same shape."""
    require_count("iterations", iterations, minimum=0)
    # Amplitudes in units of p_max and gains in units of noise per full power: geometric networks (gains from
    # 1e-14, noise 6e-14 W) and normalized ones then run through the same range of numbers.
    scaled = gain.to(torch.float64) * (p_max**2 / noise_power)
    direct = scaled.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)  # (..., M, 1)
    # Interference without the own link, so that w = 1 + gamma needs no subtraction.
    cross = scaled.masked_fill(torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device), 0.0)
    alpha = weight.to(torch.float64).unsqueeze(-1)
    amplitude = start.sqrt()
    for _ in range(iterations):
        signal = direct * amplitude.square()
        impairment = cross @ amplitude.square() + 1.0
        receiver = direct.sqrt() * amplitude / (signal + impairment)
        error_weight = 1.0 + signal / impairment
        benefit = alpha * error_weight * receiver * direct.sqrt()
        cost = scaled.mT @ (alpha * error_weight * receiver.square())
        # A link without any cost has no benefit either (no weight, no gain, or off): it is turned off.
        amplitude = torch.where(cost > 0, benefit / cost, 0.0).clamp(0.0, 1.0)
    return amplitude.square() * p_max**2


def _starting_shares(init: str | Tensor, shape: torch.Size, p_max: float) -> Tensor:
    """Return starting powers as shares of p_max^2, float64, of the given shape."""
    if isinstance(init, str):
        if init != "full":
            raise ValueError(f"init is {init!r}; it must be 'full', 'single' or a tensor of powers")
        return torch.ones(shape, dtype=torch.float64)
    share = init.to(torch.float64) / p_max**2
    if not (torch.isfinite(share) & (share >= 0) & (share <= 1 + _START_RTOL)).all():
        raise ValueError(
            f"init has powers from {init.min().item():.6g} to {init.max().item():.6g} W; they must be "
            f"from 0 to p_max^2 = {p_max**2:.6g}"
        )
    try:
        return share.clamp(max=1.0).expand(shape)
    except RuntimeError:
        raise ValueError(f"init has shape {tuple(init.shape)}; it must broadcast to {tuple(shape)}") from None
