"""Training size and choice of leaves."""

from __future__ import annotations

from typing import Any

from ..objective import axis_label
from ..settings import MODELS, Study
from .contract import Figure, Files, Inputs, Table, evaluated, stacked, with_seeds
from .style import GRAY, METHOD_LINES, about, below, canvas, colors, errorbars, number_ticks, points, styled

NAME = "training_size"
CLAIMS = "C8"
CAPTION = (
    "Left: sum rate against the number of training realizations, with as many gradient steps for each number. Right: "
    "sum rate of the QGNN with leaves drawn at random (the paper's rule) anew in every layer, as at the paper's point, "
    "fixed, chosen as the strongest interferers, or, as an ablation, drawn at random once for all layers (one set). "
    "Both on the evaluation set. How to read: where a curve is flat, more data do not help, and a model "
    "that is flat below WMMSE is limited by itself, not by the data; where intervals overlap, the figure alone shows "
    "no difference. Small points are single seeds."
)


def _point(study: Study) -> list[str]:
    return study.select("main", protocol="stated", variant="qgnn", preset=None)


def inputs(study: Study) -> Inputs:
    """Return the tables of training sizes and leaf rules, the main one, for the paper's point, and seeds' means."""
    if not study.has("training_size", "leaves") or not _point(study):
        return None
    names = ("training_size", "leaves", "main")
    return {**{name: [study.table(name)] for name in names}, "seeds": [study.seeds(name) for name in names]}


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.results`; the choices of leaves have the paper's point among them."""
    sizes, leaves, main = (evaluated(files[name], "stated") for name in ("training_size", "leaves", "main"))
    point = main[main["method"].isin(_point(study))]
    return with_seeds(stacked([sizes, point, leaves[leaves["kind"] == "model"]]), files["seeds"])


@styled()
def draw(table: Table) -> Figure:
    """Draw the sum rate against the number of training realizations (left) and by the choice of leaves (right)."""
    models, seeds = (table[table["kind"] == kind] for kind in ("model", "seed"))
    sized, ruled = models[models["train_size"].notna()], models[models["train_size"].isna()]
    wmmse = table.loc[table["method"] == "wmmse", "mean"].iloc[0]
    palette = colors(models["model"])
    paper = {"color": GRAY, "linewidth": 0.8, "linestyle": ":"}
    figure, (left, right) = canvas(3.3, 1, 2, sharey=True, width_ratios=[3, 2])
    entries: dict[str, dict[str, Any]] = {}
    for model, curve in sized.groupby("model", sort=False):
        curve = curve.sort_values("train_size")
        entries[MODELS[str(model)].label] = style = {"color": palette[model], "marker": "o"}
        errorbars(left, curve["train_size"], curve, **style)
        single = seeds[(seeds["model"] == model) & seeds["train_size"].notna()]
        points(left, single["train_size"], single["mean"], style["color"])
    left.axvline(300, **paper)
    left.set(xlabel="training realizations, equal gradient steps", ylabel=axis_label("stated"))
    left.set_title("Training size")
    number_ticks(left, sorted(sized["train_size"].unique()))
    errorbars(right, range(len(ruled)), ruled, color=palette["qgnn"], marker="o", linestyle="none")
    places = {method: place for place, method in enumerate(ruled["method"])}
    single = seeds[seeds["method"].isin(places)]
    points(right, single["method"].map(places), single["mean"], palette["qgnn"])
    right.set(xlabel="leaves of the QGNN", xlim=(-0.5, len(ruled) - 0.5), title="Choice of leaves")
    names = ruled["stars"].where(ruled["leaves"] != "one_set", ruled["stars"] + ",\none set")
    right.set_xticks(range(len(ruled)), names)
    for ax in (left, right):
        ax.axhline(wmmse, **METHOD_LINES["wmmse"])
    below(figure, {**entries, "WMMSE, full-power start": METHOD_LINES["wmmse"], "the paper's 300": paper})
    about(figure, models, seeds_shown=True)
    return figure
