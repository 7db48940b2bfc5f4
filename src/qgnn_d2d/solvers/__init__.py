"""Classical power allocation: every solver maps (gain, weight, noise_power, p_max) to transmit powers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from torch import Tensor

from .heuristics import best_single_link, full_power, on_off_search
from .wmmse import wmmse, wmmse_multistart

__all__ = [
    "SOLVERS",
    "Solver",
    "best_single_link",
    "full_power",
    "on_off_search",
    "wmmse",
    "wmmse_multistart",
]


class Solver(Protocol):
    """A power allocation: gains (..., M, M), weights (..., M), W, sqrt(W) -> transmit powers, W, (..., M)."""

    def __call__(self, gain: Tensor, weight: Tensor, noise_power: float, p_max: float, /) -> Tensor:
        """Return transmit powers from 0 to p_max^2, W, float64, shape (..., M)."""


def _on_off(candidates: int) -> Solver:
    def solve(gain: Tensor, weight: Tensor, noise_power: float, p_max: float, /) -> Tensor:
        count = min(candidates, gain.shape[-1])
        return on_off_search(gain, weight, noise_power, p_max, candidates=count)

    return solve


# Names as configurations and tables use them. on_off_n searches all links of a network that has fewer than n.
SOLVERS: Mapping[str, Solver] = MappingProxyType(
    {
        "wmmse": wmmse,
        "wmmse_multistart": wmmse_multistart,
        "full_power": full_power,
        "best_single_link": best_single_link,
        "on_off_3": _on_off(3),
        "on_off_4": _on_off(4),
    }
)
