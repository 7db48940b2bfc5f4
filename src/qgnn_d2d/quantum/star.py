r"""The exact star engine.

Leaf i and its edge qubit are touched by one block only and are never measured, so the memory's state after the block
is a quantum channel of its state before it, and a star of k leaves never needs a state vector of 2^(2k+1)
amplitudes. In Pauli coordinates (r for the memory's 4^m expectation values with r_0 = 1; l and e the 4-vectors
(1, <X>, <Y>, <Z>) of leaf and edge) one block is

.. math::
    r'_a = \sum_{bcd} T_{abcd} r_b l_c e_d,\qquad
    T_{abcd} = 2^{-n} \mathrm{Tr}[U^\dagger (P_a \otimes I \otimes I) U (P_b \otimes P_c \otimes P_d)],

with U the block on its n qubits. T is real and the same for all stars, so a star costs k small matrix-vector
products: linear in k, exact for any k, differentiable. T is found by taking the memory's Pauli rows backwards
through the block's gates (Heisenberg picture): a rotation turns them by its Pauli transfer matrix, which is a
polynomial in the cosine and the sine of its angles, and a Clifford gate permutes them up to signs.

The gates come from `quantum.ansatz` alone: the block is recorded by PennyLane and the transfer matrices are computed
from PennyLane's own matrices.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pennylane as qml
import torch

from .ansatz import Ansatz, encoded_bloch

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)
_FIT_TOLERANCE = 1e-12  # residual above which a gate is no trigonometric polynomial of its angles


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
    """Return R_ij = 2^-n Tr[P_i U P_j U^dagger], real (4^n, 4^n), of a unitary (2^n, 2^n)."""
    words = _pauli_words(int(np.log2(len(unitary))))
    turned = unitary @ words @ unitary.conj().T
    flat = turned.transpose(0, 2, 1).reshape(len(words), -1)
    return (words.reshape(len(words), -1) @ flat.T).real / len(unitary)


# ---------------------------------------------------------------------------------------------------------------------
# The block as data


@dataclass(frozen=True)
class BlockGate:
    """One gate of a block: its PennyLane class, the qubits it acts on (positions), and the weights it takes."""

    operation: type
    qubits: tuple[int, ...]
    weights: tuple[int, ...]


def block_gates(ansatz: Ansatz) -> list[BlockGate]:
    """Record ``ansatz.block`` with PennyLane and return its gates in order.

    Qubits are positions in (memory..., leaf, edge).

    Raises:
        ValueError: A gate takes an angle that is no entry of the weights, or acts on more than two qubits and
            cannot be decomposed.
    """
    wires = [*ansatz.memory, "leaf", "edge"]
    probes = np.random.default_rng(0).random(ansatz.num_parameters)
    index = {float(value): i for i, value in enumerate(probes)}
    with qml.queuing.AnnotatedQueue() as queue:
        ansatz.block(probes, *wires)
    gates = []
    pending = list(qml.tape.QuantumScript.from_queue(queue).operations)
    while pending:
        operation = pending.pop(0)
        if len(operation.wires) > 2 or any(np.ndim(angle) for angle in operation.parameters):
            if not operation.has_decomposition:
                raise ValueError(f"ansatz {ansatz.name}: {operation.name} has no decomposition into two-qubit gates")
            pending = [*operation.decomposition(), *pending]
            continue
        for angle in operation.parameters:
            if float(angle) not in index:
                raise ValueError(
                    f"ansatz {ansatz.name}: {operation.name} takes an angle that is no entry of the weights; "
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


def _harmonics(num_qubits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Frequencies and phases of the cosines in a rotation's transfer matrix: 0 and 1; with a control also 1/2."""
    frequencies = (1.0,) if num_qubits == 1 else (1.0, 0.5)
    pairs = [(0.0, 0.0)] + [(f, shift) for f in frequencies for shift in (0.0, -np.pi / 2)]
    frequency, phase = torch.tensor(pairs, dtype=torch.float64).T
    return frequency, phase


def _trigonometric(angles: torch.Tensor, frequency: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
    """Map angles (..., p) to the products over p of (1, cos f t, sin f t for each f): (..., (1 + 2F)^p).

    Every factor is cos(frequency t + phase), with the (1 + 2F) entries that `_harmonics` gives.
    """
    factors = torch.cos(angles.unsqueeze(-1) * frequency + phase).unbind(-2)
    product = factors[0]
    for factor in factors[1:]:
        product = (product.unsqueeze(-1) * factor.unsqueeze(-2)).flatten(-2)
    return product


@lru_cache
def _transfer_coefficients(operation: type, num_qubits: int, num_angles: int) -> torch.Tensor:
    """Coefficients (terms, 16^n) that turn `_trigonometric` of the angles into the gate's transfer matrix."""

    def exact(angles: Sequence[float]) -> np.ndarray:
        return pauli_transfer_matrix(
            np.asarray(qml.matrix(operation(*angles, wires=range(num_qubits)), wire_order=range(num_qubits)))
        ).ravel()

    harmonics = _harmonics(num_qubits)
    count = len(harmonics[0])
    period = 2 * np.pi if num_qubits == 1 else 4 * np.pi
    grid = np.array(list(itertools.product(np.arange(count) * period / count, repeat=num_angles)))
    basis = _trigonometric(torch.from_numpy(grid), *harmonics).numpy()
    coefficients = np.linalg.solve(basis, np.array([exact(point) for point in grid]))
    check = np.random.default_rng(1).uniform(-3, 3, (4, num_angles))
    predicted = _trigonometric(torch.from_numpy(check), *harmonics).numpy() @ coefficients
    residual = np.abs(predicted - np.array([exact(point) for point in check])).max()
    if residual > _FIT_TOLERANCE:
        raise ValueError(f"gate {operation.__name__}: no trigonometric polynomial of its angles ({residual:.1e} off)")
    return torch.from_numpy(np.where(np.abs(coefficients) < _FIT_TOLERANCE, 0.0, coefficients))


# ---------------------------------------------------------------------------------------------------------------------
# T


class _SignedPermutation(torch.autograd.Function):
    """y[..., i] = sign[i] x[..., source[i]], with target the inverse of source: a Clifford gate on Pauli rows."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, source: torch.Tensor, target: torch.Tensor, sign: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(target, sign)
        return x.index_select(-1, source).mul_(sign)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        target, sign = ctx.saved_tensors
        return (grads[0] * sign).index_select(-1, target), None, None, None


def _kron(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Batched Kronecker product of (..., a, a) and (..., b, b)."""
    size = left.shape[-1] * right.shape[-1]
    product = left[..., :, None, :, None] * right[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], size, size)


@dataclass(frozen=True)
class _Rotations:
    """Single-angle-set gates on distinct qubits: qubit -> (kind, position among the gates of that kind)."""

    placed: dict[int, tuple[tuple[type, int], int]]


@dataclass(frozen=True)
class _Entangler:
    """A parameterized two-qubit gate."""

    qubits: tuple[int, int]
    kind: tuple[type, int]
    position: int


@dataclass(frozen=True)
class _Fixed:
    """A run of gates without angles, as one signed permutation or, failing that, one matrix on all qubits."""

    matrix: np.ndarray


class StarEngine:
    """Expectation values of stars, exact and differentiable, for one `Ansatz`.

    The equation is in the module's docstring. ``transfer`` builds T from the block's angles, ``contract`` applies it
    leaf by leaf; calling the engine does both for angles as PennyLane takes them.

    Args:
        ansatz: The circuit.

    Example:
        >>> from qgnn_d2d.quantum import ansatz
        >>> engine = StarEngine(ansatz.qgcl(entangling_layers=1))
        >>> star = torch.zeros(1, 2), torch.zeros(1, 3, 2), torch.zeros(1, 3, 2)  # all qubits in |0>
        >>> torch.allclose(engine(torch.zeros(9), *star), torch.tensor([0.0, 0.0, 1.0]), atol=1e-6)
        True
    """

    def __init__(self, ansatz: Ansatz) -> None:
        self.ansatz = ansatz
        self.num_memory = len(ansatz.memory)
        self.num_qubits = self.num_memory + 2
        self.num_rows = 4**self.num_memory - 1
        self._kinds: dict[tuple[type, int], list[tuple[int, ...]]] = {}
        self._moments = self._schedule(block_gates(ansatz))
        words = ["".join(word) for word in itertools.product("IXYZ", repeat=self.num_memory)]
        self._observed = [words.index(word) - 1 for word in ansatz.observables]
        self._constants: dict[tuple[torch.dtype, torch.device], _Constants] = {}

    def _schedule(self, gates: list[BlockGate]) -> list[_Rotations | _Entangler | _Fixed]:
        """Group the gates into moments, last gate first."""
        moments: list[_Rotations | _Entangler | _Fixed] = []
        for gate in reversed(gates):
            last = moments[-1] if moments else None
            if not gate.weights:
                matrix = self._embedded(gate)
                if isinstance(last, _Fixed):
                    moments[-1] = _Fixed(last.matrix @ matrix)
                else:
                    moments.append(_Fixed(matrix))
                continue
            kind = (gate.operation, len(gate.qubits))
            members = self._kinds.setdefault(kind, [])
            members.append(gate.weights)
            if len(gate.qubits) == 2:
                moments.append(_Entangler((gate.qubits[0], gate.qubits[1]), kind, len(members) - 1))
            elif isinstance(last, _Rotations) and gate.qubits[0] not in last.placed:
                last.placed[gate.qubits[0]] = (kind, len(members) - 1)
            else:
                moments.append(_Rotations({gate.qubits[0]: (kind, len(members) - 1)}))
        return moments

    def _embedded(self, gate: BlockGate) -> np.ndarray:
        """The transfer matrix of a gate without angles on all of the block's qubits."""
        unitary = qml.matrix(gate.operation(wires=gate.qubits), wire_order=range(self.num_qubits))
        return pauli_transfer_matrix(np.asarray(unitary))

    def _constants_for(self, like: torch.Tensor) -> _Constants:
        key = (like.dtype, like.device)
        if key not in self._constants:
            self._constants[key] = _Constants(self, *key)
        return self._constants[key]

    def transfer(self, weights: torch.Tensor) -> torch.Tensor:
        """Build the block's transfer tensor.

        Args:
            weights: (..., P) angles of the block; leading dims (layers, heads, seeds, leaf slots) are batched.

        Returns:
            T as (..., R, 1 + R, 16) with R = 4^m - 1: output word a (the identity's row, which is trivial, left
            out), input word b, and (leaf, edge) words c, d flattened.
        """
        if weights.shape[-1] != self.ansatz.num_parameters:
            raise ValueError(
                f"weights have {weights.shape[-1]} angles: ansatz {self.ansatz.name} takes {self.ansatz.num_parameters}"
            )
        constants = self._constants_for(weights)
        batch = weights.shape[:-1]
        flat = weights.reshape(-1, weights.shape[-1])
        matrices = {}
        for kind, index in constants.index.items():
            angles = flat.index_select(-1, index).view(len(flat), len(self._kinds[kind]), -1)
            terms = _trigonometric(angles, *constants.harmonics[kind]) @ constants.coefficients[kind]
            matrices[kind] = terms.view(*terms.shape[:-1], 4 ** kind[1], 4 ** kind[1]).unbind(1)
        memory, pair = 4**self.num_memory, 16
        rows = constants.start  # (1 or batch, R, 4^m, 16)
        for moment, fixed in zip(self._moments, constants.fixed, strict=False):
            if isinstance(moment, _Fixed):
                assert fixed is not None
                rows = fixed(rows.flatten(-2)).view(rows.shape)
            elif isinstance(moment, _Entangler):
                rows = self._entangle(rows, matrices[moment.kind][moment.position], moment.qubits)
            else:
                left = self._side(moment, matrices, range(self.num_memory), constants.identity)
                right = self._side(moment, matrices, range(self.num_memory, self.num_qubits), constants.identity)
                if right is not None:
                    rows = torch.matmul(rows.view(len(rows), -1, pair), right).view(-1, self.num_rows, memory, pair)
                if left is not None:
                    rows = torch.matmul(left.mT.unsqueeze(1), rows)
        if len(rows) != len(flat):
            rows = rows.expand(len(flat), *rows.shape[1:])
        return rows.reshape(*batch, self.num_rows, memory, pair)

    def _side(
        self, moment: _Rotations, matrices: dict[tuple[type, int], Any], qubits: range, identity: torch.Tensor
    ) -> torch.Tensor | None:
        """The Kronecker product of a moment's transfer matrices on some qubits; None where it has no gate there."""
        if not any(qubit in moment.placed for qubit in qubits):
            return None
        product = None
        for qubit in qubits:
            kind, position = moment.placed.get(qubit, (None, 0))
            matrix = identity if kind is None else matrices[kind][position]
            product = matrix if product is None else _kron(product, matrix)
        return product

    def _entangle(self, rows: torch.Tensor, matrix: torch.Tensor, qubits: tuple[int, int]) -> torch.Tensor:
        """Apply a two-qubit transfer matrix (batch, 16, 16) to the rows' axes of two qubits."""
        batch = max(len(rows), len(matrix))
        axes = tuple(2 + qubit for qubit in qubits)
        grid = rows.expand(batch, *rows.shape[1:]).reshape(batch, self.num_rows, *(4,) * self.num_qubits)
        moved = grid.movedim(axes, (-2, -1))
        turned = torch.matmul(moved.reshape(batch, -1, 16), matrix).view(moved.shape)
        return turned.movedim((-2, -1), axes).reshape(batch, *rows.shape[1:])

    def contract(
        self, transfer: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        """Take N stars through their leaves.

        Args:
            transfer: (G, 1 or k, R, 1 + R, 16): T of each group (a seed's head, say), one for all leaves or one each.
            center: (G, 3, N) Bloch vectors of the centers.
            leaves: (G, k, 3, N) Bloch vectors of the leaves, in the order in which the block meets them.
            edges: (G, k, 3, N) Bloch vectors of the edges.

        Returns:
            (G, number of observables, N) expectation values.
        """
        memory = center
        for _ in range(self.num_memory - 1):  # the ancilla starts in |0>: (1, 0, 0, 1)
            ones = torch.ones_like(memory[:, :1])
            full = torch.cat([ones, memory], dim=1)
            zeros = torch.zeros_like(full)
            memory = torch.stack([full, zeros, zeros, full], dim=2).flatten(1, 2)[:, 1:]
        final = _Contraction.apply(transfer, memory, leaves, edges)
        if self._observed == list(range(self.num_rows)):
            return final
        return final[:, self._observed]

    def __call__(
        self, weights: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        """Return the embedding of N stars from their angles.

        Args:
            weights: (P,) where all leaves share them, else (k, P).
            center: (N, 2) encoding angles.
            leaves: (N, k, 2) encoding angles.
            edges: (N, k, 2) encoding angles.

        Returns:
            (N, number of observables).
        """
        transfer = self.transfer(torch.atleast_2d(weights)).unsqueeze(0)
        angles = torch.cat([center.unsqueeze(1), leaves, edges], dim=1).permute(1, 2, 0)
        bloch = encoded_bloch(angles).unsqueeze(0)
        k = leaves.shape[1]
        centers, leaf_vectors, edge_vectors = bloch.split([1, k, k], dim=1)
        return self.contract(transfer, centers.squeeze(1), leaf_vectors, edge_vectors)[0].T


class _Constants:
    """An engine's constant tensors in one dtype on one device."""

    def __init__(self, engine: StarEngine, dtype: torch.dtype, device: torch.device) -> None:
        self.identity = torch.eye(4, dtype=dtype, device=device)
        self.index = {kind: torch.tensor(members, device=device).flatten() for kind, members in engine._kinds.items()}
        self.coefficients = {
            kind: _transfer_coefficients(kind[0], kind[1], len(members[0])).to(device, dtype)
            for kind, members in engine._kinds.items()
        }
        self.harmonics = {
            kind: tuple(constant.to(device, dtype) for constant in _harmonics(kind[1])) for kind in engine._kinds
        }
        start = np.zeros((engine.num_rows, 4**engine.num_memory, 16))
        start[np.arange(engine.num_rows), np.arange(1, engine.num_rows + 1), 0] = 1.0
        self.start = torch.as_tensor(start, dtype=dtype, device=device).unsqueeze(0)
        self.fixed = [
            _fixed_step(moment.matrix, dtype, device) if isinstance(moment, _Fixed) else None
            for moment in engine._moments
        ]


def _fixed_step(matrix: np.ndarray, dtype: torch.dtype, device: torch.device) -> Any:
    """Rows -> rows @ matrix, by a signed permutation where the matrix is one (every Clifford gate is)."""
    source = np.abs(matrix).argmax(axis=0)
    sign = matrix[source, np.arange(len(matrix))]
    permutation = np.zeros_like(matrix)
    permutation[source, np.arange(len(matrix))] = np.sign(sign)
    if len(set(source)) == len(matrix) and np.allclose(matrix, permutation, atol=_FIT_TOLERANCE):
        index = torch.as_tensor(source, device=device)
        inverse = torch.argsort(index)
        signs = torch.as_tensor(np.sign(sign), dtype=dtype, device=device)
        return lambda rows: _SignedPermutation.apply(rows, index, inverse, signs)
    full = torch.as_tensor(matrix, dtype=dtype, device=device)
    return lambda rows: rows @ full


# ---------------------------------------------------------------------------------------------------------------------
# Stars


class _Contraction(torch.autograd.Function):
    """r <- T(l_i, e_i) r for i = 1..k, with its gradient written out (adjoint recursion over the leaves).

    Stars run along the last dim, so that every operation is a long contiguous one.
    """

    @staticmethod
    def forward(
        ctx: Any, transfer: torch.Tensor, memory: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        groups, k, _, num_stars = leaves.shape
        slots, rows = transfer.shape[1:3]
        flat = transfer.reshape(groups, slots, rows * (rows + 1), 16)
        leaf, edge = _with_one(leaves), _with_one(edges)
        pairs = (leaf.unsqueeze(3) * edge.unsqueeze(2)).view(groups, k, 16, num_stars)
        steps = torch.matmul(flat, pairs).view(groups, k, rows, rows + 1, num_stars)
        states = [memory]
        for i in range(k):
            step = steps[:, i]
            states.append((step[:, :, 1:] * states[-1].unsqueeze(1)).sum(2).add_(step[:, :, 0]))
        ctx.save_for_backward(flat, leaf, edge, pairs, steps, *states[:-1])
        return states[-1]

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, ...]:
        flat, leaf, edge, pairs, steps, *states = ctx.saved_tensors
        groups, k, rows, _, num_stars = steps.shape
        adjoint = grads[0]
        d_steps = torch.empty_like(steps)
        for i in reversed(range(k)):
            d_steps[:, i, :, 0] = adjoint
            torch.mul(adjoint.unsqueeze(2), states[i].unsqueeze(1), out=d_steps[:, i, :, 1:])
            adjoint = (steps[:, i, :, 1:] * adjoint.unsqueeze(2)).sum(1)
        d_steps = d_steps.view(groups, k, rows * (rows + 1), num_stars)
        d_transfer = torch.matmul(d_steps, pairs.mT)
        if flat.shape[1] == 1:
            d_transfer = d_transfer.sum(1, keepdim=True)
        d_pairs = torch.matmul(flat.mT, d_steps).view(groups, k, 4, 4, num_stars)
        d_leaves = (d_pairs[:, :, 1:] * edge.unsqueeze(2)).sum(3)
        d_edges = (d_pairs[:, :, :, 1:] * leaf.unsqueeze(3)).sum(2)
        return d_transfer.view(groups, -1, rows, rows + 1, 16), adjoint, d_leaves, d_edges


def _with_one(bloch: torch.Tensor) -> torch.Tensor:
    """Prepend the identity's coordinate 1 to Bloch vectors (..., 3, N)."""
    return torch.cat([torch.ones_like(bloch[..., :1, :]), bloch], dim=-2)
