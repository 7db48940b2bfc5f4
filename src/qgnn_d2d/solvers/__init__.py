"""Classical power allocation: `METHODS` is the one list of methods. Loads no PyTorch until one is run.

Every method is a function of

* gain: power gains (dimensionless), receiver first, shape (..., M, M),
* weight: link weights alpha (dimensionless), shape (..., M),
* noise_power: noise power sigma^2 at every receiver, W, and
* p_max: largest transmit amplitude, sqrt(W),

that returns transmit powers from 0 to p_max^2, W, float64, shape (..., M). Unusable networks (`checks.check_channels`)
are a ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from ..settings.scenario import Optimum

if TYPE_CHECKING:
    from torch import Tensor

OPTIMUM_GAP = Optimum().gap
"""Relative gap to which the tables' optimum is certified where a config says nothing else."""


@dataclass(frozen=True)
class Method:
    """A method and everything that tables and figures know of it."""

    name: str  # in tables and datasets
    label: str  # in legends
    short: str  # in labels at lines
    implementation: str  # ``module:function``
    options: Mapping[str, Any] = field(default_factory=dict)  # keyword arguments of the function
    certified: bool = False  # whether the function returns a `branch_and_bound.Certified`, whose powers `solve` returns
    is_reference: bool = False  # whether tables give percentages of its mean, and compare models with it
    max_links: int | None = None  # number of links beyond which it takes too long; None for no limit
    # Where it stands beside the tables: `gaps` (the gaps to the optimum), `scale` (other numbers of links) and
    # `baselines` (the lines beside networks on informed stars).
    shown_in: tuple[str, ...] = ()

    @property
    def function(self) -> Callable[..., Any]:
        """The function, loaded when it is asked for."""
        return resolve_name(self.implementation)

    def solve(self, gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> Tensor:
        """Return transmit powers (see the package)."""
        result = self.function(gain, weight, noise_power, p_max, **self.options)
        return result.power if self.certified else result


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            "wmmse", "WMMSE, full-power start", "WMMSE", "qgnn_d2d.solvers.wmmse:wmmse",
            is_reference=True, shown_in=("gaps", "scale", "baselines"),
        ),
        Method(
            "wmmse_1000", "WMMSE, full-power start, 1,000 iterations", "WMMSE, 1,000 iterations",
            "qgnn_d2d.solvers.wmmse:wmmse", {"iterations": 1000},
        ),
        Method(
            "wmmse_single", "WMMSE, started from the best single link", "WMMSE, best-link start",
            "qgnn_d2d.solvers.wmmse:wmmse", {"init": "single"}, shown_in=("scale",),
        ),
        Method(
            "wmmse_single_1000", "WMMSE, started from the best single link, 1,000 iterations",
            "WMMSE, best-link start, 1,000 iterations", "qgnn_d2d.solvers.wmmse:wmmse",
            {"init": "single", "iterations": 1000},
        ),
        Method(
            "wmmse_better_start", "WMMSE, better of both starts, 1,000 iterations", "WMMSE, better start",
            "qgnn_d2d.solvers.wmmse:wmmse_better_start", {"iterations": 1000},
        ),
        Method(
            "wmmse_on_off_3", "on/off search over 3 links, then WMMSE", "on/off, best 3, then WMMSE",
            "qgnn_d2d.solvers.wmmse:wmmse_after_search", {"candidates": 3},
        ),
        Method(
            "wmmse_on_off_4", "on/off search over 4 links, then WMMSE", "on/off, best 4, then WMMSE",
            "qgnn_d2d.solvers.wmmse:wmmse_after_search", {"candidates": 4},
        ),
        Method(
            "fractional_programming", "fractional programming, full-power start", "fractional programming",
            "qgnn_d2d.solvers.fractional:fractional_programming",
        ),
        Method(  # its M + 1 starts cost M^3 a realization and iteration
            "wmmse_multistart", "WMMSE, multistart", "WMMSE, multistart", "qgnn_d2d.solvers.wmmse:wmmse_multistart",
            is_reference=True, max_links=100, shown_in=("gaps", "scale"),
        ),
        Method(
            "full_power", "full power", "full power", "qgnn_d2d.solvers.heuristics:full_power", shown_in=("gaps",),
        ),
        Method(
            "best_single_link", "best single link", "best single link", "qgnn_d2d.solvers.heuristics:on_off_search",
            {"candidates": 1}, shown_in=("gaps", "scale", "baselines"),
        ),
        Method(
            "on_off_3", "on/off search over 3 links", "on/off, best 3", "qgnn_d2d.solvers.heuristics:on_off_search",
            {"candidates": 3}, shown_in=("baselines",),
        ),
        Method(
            "on_off_4", "on/off search over 4 links", "on/off, best 4", "qgnn_d2d.solvers.heuristics:on_off_search",
            {"candidates": 4}, shown_in=("gaps", "baselines"),
        ),
        Method("greedy", "links turned on one by one", "greedy", "qgnn_d2d.solvers.heuristics:greedy"),
        Method(
            "optimum", "certified optimum", "certified optimum", "qgnn_d2d.solvers.branch_and_bound:optimum",
            Optimum().model_dump(), certified=True, is_reference=True, shown_in=("scale", "baselines"),
        ),
    )
}  # fmt: skip
"""All methods by name, in the tables' order."""


def bound_label(certified_share: float) -> str:
    """Return what legends call the optimum's upper bound, given the share of realizations in which it is certified.

    Example:
        >>> bound_label(11 / 12)
        'upper bound of the optimum (91.6 % certified)'
    """
    return f"upper bound of the optimum ({math.floor(1000 * certified_share) / 10} % certified)"


def shown_in(place: str) -> list[Method]:
    """Return the methods that stand in a place (see `Method.shown_in`), in the tables' order.

    Example:
        >>> [method.name for method in shown_in("scale")]
        ['wmmse', 'wmmse_single', 'wmmse_multistart', 'best_single_link', 'optimum']
    """
    return [method for method in METHODS.values() if place in method.shown_in]
