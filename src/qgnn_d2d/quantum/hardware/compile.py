"""The parts of a star in a device's own gates: encodings, block and basis changes, as Qiskit circuits.

Rotations always take one fixed form, rz sx rz sx rz, found by a transpilation with symbolic angles: the number and the
place of noisy gates never depend on the angles' values. A two-qubit gate between leaf and edge goes through the center
(a bridge of four CX). `hardware.circuits` puts the parts together to whole stars.

Qubits of a line are numbered as in `devices.ROLES`: 0 is the center, 1 the leaf, 2 the edge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import ALAPScheduleAnalysis, PadDelay

from ..ansatz import Ansatz, encode
from ..engine.transfer import BlockGate, block_gates, record_gates
from .devices import ROLES, Line

CENTER, LEAF, EDGE = 0, 1, 2

_ONE_QUBIT = ("u", "rz", "h", "s", "t", "x", "y", "z", "sx")  # what a block may keep while its CX are bridged

# PennyLane gates that Qiskit has under another name, angles first and then qubits in both.
_SAME = {
    "RZ": "rz", "PhaseShift": "rz", "Hadamard": "h", "PauliX": "x", "PauliY": "y", "PauliZ": "z", "S": "s", "T": "t",
    "SX": "sx", "CNOT": "cx", "CZ": "cz", "CY": "cy", "SWAP": "swap", "CRX": "crx", "CRY": "cry", "CRZ": "crz",
    "IsingXX": "rxx", "IsingYY": "ryy", "IsingZZ": "rzz",
}  # fmt: skip
# PennyLane rotations to u, which every device writes as rz sx rz sx rz.
_AS_U: dict[str, Callable[..., tuple[Any, Any, Any]]] = {
    "Rot": lambda phi, theta, omega: (theta, omega, phi),
    "U3": lambda theta, phi, delta: (theta, phi, delta),
    "RX": lambda angle: (angle, -np.pi / 2, np.pi / 2),
    "RY": lambda angle: (angle, 0, 0),
}


def to_qiskit(gates: Sequence[BlockGate], weights: Sequence[Any], num_qubits: int) -> QuantumCircuit:
    """Write recorded PennyLane gates (see `transfer.block_gates`) as a Qiskit circuit of P numbers or parameters.

    Gates without weights that Qiskit does not have by name are written as their matrices.

    Raises:
        ValueError: A gate with weights that is not known here.
    """
    circuit = QuantumCircuit(num_qubits)
    for gate in gates:
        name, angles = gate.name, [weights[i] for i in gate.weights]
        if gate.recorded is not None and name in (*_AS_U, *_SAME):
            angles = [float(value) for value in gate.recorded.data]  # those of the weights are written over
            for place, i in zip(gate.places, gate.weights, strict=True):
                angles[place] = weights[i]
        if name in _AS_U:
            circuit.u(*_AS_U[name](*angles), *gate.qubits)
        elif name in _SAME:
            getattr(circuit, _SAME[name])(*angles, *gate.qubits)
        elif not gate.weights:
            circuit.unitary(gate.matrix(), gate.qubits[::-1])  # Qiskit's last qubit is the slowest one
        else:
            raise ValueError(f"gate {name} has no Qiskit counterpart here; known are: {', '.join([*_AS_U, *_SAME])}")
    return circuit


def drop_dead(circuit: QuantumCircuit, measured: Sequence[int]) -> QuantumCircuit:
    """Leave out the gates that nothing measured depends on: no later gate connects their qubits with ``measured``."""
    live = {circuit.qubits[i] for i in measured}
    kept = []
    for instruction in reversed(circuit.data):
        if live & set(instruction.qubits):
            live |= set(instruction.qubits)
            kept.append(instruction)
    result = circuit.copy_empty_like()
    result.data = kept[::-1]
    return result


def bridged(circuit: QuantumCircuit, pair: tuple[int, int], through: int) -> QuantumCircuit:
    """Write a circuit with CX only, and replace each CX between the qubits of ``pair`` by four ``through`` another."""
    plain = transpile(circuit, basis_gates=[*_ONE_QUBIT, "cx"], optimization_level=0)
    result = plain.copy_empty_like()
    for operation, qubits in instructions(plain):
        if set(qubits) != set(pair):
            result.append(operation, qubits)
            continue
        control, target = qubits
        for ends in [(control, through), (through, target)] * 2:
            result.cx(*ends)
    return result


def _in_native_gates(circuit: QuantumCircuit, line: Line) -> QuantumCircuit:
    """Translate to the line's gates; the symbolic angles keep rotations in their fixed form."""
    return transpile(
        circuit, target=line.target, initial_layout=[CENTER, LEAF, EDGE], routing_method="none", optimization_level=1
    )


@dataclass(frozen=True)
class StarParts:
    """The parts of a star."""

    weights: tuple[Parameter, ...]  # the block's P parameters
    block: QuantumCircuit  # on (memory..., leaf, edge)
    angles: tuple[Parameter, ...]  # the two in which the encodings are written
    encodings: tuple[QuantumCircuit, ...]  # of center, leaf and edge, each on all qubits of the block


@dataclass(frozen=True)
class NativeStar(StarParts):
    """The parts of a star on a line, in native gates, on (center, leaf, edge)."""

    line: Line
    basis_changes: dict[str, QuantumCircuit]  # X, Y and Z of the center to what is done before Z is measured

    def count(self) -> dict[str, int]:
        """Return the gates of one leaf: its block and the encodings of leaf and edge."""
        circuits = (self.block, *self.encodings[1:])
        return dict(sum((Counter(circuit.count_ops()) for circuit in circuits), Counter()))


def abstract_parts(ansatz: Ansatz, *, bridge: bool) -> StarParts:
    """Return the parts of a star in gates that any device can translate, without those that nothing depends on.

    With ``bridge``, the block fits on a row of qubits and leaves them where they are: it has four CX through the center
    instead of one between leaf and edge or, where there is an ancilla, between leaf and ancilla.

    Raises:
        ValueError: The block has a gate that `to_qiskit` does not know.
    """
    num_memory = len(ansatz.memory)
    width = num_memory + 2
    weights = tuple(ParameterVector("weight", ansatz.num_parameters))
    angles = tuple(ParameterVector("angle", 2))
    block = drop_dead(to_qiskit(block_gates(ansatz), weights, width), range(num_memory))
    if bridge:  # the two are qubits 1 and 2, with or without an ancilla
        block = bridged(block, (1, 2), CENTER)
    wires = [*ansatz.memory, "leaf", "edge"]
    encodings = [
        to_qiskit(record_gates(lambda values, *_, wire=wire: encode(values, wire), 2, wires), angles, width)
        for wire in (wires[CENTER], "leaf", "edge")
    ]
    return StarParts(weights, block, angles, tuple(encodings))


@lru_cache
def _native_parts(ansatz: Ansatz, line: Line) -> StarParts:
    """Translate the parts of a star to a line's gates, once for all folds."""
    parts = abstract_parts(ansatz, bridge=True)
    block = drop_dead(_in_native_gates(parts.block, line), [CENTER])
    return replace(parts, block=block, encodings=tuple(_in_native_gates(part, line) for part in parts.encodings))


def native_star(ansatz: Ansatz, line: Line, *, idle: bool = False, fold: int = 1) -> NativeStar:
    """Compile a star for a line.

    Args:
        ansatz: A circuit whose memory is the center alone.
        line: Where it runs.
        idle: Write the time that a qubit waits for others as delays (as late as possible), the center's wait for the
            reset and the encoding of leaf and edge included.
        fold: Odd; every noisy gate g becomes g (g^-1 g)^((fold - 1) / 2), which is g again but for the noise.

    Raises:
        ValueError: A circuit with an ancilla, an unknown gate, an even fold, or idle on a line without durations.
    """
    if len(ansatz.memory) > 1:
        raise ValueError(
            f"ansatz {ansatz.name} keeps {len(ansatz.memory)} qubits from leaf to leaf: device noise is modelled on a "
            "line leaf - center - edge, for circuits that keep the center alone"
        )
    if fold < 1 or fold % 2 != 1:
        raise ValueError(f"fold is {fold}; it must be an odd number of at least 1: others fold only part of the gates")
    parts = _native_parts(ansatz, line)
    changes = {letter: QuantumCircuit(3) for letter in "XYZ"}
    changes["X"].rz(np.pi / 2, CENTER)
    for letter in "XY":
        changes[letter].sx(CENTER)
    star = NativeStar(
        weights=parts.weights,
        block=folded(parts.block, fold),
        angles=parts.angles,
        encodings=tuple(folded(encoding, fold) for encoding in parts.encodings),
        line=line,
        basis_changes={letter: folded(change, fold) for letter, change in changes.items()},
    )
    return _with_delays(star) if idle else star


def folded(circuit: QuantumCircuit, factor: int) -> QuantumCircuit:
    """Return the circuit with every gate but rz folded ``factor`` times (odd): sx^-1 is rz(pi) sx rz(pi)."""
    result = circuit.copy_empty_like()
    for instruction in circuit.data:
        name = instruction.operation.name
        for repeat in range(1 if name in ("rz", "delay") else factor):
            turned = name == "sx" and repeat % 2 == 1
            if turned:
                result.rz(np.pi, instruction.qubits)
            result.append(instruction)
            if turned:
                result.rz(np.pi, instruction.qubits)
    return result


def _with_delays(star: NativeStar) -> NativeStar:
    """Schedule one leaf's part of the circuit as late as possible and fill its gaps with delays."""
    # Every leaf's part is the same: reset of leaf and edge, their encoding, the block; the center waits meanwhile. What
    # the leaf and the edge wait for between reset and encoding leaves them in |0>.
    target = star.line.target
    if target.dt is None:
        raise ValueError(f"line of {star.line.device} has no gate durations: idle relaxation needs them")
    leaf_part = QuantumCircuit(3)
    leaf_part.reset([LEAF, EDGE])
    leaf_part.barrier()
    for position in (LEAF, EDGE):
        leaf_part.compose(star.encodings[position], inplace=True)
    leaf_part.barrier()
    leaf_part.compose(star.block, inplace=True)
    leaf_part.barrier()
    for operation, qubits in instructions(leaf_part):
        if target[operation.name][qubits].duration is None:
            place = " and ".join(ROLES[qubit] for qubit in qubits)
            raise ValueError(
                f"line of {star.line.device} has no duration of {operation.name} on {place}: idle relaxation needs it"
            )
    schedule = PassManager([ALAPScheduleAnalysis(target=target), PadDelay(target=target)])
    block, seen = QuantumCircuit(3), 0
    for operation, qubits in instructions(schedule.run(leaf_part), barriers=True):
        if operation.name == "barrier":
            seen += 1
        elif seen == 2 or (qubits[0] == CENTER and operation.name == "delay"):
            block.append(operation, qubits)
    return replace(star, block=block)


def affine(angle: float | ParameterExpression, weights: Sequence[Parameter]) -> tuple[np.ndarray, float]:
    """Write an angle as row @ weights + offset; a ValueError where it is no such function."""
    row = np.zeros(len(weights))
    if not isinstance(angle, ParameterExpression):
        return row, float(angle)
    for parameter in angle.parameters:
        slope = angle.gradient(parameter)
        if isinstance(slope, ParameterExpression) and slope.parameters:
            raise ValueError(f"angle {angle} is no affine function of the block's weights")
        row[weights.index(parameter)] = float(slope)
    return row, float(angle.bind({parameter: 0.0 for parameter in angle.parameters}))


def instructions(circuit: QuantumCircuit, *, barriers: bool = False) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield every operation, barriers only if asked for, with the positions of its qubits."""
    for instruction in circuit.data:
        if barriers or instruction.operation.name != "barrier":
            yield instruction.operation, tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
