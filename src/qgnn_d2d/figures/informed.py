"""Informed stars: leaf choice, number of parameters, device noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from .style import LABELS, model_colors, styled

_RULES = {"competitors": ("-", "o"), "strongest": (":", "^"), "random": ("--", "s")}
"""Leaf rules of the left panel to line style and marker."""

_COUNTS = (100, 200, 500, 1000)  # ticks

_BASELINES = {
    "best_single_link": "best single link",
    "wmmse": "WMMSE",
    "on_off_3": "on/off, best 3",
    "on_off_4": "on/off, best 4",
    "optimum": "certified optimum",
}


def informed_stars(
    leaves: pd.DataFrame, sizes: pd.DataFrame, noise: pd.DataFrame, baselines: Mapping[str, float]
) -> Figure:
    """Plot what the choice of leaves, the number of parameters and device noise do to networks on informed stars.

    Args:
        leaves: Rows of `tables.results` over stars and k.
        sizes: Rows of `tables.results` over architectures.
        noise: Rows of `tables.results` over devices, with the columns device, percent_of_ideal, percent_low and
            percent_high.
        baselines: Solver to percent of WMMSE.
    """
    colors = model_colors([*leaves["model"], *sizes["model"]])
    with styled():
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=[5, 5, 2.6])
        for (model, rule), part in leaves.groupby(["model", "stars"], sort=False):
            linestyle, marker = _RULES.get(str(rule), ("-.", "x"))
            _curve(left, part, "k", colors[str(model)], linestyle, marker)
        left.set(xlabel="leaves k", ylabel="percent of WMMSE, eq. (2)", title="Leaf choice")
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        for (model, dropped), part in sizes.groupby(["model", sizes["drop_links"].notna()], sort=False):
            _curve(middle, part, "parameters", colors[str(model)], "-" if dropped else ":", "o" if dropped else "v")
        middle.set(xlabel="trainable parameters", title="Size", xscale="log")
        middle.set_xticks(_COUNTS, [f"{count:,}" for count in _COUNTS])
        middle.xaxis.set_minor_locator(NullLocator())
        low = min(sizes["percent_of_wmmse"].min(), baselines["best_single_link"]) - 0.5
        middle.set_ylim(low, baselines["optimum"] + 0.5)
        for ax in (left, middle):
            for name, label in _BASELINES.items():
                ax.axhline(baselines[name], color="#666666", linewidth=1.0 if name == "wmmse" else 0.6, linestyle="-.")
                if ax is middle:
                    ax.annotate(
                        label, (1, baselines[name]), xycoords=("axes fraction", "data"), fontsize=6, ha="right",
                        va="bottom", color="#444444",
                    )  # fmt: skip
        places = np.arange(len(noise))
        error = [noise["percent_of_ideal"] - noise["percent_low"], noise["percent_high"] - noise["percent_of_ideal"]]
        right.errorbar(
            places, noise["percent_of_ideal"], error, color=colors["qgnn_informed"], marker="o", linestyle="none",
            markersize=4,
        )  # fmt: skip
        right.axhline(100, color="#666666", linewidth=1.0, linestyle="-.")
        right.set(ylabel="percent of its own ideal", title="Device noise", xlim=(-0.5, len(noise) - 0.5))
        right.set_xticks(places, noise["device"], rotation=60, ha="right")
        _legend(figure, left, middle, colors, leaves, sizes)
        models = pd.concat([leaves, sizes, noise])
        seeds = " or ".join(f"{n:.0f}" for n in sorted(models["num_seeds"].unique()))
        figure.suptitle(
            f"Mean of {seeds} seeds, bars: 95 % t interval over seeds; {models['num_realizations'].iloc[0]:,.0f} "
            "realizations; raw values",
            fontsize=8,
        )
    return figure


def _curve(ax: Axes, part: pd.DataFrame, column: str, color: str, linestyle: str, marker: str) -> None:
    curve = part.sort_values(column)
    scale = curve["percent_of_wmmse"] / curve["mean"]
    error = [(curve["mean"] - curve["low"]) * scale, (curve["high"] - curve["mean"]) * scale]
    ax.errorbar(
        curve[column], curve["percent_of_wmmse"], error, color=color, linestyle=linestyle, marker=marker,
        markersize=3.5, linewidth=1.0, elinewidth=0.8,
    )  # fmt: skip


def _legend(
    figure: Figure, left: Axes, middle: Axes, colors: Mapping[str, str], leaves: pd.DataFrame, sizes: pd.DataFrame
) -> None:
    """One legend for all: colors are models, lines on the left are leaf rules, in the middle augmentation."""
    handles = [left.plot([], [], color=color, label=LABELS.get(name, name))[0] for name, color in colors.items()]
    for rule in leaves["stars"].unique():
        linestyle, marker = _RULES.get(str(rule), ("-.", "x"))
        handles += left.plot(
            [], [], color="#444444", linestyle=linestyle, marker=marker, markersize=3.5, label=f"left: {rule}"
        )
    for dropped in sizes["drop_links"].notna().unique():
        text = "links left out in training, rates" if dropped else "as published"
        linestyle, marker = ("-", "o") if dropped else (":", "v")
        handles += middle.plot(
            [], [], color="#444444", linestyle=linestyle, marker=marker, markersize=3.5, label=f"middle: {text}"
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
