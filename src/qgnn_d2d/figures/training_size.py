"""Training size and leaf rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..objective import axis_label
from ..settings import MODELS, Study
from .style import GRAY, METHOD_LINES, about, below, canvas, colors, errorbars, handle, number_ticks, styled
from .tables import evaluated

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "training_size"
CLAIMS = "C8"
CAPTION = (
    "Left: sum rate against the number of training realizations, with as many gradient steps for each number. Right: "
    "sum rate of the QGNN with leaves drawn at random (the paper's rule), fixed, or chosen as the strongest "
    "interferers. How to read: where a curve is flat, more data do not help; rules whose intervals overlap cannot be "
    "told apart."
)


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the tables of training sizes and leaf rules, and the main one, for the paper's point."""
    if not study.has("training_size", "leaves", "main"):
        return None
    return {name: [study.table(name)] for name in ("training_size", "leaves", "main")}


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return rows of `tables.results`; the leaf rules' have the paper's point, with random leaves, among them."""
    import pandas as pd

    (point,) = study.select("main", protocol="stated", variant="qgnn", preset=None)
    sizes, leaves, main = (evaluated(files[name][0], "stated") for name in ("training_size", "leaves", "main"))
    return pd.concat([sizes, main[main["method"] == point], leaves[leaves["kind"] == "model"]], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw the sum rate against the number of training realizations (left) and by leaf rule (right)."""
    models = table[table["kind"] == "model"]
    sized, ruled = models[models["train_size"].notna()], models[models["train_size"].isna()]
    wmmse = table.loc[table["method"] == "wmmse", "mean"].iloc[0]
    palette = colors(models["model"])
    with styled():
        figure, (left, right) = canvas(3.3, 1, 2, sharey=True, width_ratios=[3, 2])
        names = list(dict.fromkeys(sized["model"]))
        for model in names:
            curve = sized[sized["model"] == model].sort_values("train_size")
            errorbars(left, curve["train_size"], curve, color=palette[model], marker="o")
        left.axvline(300, color=GRAY, linewidth=0.8, linestyle=":")
        left.set(
            xlabel="training realizations, equal gradient steps", ylabel=axis_label("stated"), title="Training size"
        )
        number_ticks(left, sorted(sized["train_size"].unique()))
        errorbars(right, range(len(ruled)), ruled, color=palette["qgnn"], marker="o", linestyle="none")
        right.set(xlabel="leaf rule of the QGNN", xlim=(-0.5, len(ruled) - 0.5), title="Leaf rule")
        right.set_xticks(range(len(ruled)), ruled["stars"])
        for ax in (left, right):
            ax.axhline(wmmse, **METHOD_LINES["wmmse"])
        handles = [handle(MODELS[name].label, color=palette[name], marker="o", markersize=3.5) for name in names]
        handles.append(handle("WMMSE, full-power start", **METHOD_LINES["wmmse"]))
        handles.append(handle("the paper's 300", color=GRAY, linewidth=0.8, linestyle=":"))
        below(figure, handles)
        about(figure, models)
    return figure
