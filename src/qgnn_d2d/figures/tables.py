"""What the figures that are drawn from tables share."""

from __future__ import annotations

from pathlib import Path

from ..objective import trained_quantity
from .contract import Table


def evaluated(path: Path, protocol: str | None = None) -> Table:
    """Return a table's rows on the evaluation set, in the quantity of the rows' protocol.

    Args:
        path: What `tables.results` returns, as CSV.
        protocol: The protocol of the models; that of the table's models by default.
    """
    from ..io import read_csv

    table = read_csv(path)
    table = table[table["split"] == "evaluation"]
    models = table.loc[table["kind"] == "model", "protocol"].unique() if protocol is None else [protocol]
    own = table["protocol"].map(lambda name: trained_quantity(name).name)
    return table[(table["metric"] == own) & table["protocol"].isin(models)]
