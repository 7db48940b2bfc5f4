"""Fig. 1: the circuit of one star."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..settings import Study
from .contract import Figure, Files, Inputs, Table
from .style import canvas, styled

if TYPE_CHECKING:
    from ..quantum.engine.transfer import BlockGate

NAME = "fig1_circuit"
CLAIMS = "C9, C10"
CAPTION = (
    "The circuit of one star: the encoding of center, leaves and edges (RX, RZ), then the shared block on center, leaf "
    "and edge for every leaf in turn, and the measurement of the center. The angles c, l1, e1, ... encode the "
    "features of the center, of leaf 1 and of edge 1; θ are the block's trained angles, the same for every leaf. How "
    "to read: time runs from left to right, and from one row to the next. A leaf and its edge meet one block only, so "
    "their qubits can be reset and used again."
)
_PER_ROW = 8  # most columns of gates in a row
_FONT = 8.5  # points


def _options(study: Study) -> Any:
    """Return the options of the first QGNN: of the main experiment, or of any run."""
    runs = [*study.experiments.get("main", []), *study.runs]
    options = (study.runs[run].architecture for run in runs)
    return next((one for one in options if hasattr(one, "circuit")), None)


def inputs(study: Study) -> Inputs:
    """Return no files: the circuit stands in the settings. None for a study without a QGNN."""
    return None if _options(study) is None else {}


def settings(study: Study) -> str:
    """Return what the circuit depends on."""
    options = _options(study)
    return f"circuit = {options.circuit}, entangling_layers = {options.entangling_layers}, k = {options.k}"


def data(study: Study, files: Files) -> Table:
    """Return one row per gate: column (its place in time), gate, wires and angles, as text."""
    import pandas as pd

    from ..quantum import ansatz
    from ..quantum.engine.transfer import block_gates

    options = _options(study)
    star = ansatz.build(options.circuit, options.entangling_layers)
    order = [wire.replace(" ", "_") for wire in ansatz.star_wires(star, options.k)]
    memory = (order[0], *order[2 * options.k + 1 :])
    leaves = [(f"leaf_{i}", f"edge_{i}") for i in range(1, options.k + 1)]
    encoded = {order[0]: "c"} | {wire: f"{wire[0]}{wire[5:]}." for pair in leaves for wire in pair}
    gates: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    for wire, name in encoded.items():
        gates += [("RX", (wire,), (f"{name}1",)), ("RZ", (wire,), (f"{name}2",))]
    block = block_gates(star)
    for pair in leaves:
        for one in block:
            wires = tuple((*memory, *pair)[qubit] for qubit in one.qubits)
            gates.append((one.name, wires, tuple(_angles(one))))
    gates.append((", ".join(f"⟨{word}⟩" for word in star.observables), memory, ()))
    rows, busy = [], dict[str, int]()
    for gate, wires, angles in gates:
        places = sorted(order.index(wire) for wire in wires)
        crossed = order[places[0] : places[-1] + 1]  # a gate's line crosses all wires between its own
        column = max(busy.get(wire, 0) for wire in crossed)
        rows.append({"column": column, "gate": gate, "wires": " ".join(wires), "angles": " ".join(angles)})
        busy |= dict.fromkeys(crossed, column + 1)
    return pd.DataFrame(rows)


def _angles(gate: BlockGate) -> Iterator[str]:
    """Yield the names of a gate's angles, and the values of those that are constant."""
    if gate.recorded is None:
        places, values = dict(enumerate(gate.weights)), gate.weights
    else:
        places, values = dict(zip(gate.places, gate.weights, strict=True)), gate.recorded.data
    for place, value in enumerate(values):
        if place in places:
            yield f"θ{places[place] + 1}"
        elif not getattr(value, "ndim", 0):  # no matrix
            yield f"{value:.3g}"


@styled()
def draw(table: Table) -> Figure:
    """Draw the gates, in rows of a readable width."""
    wires = list(dict.fromkeys(wire for names in table["wires"] for wire in names.split()))
    wires.sort(key=lambda wire: (int(wire.partition("_")[2] or 0), wire != "center"))  # the rest as encoded: leaf, edge
    columns = int(table["column"].max()) + 1
    rows = -(-columns // _PER_ROW)
    per_row = -(-columns // rows)
    figure, axes = canvas((0.42 * len(wires) + 0.35) * rows, rows, 1, squeeze=False)
    for row, ax in enumerate(axes[:, 0]):
        ax.set(xlim=(-0.6, per_row - 0.4), ylim=(len(wires) - 0.5, -0.6))
        ax.axis("off")
        for place, wire in enumerate(wires):
            ax.plot([-0.6, per_row - 0.4], [place, place], color="#999999", linewidth=0.7, zorder=0)
            ax.text(-0.7, place, wire.replace("_", " "), ha="right", va="center", fontsize=_FONT)
        for gate in table[table["column"] // per_row == row].to_dict("records"):
            _draw_gate(ax, gate["column"] % per_row, gate, [wires.index(wire) for wire in gate["wires"].split()])
    return figure


def _draw_gate(ax: Any, x: int, gate: Mapping[Any, Any], places: list[int]) -> None:
    """Draw one gate: a CNOT as control and target, others as boxes with their angles."""
    if len(places) > 1:
        ax.plot([x, x], [min(places), max(places)], color="#000000", linewidth=0.9)
    if gate["gate"] == "CNOT":
        control, target = places
        ax.plot(x, control, "o", color="#000000", markersize=4)
        ax.plot(x, target, "o", markerfacecolor="white", markeredgecolor="#000000", markersize=7)
        ax.plot(x, target, "+", color="#000000", markersize=7)
        return
    angles = gate["angles"] if isinstance(gate["angles"], str) else ""  # an empty field of the CSV file is no text
    size = min(_FONT, 100 / max(len(gate["gate"]), len(angles)))  # a column holds about as many points
    # Slanted, with indices below the line: an upright θ looks like a zero, and an l like a one.
    angles = re.sub(r"\b([cleθ])([\d.]+)", r"$\1_{\2}$", angles).replace("θ", r"\theta")
    box = {"boxstyle": "square,pad=0.25", "facecolor": "white", "edgecolor": "#000000", "linewidth": 0.7}
    for place in places:
        text = gate["gate"] + (f"\n{angles}" if angles and place == places[-1] else "")
        ax.text(x, place, text, ha="center", va="center", fontsize=size, bbox=box, linespacing=1.1)
