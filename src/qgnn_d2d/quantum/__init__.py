"""The quantum part: the circuit, written once, and what is derived from it; loaded when first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ansatz import Ansatz
    from .classical_layer import ClassicalStars
    from .engine.star import StarEngine
    from .star_layer import StarLayer

__all__ = ["Ansatz", "ClassicalStars", "StarEngine", "StarLayer"]

_MODULES = {
    "Ansatz": "ansatz", "ClassicalStars": "classical_layer", "StarEngine": "engine.star", "StarLayer": "star_layer",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load the module of a name in `__all__`, and with it PennyLane, when it is asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
