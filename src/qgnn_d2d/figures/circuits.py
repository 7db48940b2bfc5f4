"""The circuit of a star, and what it costs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .style import PALETTE, styled

if TYPE_CHECKING:
    from ..quantum.ansatz import Ansatz


def circuit(ansatz: Ansatz, k: int) -> Figure:
    """Draw a star's circuit with PennyLane: Fig. 1.

    Args:
        ansatz: The circuit.
        k: Leaves; 2k + 1 qubits, and the ancilla where there is one.
    """
    import numpy as np
    import pennylane as qml

    from ..quantum.ansatz import measurements, star_circuit, star_wires

    wires = star_wires(ansatz, k)

    def star() -> list[Any]:
        star_circuit(ansatz, np.zeros(ansatz.num_parameters), np.zeros(2), np.zeros((k, 2)), np.zeros((k, 2)))
        return measurements(ansatz)

    with styled():
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
    colors = dict(zip(layouts, PALETTE, strict=False))
    dashes = dict(zip(data["circuit"].unique(), itertools.cycle(["-", "--", "-.", ":"]), strict=False))
    paper: dict[str, Any] = {"color": "#666666", "linewidth": 0.8, "linestyle": ":"}
    leaves = 3  # of the paper's star
    with styled():
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
