"""Sum rate against epoch: Fig. 2."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .style import PANELS, model_colors, styled


def sum_rate_curves(data: pd.DataFrame) -> Figure:
    """Plot sum rate against epoch, one panel per protocol: Fig. 2.

    Test curves are solid with a 95 % band over seeds, training curves dashed; solvers are horizontal lines.

    Args:
        data: What `tables.curve_data` returns.
    """
    colors = model_colors(data["model"].dropna())
    with styled():
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.subplots(1, len(PANELS))
        for ax, (panel, (title, ylabel)) in zip(axes, PANELS.items(), strict=True):
            part = data[data["panel"] == panel]
            _plot_panel(ax, part, colors)
            ax.set(title=title, xlabel="epoch (0: untrained)", ylabel=ylabel)
            ax.set_ylim(bottom=0)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.legend(handles=_legend(part, colors), loc="upper center", bbox_to_anchor=(0.5, -0.16))
        curves = data[data["kind"] != "line"]
        seeds = " or ".join(f"{n:.0f}" for n in sorted(curves["num_seeds"].unique()))
        sizes = curves.drop_duplicates("split").set_index("split")["num_realizations"]
        figure.suptitle(
            f"Mean of {seeds} seeds, band: 95 % t interval over seeds; solid: test set "
            f"({sizes['test']:.0f} realizations), dashed: training set; raw values",
            fontsize=8,
        )
    return figure


def _plot_panel(ax: Axes, part: pd.DataFrame, colors: dict[str, str]) -> None:
    for (_, split), curve in part[part["kind"] != "line"].groupby(["run", "split"], sort=False):
        first = curve.iloc[0]
        thin = first["kind"] == "thin"
        color, is_test = colors[first["model"]], split == "test"
        width = (0.7 if thin else 1.5) * (1.0 if is_test else 0.6)
        epoch = curve["epoch"].astype(int)
        ax.plot(epoch, curve["mean"], color=color, linewidth=width, linestyle="-" if is_test else "--")
        if is_test and curve["low"].notna().all():
            ax.fill_between(epoch, curve["low"], curve["high"], color=color, alpha=0.12 if thin else 0.2, linewidth=0)
    for _, line in part[part["kind"] == "line"].iterrows():
        ax.axhline(line["mean"], **_line_style(line))


def _line_style(line: pd.Series) -> dict[str, Any]:
    """Return a solver line's style: dash-dotted from full power (gray in the models' metric), dotted for multistart."""
    if line["run"] == "wmmse_multistart":
        return {"color": "#666666", "linewidth": 0.9, "linestyle": ":"}
    if line["metric"] == "released_metric":
        return {"color": "#666666", "linewidth": 0.9, "linestyle": "-."}
    return {"color": "#000000", "linewidth": 1.2, "linestyle": "-."}


def _legend(part: pd.DataFrame, colors: dict[str, str]) -> list[Line2D]:
    handles = []
    for _, row in part[part["kind"] != "line"].drop_duplicates("run").iterrows():
        width = 0.7 if row["kind"] == "thin" else 1.5
        handles.append(Line2D([], [], color=colors[row["model"]], linewidth=width, label=row["label"]))
    for _, row in part[part["kind"] == "line"].iterrows():
        handles.append(Line2D([], [], label=row["label"], **_line_style(row)))
    return handles
