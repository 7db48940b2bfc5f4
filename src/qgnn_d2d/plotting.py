"""The figures' common style, and the figures: functions of data frames that return matplotlib figures."""

from __future__ import annotations

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
