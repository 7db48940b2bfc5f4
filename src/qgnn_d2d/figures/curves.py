"""What the figures of sum rate against epoch share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..objective import PROTOCOL_TITLES, PROTOCOLS, axis_label, trained_quantity, wmmse_quantity
from ..settings import Study
from ..solvers import METHODS
from .style import METHOD_LINES, below, canvas, colors, handle, integer_ticks, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS = [
    "panel", "kind", "run", "label", "model", "split", "epoch", "metric", "unit", "mean", "low", "high", "num_seeds",
    "num_realizations",
]  # fmt: skip


def inputs(study: Study, runs: Mapping[str, Sequence[str]]) -> dict[str, list[str]] | None:
    """Return curves and lines; None where a protocol of the figure has no runs.

    Args:
        study: The study.
        runs: Protocol to run ids, in the legend's order.
    """
    shown = [run for names in runs.values() for run in names]
    if not shown:
        return None
    scenario = study.runs[shown[0]].scenario
    return {
        "curves": [study.trained(run, "curves.csv") for run in shown],
        "baselines": [study.solved(scenario, "summary.csv")],
    }


def data(
    study: Study, files: Mapping[str, Sequence[Path]], runs: Mapping[str, Sequence[str]], methods: Sequence[str]
) -> pd.DataFrame:
    """Return one row per plotted point.

    Args:
        study: The study.
        files: What `inputs` names.
        runs: Protocol to run ids.
        methods: Methods that are drawn as lines in the models' quantity, besides WMMSE in its own.

    Returns:
        The columns `COLUMNS`: panel is the protocol, kind is curve or line; the mean over seeds has its 95 % t interval
        (empty for one seed). Lines are the methods' means on the test set, and WMMSE's in its own quantity.
    """
    import pandas as pd

    from ..analysis.tables import mean_curves
    from ..io import read_csv

    curves = pd.concat([read_csv(path) for path in files["curves"]])
    baselines = read_csv(files["baselines"][0])
    sizes = baselines.drop_duplicates("split").set_index("split")["num_realizations"]
    tests = baselines[baselines["split"] == "test"].set_index(["solver", "metric"])
    parts = []
    for protocol, names in runs.items():
        unit = trained_quantity(protocol).unit
        for run in names:
            variant = study.variants[run]
            part = mean_curves(curves[curves["run"] == run])
            label = study.label(run, about=variant != study.runs[run].model)
            parts.append(part.assign(panel=protocol, kind="curve", run=run, label=label, model=variant, unit=unit))
        line = wmmse_quantity(protocol)
        shown = {("wmmse", line.name): line.wmmse_line}
        shown |= {(name, trained_quantity(protocol).name): METHODS[name].label for name in methods}
        for (solver, metric), label in shown.items():
            if (solver, metric) in tests.index:
                row = tests.loc[(solver, metric)]
                values = {"panel": protocol, "kind": "line", "run": solver, "label": label, "split": "test"}
                parts.append(pd.DataFrame([{**values, "metric": metric, "unit": row["unit"], "mean": row["mean"]}]))
    table = pd.concat(parts, ignore_index=True)
    table["num_realizations"] = table["split"].map(sizes)
    integers = ("epoch", "num_seeds", "num_realizations")
    return table.reindex(columns=COLUMNS).astype(dict.fromkeys(integers, "Int64"))


def draw(table: pd.DataFrame) -> Figure:
    """Draw one panel per protocol: test curves with a 95 % band, training curves dashed, methods as lines."""
    panels = [protocol for protocol in PROTOCOLS if (table["panel"] == protocol).any()]
    palette = colors(table["model"].dropna())
    with styled():
        figure, axes = canvas(3.7, 1, len(panels), squeeze=False)
        for ax, protocol in zip(axes[0], panels, strict=True):
            part = table[table["panel"] == protocol]
            for (_, split), curve in part[part["kind"] == "curve"].groupby(["run", "split"], sort=False):
                color, epoch = palette[curve["model"].iloc[0]], curve["epoch"].astype(int)
                if split == "train":
                    ax.plot(epoch, curve["mean"], color=color, linewidth=0.8, linestyle="--")
                    continue
                ax.plot(epoch, curve["mean"], color=color)
                if curve["low"].notna().all():
                    ax.fill_between(epoch, curve["low"], curve["high"], color=color, alpha=0.2, linewidth=0)
            for row in part[part["kind"] == "line"].to_dict("records"):
                ax.axhline(row["mean"], **_line(row))
            ax.set(title=PROTOCOL_TITLES[protocol], xlabel="epoch (0: untrained)", ylabel=axis_label(protocol))
            ax.set_ylim(bottom=0)
            integer_ticks(ax)
        below(figure, _legend(table, palette))
        curves = table[table["kind"] == "curve"]
        seeds = " or ".join(f"{n:.0f}" for n in sorted(curves["num_seeds"].dropna().unique()))
        size = int(curves.loc[curves["split"] == "test", "num_realizations"].iloc[0])
        figure.suptitle(
            f"Mean of {seeds} seeds, band: 95 % t interval over seeds; solid: test set ({size:,} realizations), "
            "dashed: training set; raw values",
            fontsize=8,
        )
    return figure


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    style = METHOD_LINES[row["run"]]
    # WMMSE's line in another quantity than the models' is heavier.
    return style | ({"linewidth": 2.0} if row["unit"] == "nats" else {})


def _legend(table: pd.DataFrame, palette: Mapping[str, Any]) -> list[Any]:
    curves = table[table["kind"] == "curve"].drop_duplicates("label").to_dict("records")
    lines = table[table["kind"] == "line"].drop_duplicates("label").to_dict("records")
    handles = [handle(row["label"], color=palette[row["model"]]) for row in curves]
    return handles + [handle(row["label"], **_line(row)) for row in lines]
