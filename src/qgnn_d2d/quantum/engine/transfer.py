r"""Pauli transfer matrices: the language in which the star engine, and device noise, speak of gates.

The Pauli coordinates of a state of n qubits are its 4^n expectation values Tr[P_i rho], the first qubit's letter
slowest. A channel acts on them as a real matrix, :math:`R_{ij} = 2^{-n} \mathrm{Tr}[P_i\,\Lambda(P_j)]`. A gate with
angles is a polynomial in their cosines and sines with constant coefficients.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import Any

import numpy as np
import pennylane as qml
import torch
from torch import Tensor

from ..ansatz import Ansatz, encode

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)
FIT_TOLERANCE = 1e-12  # residual above which a gate is no trigonometric polynomial of its angles
_DECIMALS = 9  # of a matrix in a circuit's hash: the last digits differ between machines
_UNITARY = 1e-6  # largest entry of U U^dagger - 1 of a gate: matrices may be written with few digits


@lru_cache
def _pauli_words(num_qubits: int) -> np.ndarray:
    """All 4^n Pauli words as matrices (4^n, 2^n, 2^n), the first qubit's letter slowest."""
    return reduce(np.kron, [_PAULIS] * num_qubits)


def pauli_transfer_matrix(unitary: np.ndarray) -> np.ndarray:
    """Return R_ij = 2^-n Tr[P_i U P_j U^dagger], real (4^n, 4^n), of a unitary (2^n, 2^n).

    Example:
        >>> np.diag(pauli_transfer_matrix(np.diag([1, -1]))).tolist()  # Z turns X and Y around
        [1.0, -1.0, -1.0, 1.0]
    """
    words = _pauli_words(int(np.log2(len(unitary))))
    turned = unitary @ words @ unitary.conj().T
    flat = turned.transpose(0, 2, 1).reshape(len(words), -1)
    return (words.reshape(len(words), -1) @ flat.T).real / len(unitary)


def embed(matrix: np.ndarray, qubits: Sequence[int], num_qubits: int) -> np.ndarray:
    """Return a transfer matrix (4^m, 4^m) on m distinct ``qubits`` as one (4^n, 4^n) on all n qubits."""
    others = [qubit for qubit in range(num_qubits) if qubit not in qubits]
    whole = np.kron(matrix, np.eye(4 ** len(others))).reshape((4,) * 2 * num_qubits)
    order = np.argsort([*qubits, *others])
    return whole.transpose(*order, *(num_qubits + order)).reshape(4**num_qubits, 4**num_qubits)


@dataclass(frozen=True, eq=False)
class ParametricGate:
    """A transfer matrix (4^n, 4^n) of n qubits as a function of p angles; gates of one kind share one object."""

    name: str
    num_qubits: int
    num_angles: int
    matrix: Callable[[Sequence[float]], np.ndarray]

    @cached_property
    def coefficients(self) -> Tensor:
        """(terms, 16^n) that turn `trigonometric` of the angles into the transfer matrix, flattened.

        Raises:
            ValueError: It is no polynomial in the cosines and sines that `harmonics` lists.
        """
        terms = harmonics(self.num_qubits)
        count = len(terms[0])
        period = 2 * np.pi if self.num_qubits == 1 else 4 * np.pi
        grid = np.array(list(itertools.product(np.arange(count) * period / count, repeat=self.num_angles)))
        check = np.random.default_rng(1).uniform(-3, 3, (4, self.num_angles))
        at_grid, at_check = (np.array([self.matrix(p).ravel() for p in points]) for points in (grid, check))
        coefficients = np.linalg.solve(trigonometric(torch.from_numpy(grid), *terms).numpy(), at_grid)
        predicted = trigonometric(torch.from_numpy(check), *terms).numpy() @ coefficients
        residual = np.abs(predicted - at_check).max()
        if residual > FIT_TOLERANCE:
            raise ValueError(f"gate {self.name}: no trigonometric polynomial of its angles ({residual:.1e} off)")
        return torch.from_numpy(np.where(np.abs(coefficients) < FIT_TOLERANCE, 0.0, coefficients))


def harmonics(num_qubits: int) -> tuple[Tensor, Tensor]:
    """Frequencies and phases of the cosines in a rotation's transfer matrix: 0 and 1; with a control also 1/2."""
    frequencies = (1.0,) if num_qubits == 1 else (1.0, 0.5)
    pairs = [(0.0, 0.0)] + [(f, shift) for f in frequencies for shift in (0.0, -np.pi / 2)]
    frequency, phase = torch.tensor(pairs, dtype=torch.float64).T
    return frequency, phase


def trigonometric(angles: Tensor, frequency: Tensor, phase: Tensor) -> Tensor:
    """Map angles (..., p) to the products over p of (1, cos f t, sin f t for each f): (..., (1 + 2F)^p).

    Every factor is cos(frequency t + phase), with the (1 + 2F) entries that `harmonics` gives.
    """
    factors = torch.cos(angles.unsqueeze(-1) * frequency + phase).unbind(-2)
    return reduce(lambda product, factor: (product.unsqueeze(-1) * factor.unsqueeze(-2)).flatten(-2), factors)


@dataclass(frozen=True)
class Step:
    """One step of a block: what acts on which of its qubits."""

    qubits: tuple[int, ...]  # positions in (memory..., leaf, edge)
    gate: np.ndarray | ParametricGate  # a fixed transfer matrix (4^n, 4^n), or a gate with angles
    angles: np.ndarray | None = None  # (p, P), maps the block's P weights to the gate's p angles; None: a fixed gate


@dataclass(frozen=True)
class BlockGate:
    """One recorded gate.

    Attributes:
        operation: Its PennyLane class.
        qubits: The qubits it acts on (positions).
        weights: The weights it takes as angles, in the gate's order.
        recorded: None for a gate that its class makes from these angles and wires; else the recorded operator, such as
            an adjoint, a controlled or a constant gate.
        places: Where the weights stand among the parameters of ``recorded``.
    """

    operation: type
    qubits: tuple[int, ...]
    weights: tuple[int, ...]
    recorded: Any = None
    places: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The gate's name, for messages and drawings."""
        return self.operation.__name__ if self.recorded is None else str(self.recorded.name)

    def matrix(self, angles: Sequence[float] = ()) -> np.ndarray:
        """Return the unitary (2^n, 2^n) on the gate's qubits, the first one slowest, for its angles in radians."""
        if self.recorded is None:
            return _unitary(self.operation(*angles, wires=range(len(self.qubits))))
        if not self.places:
            return _unitary(self.recorded)
        parameters = list(self.recorded.data)
        for place, angle in zip(self.places, angles, strict=True):
            parameters[place] = angle
        return _unitary(qml.ops.functions.bind_new_parameters(self.recorded, parameters))


def _unitary(operation: Any) -> np.ndarray:
    return np.asarray(qml.matrix(operation, wire_order=operation.wires))


def block_gates(ansatz: Ansatz) -> list[BlockGate]:
    """Return the gates of ``ansatz.block`` (see `record_gates`) on the positions of (memory..., leaf, edge)."""
    return record_gates(ansatz.block, ansatz.num_parameters, [*ansatz.memory, "leaf", "edge"], f"ansatz {ansatz.name}")


def identity(ansatz: Ansatz) -> str:
    """Return name and hash of a circuit: what trained weights belong to.

    The hash is of what PennyLane records: gates with qubits, weights and matrices, of encoding and block, and the
    observables. The text of the program does not count.

    Raises:
        ValueError: The block is none that the engine takes; the line names the gate.

    Example:
        >>> from qgnn_d2d.quantum.ansatz import qgcl
        >>> identity(qgcl())
        'qgcl 2db54e2a0fb767ad'
    """
    for step in ideal_steps(ansatz):
        if isinstance(step.gate, ParametricGate):
            _ = step.gate.coefficients
    parts: list[Any] = [len(ansatz.memory), ansatz.num_parameters, ansatz.observables]
    for gate in [*record_gates(encode, 2, ["qubit"]), *block_gates(ansatz)]:
        matrix = gate.matrix(np.linspace(0.3, 1.4, len(gate.weights)).tolist())
        rounded = np.round([matrix.real, matrix.imag], _DECIMALS) + 0.0  # no -0.0
        parts.append([gate.name, gate.qubits, gate.weights, rounded.tolist()])
    return f"{ansatz.name} {hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


def record_gates(
    function: Callable[..., None], num_parameters: int, wires: Sequence[str], name: str = "circuit"
) -> list[BlockGate]:
    """Record a quantum function of ``num_parameters`` weights and the wires with PennyLane; return its gates in order.

    A gate's qubits are positions in the list of wires. What has no matrix, or acts on more than two qubits, is
    decomposed. The function is recorded with two sets of weights, to tell constants from weights.

    Raises:
        ValueError: A gate takes an angle that is neither one of the weights nor a constant, is not unitary, acts on
            another wire, or acts on more than two qubits and cannot be decomposed.
    """
    probes = [np.random.default_rng(seed).random(num_parameters) for seed in (0, 1)]
    index = {float(value): i for i, value in enumerate(probes[0])}
    first, second = (_operations(function, values, wires, name) for values in probes)
    if len(first) != len(second):
        raise ValueError(f"{name}: its gates depend on the weights' values; they must be the same for all")
    pending, gates = [(one, two, one.name) for one, two in zip(first, second, strict=True)], list[BlockGate]()
    while pending:
        one, two, source = pending.pop(0)  # source: what the block says, of which this may be a part
        if (one.name, one.wires) != (two.name, two.wires):
            raise ValueError(
                f"{name}: {source} depends on the weights' values; a block's gates must be the same for all"
            )
        unknown = [wire for wire in one.wires if wire not in wires]
        if unknown:
            raise ValueError(f"{name}: {source} acts on wire {unknown[0]!r}; a block has {', '.join(map(str, wires))}")
        parameters = getattr(one, "data", ())
        fixed = [np.array_equal(a, b) for a, b in zip(parameters, getattr(two, "data", ()), strict=True)]
        arrays = any(np.ndim(value) and not same for value, same in zip(parameters, fixed, strict=True))
        if arrays or len(one.wires) not in (1, 2) or not one.has_matrix:
            gates_of = [_decomposed(operation, name, source) for operation in (one, two)]
            if len(gates_of[0]) != len(gates_of[1]):
                raise ValueError(f"{name}: the gates of {source} depend on the weights' values")
            pending = [*((*pair, source) for pair in zip(*gates_of, strict=True)), *pending]
            continue
        places = tuple(i for i, same in enumerate(fixed) if not same)
        angles = [complex(parameters[place]) for place in places]  # a real one equals, and hashes as, its float
        if not set(angles) <= set(index):
            raise ValueError(
                f"{name}: {source} takes an angle that is no entry of the weights; "
                "gates must take their angles from the weights as they are, or be constant"
            )
        qubits = tuple(wires.index(wire) for wire in one.wires)
        try:
            gates.append(_gate(one, qubits, tuple(index[angle.real] for angle in angles), places))
            matrix = gates[-1].matrix([angle.real for angle in angles])
            again = gates[-1].matrix([float(two.data[place]) for place in places]) - _unitary(two)
        except Exception as error:  # PennyLane's, of a parameter that is no number for instance
            reason = " ".join(str(error).split())
            raise ValueError(f"{name}: {source} has no matrix ({type(error).__name__}: {reason})") from error
        if np.abs(again).max() > FIT_TOLERANCE:
            raise ValueError(f"{name}: {source} depends on the weights otherwise than by its angles")
        if np.abs(matrix @ matrix.conj().T - np.eye(len(matrix))).max() > _UNITARY:
            raise ValueError(f"{name}: {source} is not unitary; a block is made of gates")
    return gates


def _operations(function: Callable[..., None], weights: np.ndarray, wires: Sequence[str], name: str) -> list[Any]:
    """Return what a quantum function does."""
    try:
        script = qml.tape.make_qscript(function)(weights, *wires)
    except IndexError as error:
        raise ValueError(
            f"{name}: its block asks for a weight that is not there ({error}); "
            f"weights are one dimension of {len(weights)} angles"
        ) from error
    except Exception as error:  # PennyLane's own, and whatever else a user's function raises
        reason = " ".join(str(error).split())
        raise ValueError(f"{name}: its block cannot be recorded ({type(error).__name__}: {reason})") from error
    if script.measurements:
        raise ValueError(
            f"{name}: its block measures {script.measurements[0]}; what is measured are the Ansatz's observables"
        )
    return list(script.operations)


def _decomposed(operation: Any, name: str, source: str) -> list[Any]:
    """Return the gates that an operation is made of."""
    if getattr(operation, "batch_size", None) is not None:
        raise ValueError(f"{name}: {source} takes {operation.batch_size} values for one angle; a gate takes one")
    if not getattr(operation, "has_decomposition", False):
        what = "two-qubit gates" if len(operation.wires) > 2 else "gates, and no matrix of its own"
        raise ValueError(f"{name}: {source} has no decomposition into {what}")
    return list(operation.decomposition())


def _gate(operation: Any, qubits: tuple[int, ...], weights: tuple[int, ...], places: tuple[int, ...]) -> BlockGate:
    """Return a recorded operation with a matrix as a gate, without the operation where its class tells all."""
    if len(places) == len(operation.data):
        plain = BlockGate(type(operation), qubits, weights)
        try:
            if np.array_equal(plain.matrix(operation.data), _unitary(operation)):
                return plain
        except (TypeError, ValueError):  # the class needs more than angles and wires
            pass
    return BlockGate(type(operation), qubits, weights, operation, places)


def ideal_steps(ansatz: Ansatz) -> list[Step]:
    """Return the block's gates without noise, in order, their matrices from PennyLane."""
    steps = []
    for gate in block_gates(ansatz):
        if not gate.weights:
            steps.append(Step(gate.qubits, pauli_transfer_matrix(gate.matrix())))
            continue
        if gate.recorded is None:
            kind = _pennylane_gate(gate.operation, len(gate.qubits), len(gate.weights))
        else:
            kind = _parametric(gate)
        steps.append(Step(gate.qubits, kind, np.eye(ansatz.num_parameters)[list(gate.weights)]))
    return steps


@lru_cache
def _pennylane_gate(operation: type, num_qubits: int, num_angles: int) -> ParametricGate:
    """Return a PennyLane class of gates as a function of its angles."""
    return _parametric(BlockGate(operation, tuple(range(num_qubits)), tuple(range(num_angles))))


def _parametric(gate: BlockGate) -> ParametricGate:
    """Return a gate's transfer matrix as a function of its angles."""

    def matrix(angles: Sequence[float]) -> np.ndarray:
        return pauli_transfer_matrix(gate.matrix(angles))

    return ParametricGate(gate.name, len(gate.qubits), len(gate.weights), matrix)
