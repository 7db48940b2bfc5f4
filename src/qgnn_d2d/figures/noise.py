"""The sum rate under device noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import Study
from .style import about, below, canvas, errorbars, handle, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "noise"
CLAIMS = "C10"
CAPTION = (
    "Sum rate of the QGNN at the paper's point under simulated noise, from exact expectation values. Left: stored "
    "calibrations of IBM devices. Right: synthetic depolarizing noise; at a probability of 1 nothing is left of the "
    "circuit. How to read: the black line is the same network without noise; a point on it has lost nothing. Diamonds "
    "are networks that were trained under the noise that they meet."
)
MEASURED = {
    ("unaware", "raw"): ("trained without noise: raw", "#d55e00", "o"),
    ("unaware", "readout"): ("trained without noise: readout inverted", "#e69f00", "s"),
    ("unaware", "linear"): ("trained without noise: extrapolated, linear", "#56b4e9", "^"),
    ("unaware", "richardson"): ("trained without noise: extrapolated, Richardson", "#0072b2", "v"),
    ("aware", "raw"): ("trained under the noise", "#009e73", "D"),
}
"""(training, mitigation) to label, color, marker."""


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the noise study's summary."""
    return {"summary": [study.file("noise", "summary.csv")]} if study.config.noise is not None else None


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return rows of `tables.noise_summary`, with the column depolarizing (empty for devices)."""
    from ..io import read_csv

    noise = study.config.noise
    assert noise is not None
    table = read_csv(files["summary"][0])
    levels = {name: study.noise_models[name].depolarizing for name in noise.levels}
    table = table[table["noise"].isin(["ideal", "wmmse", *noise.devices, *levels])]
    return table.assign(depolarizing=table["noise"].map(levels))


def draw(table: pd.DataFrame) -> Figure:
    """Draw the sum rate by device (left) and against the level of depolarizing noise (right)."""
    noisy = table[~table["noise"].isin(["ideal", "wmmse"])]
    devices, levels = noisy[noisy["depolarizing"].isna()], noisy[noisy["depolarizing"].notna()]
    names = list(dict.fromkeys(devices["noise"]))
    with styled():
        figure, (left, right) = canvas(4.3, 1, 2, sharey=True, width_ratios=[3, 2])
        for i, key in enumerate(MEASURED):
            shift = 0.15 * (i - 2)  # side by side, so that none is hidden
            part = measured_as(devices, key).set_index("noise").reindex(names)
            points(left, [place + shift for place in range(len(names))], part, key, linestyle="none")
            part = measured_as(levels, key).sort_values("depolarizing")
            points(right, part["depolarizing"] * 1.1 ** (i - 2), part, key, linewidth=0.8)
        left.set_xticks(range(len(names)), names)
        left.set(xlabel="device", ylabel="weighted sum rate, eq. (2) (bps/Hz)", title="Calibrated devices")
        right.set(xlabel="depolarizing probability of a two-qubit gate", title="Synthetic noise")
        if len(levels):
            right.set_xscale("log")
        for ax in (left, right):
            ideal_line(ax, table)
        below(figure, legend(table))
        about(figure, noisy)
    return figure


def measured_as(table: pd.DataFrame, key: tuple[str, str]) -> pd.DataFrame:
    """Return the rows of one way to train and to measure."""
    return table[(table["training"] == key[0]) & (table["mitigation"] == key[1])]


def points(ax: Axes, x: Any, part: pd.DataFrame, key: tuple[str, str], **style: Any) -> None:
    """Draw the points of one way to train and to measure."""
    _, color, marker = MEASURED[key]
    errorbars(ax, x, part, color=color, marker=marker, **style)


def ideal_line(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the network without noise, with its interval."""
    ideal = table[table["noise"] == "ideal"].iloc[0]
    ax.axhline(ideal["mean"], color="#000000", linewidth=1.0)
    if ideal["low"] == ideal["low"]:
        ax.axhspan(ideal["low"], ideal["high"], color="#000000", alpha=0.08, linewidth=0)


def legend(table: pd.DataFrame) -> list[Any]:
    """Return the legend: every way to train and to measure, and where the lines outside the panels are."""
    handles = [
        handle(label, color=color, marker=marker, markersize=3.5, linestyle="none")
        for label, color, marker in MEASURED.values()
    ]
    wmmse = table.loc[table["noise"] == "wmmse", "mean"].iloc[0]
    return [
        *handles,
        handle(f"trained and run without noise (WMMSE: {wmmse:.2f} bps/Hz)", color="#000000", linewidth=1.0),
    ]
