"""The types of a figure's contract (see the package)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame as Table
else:
    Axes = Figure = Table = Any  # named in annotations only: pandas and matplotlib are loaded where they are used

__all__ = ["Axes", "Figure", "Files", "Inputs", "Table"]

Inputs = dict[str, list[str]] | None
"""Name to files that a figure is drawn from; None for a study without them."""
Files = Mapping[str, Sequence[Path]]
"""The same files, as paths."""
