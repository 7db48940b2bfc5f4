"""The distribution of the gap to the certified optimum."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .style import PANELS, model_colors, styled

# In gray and black, apart from the models; WMMSE as in Fig. 2.
_SOLVERS: dict[str, dict[str, Any]] = {
    "full_power": {"color": "#999999", "linestyle": (0, (1, 3)), "linewidth": 1.0},
    "best_single_link": {"color": "#999999", "linestyle": "-", "linewidth": 1.0},
    "on_off_4": {"color": "#666666", "linestyle": (0, (5, 2)), "linewidth": 1.0},
    "wmmse": {"color": "#000000", "linestyle": "-.", "linewidth": 1.2},
    "wmmse_multistart": {"color": "#000000", "linestyle": ":", "linewidth": 1.2},
}


def gap_shares(data: pd.DataFrame) -> Figure:
    """Plot the share of realizations against the gap to the optimum, one panel per protocol.

    Args:
        data: What `optimality.share_data` returns.
    """
    colors = model_colors(data["model"].dropna())
    with styled():
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.subplots(1, len(PANELS), sharey=True)
        handles: dict[str, Line2D] = {}  # a method has the same style in both panels
        for ax, (panel, (title, _)) in zip(axes, PANELS.items(), strict=True):
            for _, method in data[data["panel"] == panel].groupby("method", sort=False):
                line = _plot(ax, method, colors)
                handles.setdefault(str(line.get_label()), line)
            ax.set(title=title, xlabel="gap to the certified optimum (%)", xscale="log", ylim=(0, 1.02))
            ax.set_xlim(data["gap_percent"].min(), data["gap_percent"].max())
        axes[0].set_ylabel("share of realizations with at most this gap")
        figure.legend(handles=list(handles.values()), loc="outside lower center", ncols=4)
        models = data[data["kind"] != "solver"]
        seeds = " or ".join(f"{n:.0f}" for n in sorted(models["num_seeds"].unique()))
        figure.suptitle(
            f"{data['num_realizations'].iloc[0]:,.0f} realizations; models: {seeds} seeds pooled, "
            "band: 95 % t interval over seeds",
            fontsize=8,
        )
    return figure


def _plot(ax: Axes, method: pd.DataFrame, colors: dict[str, Any]) -> Line2D:
    first = method.iloc[0]
    if first["kind"] == "solver":
        style = _SOLVERS[first["method"]]
    else:
        style = {"color": colors[first["model"]], "linewidth": 0.7 if first["kind"] == "thin" else 1.5}
    (line,) = ax.plot(method["gap_percent"], method["share"], label=first["label"], **style)
    if method["low"].notna().all():
        alpha = 0.12 if first["kind"] == "thin" else 0.2
        ax.fill_between(
            method["gap_percent"], method["low"], method["high"], color=style["color"], alpha=alpha, linewidth=0
        )
    return line
