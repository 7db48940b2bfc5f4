"""The sum rate under device noise."""

from __future__ import annotations

from typing import Any

from ..objective import axis_label
from ..settings import Study
from .contract import Axes, Figure, Files, Inputs, Table, read, stacked
from .style import about, below, canvas, colors, errorbars, points, shades, styled

NAME = "noise"
CLAIMS = "C10"
CAPTION = (
    "Sum rate of the QGNN at the paper's point under simulated noise, on the evaluation set, from exact expectation "
    "values. Left: stored calibrations of IBM devices. Right, on an axis of its own: synthetic depolarizing noise; at "
    "a probability of 1 nothing is left of the circuit. Points of one device or level are shifted sideways, so that "
    "none is hidden. How to read: the black line is the same network trained and run without noise; the distance of a "
    "point from it is what the noise costs. Diamonds are networks that were trained under the noise that they meet; "
    "extrapolation inverts the readout error, too. Small points are single seeds. Crosstalk, drift and reset errors "
    "are not simulated."
)
MEASURED = {
    ("unaware", "raw"): ("trained without noise: raw", "o"),
    ("unaware", "readout"): ("trained without noise: readout inverted", "s"),
    ("unaware", "linear"): ("trained without noise: extrapolated, linear", "^"),
    ("unaware", "richardson"): ("trained without noise: extrapolated, Richardson", "v"),
    ("aware", "raw"): ("trained under the noise", "D"),
}
"""(training, mitigation) to label and marker."""


def inputs(study: Study) -> Inputs:
    """Return the noise study's summary, and every seed's values under devices and levels."""
    noise = study.config.noise
    if noise is None:
        return None
    exact = [study.file("noise", name, "exact.csv") for name in dict.fromkeys([*noise.devices, *noise.levels])]
    return {"summary": [study.file("noise", "summary.csv")], "exact": exact}


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.noise_summary` (kind mean) and `device_noise.noise_rows` (kind seed, its value as mean).

    The column depolarizing is empty for devices.
    """
    noise = study.config.noise
    assert noise is not None
    table = read(files["summary"])
    levels = {name: study.noise_models[name].depolarizing for name in noise.levels}
    table = table[table["noise"].isin(["ideal", "wmmse", *noise.devices, *levels])]
    seeds = read(files["exact"]).query("training != 'ideal'").rename(columns={"value": "mean"})
    table = stacked([table.assign(kind="mean"), seeds.assign(kind="seed")])
    return table.assign(depolarizing=table["noise"].map(levels)).astype({"seed": "Int64"})


@styled()
def draw(table: Table) -> Figure:
    """Draw the sum rate by device (left) and against the level of depolarizing noise (right), if there are levels."""
    noisy = table[~table["noise"].isin(["ideal", "wmmse"])]
    devices, levels = noisy[noisy["depolarizing"].isna()], noisy[noisy["depolarizing"].notna()]
    names = list(dict.fromkeys(devices["noise"]))
    panels = [3, 2] if len(levels) else [3]
    figure, axes = canvas(4.2, 1, len(panels), squeeze=False, width_ratios=panels)
    left, right = axes[0, 0], axes[0, -1]
    for i, key in enumerate(MEASURED):
        means, seeds = (part for _, part in measured_as(devices, key).groupby("kind"))
        places = {name: place + 0.15 * (i - 2) for place, name in enumerate(names)}
        errorbars(left, means["noise"].map(places), means, linestyle="none", **look(key))
        points(left, seeds["noise"].map(places), seeds["mean"], look(key)["color"])
        if len(levels):
            parts = measured_as(levels, key).sort_values("depolarizing").groupby("kind")
            means, seeds = (part.assign(x=part["depolarizing"] * 1.12 ** (i - 2)) for _, part in parts)
            errorbars(right, means["x"], means, **look(key), linewidth=0.8)
            points(right, seeds["x"], seeds["mean"], look(key)["color"])
    left.set_xticks(range(len(names)), names)
    left.set(xlabel="device", title="Calibrated devices")
    if len(levels):
        right.set(xlabel="depolarizing probability of a two-qubit gate", title="Synthetic noise", xscale="log")
    for ax in axes[0]:
        ax.set_ylabel(axis_label("stated"))
        ideal_line(ax, table)
    below(figure, legend(table))
    about(figure, noisy, seeds_shown=True)
    return figure


def measured_as(table: Table, key: tuple[str, str]) -> Table:
    """Return the rows of one way to train and to measure."""
    return table[(table["training"] == key[0]) & (table["mitigation"] == key[1])]


def look(key: tuple[str, str]) -> dict[str, Any]:
    """Return color and marker: the QGNN's own color where it was trained under the noise, browns elsewhere."""
    tones = dict(zip(MEASURED, [*shades(len(MEASURED) - 1), colors([])["qgnn"]], strict=True))
    return {"color": tones[key], "marker": MEASURED[key][1]}


def ideal_line(ax: Axes, table: Table) -> None:
    """Draw the network without noise, with its interval."""
    ideal = table[table["noise"] == "ideal"].iloc[0]
    ax.axhline(ideal["mean"], color="#000000", linewidth=1.0)
    ax.axhspan(ideal["low"], ideal["high"], color="#000000", alpha=0.08, linewidth=0)


def legend(table: Table) -> dict[str, dict[str, Any]]:
    """Return the legend: every way to train and to measure, the line without noise, and WMMSE's value above it."""
    wmmse = table.loc[table["noise"] == "wmmse", "mean"].iloc[0]
    return {
        **{label: {"linestyle": "none", **look(key)} for key, (label, _) in MEASURED.items()},
        "trained and run without noise, band: 95 %": {"color": "#000000", "linewidth": 1.0},
        f"not in the panels: WMMSE, {wmmse:.2f} bps/Hz": {"linestyle": "none"},
    }
