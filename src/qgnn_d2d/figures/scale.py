"""Sum rate and cost on networks of other sizes, without retraining."""

from __future__ import annotations

from typing import Any

from ..settings import Study
from ..solvers import METHODS
from .contract import Figure, Files, Inputs, Table, read, stacked
from .style import GRAY, METHOD_LINES, about, below, canvas, colors, errorbars, number_ticks, styled

NAME = "scale"
CLAIMS = "C9"
CAPTION = (
    "Networks trained at one number of links (dotted), evaluated at others without retraining. Left: percent of WMMSE "
    "on the same realizations; the certified optimum is shown where every realization is certified. Middle and right: "
    "time and peak memory of one inference on one thread, stars, interpreter and libraries included. How to read: a "
    "model that carries over stays level on the left; a curve below the best single link is below what switching off "
    "all links but one gives. What a model costs is how steeply its curve rises in the middle and on the right."
)
_SHOWN = ("optimum", "wmmse", "best_single_link")
_PERCENT = ("percent_of_wmmse", "low", "high")


def inputs(study: Study) -> Inputs:
    """Return the evaluations at every number of links, and the cost of inference."""
    if study.config.scale is None:
        return None
    return {"scaled": study.scale_files, "inference": [study.file("scale", "inference.csv")]}


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.scaling_summary` (panel scaled) and of `inference_cost` (panel inference)."""
    from ..analysis.tables import scaling_summary

    scaled = scaling_summary(read(files["scaled"]))
    costs = read(files["inference"]).rename(columns={"run": "method"}).assign(kind="model")
    table = stacked([scaled.assign(panel="scaled"), costs.assign(panel="inference")])
    labels = {name: method.label for name, method in METHODS.items()}
    for run, settings in study.runs.items():
        k = getattr(settings.architecture, "k", None)
        labels[run] = study.label(run) + (f", k = {k}" if k is not None else "")
    trained_at = study.scenarios[study.runs[costs["method"].iloc[0]].scenario].num_links
    variants = table["method"].map(study.variants)
    return table.assign(label=table["method"].map(labels), model=variants, trained_at=trained_at)


@styled()
def draw(table: Table) -> Figure:
    """Draw percent of WMMSE, seconds and memory of inference against the number of links."""
    scaled, costs = table[table["panel"] == "scaled"], table[table["panel"] == "inference"]
    palette = colors(table["model"].dropna())
    dotted = {"color": GRAY, "linewidth": 0.8, "linestyle": (0, (1, 3))}
    entries: dict[str, dict[str, Any]] = {}
    figure, (left, middle, right) = canvas(3.9, 1, 3)
    for run, part in scaled[scaled["kind"] == "model"].groupby("method", sort=False):
        part, cost = part.sort_values("num_links"), costs[costs["method"] == run].sort_values("num_links")
        style: dict[str, Any] = {"color": palette[part["model"].iloc[0]], "marker": "o", "linewidth": 1.2}
        errorbars(left, part["num_links"], part, _PERCENT, **style)
        for ax, column in ((middle, "seconds"), (right, "peak_mib")):
            ax.plot(cost["num_links"], cost[column], markersize=3.5, **style)
        entries[part["label"].iloc[0]] = style
    for name in _SHOWN:
        part = scaled[(scaled["method"] == name) & scaled["percent_of_wmmse"].notna()].sort_values("num_links")
        if part.empty:
            continue
        style = METHOD_LINES[name] | {"marker": "*" if name == "optimum" else "", "markersize": 5}
        left.plot(part["num_links"], part["percent_of_wmmse"], **style)
        entries[METHODS[name].label] = style
    left.axvline(table["trained_at"].iloc[0], **dotted)
    left.set(ylabel="percent of WMMSE, eq. (2)", title="Without retraining")
    middle.set(yscale="log", ylabel="seconds per realization", title="Inference: time")
    right.set(ylabel="peak memory of the process (MiB)", title="Inference: memory")
    right.yaxis.set_major_formatter("{x:,.0f}")
    for ax, part in ((left, scaled), (middle, costs), (right, costs)):
        ax.set_xlabel("links M")
        number_ticks(ax, sorted(part["num_links"].unique()), fontsize=7)
    below(figure, {**entries, "links of the training": dotted})
    about(figure, scaled[scaled["kind"] == "model"])
    return figure
