"""What a star costs in qubits, gates and depth."""

from __future__ import annotations

import itertools
from typing import Any

from ..settings import Study
from .contract import Figure, Files, Inputs, Table, read
from .style import GRAY, below, canvas, integer_ticks, shades, styled

NAME = "resources"
CLAIMS = "C9, C10"
CAPTION = (
    "Qubits, two-qubit gates and depth of one star against its number of leaves (gates rz, sx, x and cx): at full "
    "width, every leaf and edge on a qubit of its own, routed on a device or on a line; and with leaf and edge reset "
    "and used again. `qgcl` is our reading of the paper's circuit and `qgcl_ancilla` the public code's, which has "
    "one qubit more; in `qgcl_commuting` the blocks of different leaves commute, so that their order does not "
    "matter. Counts at full width are the best that Qiskit's transpiler found, hence upper bounds. How to read: with "
    "reset, the number of qubits does not grow with k; compare gates and depth at the same k. A step of depth is no "
    "unit of time: a reset lasts longer than a gate."
)
_PANELS = {"qubits": "qubits", "two_qubit_gates": "two-qubit gates (cx)", "depth": "depth (gates and resets)"}
_PAPER = 3  # leaves of the paper's star


def inputs(study: Study) -> Inputs:
    """Return the counts."""
    return {"counts": [study.file("noise", "resources.csv")]} if study.config.noise is not None else None


def data(study: Study, files: Files) -> Table:
    """Return what `quantum.resources.table` returns."""
    return read(files["counts"])


@styled()
def draw(table: Table) -> Figure:
    """Draw qubits, two-qubit gates and depth against the number of leaves."""
    (device,) = table.loc[table["layout"] == "device", "device"].unique()
    # The device's larger open circles stay visible where the line's squares lie on them.
    light, middle, dark = shades(3)
    hollow = {"color": light, "marker": "o", "markersize": 6, "markerfacecolor": "none"}
    layouts: dict[str, tuple[str, dict[str, Any]]] = {
        "device": (f"full width, {device}", hollow),
        "line": ("full width, line", {"color": middle, "marker": "s", "markersize": 2.5}),
        "reuse": ("leaf and edge reset and reused, line", {"color": dark, "marker": "D", "markersize": 3}),
    }
    dashes = dict(zip(table["circuit"].unique(), itertools.cycle(["-", "--", "-.", ":"]), strict=False))
    paper = {"color": GRAY, "linewidth": 0.8, "linestyle": ":"}
    figure, axes = canvas(3.4, 1, len(_PANELS))
    for ax, (column, label) in zip(axes, _PANELS.items(), strict=True):
        ax.axvline(_PAPER, **paper)
        for (circuit, layout), part in table.groupby(["circuit", "layout"], sort=False):
            ax.plot(part["k"], part[column], linestyle=dashes[circuit], linewidth=1.0, **layouts[layout][1])
        ax.set(xlabel="leaves k", ylabel=label, title=label.partition(" (")[0].capitalize())
        ax.set_ylim(bottom=0)
        integer_ticks(ax.xaxis)
        integer_ticks(ax.yaxis)
    entries = {label: {"linewidth": 1.0, **style} for label, style in layouts.values()}
    entries |= {name: {"color": "#000000", "linestyle": dash, "linewidth": 1.0} for name, dash in dashes.items()}
    below(figure, {**entries, f"k = {_PAPER}: the paper's star": paper})
    return figure
