"""Star circuits in a device's own gates, as Qiskit circuits.

Rotations always take one fixed form, rz sx rz sx rz, found by a transpilation with symbolic angles: the number and the
place of noisy gates never depend on the angles' values. A two-qubit gate between leaf and edge goes through the center
(a bridge of four CX). Leaf and edge are reset and used again, so that a star of any k runs on three qubits (four with
an ancilla).

Qubits of a line are numbered as in `devices.ROLES`: 0 is the center, 1 the leaf, 2 the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector, Qubit
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import ALAPScheduleAnalysis, PadDelay

from ...checks import require_count
from ..ansatz import Ansatz, encode
from ..engine.transfer import BlockGate, block_gates, record_gates
from .devices import Line

CENTER, LEAF, EDGE = 0, 1, 2

_ONE_QUBIT = ("u", "rz", "h", "s", "t", "x", "y", "z", "sx")  # what a block may keep while its CX are bridged

# PennyLane gate to what it is in Qiskit; rotations as u, which every device writes as rz sx rz sx rz.
_QISKIT: dict[str, Callable[..., Any]] = {
    "Rot": lambda c, p, t, o, q: c.u(t, o, p, q),
    "U3": lambda c, t, p, d, q: c.u(t, p, d, q),
    "RX": lambda c, a, q: c.u(a, -np.pi / 2, np.pi / 2, q),
    "RY": lambda c, a, q: c.u(a, 0, 0, q),
    "RZ": lambda c, a, q: c.rz(a, q),
    "PhaseShift": lambda c, a, q: c.rz(a, q),
    "Hadamard": lambda c, q: c.h(q),
    "PauliX": lambda c, q: c.x(q),
    "PauliY": lambda c, q: c.y(q),
    "PauliZ": lambda c, q: c.z(q),
    "S": lambda c, q: c.s(q),
    "T": lambda c, q: c.t(q),
    "SX": lambda c, q: c.sx(q),
    "CNOT": lambda c, a, b: c.cx(a, b),
    "CZ": lambda c, a, b: c.cz(a, b),
    "CY": lambda c, a, b: c.cy(a, b),
    "SWAP": lambda c, a, b: c.swap(a, b),
    "CRX": lambda c, t, a, b: c.crx(t, a, b),
    "CRY": lambda c, t, a, b: c.cry(t, a, b),
    "CRZ": lambda c, t, a, b: c.crz(t, a, b),
    "IsingXX": lambda c, t, a, b: c.rxx(t, a, b),
    "IsingYY": lambda c, t, a, b: c.ryy(t, a, b),
    "IsingZZ": lambda c, t, a, b: c.rzz(t, a, b),
}


def to_qiskit(gates: Sequence[BlockGate], weights: Sequence[Any], num_qubits: int) -> QuantumCircuit:
    """Write recorded PennyLane gates as a Qiskit circuit.

    Args:
        gates: What `transfer.block_gates` returns.
        weights: P numbers or parameters.
        num_qubits: Of the circuit.

    Raises:
        ValueError: A gate that is not known here.
    """
    circuit = QuantumCircuit(num_qubits)
    for gate in gates:
        name = gate.operation.__name__
        if name not in _QISKIT:
            raise ValueError(f"gate {name} has no Qiskit counterpart here; known are: {', '.join(_QISKIT)}")
        _QISKIT[name](circuit, *(weights[i] for i in gate.weights), *gate.qubits)
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
    for instruction in plain.data:
        positions = _positions(plain, instruction.qubits)
        if set(positions) != set(pair):
            result.append(instruction)
            continue
        control, target = positions
        for ends in [(control, through), (through, target)] * 2:
            result.cx(*ends)
    return result


def encoding_gates() -> list[BlockGate]:
    """Return the gates of `ansatz.encode`, on qubit 0."""
    return record_gates(lambda values, wire: encode(values, wire), 2, ["qubit"])


def _positions(circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> tuple[int, ...]:
    return tuple(circuit.find_bit(qubit).index for qubit in qubits)


def _in_native_gates(circuit: QuantumCircuit, line: Line) -> QuantumCircuit:
    """Translate to the line's gates; the symbolic angles keep rotations in their fixed form."""
    return transpile(
        circuit, target=line.target, initial_layout=[CENTER, LEAF, EDGE], routing_method="none", optimization_level=1
    )


@dataclass(frozen=True)
class NativeStar:
    """The pieces of a star on a line, in native gates.

    Attributes:
        line: The line.
        weights: The block's P parameters.
        block: The block on (center, leaf, edge).
        angles: Two parameters, in which the encodings are written.
        encodings: The encoding on center, leaf and edge, each on three qubits.
        basis_changes: Observable (X, Y, Z of the center) to what is done before Z is measured.
    """

    line: Line
    weights: tuple[Parameter, ...]
    block: QuantumCircuit
    angles: tuple[Parameter, Parameter]
    encodings: tuple[QuantumCircuit, QuantumCircuit, QuantumCircuit]
    basis_changes: dict[str, QuantumCircuit]

    def count(self) -> dict[str, int]:
        """Return the gates of one leaf: its block and the encodings of leaf and edge."""
        total: dict[str, int] = {}
        for circuit in (self.block, *self.encodings[1:]):
            for name, number in circuit.count_ops().items():
                total[name] = total.get(name, 0) + number
        return total


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
    require_count("fold", fold)
    if fold % 2 == 0:
        raise ValueError(f"fold is {fold}; it must be odd: even factors fold only part of the gates")
    weights = tuple(ParameterVector("weight", ansatz.num_parameters))
    angles = tuple(ParameterVector("angle", 2))
    abstract = drop_dead(to_qiskit(block_gates(ansatz), weights, 3), [CENTER])
    block = drop_dead(_in_native_gates(bridged(abstract, (LEAF, EDGE), CENTER), line), [CENTER])
    encodings = []
    for position in (CENTER, LEAF, EDGE):
        placed = [BlockGate(gate.operation, (position,), gate.weights) for gate in encoding_gates()]
        encodings.append(_in_native_gates(to_qiskit(placed, angles, 3), line))
    basis_changes = {}
    for letter in "XYZ":
        change = QuantumCircuit(3)
        if letter == "X":
            change.rz(np.pi / 2, CENTER)
        if letter != "Z":
            change.sx(CENTER)
        basis_changes[letter] = change
    star = NativeStar(
        line,
        weights,
        folded(block, fold),
        angles,
        tuple(folded(encoding, fold) for encoding in encodings),
        {letter: folded(change, fold) for letter, change in basis_changes.items()},
    )
    return _with_delays(star) if idle else star


def folded(circuit: QuantumCircuit, factor: int) -> QuantumCircuit:
    """Return the circuit with every gate but rz folded ``factor`` times (odd): sx^-1 is rz(pi) sx rz(pi)."""
    result = circuit.copy_empty_like()
    for instruction in circuit.data:
        result.append(instruction)
        if instruction.operation.name in ("rz", "delay"):
            continue
        (qubit, *_) = instruction.qubits
        is_sx = instruction.operation.name == "sx"
        for repeat in range(factor - 1):
            inverse = is_sx and repeat % 2 == 0
            if inverse:
                result.rz(np.pi, qubit)
            result.append(instruction)
            if inverse:
                result.rz(np.pi, qubit)
    return result


def _with_delays(star: NativeStar) -> NativeStar:
    """Schedule one leaf's part of the circuit as late as possible and fill its gaps with delays.

    Every leaf's part is the same: reset of leaf and edge, their encoding, the block; the center waits meanwhile. What
    the leaf and the edge wait for between reset and encoding leaves them in |0>.
    """
    target = star.line.target
    if target.dt is None:
        raise ValueError(f"line of {star.line.device} has no gate durations: idle relaxation needs them")
    leaf_part = QuantumCircuit(3)
    for position in (LEAF, EDGE):
        leaf_part.reset(position)
    leaf_part.barrier()
    for position in (LEAF, EDGE):
        leaf_part.compose(star.encodings[position], inplace=True)
    leaf_part.barrier()
    leaf_part.compose(star.block, inplace=True)
    leaf_part.barrier()
    schedule = PassManager([ALAPScheduleAnalysis(target=target), PadDelay(target=target)])
    padded = schedule.run(leaf_part)
    block, seen = QuantumCircuit(3), 0
    for instruction in padded.data:
        (first, *_) = positions = _positions(padded, instruction.qubits)
        seen += instruction.operation.name == "barrier"
        if instruction.operation.name == "barrier":
            continue
        if seen == 2 or (first == CENTER and instruction.operation.name == "delay"):
            block.append(instruction.operation, positions)
    return NativeStar(star.line, star.weights, block, star.angles, star.encodings, star.basis_changes)


# ---------------------------------------------------------------------------------------------------------------------
# Whole stars


@dataclass(frozen=True)
class StarCircuit:
    """A whole star in native gates, ready to be bound.

    Attributes:
        circuit: Without measurement; parameters are weights, then center, leaves, edges.
        parameters: The parameters in the order of `bindings`.
    """

    circuit: QuantumCircuit
    parameters: tuple[Parameter, ...]


def bindings(weights: np.ndarray, center: np.ndarray, leaves: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the parameter values of N stars, (N, P + 2 + 4k), in the order of `StarCircuit.parameters`.

    Args:
        weights: (P,).
        center: (2, N).
        leaves: (k, 2, N).
        edges: (k, 2, N).
    """
    count = center.shape[-1]
    rows = [np.broadcast_to(weights[:, None], (len(weights), count))]
    rows += [values.reshape(-1, count) for values in (center, leaves, edges)]
    return np.concatenate(rows).T


def reuse_circuit(star: NativeStar, k: int) -> StarCircuit:
    """Return a star of k leaves on three qubits: leaf and edge are reset after each leaf and used again.

    Raises:
        ValueError: ``k`` is below 1.
    """
    require_count("k", k)
    return _assemble(star, k, lambda i: (LEAF, EDGE), num_qubits=3, reset=True)


def full_width_circuit(star: NativeStar, k: int) -> StarCircuit:
    """Return a star of k leaves on 2k + 1 qubits (center, leaf 1, edge 1, ...), each as noisy as its role's qubit.

    No device is wired like this; it is the reference that qubit reuse is checked against.

    Raises:
        ValueError: ``k`` is below 1.
    """
    require_count("k", k)
    return _assemble(star, k, lambda i: (1 + 2 * i, 2 + 2 * i), num_qubits=2 * k + 1, reset=False)


def _assemble(
    star: NativeStar, k: int, place: Callable[[int], tuple[int, int]], *, num_qubits: int, reset: bool
) -> StarCircuit:
    center = list(ParameterVector("center", 2))
    leaves, edges = list(ParameterVector("leaf", 2 * k)), list(ParameterVector("edge", 2 * k))
    circuit = QuantumCircuit(num_qubits)

    def add(piece: QuantumCircuit, values: Sequence[Parameter], leaf: int, edge: int) -> None:
        bound = piece.assign_parameters(dict(zip(star.angles, values, strict=True))) if values else piece
        circuit.compose(bound, [CENTER, leaf, edge], inplace=True)

    add(star.encodings[CENTER], center, *place(0))
    for i in range(k):
        leaf, edge = place(i)
        if reset:
            circuit.reset([leaf, edge])
        add(star.encodings[LEAF], leaves[2 * i : 2 * i + 2], leaf, edge)
        add(star.encodings[EDGE], edges[2 * i : 2 * i + 2], leaf, edge)
        circuit.barrier()
        add(star.block, (), leaf, edge)
        circuit.barrier()
    return StarCircuit(circuit, (*star.weights, *center, *leaves, *edges))


def measured(circuit: QuantumCircuit, star: NativeStar, letter: str) -> QuantumCircuit:
    """Return the circuit with the center measured in the basis of X, Y or Z."""
    others = range(1, circuit.num_qubits)
    result = circuit.compose(star.basis_changes[letter], [CENTER, *list(others)[:2]])
    result.add_register(*QuantumCircuit(0, 1).cregs)
    result.measure(CENTER, 0)
    return result


def affine(angle: float | ParameterExpression, weights: Sequence[Parameter]) -> tuple[np.ndarray, float]:
    """Write an angle as row @ weights + offset.

    Raises:
        ValueError: It is no such function.
    """
    row = np.zeros(len(weights))
    if not isinstance(angle, ParameterExpression):
        return row, float(angle)
    for parameter in angle.parameters:
        slope = angle.gradient(parameter)
        if isinstance(slope, ParameterExpression) and slope.parameters:
            raise ValueError(f"angle {angle} is no affine function of the block's weights")
        row[weights.index(parameter)] = float(slope)
    return row, float(angle.bind({parameter: 0.0 for parameter in angle.parameters}))


def instructions(circuit: QuantumCircuit) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield every operation but barriers, with the positions of its qubits."""
    for instruction in circuit.data:
        if instruction.operation.name != "barrier":
            yield instruction.operation, _positions(circuit, instruction.qubits)
