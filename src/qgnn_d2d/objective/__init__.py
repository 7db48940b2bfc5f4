"""The objective: `quantities` says what is reported, without PyTorch; `rates` computes it, loaded when first used."""

from typing import TYPE_CHECKING, Any

from .quantities import (
    BEST_FOUND,
    BOUND,
    MAXIMIZED,
    PROTOCOL_TITLES,
    PROTOCOLS,
    QUANTITIES,
    Quantity,
    axis_label,
    trained_quantity,
    wmmse_quantity,
)

if TYPE_CHECKING:
    from .rates import (
        released_gain,
        released_metric,
        released_wmmse_rate,
        single_link_rate,
        sinr,
        weighted_sum_rate,
    )

__all__ = [
    "BEST_FOUND", "BOUND", "MAXIMIZED", "PROTOCOLS", "PROTOCOL_TITLES", "QUANTITIES", "Quantity", "axis_label",
    "released_gain", "released_metric", "released_wmmse_rate", "single_link_rate", "sinr", "trained_quantity",
    "weighted_sum_rate", "wmmse_quantity",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load the functions of `rates`, and with them PyTorch, when one is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from . import rates

    return getattr(rates, name)
