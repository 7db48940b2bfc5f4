r"""Pauli transfer matrices: the language in which the star engine, and device noise, speak of gates.

The Pauli coordinates of a state of n qubits are its 4^n expectation values Tr[P_i rho], the first qubit's letter
slowest. A channel acts on them as a real matrix, :math:`R_{ij} = 2^{-n} \mathrm{Tr}[P_i\,\Lambda(P_j)]`. A gate with
angles is a polynomial in their cosines and sines with constant coefficients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import pennylane as qml
import torch
from torch import Tensor

from ..ansatz import Ansatz

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)
FIT_TOLERANCE = 1e-12  # residual above which a gate is no trigonometric polynomial of its angles


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

    def coefficients(self) -> Tensor:
        """Return (terms, 16^n) that turn `trigonometric` of the angles into the transfer matrix, flattened.

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
    """One recorded gate: its PennyLane class, the qubits it acts on (positions), and the weights it takes."""

    operation: type
    qubits: tuple[int, ...]
    weights: tuple[int, ...]


def block_gates(ansatz: Ansatz) -> list[BlockGate]:
    """Return the gates of ``ansatz.block`` (see `record_gates`) on the positions of (memory..., leaf, edge)."""
    return record_gates(ansatz.block, ansatz.num_parameters, [*ansatz.memory, "leaf", "edge"], f"ansatz {ansatz.name}")


def record_gates(
    function: Callable[..., None], num_parameters: int, wires: Sequence[str], name: str = "circuit"
) -> list[BlockGate]:
    """Record a quantum function of ``num_parameters`` weights and the wires with PennyLane; return its gates in order.

    A gate's qubits are positions in the list of wires.

    Raises:
        ValueError: A gate takes an angle that is no entry of the weights, or acts on more than two qubits and
            cannot be decomposed.
    """
    probes = np.random.default_rng(0).random(num_parameters)
    index = {float(value): i for i, value in enumerate(probes)}
    gates, pending = [], qml.tape.make_qscript(function)(probes, *wires).operations
    while pending:
        operation = pending.pop(0)
        if len(operation.wires) > 2 or any(np.ndim(angle) for angle in operation.parameters):
            if not operation.has_decomposition:
                raise ValueError(f"{name}: {operation.name} has no decomposition into two-qubit gates")
            pending = [*operation.decomposition(), *pending]
            continue
        angles = [float(angle) for angle in operation.parameters]
        if not set(angles) <= set(index):
            raise ValueError(
                f"{name}: {operation.name} takes an angle that is no entry of the weights; "
                "gates must take their angles from the weights as they are"
            )
        qubits = tuple(wires.index(wire) for wire in operation.wires)
        gates.append(BlockGate(type(operation), qubits, tuple(index[angle] for angle in angles)))
    return gates


def ideal_steps(ansatz: Ansatz) -> list[Step]:
    """Return the block's gates without noise, in order, their matrices from PennyLane."""
    steps = []
    for gate in block_gates(ansatz):
        kind = _pennylane_gate(gate.operation, len(gate.qubits), len(gate.weights))
        angles = np.eye(ansatz.num_parameters)[list(gate.weights)]
        steps.append(Step(gate.qubits, kind, angles) if gate.weights else Step(gate.qubits, kind.matrix(())))
    return steps


@lru_cache
def _pennylane_gate(operation: type, num_qubits: int, num_angles: int) -> ParametricGate:
    """Return a PennyLane class of gates as a function of its angles."""

    def matrix(angles: Sequence[float]) -> np.ndarray:
        local = range(num_qubits)
        return pauli_transfer_matrix(np.asarray(qml.matrix(operation(*angles, wires=local), wire_order=local)))

    return ParametricGate(operation.__name__, num_qubits, num_angles, matrix)
