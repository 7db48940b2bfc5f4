"""Power allocations without iterations: full power, the best of few on/off patterns, links turned on one by one."""

import itertools

import torch
from torch import Tensor

from ..checks import check_channels, require_count
from ..objective.rates import single_link_rate, weighted_sum_rate

# 2^16 patterns take minutes for a thousand realizations: more is a mistake, not a heuristic.
_MAX_CANDIDATES = 16


@torch.no_grad()
def full_power(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> Tensor:
    """Let every link transmit at full power, p_max^2. Arguments, result, errors: see `qgnn_d2d.solvers`.

    Example:
        >>> full_power(torch.rand(2, 3, 3), torch.rand(2, 3), 0.1, p_max=2.0)
        tensor([[4., 4., 4.],
                [4., 4., 4.]], dtype=torch.float64)
    """
    noise_power, p_max = check_channels(gain, weight, noise_power, p_max)
    return torch.full(weight.shape, p_max**2, dtype=torch.float64, device=gain.device)


@torch.no_grad()
def on_off_search(gain: Tensor, weight: Tensor, noise_power: float, p_max: float, *, candidates: int = 3) -> Tensor:
    """Search all on/off patterns of the few links that are worth most alone; the others stay off.

    Candidates are the links of largest alpha_m log2(1 + |h_mm|^2 P_max^2 / sigma^2); patterns are compared by
    the weighted sum rate of eq. (2). Cost 2^candidates rates.

    Arguments, result (here 0 or p_max^2), errors: see `qgnn_d2d.solvers`; and ``candidates``, the number of links
    searched, from 1 to 16 (a ValueError otherwise): all of a network that has fewer.
    """
    noise_power, p_max = check_channels(gain, weight, noise_power, p_max)
    require_count("candidates", candidates, minimum=1, maximum=_MAX_CANDIDATES)
    candidates = min(candidates, gain.shape[-1])
    gain, weight = gain.to(torch.float64), weight.to(torch.float64)

    score = single_link_rate(gain, weight, noise_power, p_max)
    chosen = score.topk(candidates, dim=-1).indices  # (..., C), best first
    chosen_weight = weight.take_along_dim(chosen, dim=-1)
    # Links that are off neither earn nor disturb: the candidates' own gains (..., C, C) decide.
    chosen_gain = gain.take_along_dim(chosen.unsqueeze(-1), dim=-2).take_along_dim(chosen.unsqueeze(-2), dim=-1)

    patterns = torch.tensor(list(itertools.product((1.0, 0.0), repeat=candidates))[:-1], dtype=torch.float64)
    powers = p_max**2 * patterns.to(gain.device)  # all patterns but "all off"
    rates = torch.stack([weighted_sum_rate(chosen_gain, power, chosen_weight, noise_power) for power in powers])
    return torch.zeros_like(weight).scatter(-1, chosen, powers[rates.argmax(0)])


@torch.no_grad()
def greedy(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> Tensor:
    """Turn links on, one after the other, as long as each raises the weighted sum rate of eq. (2).

    Links are tried in the order of what they are worth alone (`objective.single_link_rate`), best first; one that does
    not raise the rate stays off. Cost: M rates. Arguments, result (here 0 or p_max^2), errors: see `qgnn_d2d.solvers`.

    Example:
        >>> gain = torch.tensor([[4.0, 9.0], [9.0, 1.0]], dtype=torch.float64)
        >>> greedy(gain, torch.ones(2, dtype=torch.float64), 0.1, 1.0)
        tensor([1., 0.], dtype=torch.float64)
    """
    noise_power, p_max = check_channels(gain, weight, noise_power, p_max)
    gain, weight = gain.to(torch.float64), weight.to(torch.float64)
    order = single_link_rate(gain, weight, noise_power, p_max).argsort(dim=-1, descending=True, stable=True)
    power = torch.zeros_like(weight)
    best = torch.zeros_like(weight[..., 0])
    for link in order.unbind(-1):
        tried = power.scatter(-1, link.unsqueeze(-1), p_max**2)
        rate = weighted_sum_rate(gain, tried, weight, noise_power)
        better = rate > best
        power, best = torch.where(better.unsqueeze(-1), tried, power), torch.where(better, rate, best)
    return power
