"""The figures' common style, and the figures: functions of data frames that return matplotlib figures."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .files import write_whole

if TYPE_CHECKING:
    from .quantum.ansatz import Ansatz

LABELS = {
    "qgnn": "QGNN",
    "gcn": "GCN (IGCNet)",
    "gcn_small": "GCN, small",
    "qgnn_released": "QGNN, public code",
    "gcn_released": "GCN, public code",
}
"""Models to legend labels; a model without one goes by its name."""

_PALETTE = seaborn.color_palette("colorblind")

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "lines.linewidth": 1.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "qgnn_d2d",
    "savefig.dpi": 200,
}
# Neither dates nor versions in the files: the same data give the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
}

_PANELS = {
    "stated": (
        "Stated: eq. (2) for everything",
        "weighted sum rate (bps/Hz)",
    ),
    "released": (
        "Released: the public code's quantities",
        "models: public code's metric (bps/Hz)\nWMMSE: public code's evaluation (nats)",
    ),
}

_QUANTITIES = {"stated": "weighted sum rate, eq. (2) (bps/Hz)", "released": "the public code's metric (bps/Hz)"}


def _style() -> AbstractContextManager[None]:
    return matplotlib.rc_context(STYLE)  # type: ignore[arg-type]


def save(figure: Figure, path: Path | str) -> None:
    """Write a figure in the format of the path's suffix (pdf, png, svg), byte-stable, whole or not at all."""
    metadata = _METADATA[Path(path).suffix]
    with _style():
        write_whole(path, lambda partial: figure.savefig(partial, metadata=metadata))


def sum_rate_curves(data: pd.DataFrame) -> Figure:
    """Plot sum rate against epoch, one panel per protocol: Fig. 2.

    Test curves are solid with a 95 % band over seeds, training curves dashed; solvers are horizontal lines.

    Args:
        data: What `tables.curve_data` returns.
    """
    models = list(dict.fromkeys(data["model"].dropna()))
    ordered = [name for name in LABELS if name in models] + [name for name in models if name not in LABELS]
    names = [*LABELS, *(name for name in ordered if name not in LABELS)]
    colors = {name: _PALETTE[names.index(name) % len(_PALETTE)] for name in ordered}
    with _style():
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.subplots(1, len(_PANELS))
        for ax, (panel, (title, ylabel)) in zip(axes, _PANELS.items(), strict=True):
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
    with _style():
        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.subplots(1, 3)
        for ax, (protocol, (title, _)) in zip(axes, _PANELS.items(), strict=False):
            part = models[models["protocol"] == protocol]
            lines = sorted(part[other].unique()) if protocol == "stated" else [_POINT[other]]
            for i, value in enumerate(lines):
                curve = part[part[other] == value].sort_values(axis)
                at_point = value == _POINT[other]
                ax.errorbar(
                    curve[axis], curve["mean"], [curve["mean"] - curve["low"], curve["high"] - curve["mean"]],
                    color=_PALETTE[i], marker="o", markersize=3.5, linewidth=1.6 if at_point else 0.7,
                    label=f"{other_label} = {value:.0f}",
                )  # fmt: skip
            wmmse = solvers[(solvers["method"] == "wmmse") & (solvers["protocol"] == protocol)]
            ax.axhline(wmmse["mean"].iloc[0], color="#000000", linewidth=1.2, linestyle="-.", label="WMMSE")
            ax.set(xlabel=label, title=title.partition(":")[0], ylabel=_QUANTITIES[protocol])
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
    with _style():
        figure = Figure(figsize=(4.6, 3.0), layout="constrained")
        ax = figure.subplots()
        seaborn.heatmap(
            grid.sort_index(ascending=False), annot=True, fmt=".1f", cmap="cividis", ax=ax,
            cbar_kws={"label": "percent of WMMSE, eq. (2)"},
        )  # fmt: skip
        ax.set(xlabel="leaves k", ylabel="layers L")
        ax.grid(visible=False)
        _ablation_title(figure, part)
    return figure


def training_sizes(data: pd.DataFrame) -> Figure:
    """Plot the sum rate against the number of training realizations (left) and by leaf rule (right).

    Args:
        data: Rows of `tables.results` of the tables of training sizes and leaf rules, and of the paper's point.
    """
    models = data[data["kind"] == "model"]
    sized, ruled = models[models["train_size"].notna()], models[models["train_size"].isna()]
    wmmse = data[data["method"] == "wmmse"].iloc[0]
    with _style():
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        for model, part in sized.groupby("model", sort=False):
            curve = part.sort_values("train_size")
            color = _PALETTE[list(LABELS).index(str(model))]
            left.errorbar(
                curve["train_size"], curve["mean"], [curve["mean"] - curve["low"], curve["high"] - curve["mean"]],
                color=color, marker="o", markersize=3.5, label=LABELS[str(model)],
            )  # fmt: skip
        left.axvline(300, color="#666666", linewidth=0.8, linestyle=":", label="the paper's 300")
        left.set(xscale="log", xlabel="training realizations, equal gradient steps", ylabel=_QUANTITIES["stated"])
        right.errorbar(
            ruled["stars"], ruled["mean"], [ruled["mean"] - ruled["low"], ruled["high"] - ruled["mean"]],
            color=_PALETTE[0], marker="o", markersize=4, linestyle="none",
        )  # fmt: skip
        right.set(xlabel="leaf rule of the QGNN", xlim=(-0.5, len(ruled) - 0.5))
        for ax in (left, right):
            ax.axhline(wmmse["mean"], color="#000000", linewidth=1.2, linestyle="-.", label="WMMSE, full-power start")
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        _ablation_title(figure, models)
    return figure


def _ablation_title(figure: Figure, models: pd.DataFrame) -> None:
    seeds = " or ".join(f"{n:.0f}" for n in sorted(models["num_seeds"].unique()))
    figure.suptitle(
        f"Mean of {seeds} seeds, bars: 95 % t interval over seeds; "
        f"{models['num_realizations'].iloc[0]:,.0f} realizations",
        fontsize=8,
    )


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
    with _style():
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
    with _style():
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
            last.plot(part["noise"], part["rate_z"], marker, color=_PALETTE[color], markersize=4, linestyle="none")
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
        x, part["mean"], error, label=label, color=_PALETTE[color], marker=marker, markersize=3.5, linestyle=style,
        linewidth=1.0, elinewidth=0.8,
    )  # fmt: skip


def _noise_references(ax: Axes, data: pd.DataFrame) -> None:
    """Draw the ideal device with its interval, and WMMSE."""
    ideal, wmmse = (data[data["noise"] == name].iloc[0] for name in ("ideal", "wmmse"))
    ax.axhline(ideal["mean"], color="#000000", linewidth=1.0, label="trained and run without noise")
    if not pd.isna(ideal["low"]):
        ax.axhspan(ideal["low"], ideal["high"], color="#000000", alpha=0.08, linewidth=0)
    ax.axhline(wmmse["mean"], color="#000000", linewidth=1.2, linestyle="-.", label="WMMSE, full-power start")


def circuit(ansatz: Ansatz, k: int) -> Figure:
    """Draw a star's circuit with PennyLane: Fig. 1.

    Args:
        ansatz: The circuit.
        k: Leaves; 2k + 1 qubits, and the ancilla where there is one.
    """
    import numpy as np
    import pennylane as qml

    from .quantum.ansatz import measurements, star_circuit, star_wires

    wires = star_wires(ansatz, k)

    def star() -> list[Any]:
        star_circuit(ansatz, np.zeros(ansatz.num_parameters), np.zeros(2), np.zeros((k, 2)), np.zeros((k, 2)))
        return measurements(ansatz)

    with _style():
        node = qml.QNode(star, qml.device("default.qubit", wires=wires))
        draw = qml.draw_mpl(node, wire_order=wires, show_all_wires=True, level="device", style="black_white")
        figure, _ = draw()
    assert isinstance(figure, Figure)
    return figure


def resource_counts(data: pd.DataFrame) -> Figure:
    """Plot qubits, two-qubit gates and depth of star circuits against the number of leaves.

    Args:
        data: What `quantum.resources.table` returns.
    """
    panels = {"qubits": "qubits", "two_qubit_gates": "two-qubit gates (cx)", "depth": "depth (gates and resets)"}
    (device,) = data.loc[data["layout"] == "device", "device"].unique()
    # The device's larger open circles stay visible where the line's squares lie on them.
    layouts: dict[str, tuple[str, dict[str, Any]]] = {
        "device": (f"full width, {device}", {"marker": "o", "markersize": 5.5, "markerfacecolor": "none"}),
        "line": ("full width, line", {"marker": "s", "markersize": 2.5}),
        "reuse": ("leaf and edge reused, line", {"marker": "D", "markersize": 3}),
    }
    colors = dict(zip(layouts, _PALETTE, strict=False))
    dashes = dict(zip(data["circuit"].unique(), itertools.cycle(["-", "--", "-.", ":"]), strict=False))
    paper: dict[str, Any] = {"color": "#666666", "linewidth": 0.8, "linestyle": ":"}
    leaves = 3  # of the paper's star
    with _style():
        figure = Figure(figsize=(7.2, 2.9), layout="constrained")
        axes = figure.subplots(1, len(panels))
        for ax, (column, label) in zip(axes, panels.items(), strict=True):
            ax.axvline(leaves, **paper)
            for (name, layout), part in data.groupby(["circuit", "layout"], sort=False):
                _, marker = layouts[layout]
                ax.plot(part["k"], part[column], color=colors[layout], linestyle=dashes[name], linewidth=1.0, **marker)
            ax.set(xlabel="leaves k", ylabel=label)
            ax.set_ylim(bottom=0)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, steps=[1, 2, 5, 10]))
        above = [
            Line2D([], [], color=colors[layout], linewidth=1.0, label=label, **marker)
            for layout, (label, marker) in layouts.items()
        ]
        below = [Line2D([], [], color="#000000", linestyle=dash, linewidth=1.0, label=n) for n, dash in dashes.items()]
        below.append(Line2D([], [], label=f"k = {leaves}: the paper's star", **paper))
        # matplotlib fills a legend column by column: with two circuits the layouts are its first row.
        handles = [handle for pair in itertools.zip_longest(above, below) for handle in pair if handle]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(above))
    return figure
