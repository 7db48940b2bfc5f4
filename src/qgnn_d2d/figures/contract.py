"""What the figures share beside their style: the types of their contract (see the package), and how tables are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..io import read_csv
from ..objective import trained_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame as Table
else:
    Axes = Figure = Table = Any  # named in annotations only: pandas and matplotlib are loaded where they are used

__all__ = ["Axes", "Figure", "Files", "Inputs", "Table", "evaluated", "read", "stacked"]

Inputs = dict[str, list[str]] | None
"""Name to files that a figure is drawn from; None for a study without them."""
Files = Mapping[str, Sequence[Path]]
"""The same files, as paths."""


def stacked(tables: Iterable[Table]) -> Table:
    """Return tables one below the other."""
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def read(paths: Iterable[Path]) -> Table:
    """Return the tables of CSV files one below the other."""
    return stacked(read_csv(path) for path in paths)


def evaluated(paths: Iterable[Path], protocol: str | None = None) -> Table:
    """Return rows of `tables.results` on the evaluation set, in the quantity of their protocol.

    The protocol is that of the models, or by default any that a table's models have.
    """

    def own(table: Table) -> Table:
        table = table[table["split"] == "evaluation"]
        models = table.loc[table["kind"] == "model", "protocol"].unique() if protocol is None else [protocol]
        metric = table["protocol"].map(lambda name: trained_quantity(name).name)
        return table[(table["metric"] == metric) & table["protocol"].isin(models)]

    return stacked(own(read_csv(path)) for path in paths)
