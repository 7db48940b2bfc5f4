"""Fractional programming power control, which the public code computes beside WMMSE."""

import torch
from torch import Tensor

from ..checks import check_channels, require_count


@torch.no_grad()
def fractional_programming(
    gain: Tensor, weight: Tensor, noise_power: float, p_max: float, *, iterations: int = 100
) -> Tensor:
    """Maximize the weighted sum rate of eq. (2) locally, by fractional programming in closed form.

    From full power, each iteration sets gamma_m to the SINR of eq. (1), the auxiliary variables
    y_m = sqrt(alpha_m (1 + gamma_m) gain_mm P_m) / (sum_j gain_mj P_j + sigma^2), and then the powers
    P_m = min(p_max^2, y_m^2 alpha_m (1 + gamma_m) gain_mm / (sum_j y_j^2 gain_jm)^2). The objective never falls.
    Source: Shen and Yu, IEEE Trans. Signal Process. 66(10), 2018, part I, closed-form approach.

    Arguments, result, errors: see `qgnn_d2d.solvers`; and ``iterations``, at least 0 (a ValueError otherwise), all of
    which are done.

    Example:
        >>> gain = torch.tensor([[4.0, 9.0], [9.0, 1.0]], dtype=torch.float64)
        >>> fractional_programming(gain, torch.ones(2, dtype=torch.float64), 0.1, 1.0).round(decimals=3)
        tensor([1., 0.], dtype=torch.float64)
    """
    noise_power, p_max = check_channels(gain, weight, noise_power, p_max)
    require_count("iterations", iterations, minimum=0)
    # Powers in units of p_max^2 and gains in units of noise per full power, as in `wmmse`.
    scaled = gain.to(torch.float64) * (p_max**2 / noise_power)
    direct = scaled.diagonal(dim1=-2, dim2=-1)
    cross = scaled.masked_fill(torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device), 0.0)
    alpha, share = weight.to(torch.float64), torch.ones_like(direct)
    for _ in range(iterations):
        signal = direct * share
        impairment = (cross @ share.unsqueeze(-1)).squeeze(-1) + 1.0
        worth = alpha * (1.0 + signal / impairment) * direct
        squared = worth * share / (signal + impairment).square()  # y^2
        cost = (scaled.mT @ squared.unsqueeze(-1)).squeeze(-1)
        # A link without any cost has no worth either (no weight, no gain, or off): it is turned off.
        share = torch.where(cost > 0, squared * worth / cost.square(), 0.0).clamp(max=1.0)
    return share * p_max**2
