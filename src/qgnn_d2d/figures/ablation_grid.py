"""The ablation over leaves and layers together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ablation
from .style import about, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "ablation_grid"
CLAIMS = "C2, C7, C9"
CAPTION = (
    "Percent of WMMSE that the QGNN reaches in eq. (2), over leaves k and layers L. The paper's point is k = 3, L = "
    "2. How to read: compare along a row for leaves and along a column for layers; below 100 the QGNN stays below "
    "WMMSE."
)
inputs, data = ablation.inputs, ablation.data


def draw(table: pd.DataFrame) -> Figure:
    """Draw percent of WMMSE over the grid of leaves and layers."""
    import seaborn
    from matplotlib.figure import Figure

    part = table[(table["kind"] == "model") & (table["protocol"] == "stated")]
    grid = part.astype({"k": int, "layers": int}).pivot(index="layers", columns="k", values="percent_of_wmmse")
    with styled():
        figure = Figure(figsize=(4.6, 3.0), layout="constrained")
        ax = figure.subplots()
        seaborn.heatmap(
            grid.sort_index(ascending=False), annot=True, fmt=".1f", cmap="cividis", ax=ax,
            cbar_kws={"label": "percent of WMMSE, eq. (2)"},
        )  # fmt: skip
        ax.set(xlabel="leaves k", ylabel="layers L", title="QGNN, percent of WMMSE")
        ax.grid(visible=False)
        about(figure, part, bars="")
    return figure
