"""A block as moments: its steps in as few groups as possible, and what each does to the rows of a transfer tensor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .transfer import FIT_TOLERANCE, ParametricGate, Step, embed

Shape = tuple[int, int]
"""(qubits, angles) of a gate: gates of one shape are computed together."""
Members = dict[Shape, list[tuple[ParametricGate, np.ndarray]]]
"""Shape to its gates, each with the matrix that maps the block's weights to the gate's angles."""


@dataclass
class Rotations:
    """One-qubit gates with angles on distinct qubits: qubit -> (shape, position among the gates of that shape)."""

    placed: dict[int, tuple[Shape, int]]

    @property
    def qubits(self) -> Collection[int]:
        """Qubits that have a gate."""
        return self.placed.keys()

    def product(
        self, qubits: Iterable[int], matrices: Mapping[Shape, Sequence[Tensor]], identity: Tensor
    ) -> Tensor | None:
        """Return the Kronecker product of the transfer matrices on some qubits; None where there is no gate on them."""
        found = [self.placed.get(qubit) for qubit in qubits]
        if not any(found):
            return None
        return reduce(_kron, [matrices[place[0]][place[1]] if place else identity for place in found])


@dataclass
class Entangler:
    """A parameterized two-qubit gate."""

    qubits: tuple[int, int]
    shape: Shape
    position: int

    def on_rows(self, rows: Tensor, matrix: Tensor, num_qubits: int) -> Tensor:
        """Apply the gate's transfer matrix (batch, 16, 16) to rows (batch or 1, R, 4^m, 16) of all qubits."""
        batch = max(len(rows), len(matrix))
        axes = tuple(2 + qubit for qubit in self.qubits)
        grid = rows.expand(batch, *rows.shape[1:]).reshape(batch, rows.shape[1], *(4,) * num_qubits)
        moved = grid.movedim(axes, (-2, -1))
        turned = torch.matmul(moved.reshape(batch, -1, 16), matrix).view(moved.shape)
        return turned.movedim((-2, -1), axes).reshape(batch, *rows.shape[1:])


@dataclass
class Fixed:
    """Gates without angles, as one matrix on all qubits, of which they touch some."""

    qubits: set[int]
    matrix: np.ndarray

    def on_rows(self, dtype: torch.dtype, device: torch.device) -> Callable[[Tensor], Tensor]:
        """Return rows -> rows @ matrix, by a signed permutation where the matrix is one (every Clifford gate is)."""
        columns = np.arange(len(self.matrix))
        source = np.abs(self.matrix).argmax(axis=0)
        sign = np.sign(self.matrix[source, columns])
        permutation = np.zeros_like(self.matrix)
        permutation[source, columns] = sign
        if len(set(source)) == len(columns) and np.allclose(self.matrix, permutation, atol=FIT_TOLERANCE):
            index = torch.as_tensor(source, device=device)
            inverse = torch.argsort(index)
            signs = torch.as_tensor(sign, dtype=dtype, device=device)
            return lambda rows: _SignedPermutation.apply(rows, index, inverse, signs)
        full = torch.as_tensor(self.matrix, dtype=dtype, device=device)
        return lambda rows: rows @ full


Moment = Rotations | Entangler | Fixed


def schedule(steps: Sequence[Step], num_qubits: int) -> tuple[list[Moment], Members]:
    """Group a block's steps into as few moments as possible, last step first.

    Returns:
        The moments, and the gates with angles that they refer to.
    """
    moments: list[Moment] = []
    members: Members = {}
    for step in reversed(steps):
        if isinstance(step.gate, np.ndarray):
            matrix = embed(step.gate, step.qubits, num_qubits)
            fixed = _reach(moments, step.qubits, Fixed)
            if isinstance(fixed, Fixed):
                fixed.matrix = fixed.matrix @ matrix
                fixed.qubits |= set(step.qubits)
            else:
                moments.append(Fixed(set(step.qubits), matrix))
            continue
        assert step.angles is not None
        shape = step.gate.num_qubits, step.gate.num_angles
        position = len(members.setdefault(shape, []))
        members[shape].append((step.gate, step.angles))
        if len(step.qubits) == 2:
            moments.append(Entangler((step.qubits[0], step.qubits[1]), shape, position))
            continue
        (qubit,) = step.qubits
        rotations = _reach(moments, step.qubits, Rotations)
        if isinstance(rotations, Rotations):
            rotations.placed[qubit] = (shape, position)
        else:
            moments.append(Rotations({qubit: (shape, position)}))
    return moments, members


def _reach(moments: list[Moment], qubits: tuple[int, ...], kind: type[Moment]) -> Moment | None:
    """Return the latest moment of a kind that a step on ``qubits`` can join, past those on other qubits."""
    for moment in reversed(moments):
        free = not any(qubit in moment.qubits for qubit in qubits)
        if isinstance(moment, kind) and (free or kind is Fixed):  # matrices multiply; rotations need a qubit each
            return moment
        if not free:
            return None
    return None


class _SignedPermutation(torch.autograd.Function):
    """y[..., i] = sign[i] x[..., source[i]], with target the inverse of source: a Clifford gate on Pauli rows."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, source: Tensor, target: Tensor, sign: Tensor) -> Tensor:
        ctx.save_for_backward(target, sign)
        return x.index_select(-1, source).mul_(sign)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        target, sign = ctx.saved_tensors
        return (grads[0] * sign).index_select(-1, target), None, None, None


def _kron(left: Tensor, right: Tensor) -> Tensor:
    """Batched Kronecker product of (..., a, a) and (..., b, b)."""
    size = left.shape[-1] * right.shape[-1]
    product = left[..., :, None, :, None] * right[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], size, size)
