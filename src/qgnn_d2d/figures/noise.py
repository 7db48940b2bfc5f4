"""Device noise and shots."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import PALETTE, styled

_MEASURED = {
    ("unaware", "raw"): ("trained without noise: raw", 3, "o"),
    ("unaware", "readout"): ("trained without noise: readout inverted", 1, "s"),
    ("unaware", "linear"): ("trained without noise: extrapolated, linear", 0, "^"),
    ("unaware", "richardson"): ("trained without noise: extrapolated, Richardson", 4, "v"),
    ("aware", "raw"): ("trained under the noise: raw", 2, "D"),
}
"""(training, mitigation) to label, color, marker."""


def noise_rates(data: pd.DataFrame) -> Figure:
    """Plot the sum rate by device (left) and against the level of depolarizing noise (right).

    Args:
        data: Rows of `device_study.summary`, with the column depolarizing (empty for devices).
    """
    noisy = data[~data["noise"].isin(["ideal", "wmmse"])]
    at_devices, levels = noisy[noisy["depolarizing"].isna()], noisy[noisy["depolarizing"].notna()]
    with styled():
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        names = list(dict.fromkeys(at_devices["noise"]))
        for i, key in enumerate(_MEASURED):
            part = _measured_as(at_devices, key).set_index("noise").reindex(names)
            x = [n + 0.13 * (i - 2) for n in range(len(names))]
            _points(left, x, part, key, line=False)
            if not levels.empty:
                swept = _measured_as(levels, key).sort_values("depolarizing")
                _points(right, swept["depolarizing"], swept, key, line=True)
        left.set_xticks(range(len(names)), names)
        left.set(xlabel="device", ylabel="weighted sum rate, eq. (2) (bps/Hz)", title="Calibrated devices")
        right.set(xlabel="depolarizing probability of a two-qubit gate", title="Synthetic noise")
        if not levels.empty:
            right.set_xscale("log")
        for ax in (left, right):
            _noise_references(ax, data)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
        first = noisy.iloc[0]
        figure.suptitle(
            f"Mean of {first['num_seeds']:.0f} seeds, bars: 95 % t interval over seeds; "
            f"{first['num_realizations']:.0f} realizations; exact expectation values",
            fontsize=8,
        )
    return figure


def shot_rates(data: pd.DataFrame, checked: pd.DataFrame) -> Figure:
    """Plot the sum rate against the number of shots, a panel per device, and Aer's shots against the law.

    Args:
        data: Rows of `device_study.summary`, with the column shots.
        checked: Rows of `device_study.aer_rows`.
    """
    noisy = data[data["shots"].notna()]
    names = list(dict.fromkeys(noisy["noise"]))
    columns = 3
    num_rows = -(-(len(names) + 1) // columns)
    with styled():
        figure = Figure(figsize=(7.2, 2.3 * num_rows + 0.9), layout="constrained")
        grid = figure.subplots(num_rows, columns, squeeze=False).ravel()
        panels, last = grid[: len(names)], grid[len(names)]
        for ax, name in zip(panels, names, strict=True):
            for key in _MEASURED:
                part = _measured_as(noisy[noisy["noise"] == name], key).sort_values("shots")
                _points(ax, part["shots"], part, key, line=True)
            _noise_references(ax, data)
            ax.set_xscale("log", base=2)
            ax.set(title=name, xlabel="shots per expectation value", ylabel="sum rate (bps/Hz)")
        low = min(ax.get_ylim()[0] for ax in panels)
        high = max(ax.get_ylim()[1] for ax in panels)
        for ax in panels:
            ax.set_ylim(low, high)
        for mitigation, part in checked.groupby("mitigation", sort=False):
            _, color, marker = _MEASURED[("unaware", str(mitigation))]
            last.plot(part["noise"], part["rate_z"], marker, color=PALETTE[color], markersize=4, linestyle="none")
        last.axhspan(-2, 2, color="#666666", alpha=0.15, linewidth=0)
        last.set(title=f"Aer, {checked['shots'].iloc[0]} real shots", ylabel="Aer - engine (standard errors)")
        last.tick_params(axis="x", rotation=45)
        for ax in grid[len(names) + 1 :]:
            ax.set_axis_off()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
        first = noisy.iloc[0]
        figure.suptitle(
            f"Mean of {first['num_seeds']:.0f} seeds, bars: 95 % t interval over seeds; "
            f"{first['num_realizations']:.0f} realizations; extrapolation uses the shots at every noise scale factor",
            fontsize=8,
        )
    return figure


def _measured_as(data: pd.DataFrame, key: tuple[str, str]) -> pd.DataFrame:
    return data[(data["training"] == key[0]) & (data["mitigation"] == key[1])]


def _points(ax: Axes, x: Any, part: pd.DataFrame, key: tuple[str, str], *, line: bool) -> None:
    label, color, marker = _MEASURED[key]
    error = [part["mean"] - part["low"], part["high"] - part["mean"]]
    style = "-" if line else "none"
    ax.errorbar(
        x, part["mean"], error, label=label, color=PALETTE[color], marker=marker, markersize=3.5, linestyle=style,
        linewidth=1.0, elinewidth=0.8,
    )  # fmt: skip


def _noise_references(ax: Axes, data: pd.DataFrame) -> None:
    """Draw the ideal device with its interval, and WMMSE."""
    ideal, wmmse = (data[data["noise"] == name].iloc[0] for name in ("ideal", "wmmse"))
    ax.axhline(ideal["mean"], color="#000000", linewidth=1.0, label="trained and run without noise")
    if not pd.isna(ideal["low"]):
        ax.axhspan(ideal["low"], ideal["high"], color="#000000", alpha=0.08, linewidth=0)
    ax.axhline(wmmse["mean"], color="#000000", linewidth=1.2, linestyle="-.", label="WMMSE, full-power start")
