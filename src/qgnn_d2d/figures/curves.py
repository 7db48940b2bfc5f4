"""What the figures of sum rate against epoch share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..objective import BOUND, PROTOCOL_TITLES, PROTOCOLS, axis_label, trained_quantity, wmmse_quantity
from ..settings import Study
from ..settings.training import RUNNING
from ..solvers import METHODS, bound_label
from .contract import Figure, Files, Inputs, Table, read, stacked
from .style import METHOD_LINES, about, banded, below, canvas, colors, integer_ticks, styled

Runs = dict[str, list[str]]
"""Protocol to run ids, in the legend's order."""

COLUMNS = [
    "panel", "kind", "run", "label", "model", "split", "epoch", "metric", "unit", "mean", "low", "high", "num_seeds",
    "num_realizations",
]  # fmt: skip
_METHODS = ("optimum",)  # lines in the models' quantity, besides WMMSE in its own


def of(runs: Callable[[Study], Runs]) -> tuple[Callable[[Study], Inputs], Callable[[Study, Files], Table]]:
    """Return `inputs` and `data` of a figure that shows these runs of a study."""
    return lambda study: _inputs(study, runs(study)), lambda study, files: _data(study, files, runs(study))


def named(study: Study, run: str) -> dict[str, str]:
    """Return a run's label and the model or variant that its color belongs to."""
    variant = study.variants[run]
    return {"label": study.label(run, about=variant != study.runs[run].model), "model": variant}


def _inputs(study: Study, runs: Runs) -> Inputs:
    """Return the runs' curves and the methods' means; None without runs."""
    shown = [run for names in runs.values() for run in names]
    if not shown:
        return None
    curves = [study.trained(run, "curves.csv") for run in shown]
    return {"curves": curves, "baselines": [study.solved(study.runs[shown[0]].scenario, "summary.csv")]}


def _data(study: Study, files: Files, runs: Runs) -> Table:
    """Return one row per plotted point.

    The panel is the protocol, the kind is curve or line; the mean over seeds has its 95 % t interval (empty for one
    seed). Lines are the methods' means on the test set, and WMMSE's in its own quantity; where the optimum is not
    certified, its upper bound's in its place.
    """
    import pandas as pd

    from ..analysis.tables import mean_curves

    curves, baselines = read(files["curves"]), read(files["baselines"])
    curves = curves[curves["split"] != RUNNING]
    sizes = baselines.drop_duplicates("split").set_index("split")["num_realizations"]
    tests = baselines[baselines["split"] == "test"].set_index(["solver", "metric"])
    parts = []
    for protocol, names in runs.items():
        if not names:
            continue
        trained, wmmse = trained_quantity(protocol), wmmse_quantity(protocol)
        for run in names:
            part = mean_curves(curves[curves["run"] == run])
            parts.append(part.assign(panel=protocol, kind="curve", run=run, **named(study, run), unit=trained.unit))
        shown = {("wmmse", wmmse.name): wmmse.wmmse_line}
        shown |= {(name, trained.name): METHODS[name].label for name in _METHODS}
        if (BOUND, trained.name) in tests.index:
            shown[BOUND, trained.name] = bound_label(tests.loc[(BOUND, trained.name), "certified_share"])
        for (solver, metric), label in shown.items():
            if (solver, metric) in tests.index:
                values = tests.loc[(solver, metric)][["unit", "mean"]].to_dict()
                line = {"panel": protocol, "kind": "line", "run": solver, "label": label, "split": "test"}
                parts.append(pd.DataFrame([{**line, "metric": metric, **values}]))
    table = stacked(parts)
    table["num_realizations"] = table["split"].map(sizes)
    integers = ("epoch", "num_seeds", "num_realizations")
    return table.reindex(columns=COLUMNS).astype(dict.fromkeys(integers, "Int64"))


@styled()
def draw(table: Table) -> Figure:
    """Draw one panel per protocol: test curves with a 95 % band, training curves dashed, methods as lines."""
    panels = [protocol for protocol in PROTOCOLS if (table["panel"] == protocol).any()]
    palette = colors(table["model"].dropna())
    curves, lines = table[table["kind"] == "curve"], table[table["kind"] == "line"]
    figure, axes = canvas(4.0, 1, len(panels), squeeze=False)
    for ax, protocol in zip(axes[0], panels, strict=True):
        for (_, split), curve in curves[curves["panel"] == protocol].groupby(["run", "split"], sort=False):
            color, epoch = palette[curve["model"].iloc[0]], curve["epoch"].astype(int)
            if split == "train":
                ax.plot(epoch, curve["mean"], color=color, linewidth=0.8, linestyle="--")
            else:
                banded(ax, epoch, curve, "mean", alpha=0.2, color=color)
        for row in lines[lines["panel"] == protocol].to_dict("records"):
            ax.axhline(row["mean"], zorder=1, **_line(row))
        ax.set(title=PROTOCOL_TITLES[protocol], xlabel="epoch (0: untrained)")
        ax.set_ylabel(axis_label(protocol), fontsize=7)
        ax.set_ylim(bottom=0)
        integer_ticks(ax.xaxis)
    entries: dict[str, dict[str, Any]] = {
        row["label"]: {"color": palette[row["model"]]} for row in curves.to_dict("records")
    }
    entries |= {row["label"]: _line(row) for row in lines.to_dict("records")}
    entries["training set (test set: solid)"] = {"color": "#444444", "linewidth": 0.8, "linestyle": "--"}
    below(figure, entries)
    about(figure, curves[curves["split"] == "test"], "bands")
    return figure


def _line(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a method's line; WMMSE's in another unit than the models' is heavier."""
    return METHOD_LINES[row["run"]] | ({"linewidth": 2.0} if row["unit"] == "nats" else {})
