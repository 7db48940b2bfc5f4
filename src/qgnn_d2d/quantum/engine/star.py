"""The exact star engine.

Leaf i and its edge qubit are touched by one block only and are never measured, so the memory's state after the block
is a quantum channel of its state before it, and a star of k leaves never needs a state vector of 2^(2k+1)
amplitudes. In Pauli coordinates (r for the memory's 4^m expectation values with r_0 = 1; l and e the 4-vectors
(1, <X>, <Y>, <Z>) of leaf and edge) one block is

    r'_a = Σ_bcd T[a,b,c,d] r_b l_c e_d,    T[a,b,c,d] = 2^-n Tr[U† (P_a ⊗ I ⊗ I) U (P_b ⊗ P_c ⊗ P_d)],

with U the block on its n qubits. T is real and the same for all stars, so a star costs k small matrix-vector
products: linear in k, exact for any k, differentiable. T is found by taking the memory's Pauli rows backwards
through the block's gates (Heisenberg picture): a rotation turns them by its Pauli transfer matrix, which is a
polynomial in the cosine and the sine of its angles, and a Clifford gate permutes them up to signs.

The gates come from `quantum.ansatz` alone: the block is recorded by PennyLane and the transfer matrices are computed
from PennyLane's own matrices. A device's noise changes the gates' matrices, the encoding and what is read out, and
nothing else: a `Program` with noise (from `quantum.hardware.noise`) trains as fast as one without.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..ansatz import Ansatz, encoded_bloch
from .schedule import Entangler, Fixed, schedule
from .transfer import Step, harmonics, ideal_steps, trigonometric

_IDEAL = np.array([[0.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # RX(a) of |0>: (0, -sin a, cos a)


@dataclass(frozen=True, eq=False)
class Program:
    """What happens to a star, as the engine needs it.

    Attributes:
        steps: The block, in order.
        encodings: Role (center, leaf, edge) to a (3, 3) matrix A: RX(a), then RZ(b) on |0> give the Bloch vector
            A (1, cos a, sin a), turned about Z by b. None: without noise.
        readout: (observables, 4^m) matrix that maps the memory's final Pauli coordinates to what a measurement of each
            observable yields on average. None: the observables' own coordinates.
    """

    steps: Sequence[Step]
    encodings: dict[str, np.ndarray] | None = None
    readout: np.ndarray | None = None


class StarEngine:
    """Expectation values of stars, exact and differentiable, for one `Ansatz`.

    The equation is in the module's docstring. ``transfer`` builds T from the block's angles, ``contract`` applies it
    leaf by leaf; calling the engine does both for angles as PennyLane takes them.

    ``program`` is what happens to a star of that circuit; by default what an ideal device does.

    Example:
        >>> from qgnn_d2d.quantum import ansatz
        >>> engine = StarEngine(ansatz.qgcl(entangling_layers=1))
        >>> star = torch.zeros(1, 2), torch.zeros(1, 3, 2), torch.zeros(1, 3, 2)  # all qubits in |0>
        >>> torch.allclose(engine(torch.zeros(9), *star), torch.tensor([0.0, 0.0, 1.0]), atol=1e-6)
        True
    """

    def __init__(self, ansatz: Ansatz, program: Program | None = None) -> None:
        self.ansatz = ansatz
        self.program = Program(ideal_steps(ansatz)) if program is None else program
        self.num_memory = len(ansatz.memory)
        self.num_qubits = self.num_memory + 2
        self.num_rows = 4**self.num_memory - 1
        self._moments, self._members = schedule(self.program.steps, self.num_qubits)
        words = ["".join(word) for word in itertools.product("IXYZ", repeat=self.num_memory)]
        # Rows of T; -1 is the identity's, which T leaves out.
        self._observed = [words.index(word) - 1 for word in ansatz.observables]
        self._constants: dict[tuple[torch.dtype, torch.device], _Constants] = {}

    @property
    def encodings(self) -> NDArray[np.float64]:
        """Matrices A of center, leaf and edge, (3, 3, 3), as in `Program.encodings`."""
        given = self.program.encodings
        return np.array([_IDEAL if given is None else given[role] for role in ("center", "leaf", "edge")])

    @property
    def readout(self) -> NDArray[np.float64]:
        """Memory's final Pauli coordinates to what is measured on average, (observables, 4^m)."""
        given = self.program.readout
        return np.eye(4**self.num_memory)[[row + 1 for row in self._observed]] if given is None else np.array(given)

    def _constants_for(self, like: Tensor) -> _Constants:
        """Return the constants in a tensor's dtype and on its device."""
        key = (like.dtype, like.device)
        if key not in self._constants:
            self._constants[key] = _Constants(self, *key)
        return self._constants[key]

    def transfer(self, weights: Tensor) -> Tensor:
        """Build the block's transfer tensor from its angles (..., P); leading dims are batched.

        Returns:
            T as (..., R, 1 + R, 16) with R = 4^m - 1: output word a (the identity's row, which is trivial, left
            out), input word b, and (leaf, edge) words c, d flattened.

        Raises:
            ValueError: P is not the ansatz's number of angles.
        """
        if weights.shape[-1] != self.ansatz.num_parameters:
            raise ValueError(
                f"weights have {weights.shape[-1]} angles: ansatz {self.ansatz.name} takes {self.ansatz.num_parameters}"
            )
        constants = self._constants_for(weights)
        batch = weights.shape[:-1]
        flat = weights.reshape(math.prod(batch), weights.shape[-1])  # a block may have no angles
        matrices = {}
        for shape, mix in constants.angles.items():
            num_qubits, num_angles = shape
            angles = (flat @ mix).view(len(flat), -1, num_angles)
            terms = trigonometric(angles, *constants.harmonics[num_qubits]).transpose(0, 1)
            members = torch.matmul(terms, constants.coefficients[shape])  # (members, batch, 16^n)
            matrices[shape] = members.view(*members.shape[:-1], 4**num_qubits, 4**num_qubits).unbind(0)
        memory, pair = 4**self.num_memory, 16
        rows = constants.start  # (1 or batch, R, 4^m, 16)
        for i, moment in enumerate(self._moments):
            if isinstance(moment, Fixed):
                rows = constants.fixed[i](rows.flatten(-2)).view(rows.shape)
            elif isinstance(moment, Entangler):
                rows = moment.on_rows(rows, matrices[moment.shape][moment.position], self.num_qubits)
            else:
                left = moment.product(range(self.num_memory), matrices, constants.identity)
                right = moment.product(range(self.num_memory, self.num_qubits), matrices, constants.identity)
                if right is not None:
                    rows = torch.matmul(rows.view(len(rows), -1, pair), right).view(-1, self.num_rows, memory, pair)
                if left is not None:
                    rows = torch.matmul(left.mT.unsqueeze(1), rows)
        if len(rows) != len(flat):
            rows = rows.expand(len(flat), *rows.shape[1:])
        return rows.reshape(*batch, self.num_rows, memory, pair)

    def encode(self, angles: Tensor, role: str) -> Tensor:
        """Return the Bloch vectors (..., 3, N) of qubits that encode angles (..., 2, N), in radians.

        ``role`` is center, leaf or edge: on a device these are different qubits.
        """
        if self.program.encodings is None:
            return encoded_bloch(angles)
        response = self._constants_for(angles).encodings[role]
        cosine, sine = torch.cos(angles), torch.sin(angles)
        before = torch.matmul(response[:, 1:], torch.stack([cosine[..., 0, :], sine[..., 0, :]], dim=-2))
        x, y, z = (before + response[:, :1]).unbind(-2)
        cos_b, sin_b = cosine[..., 1, :], sine[..., 1, :]
        return torch.stack([x * cos_b - y * sin_b, x * sin_b + y * cos_b, z], dim=-2)

    def contract(self, transfer: Tensor, center: Tensor, leaves: Tensor, edges: Tensor) -> Tensor:
        """Take N stars through their leaves; return their expectation values (G, number of observables, N).

        Args:
            transfer: (G, 1 or k, R, 1 + R, 16): T of each group (a seed's head, say), one for all leaves or one each.
            center: (G, 3, N) Bloch vectors of the centers.
            leaves: (G, k, 3, N) Bloch vectors of the leaves, in the order in which the block meets them.
            edges: (G, k, 3, N) Bloch vectors of the edges.

        Raises:
            ValueError: Shapes that do not belong together.
        """
        groups, k, _, count = leaves.shape
        stars_fit = (center.shape, edges.shape) == ((groups, 3, count), leaves.shape)
        if not stars_fit or transfer.shape[:2] not in ((groups, 1), (groups, k)):
            shapes = ", ".join(str(tuple(part.shape)) for part in (transfer, center, leaves, edges))
            raise ValueError(
                f"transfer, center, leaves and edges have shapes {shapes}; they must be (G, 1 or k, R, 1 + R, 16), "
                "(G, 3, N), (G, k, 3, N) and (G, k, 3, N)"
            )
        memory = center
        for _ in range(self.num_memory - 1):  # the ancilla starts in |0>: (1, 0, 0, 1)
            ones = torch.ones_like(memory[:, :1])
            full = torch.cat([ones, memory], dim=1)
            zeros = torch.zeros_like(full)
            memory = torch.stack([full, zeros, zeros, full], dim=2).flatten(1, 2)[:, 1:]
        final = _Contraction.apply(transfer, memory, leaves, edges)
        readout = self._constants_for(center).readout
        if readout is not None:
            return torch.matmul(readout[:, 1:], final) + readout[:, :1]
        if self._observed == list(range(self.num_rows)):
            return final
        if any(self.ansatz.constant):
            final = _with_one(final)
            return final[:, [1 + row for row in self._observed]]
        return final[:, self._observed]

    def expectations(self, weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor) -> Tensor:
        """Return the expectation values of N stars, (G, number of observables, N), for G sets of weights side by side.

        Weights are (G, 1 or k, P), one set for all leaves or one each; angles (G, 2, N), (G, k, 2, N), (G, k, 2, N).
        """
        bloch = self.encode(center, "center"), self.encode(leaves, "leaf"), self.encode(edges, "edge")
        return self.contract(self.transfer(weights), *bloch)

    def __call__(self, weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor) -> Tensor:
        """Return the embedding of N stars, (N, number of observables), laid out as PennyLane does.

        Weights are (P,) where all leaves share them, else (k, P); encoding angles (N, 2), (N, k, 2) and (N, k, 2).
        """
        angles = [values.movedim(0, -1).unsqueeze(0) for values in (center, leaves, edges)]
        return self.expectations(torch.atleast_2d(weights).unsqueeze(0), *angles)[0].T


class _Constants:
    """An engine's constant tensors in one dtype on one device."""

    def __init__(self, engine: StarEngine, dtype: torch.dtype, device: torch.device) -> None:
        here = partial(torch.as_tensor, dtype=dtype, device=device)
        kinds = {gate for members in engine._members.values() for gate, _ in members}
        fitted = {gate: gate.coefficients for gate in kinds}
        self.identity = here(np.eye(4))
        self.angles, self.coefficients = {}, {}
        for shape, members in engine._members.items():
            self.angles[shape] = here(np.concatenate([angles for _, angles in members]).T)
            self.coefficients[shape] = here(torch.stack([fitted[gate] for gate, _ in members]))
        self.harmonics = {num_qubits: tuple(map(here, harmonics(num_qubits))) for num_qubits, _ in engine._members}
        self.encodings = {role: here(matrix) for role, matrix in (engine.program.encodings or {}).items()}
        self.readout = None if engine.program.readout is None else here(engine.program.readout)
        start = np.zeros((engine.num_rows, 4**engine.num_memory, 16))
        start[np.arange(engine.num_rows), np.arange(1, engine.num_rows + 1), 0] = 1.0
        self.start = here(start).unsqueeze(0)
        fixed = {i: moment for i, moment in enumerate(engine._moments) if isinstance(moment, Fixed)}
        self.fixed = {i: moment.on_rows(dtype, device) for i, moment in fixed.items()}


class _Contraction(torch.autograd.Function):
    """r <- T(l_i, e_i) r for i = 1..k, with its gradient written out (adjoint recursion over the leaves).

    Stars run along the last dim, so that every operation is a long contiguous one. Second derivatives are autograd's:
    where the gradient is to have a graph, the forward pass is recorded.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        kept, states = _Contraction.contracted(*inputs)
        ctx.save_for_backward(*inputs, *kept, *states[:-1])
        return states[-1]

    @staticmethod
    def contracted(
        transfer: Tensor, memory: Tensor, leaves: Tensor, edges: Tensor
    ) -> tuple[tuple[Tensor, ...], list[Tensor]]:
        """Return what the gradient needs, and the memory's states."""
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
        return (flat, leaf, edge, pairs, steps), states

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        inputs, (flat, leaf, edge, pairs, steps, *states) = ctx.saved_tensors[:4], ctx.saved_tensors[4:]
        if torch.is_grad_enabled():  # what was kept has no graph
            _, recorded = _Contraction.contracted(*inputs)
            wanted = [part for part in inputs if part.requires_grad]
            found = iter(torch.autograd.grad(recorded[-1], wanted, grads, create_graph=True))
            return tuple(next(found) if part.requires_grad else None for part in inputs)
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


def _with_one(bloch: Tensor) -> Tensor:
    """Prepend the identity's coordinate 1 to Pauli coordinates (..., R, N)."""
    return torch.cat([torch.ones_like(bloch[..., :1, :]), bloch], dim=-2)
