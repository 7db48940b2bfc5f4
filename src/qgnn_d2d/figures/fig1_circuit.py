"""Fig. 1: the circuit of one star."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import Study
from .style import styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "fig1_circuit"
CLAIMS = "C9, C10"
CAPTION = (
    "The circuit of one star: the encoding of center, leaves and edges (RX, RZ with their angles), then the shared "
    "block on center, leaf and edge for every leaf in turn, and the measurement of the center. How to read: time runs "
    "from left to right, and from one row to the next; θ are the block's trained angles, the same for every leaf."
)
_PER_ROW = 14  # columns of gates


def _run(study: Study) -> Any:
    """Return the study's first run of a QGNN without noise."""
    return next((run for run in study.runs.values() if getattr(run.architecture, "circuit", None)), None)


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return no files: the circuit stands in the settings. None for a study without a QGNN."""
    return {} if _run(study) is not None else None


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return one row per gate: column (its place in time), gate, wires and angles, as text."""
    import pandas as pd

    from ..quantum import ansatz
    from ..quantum.drawing import star_gates

    options = _run(study).architecture
    star = ansatz.build(options.circuit, options.entangling_layers)
    order = [wire.replace(" ", "_") for wire in ansatz.star_wires(star, options.k)]
    gates = list(star_gates(star, options.k))
    memory = (order[0], *order[2 * options.k + 1 :])
    gates.append((", ".join(f"⟨{word}⟩" for word in star.observables), memory, ()))
    rows, busy = [], dict[str, int]()
    for gate, wires, angles in gates:
        places = sorted(order.index(wire) for wire in wires)
        crossed = order[places[0] : places[-1] + 1]  # a gate's line crosses all wires between its own
        column = max(busy.get(wire, 0) for wire in crossed)
        rows.append({"column": column, "gate": gate, "wires": " ".join(wires), "angles": " ".join(angles)})
        busy |= dict.fromkeys(crossed, column + 1)
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame) -> Figure:
    """Draw the gates, in rows of a readable width."""
    from matplotlib.figure import Figure

    wires = list(dict.fromkeys(wire for names in table["wires"] for wire in names.split()))
    wires.sort(key=lambda wire: (wire != "center", wire == "ancilla", wire.partition("_")[2], wire.startswith("edge")))
    rows = int(table["column"].max()) // _PER_ROW + 1
    height = 0.34 * len(wires) + 0.35
    with styled():
        figure = Figure(figsize=(9.0, height * rows), layout="constrained")
        for row, ax in enumerate(figure.subplots(rows, 1, squeeze=False)[:, 0]):
            ax.set(xlim=(-0.6, _PER_ROW - 0.4), ylim=(len(wires) - 0.5, -0.6))
            ax.axis("off")
            for place, wire in enumerate(wires):
                ax.plot([-0.6, _PER_ROW - 0.4], [place, place], color="#999999", linewidth=0.7, zorder=0)
                ax.text(-0.7, place, wire.replace("_", " "), ha="right", va="center", fontsize=7)
            part = table[table["column"] // _PER_ROW == row]
            for gate in part.to_dict("records"):
                _draw_gate(ax, gate["column"] % _PER_ROW, gate, [wires.index(wire) for wire in gate["wires"].split()])
    return figure


def _draw_gate(ax: Any, x: int, gate: Mapping[str, Any], places: list[int]) -> None:
    """Draw one gate: a controlled one as control and target, others as a box with their angles."""
    if gate["gate"] == "CNOT":
        control, target = places
        ax.plot([x, x], places, color="#000000", linewidth=0.9)
        ax.plot(x, control, "o", color="#000000", markersize=4)
        ax.plot(x, target, "o", markerfacecolor="white", markeredgecolor="#000000", markersize=7)
        ax.plot(x, target, "+", color="#000000", markersize=7)
        return
    if len(places) > 1:
        ax.plot([x, x], [min(places), max(places)], color="#000000", linewidth=0.9)
    angles = str(gate["angles"]) if isinstance(gate["angles"], str) else ""
    for place in places:
        text = gate["gate"] + (f"\n{angles}" if angles and place == places[-1] else "")
        box = {"boxstyle": "square,pad=0.25", "facecolor": "white", "edgecolor": "#000000", "linewidth": 0.7}
        ax.text(x, place, text, ha="center", va="center", fontsize=5.6, bbox=box, linespacing=1.1)
