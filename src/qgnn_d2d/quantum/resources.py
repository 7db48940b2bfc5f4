"""What a star costs on a device: qubits, two-qubit gates and depth, in full width or with qubits used again.

Three layouts are compared. ``device`` is full width on the topology of a real device: every leaf and every edge has a
qubit of its own. ``line`` is full width on a row of just as many qubits. ``reuse`` is a row of three qubits (four with
an ancilla), of which leaf and edge are reset after each leaf and serve the next one.

All circuits are in the gates rz, sx, x and cx, and neighbors have their cx in both directions, whatever the device's
own two-qubit gate is: that makes the counts comparable. Angles are parameters, so nothing is simplified for particular
values. Reuse with the center as the only memory is the circuit of the noise study (`circuits.assembled`);
everything else is routed by Qiskit at its highest optimization level. That is a heuristic: what it finds is an upper
bound. It is given two forms of the block, as written and bridged (see `compile.abstract_parts`), with each of `SEEDS`,
and the best result counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import pandas as pd
from qiskit import generate_preset_pass_manager
from qiskit.transpiler import CouplingMap, PassManager

from .ansatz import ANSATZE, Ansatz, build
from .hardware.circuits import StarCircuit, assembled
from .hardware.compile import CENTER, abstract_parts, instructions, native_star
from .hardware.devices import depolarizing_line, stored

LAYOUTS = ("device", "line", "reuse")
SEEDS = range(20)
"""Of Qiskit's transpiler. The result with the fewest two-qubit gates counts; ties go to the smaller depths."""

_TWO_QUBIT_GATE = "cx"
_ONE_QUBIT_GATES = ("sx", "x")  # rz is a change of frame: no pulse, no error
_BASIS = ["rz", *_ONE_QUBIT_GATES, _TWO_QUBIT_GATE]


@dataclass(frozen=True)
class RoutedStar:
    """A star in native gates on a device's qubits."""

    star: StarCircuit  # on all qubits of the device, whether it uses them or not
    memory: tuple[int, ...]  # where center and, if there is one, ancilla are at the end
    coupling_map: CouplingMap  # neighbors on the device

    def count(self) -> dict[str, int]:
        """Return the number of qubits that the circuit touches, its gates and its depths.

        Depth counts all gates, rz among them, and a reset as one.
        """
        circuit = self.star.circuit
        operations = circuit.count_ops()
        return {
            "qubits": len({qubit for _, qubits in instructions(circuit) for qubit in qubits}),
            "two_qubit_gates": operations.get(_TWO_QUBIT_GATE, 0),
            "two_qubit_depth": circuit.depth(lambda instruction: instruction.operation.name == _TWO_QUBIT_GATE),
            "depth": circuit.depth(),
            "one_qubit_gates": sum(operations.get(name, 0) for name in _ONE_QUBIT_GATES),
            "resets": operations.get("reset", 0),
        }


def routed_star(ansatz: Ansatz, k: int, layout: str, device: str) -> RoutedStar:
    """Return a star of k leaves in the gates rz, sx, x and cx, routed for a layout: the best one that was found.

    ``device`` is one of `devices.CALIBRATIONS`, whose topology the layout ``device`` has.

    Raises:
        ValueError: An unknown device, ``k`` below 1, or a device with too few qubits.
    """
    if layout == "reuse" and len(ansatz.memory) == 1:
        line = depolarizing_line(0)
        return RoutedStar(assembled(native_star(ansatz, line), k), (CENTER,), line.target.build_coupling_map())
    forms = [
        assembled(abstract_parts(ansatz, bridge=bridge), k, wide=layout != "reuse", barriers=False)
        for bridge in (False, True)
    ]
    width = forms[0].circuit.num_qubits
    place = device if layout == "device" else width
    coupling_map = _topology(place)
    if width > coupling_map.size():
        raise ValueError(
            f"device {device} has {coupling_map.size()} qubits; {ansatz.name} with {k} leaves needs {width}"
        )

    routed = []
    for seed in SEEDS:
        for form in forms:
            circuit = _passes(place, seed).run(form.circuit)
            memory = tuple(circuit.layout.final_index_layout()[: len(ansatz.memory)])
            routed.append(RoutedStar(StarCircuit(circuit, form.parameters), memory, coupling_map))
    numbers = [star.star.circuit.count_ops().get(_TWO_QUBIT_GATE, 0) for star in routed]
    smallest = [star for star, number in zip(routed, numbers, strict=True) if number == min(numbers)]
    cost = itemgetter("two_qubit_depth", "depth", "one_qubit_gates")  # depths take longer to find than numbers
    return min(smallest, key=lambda star: cost(star.count()))


@lru_cache(maxsize=4 * len(SEEDS))
def _passes(place: str | int, seed: int) -> PassManager:
    """Set up Qiskit's highest optimization level once per topology and seed: that takes its time, too."""
    return generate_preset_pass_manager(3, coupling_map=_topology(place), basis_gates=_BASIS, seed_transpiler=seed)


@lru_cache
def _topology(place: str | int) -> CouplingMap:
    """The neighbors of a device, or of a row of that many qubits, in both directions."""
    if isinstance(place, int):
        return CouplingMap.from_line(place)
    pairs = stored(place).coupling
    return CouplingMap(sorted({*pairs, *((b, a) for a, b in pairs)}))


def count(name: str, k: int, layout: str, device: str) -> dict[str, Any]:
    """Return what a star costs: circuit, k, layout, device (None in other layouts), and `RoutedStar.count`.

    Arguments and errors are those of `routed_star`, with a circuit of `ansatz.ANSATZE` by its name. The noise study's
    circuit, reuse of `ansatz.qgcl`, also resets before the first leaf.
    """
    counts = routed_star(build(name), k, layout, device).count()
    return {"circuit": name, "k": k, "layout": layout, "device": device if layout == "device" else None} | counts


def table(ks: Sequence[int], device: str) -> pd.DataFrame:
    """Return a row per circuit, number of leaves and layout (see `count`)."""
    return pd.DataFrame([count(name, k, layout, device) for name in ANSATZE for k in ks for layout in LAYOUTS])
