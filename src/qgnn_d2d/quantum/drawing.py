"""The gates of a star in order, for drawings."""

from __future__ import annotations

from collections.abc import Iterator

from .ansatz import Ansatz, star_wires
from .engine.transfer import block_gates

Gate = tuple[str, tuple[str, ...], tuple[str, ...]]


def star_gates(ansatz: Ansatz, k: int) -> Iterator[Gate]:
    """Yield every gate of a star: its name, its wires, and the names of its angles.

    Args:
        ansatz: The circuit.
        k: Leaves.

    Example:
        >>> from qgnn_d2d.quantum.ansatz import qgcl
        >>> gates = list(star_gates(qgcl(), 1))
        >>> gates[0], gates[6][0], gates[6][2]
        (('RX', ('center',), ('c1',)), 'Rot', ('θ1', 'θ2', 'θ3'))
    """
    wires = [wire.replace(" ", "_") for wire in star_wires(ansatz, k)]
    memory = [wires[0], *wires[2 * k + 1 :]]
    encoded = {wires[0]: "c"} | {f"{kind}_{i}": f"{kind[0]}{i}." for i in range(1, k + 1) for kind in ("leaf", "edge")}
    for wire, name in encoded.items():
        yield "RX", (wire,), (f"{name}1",)
        yield "RZ", (wire,), (f"{name}2",)
    block = block_gates(ansatz)
    for i in range(1, k + 1):
        places = [*memory, f"leaf_{i}", f"edge_{i}"]
        for gate in block:
            angles = tuple(f"θ{weight + 1}" for weight in gate.weights)
            yield gate.operation.__name__, tuple(places[qubit] for qubit in gate.qubits), angles
