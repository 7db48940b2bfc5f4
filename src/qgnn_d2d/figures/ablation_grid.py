"""The ablation over leaves and layers together."""

from __future__ import annotations

from . import ablation
from .contract import Figure, Table
from .style import about, canvas, styled

NAME = "ablation_grid"
CLAIMS = "C2, C7, C9"
CAPTION = (
    "Percent of WMMSE that the QGNN reaches in eq. (2), over leaves k and layers L, on the evaluation set; the frame "
    "marks the paper's point (k = 3, L = 2), at which the training options of all were tuned. How to read: compare "
    "along a row for leaves and along a column for layers; below 100 the QGNN stays below WMMSE."
)
inputs, data = ablation.inputs, ablation.data


@styled()
def draw(table: Table) -> Figure:
    """Draw percent of WMMSE over the grid of leaves and layers."""
    import seaborn
    from matplotlib.patches import Rectangle

    part = table[(table["kind"] == "model") & (table["protocol"] == "stated")]
    grid = part.astype({"k": int, "layers": int}).pivot(index="layers", columns="k", values="percent_of_wmmse")
    grid = grid.sort_index(ascending=False)
    figure, ax = canvas(3.0, width=4.6)
    bar = {"label": "percent of WMMSE, eq. (2)"}
    seaborn.heatmap(grid, annot=True, fmt=".1f", cmap="cividis", ax=ax, cbar_kws=bar)
    ax.set(xlabel="leaves k", ylabel="layers L", title="QGNN, percent of WMMSE")
    ax.tick_params(axis="y", rotation=0)
    ax.grid(visible=False)
    if ablation.POINT["k"] in grid.columns and ablation.POINT["layers"] in grid.index:
        corner = (grid.columns.get_loc(ablation.POINT["k"]), grid.index.get_loc(ablation.POINT["layers"]))
        ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="white", linewidth=1.8))
    about(figure, part, "")
    return figure
