r"""Pauli transfer matrices: the language in which the star engine, and device noise, speak of gates.

The Pauli coordinates of a state of n qubits are its 4^n expectation values Tr[P_i rho], the first qubit's letter
slowest. A channel acts on them as a real matrix, :math:`R_{ij} = 2^{-n} \mathrm{Tr}[P_i\,\Lambda(P_j)]`. A gate with
angles is a polynomial in their cosines and sines with constant coefficients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pennylane as qml
import torch

from ..ansatz import Ansatz

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)
FIT_TOLERANCE = 1e-12  # residual above which a gate is no trigonometric polynomial of its angles


@lru_cache
def _pauli_words(num_qubits: int) -> np.ndarray:
    """All 4^n Pauli words as matrices (4^n, 2^n, 2^n), the first qubit's letter slowest."""
    words = _PAULIS
    for _ in range(num_qubits - 1):
        words = np.einsum("aij,bkl->abikjl", words, _PAULIS).reshape(
            4 * len(words), 2 * words.shape[1], 2 * words.shape[2]
        )
    return words


def pauli_transfer_matrix(unitary: np.ndarray) -> np.ndarray:
    """Return R_ij = 2^-n Tr[P_i U P_j U^dagger], real (4^n, 4^n), of a unitary (2^n, 2^n).

    Raises:
        ValueError: It is no unitary matrix of at least one qubit.
    """
    size = len(unitary) if unitary.ndim == 2 and unitary.shape[0] == unitary.shape[1] else 0
    if size < 2 or size & (size - 1):
        raise ValueError(f"unitary has shape {unitary.shape}; it must be (2^n, 2^n), n at least 1")
    if not np.allclose(unitary @ unitary.conj().T, np.eye(size)):
        raise ValueError(f"unitary is a matrix of shape {unitary.shape} that is not unitary")
    words = _pauli_words(int(np.log2(len(unitary))))
    turned = unitary @ words @ unitary.conj().T
    flat = turned.transpose(0, 2, 1).reshape(len(words), -1)
    return (words.reshape(len(words), -1) @ flat.T).real / len(unitary)


def embed(matrix: np.ndarray, qubits: Sequence[int], num_qubits: int) -> np.ndarray:
    """Return a transfer matrix (4^m, 4^m) on ``qubits`` as one (4^n, 4^n) on all n qubits.

    Raises:
        ValueError: ``qubits`` are not distinct numbers from 0 to n - 1, or ``matrix`` is not on as many qubits.
    """
    if len(set(qubits)) < len(qubits) or not set(qubits) <= set(range(num_qubits)):
        raise ValueError(f"qubits are {list(qubits)}; they must be distinct numbers from 0 to {num_qubits - 1}")
    if not qubits or matrix.shape != (4 ** len(qubits),) * 2:
        raise ValueError(f"matrix has shape {matrix.shape}; on {len(qubits)} qubits (at least 1) it must be (4^m, 4^m)")
    others = [qubit for qubit in range(num_qubits) if qubit not in qubits]
    placed = [*qubits, *others]
    whole = np.kron(matrix, np.eye(4 ** len(others))).reshape((4,) * 2 * num_qubits)
    order = np.argsort(placed)
    return whole.transpose(*order, *(num_qubits + order)).reshape(4**num_qubits, 4**num_qubits)


# ---------------------------------------------------------------------------------------------------------------------
# Gates with angles


@dataclass(frozen=True, eq=False)
class ParametricGate:
    """A transfer matrix as a function of angles; gates of one kind share one object.

    Attributes:
        name: For messages.
        num_qubits: n.
        num_angles: p.
        matrix: Maps p angles to the transfer matrix (4^n, 4^n).
    """

    name: str
    num_qubits: int
    num_angles: int
    matrix: Callable[[Sequence[float]], np.ndarray]

    def coefficients(self) -> torch.Tensor:
        """Return (terms, 16^n) that turn `trigonometric` of the angles into the transfer matrix, flattened.

        Raises:
            ValueError: It is no polynomial in the cosines and sines that `harmonics` lists.
        """
        terms = harmonics(self.num_qubits)
        count = len(terms[0])
        period = 2 * np.pi if self.num_qubits == 1 else 4 * np.pi
        grid = np.array(list(itertools.product(np.arange(count) * period / count, repeat=self.num_angles)))
        check = np.random.default_rng(1).uniform(-3, 3, (4, self.num_angles))
        exact = {name: np.array([self.matrix(p).ravel() for p in points]) for name, points in
                 [("grid", grid), ("check", check)]}  # fmt: skip
        basis = trigonometric(torch.from_numpy(grid), *terms).numpy()
        coefficients = np.linalg.solve(basis, exact["grid"])
        predicted = trigonometric(torch.from_numpy(check), *terms).numpy() @ coefficients
        residual = np.abs(predicted - exact["check"]).max()
        if residual > FIT_TOLERANCE:
            raise ValueError(f"gate {self.name}: no trigonometric polynomial of its angles ({residual:.1e} off)")
        return torch.from_numpy(np.where(np.abs(coefficients) < FIT_TOLERANCE, 0.0, coefficients))


def harmonics(num_qubits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Frequencies and phases of the cosines in a rotation's transfer matrix: 0 and 1; with a control also 1/2."""
    frequencies = (1.0,) if num_qubits == 1 else (1.0, 0.5)
    pairs = [(0.0, 0.0)] + [(f, shift) for f in frequencies for shift in (0.0, -np.pi / 2)]
    frequency, phase = torch.tensor(pairs, dtype=torch.float64).T
    return frequency, phase


def trigonometric(angles: torch.Tensor, frequency: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
    """Map angles (..., p) to the products over p of (1, cos f t, sin f t for each f): (..., (1 + 2F)^p).

    Every factor is cos(frequency t + phase), with the (1 + 2F) entries that `harmonics` gives.
    """
    factors = torch.cos(angles.unsqueeze(-1) * frequency + phase).unbind(-2)
    product = factors[0]
    for factor in factors[1:]:
        product = (product.unsqueeze(-1) * factor.unsqueeze(-2)).flatten(-2)
    return product


# ---------------------------------------------------------------------------------------------------------------------
# The block as data


@dataclass(frozen=True)
class Step:
    """One step of a block: what acts on which of its qubits.

    Attributes:
        qubits: Positions in (memory..., leaf, edge).
        gate: A fixed transfer matrix (4^n, 4^n), or a gate with angles.
        angles: (p, P) matrix that maps the block's P weights to the gate's p angles; None for a fixed gate.
    """

    qubits: tuple[int, ...]
    gate: np.ndarray | ParametricGate
    angles: np.ndarray | None = None


@dataclass(frozen=True)
class BlockGate:
    """One recorded gate: its PennyLane class, the qubits it acts on (positions), and the weights it takes."""

    operation: type
    qubits: tuple[int, ...]
    weights: tuple[int, ...]


def block_gates(ansatz: Ansatz) -> list[BlockGate]:
    """Return the gates of ``ansatz.block`` in order; qubits are positions in (memory..., leaf, edge).

    Raises:
        ValueError: See `record_gates`.
    """
    return record_gates(ansatz.block, ansatz.num_parameters, [*ansatz.memory, "leaf", "edge"], f"ansatz {ansatz.name}")


def record_gates(
    function: Callable[..., None], num_parameters: int, wires: Sequence[str], name: str = "circuit"
) -> list[BlockGate]:
    """Record a quantum function with PennyLane and return its gates in order.

    Args:
        function: Called with ``num_parameters`` weights and the wires.
        num_parameters: P.
        wires: Wire names; a gate's qubits are positions in this list.
        name: For messages.

    Raises:
        ValueError: A gate takes an angle that is no entry of the weights, or acts on more than two qubits and
            cannot be decomposed.
    """
    probes = np.random.default_rng(0).random(num_parameters)
    index = {float(value): i for i, value in enumerate(probes)}
    with qml.queuing.AnnotatedQueue() as queue:
        function(probes, *wires)
    gates = []
    pending = list(qml.tape.QuantumScript.from_queue(queue).operations)
    while pending:
        operation = pending.pop(0)
        if len(operation.wires) > 2 or any(np.ndim(angle) for angle in operation.parameters):
            if not operation.has_decomposition:
                raise ValueError(f"{name}: {operation.name} has no decomposition into two-qubit gates")
            pending = [*operation.decomposition(), *pending]
            continue
        for angle in operation.parameters:
            if float(angle) not in index:
                raise ValueError(
                    f"{name}: {operation.name} takes an angle that is no entry of the weights; "
                    "gates must take their angles from the weights as they are"
                )
        gates.append(
            BlockGate(
                type(operation),
                tuple(wires.index(wire) for wire in operation.wires),
                tuple(index[float(angle)] for angle in operation.parameters),
            )
        )
    return gates


def ideal_steps(ansatz: Ansatz) -> list[Step]:
    """Return the block's gates without noise, in order, their matrices from PennyLane."""
    steps = []
    for gate in block_gates(ansatz):
        if gate.weights:
            kind = _pennylane_gate(gate.operation, len(gate.qubits), len(gate.weights))
            steps.append(Step(gate.qubits, kind, np.eye(ansatz.num_parameters)[list(gate.weights)]))
        else:
            local = range(len(gate.qubits))
            unitary = np.asarray(qml.matrix(gate.operation(wires=local), wire_order=local))
            steps.append(Step(gate.qubits, pauli_transfer_matrix(unitary)))
    return steps


@lru_cache
def _pennylane_gate(operation: type, num_qubits: int, num_angles: int) -> ParametricGate:
    def matrix(angles: Sequence[float]) -> np.ndarray:
        local = range(num_qubits)
        return pauli_transfer_matrix(np.asarray(qml.matrix(operation(*angles, wires=local), wire_order=local)))

    return ParametricGate(operation.__name__, num_qubits, num_angles, matrix)
