"""Sum rate and cost against the number of links."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from .style import PALETTE, styled


def against_links(data: pd.DataFrame, costs: pd.DataFrame, labels: Mapping[str, str], trained_at: int) -> Figure:
    """Plot percent of WMMSE, seconds and memory of inference against the number of links.

    Args:
        data: What `scale.summary` returns.
        costs: What `scale.inference_table` returns.
        labels: Run id to legend label.
        trained_at: Links of the training.
    """
    colors = dict(zip(labels, PALETTE, strict=False))
    with styled():
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        for run, label in labels.items():
            part = data[data["method"] == run].sort_values("num_links")
            error = [part["percent_of_wmmse"] - part["low"], part["high"] - part["percent_of_wmmse"]]
            left.errorbar(
                part["num_links"], part["percent_of_wmmse"], error, color=colors[run], marker="o", markersize=3.5,
                label=label,
            )  # fmt: skip
            cost = costs[costs["run"] == run].sort_values("num_links")
            for ax, column in ((middle, "seconds"), (right, "peak_mib")):
                ax.plot(cost["num_links"], cost[column], color=colors[run], marker="o", markersize=3.5)
        optimum = data[(data["method"] == "optimum") & data["percent_of_wmmse"].notna()].sort_values("num_links")
        left.plot(
            optimum["num_links"], optimum["percent_of_wmmse"], color="#000000", marker="*", markersize=5, linestyle=":",
            linewidth=0.9, label="certified optimum",
        )  # fmt: skip
        left.axhline(100, color="#000000", linewidth=1.2, linestyle="-.", label="WMMSE, full-power start")
        left.axvline(trained_at, color="#666666", linewidth=0.8, linestyle=":", label="links of the training")
        left.set(ylabel="percent of WMMSE, eq. (2)", title="Without retraining")
        left.set_ylim(bottom=0)
        middle.set(yscale="log", ylabel="seconds per realization, one thread", title="Inference: time")
        right.set(ylabel="peak memory of the process (MiB)", title="Inference: memory")
        right.set_ylim(bottom=0)
        for ax in (left, middle, right):
            ax.set(xscale="log", xlabel="links M")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        models = data[data["kind"] == "model"]
        seeds = " or ".join(f"{n:.0f}" for n in sorted(models["num_seeds"].unique()))
        figure.suptitle(
            f"Mean of {seeds} seeds, bars: 95 % t interval over seeds; "
            f"{models['num_realizations'].iloc[0]:,.0f} realizations per number of links",
            fontsize=8,
        )
    return figure
