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

__all__ = ["Axes", "Figure", "Files", "Inputs", "Table", "evaluated", "read", "stacked", "with_seeds"]

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


def with_seeds(table: Table, paths: Iterable[Path], scaled: Sequence[str] = ("percent_of_wmmse",)) -> Table:
    """Return a table with rows of kind seed below: a model's row, with the value of one of its seeds as mean.

    Args:
        table: Rows of `tables.results` on the evaluation set.
        paths: Files of `values.seed_means` of the same runs.
        scaled: Columns of the table that are proportional to the mean.
    """
    values = read(paths).drop_duplicates(["run", "seed", "metric"]).rename(columns={"run": "method"})
    seeds = table[table["kind"] == "model"].merge(values, on=["method", "metric"])
    share = seeds.pop("value") / seeds["mean"]
    seeds = seeds.assign(kind="seed", **{name: seeds[name] * share for name in ("mean", *scaled)})
    ends = [name for name in seeds if name.split("_")[-1] in ("low", "high")]
    return stacked([table, seeds.drop(columns=ends)]).astype({"seed": "Int64"})
