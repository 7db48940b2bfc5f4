"""Ablations: leaves, layers, training size, leaf rule."""

from __future__ import annotations

import pandas as pd
import seaborn
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import LABELS, PALETTE, PANELS, QUANTITIES, styled

_POINT = {"k": 3, "layers": 2}
"""The paper's point."""

_AXES = {"k": ("leaves k", "layers", "L"), "layers": ("layers L", "k", "k")}


def ablation_lines(data: pd.DataFrame, axis: str) -> Figure:
    """Plot the sum rate against the number of leaves or layers, under both protocols, and what a star costs.

    Args:
        data: Rows of `tables.results` (kind model and solver) of the ablation's tables, with the columns qubits and
            two_qubit_gates (of one star in one layer).
        axis: ``k`` or ``layers``.
    """
    label, other, other_label = _AXES[axis]
    models, solvers = data[data["kind"] == "model"], data[data["kind"] == "solver"]
    with styled():
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.subplots(1, 3)
        for ax, (protocol, (title, _)) in zip(axes, PANELS.items(), strict=False):
            part = models[models["protocol"] == protocol]
            lines = sorted(part[other].unique()) if protocol == "stated" else [_POINT[other]]
            for i, value in enumerate(lines):
                curve = part[part[other] == value].sort_values(axis)
                at_point = value == _POINT[other]
                ax.errorbar(
                    curve[axis], curve["mean"], [curve["mean"] - curve["low"], curve["high"] - curve["mean"]],
                    color=PALETTE[i], marker="o", markersize=3.5, linewidth=1.6 if at_point else 0.7,
                    label=f"{other_label} = {value:.0f}",
                )  # fmt: skip
            wmmse = solvers[(solvers["method"] == "wmmse") & (solvers["protocol"] == protocol)]
            ax.axhline(wmmse["mean"].iloc[0], color="#000000", linewidth=1.2, linestyle="-.", label="WMMSE")
            ax.set(xlabel=label, title=title.partition(":")[0], ylabel=QUANTITIES[protocol])
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        column = models[(models["protocol"] == "stated") & (models[other] == _POINT[other])].sort_values(axis)
        ax = axes[2]
        total = column["two_qubit_gates"] * column["layers"]
        for values, name, marker in [
            (column["parameters"], "trainable parameters", "o"),
            (total, "cx of one node's stars, all layers", "s"),
            (column["qubits"], "qubits at full width", "^"),
        ]:
            ax.plot(column[axis], values, marker=marker, markersize=3.5, color="#444444", linewidth=0.8, label=name)
        ax.axhline(3, color="#444444", linewidth=0.8, linestyle=":", label="qubits with reset")
        ax.set(xlabel=label, title=f"Cost at {other_label} = {_POINT[other]}", yscale="log", ylabel="number")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
        _ablation_title(figure, models)
    return figure


def ablation_grid(data: pd.DataFrame) -> Figure:
    """Plot percent of WMMSE over the grid of leaves and layers, ``stated``.

    Args:
        data: As for `ablation_lines`.
    """
    part = data[(data["kind"] == "model") & (data["protocol"] == "stated")]
    grid = part.astype({"k": int, "layers": int}).pivot(index="layers", columns="k", values="percent_of_wmmse")
    with styled():
        figure = Figure(figsize=(4.6, 3.0), layout="constrained")
        ax = figure.subplots()
        seaborn.heatmap(
            grid.sort_index(ascending=False), annot=True, fmt=".1f", cmap="cividis", ax=ax,
            cbar_kws={"label": "percent of WMMSE, eq. (2)"},
        )  # fmt: skip
        ax.set(xlabel="leaves k", ylabel="layers L")
        ax.grid(visible=False)
        _ablation_title(figure, part, bars=False)
    return figure


def training_sizes(data: pd.DataFrame) -> Figure:
    """Plot the sum rate against the number of training realizations (left) and by leaf rule (right).

    Args:
        data: Rows of `tables.results` of the tables of training sizes and leaf rules, and of the paper's point.
    """
    models = data[data["kind"] == "model"]
    sized, ruled = models[models["train_size"].notna()], models[models["train_size"].isna()]
    wmmse = data[data["method"] == "wmmse"].iloc[0]
    with styled():
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        for model, part in sized.groupby("model", sort=False):
            curve = part.sort_values("train_size")
            color = PALETTE[list(LABELS).index(str(model))]
            left.errorbar(
                curve["train_size"], curve["mean"], [curve["mean"] - curve["low"], curve["high"] - curve["mean"]],
                color=color, marker="o", markersize=3.5, label=LABELS[str(model)],
            )  # fmt: skip
        left.axvline(300, color="#666666", linewidth=0.8, linestyle=":", label="the paper's 300")
        left.set(xscale="log", xlabel="training realizations, equal gradient steps", ylabel=QUANTITIES["stated"])
        right.errorbar(
            ruled["stars"], ruled["mean"], [ruled["mean"] - ruled["low"], ruled["high"] - ruled["mean"]],
            color=PALETTE[0], marker="o", markersize=4, linestyle="none",
        )  # fmt: skip
        right.set(xlabel="leaf rule of the QGNN", xlim=(-0.5, len(ruled) - 0.5))
        for ax in (left, right):
            ax.axhline(wmmse["mean"], color="#000000", linewidth=1.2, linestyle="-.", label="WMMSE, full-power start")
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        _ablation_title(figure, models)
    return figure


def _ablation_title(figure: Figure, models: pd.DataFrame, *, bars: bool = True) -> None:
    seeds = " or ".join(f"{n:.0f}" for n in sorted(models["num_seeds"].unique()))
    shown = ", bars: 95 % t interval over seeds" if bars else ""
    realizations = models["num_realizations"].iloc[0]
    figure.suptitle(f"Mean of {seeds} seeds{shown}; {realizations:,.0f} realizations", fontsize=8)
