"""Sum rate and cost on networks of other sizes, without retraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import Study
from ..solvers import METHODS
from .style import GRAY, METHOD_LINES, about, below, canvas, colors, errorbars, handle, number_ticks, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "scale"
CLAIMS = "C9"
CAPTION = (
    "Networks trained at one number of links (dotted), evaluated at others without retraining. Left: percent of WMMSE "
    "on the same realizations. Middle and right: time and peak memory of one inference on one thread. How to read: a "
    "model that carries over stays level on the left; its cost is how steeply it rises in the middle."
)
_SHOWN = ("optimum", "wmmse", "best_single_link")
_PERCENT = ("percent_of_wmmse", "low", "high")


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the evaluations at every number of links, and the cost of inference."""
    if study.config.scale is None:
        return None
    return {"scaled": study.scale_files, "inference": [study.file("scale", "inference.csv")]}


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return rows of `tables.scaling_summary` (panel scaled) and of `inference_cost` (panel inference)."""
    import pandas as pd

    from ..analysis.tables import scaling_summary
    from ..io import read_csv

    scaled = scaling_summary(pd.concat([read_csv(path) for path in files["scaled"]], ignore_index=True))
    costs = read_csv(files["inference"][0]).rename(columns={"run": "method"}).assign(kind="model")
    table = pd.concat([scaled.assign(panel="scaled"), costs.assign(panel="inference")], ignore_index=True)
    labels = {run: _label(study, run) for run in study.runs} | {name: one.label for name, one in METHODS.items()}
    trained_at = study.scenarios[study.runs[costs["method"].iloc[0]].scenario].num_links
    variants = table["method"].map(study.variants)
    return table.assign(label=table["method"].map(labels), model=variants, trained_at=trained_at)


def _label(study: Study, run: str) -> str:
    """Return a run's model, and its k where it has one."""
    k = getattr(study.runs[run].architecture, "k", None)
    return study.label(run) + (f", k = {k}" if k is not None else "")


def draw(table: pd.DataFrame) -> Figure:
    """Draw percent of WMMSE, seconds and memory of inference against the number of links."""
    scaled, costs = table[table["panel"] == "scaled"], table[table["panel"] == "inference"]
    palette = colors(table["model"].dropna())
    handles = []
    with styled():
        figure, (left, middle, right) = canvas(3.9, 1, 3)
        for run, part in scaled[scaled["kind"] == "model"].groupby("method", sort=False):
            part, cost = part.sort_values("num_links"), costs[costs["method"] == run].sort_values("num_links")
            style: dict[str, Any] = {"color": palette[part["model"].iloc[0]], "marker": "o", "linewidth": 1.2}
            errorbars(left, part["num_links"], part, _PERCENT, **style)
            for ax, column in ((middle, "seconds"), (right, "peak_mib")):
                ax.plot(cost["num_links"], cost[column], markersize=3.5, **style)
            handles.append(handle(part["label"].iloc[0], markersize=3.5, **style))
        for name in _SHOWN:
            part = scaled[(scaled["method"] == name) & scaled["percent_of_wmmse"].notna()].sort_values("num_links")
            style = METHOD_LINES[name] | {"marker": "*" if name == "optimum" else ""}
            left.plot(part["num_links"], part["percent_of_wmmse"], markersize=5, **style)
            handles.append(handle(METHODS[name].label, markersize=5, **style))
        left.axvline(table["trained_at"].iloc[0], color=GRAY, linewidth=0.8, linestyle=(0, (1, 3)))
        handles.append(handle("links of the training", color=GRAY, linewidth=0.8, linestyle=(0, (1, 3))))
        left.set(ylabel="percent of WMMSE, eq. (2)", title="Without retraining")
        left.set_ylim(bottom=0)
        middle.set(yscale="log", ylabel="seconds per realization", title="Inference: time")
        right.set(ylabel="peak memory of the process (MiB)", title="Inference: memory")
        right.set_ylim(0, 1.08 * costs["peak_mib"].max())
        for ax, part in ((left, scaled), (middle, costs), (right, costs)):
            ax.set_xlabel("links M")
            number_ticks(ax, sorted(part["num_links"].unique()))
            ax.tick_params(axis="x", labelsize=7)
        below(figure, handles)
        about(figure, scaled[scaled["kind"] == "model"])
    return figure
