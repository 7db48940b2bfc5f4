"""Sum rate and cost against the number of links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from .style import model_colors, styled

_SOLVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "optimum": (
        "certified optimum",
        {"color": "#000000", "marker": "*", "markersize": 5, "linestyle": ":", "linewidth": 0.9},
    ),
    "wmmse": ("WMMSE, full-power start", {"color": "#000000", "linestyle": "-.", "linewidth": 1.2}),
    "best_single_link": ("best single link", {"color": "#666666", "linestyle": ":", "linewidth": 1.2}),
}
"""Solvers of the left panel to label and style."""


def against_links(data: pd.DataFrame, costs: pd.DataFrame, labels: Mapping[str, str], trained_at: int) -> Figure:
    """Plot percent of WMMSE, seconds and memory of inference against the number of links.

    Args:
        data: What `scale.summary` returns.
        costs: What `scale.inference_table` returns.
        labels: Run id to legend label.
        trained_at: Links of the training.
    """
    models = data[data["kind"] == "model"]
    named = models.drop_duplicates("method").set_index("method")["model"]
    colors = model_colors(named)
    with styled():
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        drawn: list[str] = []
        for run, label in labels.items():
            model = named[run]
            # The first run of a model is solid, further ones (another k) are dashed.
            marker, line = ("s", "--") if model in drawn else ("o", "-")
            style = {"color": colors[model], "marker": marker, "linestyle": line}
            drawn.append(model)
            part = models[models["method"] == run].sort_values("num_links")
            error = [part["percent_of_wmmse"] - part["low"], part["high"] - part["percent_of_wmmse"]]
            left.errorbar(part["num_links"], part["percent_of_wmmse"], error, markersize=3.5, label=label, **style)
            cost = costs[costs["run"] == run].sort_values("num_links")
            for ax, column in ((middle, "seconds"), (right, "peak_mib")):
                ax.plot(cost["num_links"], cost[column], markersize=3.5, **style)
        for method, (label, options) in _SOLVERS.items():
            part = data[(data["method"] == method) & data["percent_of_wmmse"].notna()].sort_values("num_links")
            left.plot(part["num_links"], part["percent_of_wmmse"], label=label, **options)
        left.axvline(trained_at, color="#666666", linewidth=0.8, linestyle=(0, (1, 3)), label="links of the training")
        left.set(ylabel="percent of WMMSE, eq. (2)", title="Without retraining")
        left.set_ylim(bottom=0)
        middle.set(yscale="log", ylabel="seconds per realization", title="Inference, one thread: time")
        right.set(ylabel="peak memory of the process (MiB)", title="Inference: memory")
        right.set_ylim(0, 1.08 * costs["peak_mib"].max())
        for ax, table in ((left, data), (middle, costs), (right, costs)):
            ax.set(xscale="log", xlabel="links M")
            ax.xaxis.set_minor_locator(NullLocator())
            numbers = sorted(table["num_links"].unique())
            ax.set_xticks(numbers, [f"{number:,}" for number in numbers])
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        seeds = " or ".join(f"{n:.0f}" for n in sorted(models["num_seeds"].unique()))
        figure.suptitle(
            f"Mean of {seeds} seeds, bars: 95 % t interval over seeds; "
            f"{models['num_realizations'].iloc[0]:,.0f} realizations per number of links",
            fontsize=8,
        )
    return figure
