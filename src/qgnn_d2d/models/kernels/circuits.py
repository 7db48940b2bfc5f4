r"""Star circuits of any memory as compiled operations of autograd, for models that are trained in torch.

One leaf takes the memory's Pauli coordinates r (r_0 = 1) to

.. math::
    r'_a = \sum_b \sum_{cd} T_{abcd}\, r_b\, l_c\, e_d

(`quantum.engine.star`). A vector holds W stars, and the products r_b l_c e_d are made in the cache, star by star.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ...compiled import compiled
from ...quantum.engine.star import StarEngine
from .base import Array
from .transfer import Plan
from .vectors import W, fma, load, splat, store


class Circuit:
    """Builds T and contracts it with stars, as `StarEngine` does, differentiably. W = 16 is the number of pairs cd."""

    def __init__(self, engine: StarEngine, dtype: torch.dtype) -> None:
        self.engine = engine
        self._plan = Plan(engine, torch.empty(0, dtype=dtype).numpy().dtype)
        self._last: tuple[Array, Array] | None = None

    def built(self, weights: Array) -> Array:
        """Return T (G, R (1 + R) 16) of weights (G, P), that of the last call where these are the same."""
        if self._last is None or not np.array_equal(self._last[0], weights):
            self._last = weights.copy(), self._plan.forward(weights)
        return self._last[1]

    def transfer(self, weights: torch.Tensor) -> torch.Tensor:
        """See `StarEngine.transfer`."""
        rows = self.engine.num_rows
        flat: torch.Tensor = _Transfer.apply(weights.reshape(-1, weights.shape[-1]), self)
        return flat.view(*weights.shape[:-1], rows, 1 + rows, W)

    def contract(
        self, transfer: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        """See `StarEngine.contract`, for programs without noise."""
        memory = functional.pad(center, (0, 0, 1, 0), value=1.0)
        for _ in range(self.engine.num_memory - 1):  # further qubits start in |0>: (1, 0, 0, 1)
            zeros = torch.zeros_like(memory)
            memory = torch.stack([memory, zeros, zeros, memory], dim=2).flatten(1, 2)
        final: torch.Tensor = _Contraction.apply(transfer, memory, leaves, edges)
        return final[:, self.engine._observed]


class _Transfer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: torch.Tensor, circuit: Circuit) -> torch.Tensor:
        ctx.weights, ctx.circuit = weights.detach().contiguous().numpy(), circuit
        return torch.from_numpy(circuit.built(ctx.weights).copy())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        ctx.circuit.built(ctx.weights)
        d_weights = np.empty_like(ctx.weights)
        ctx.circuit._plan.backward(gradients[0].contiguous().numpy(), d_weights)
        return torch.from_numpy(d_weights), None


class _Contraction(torch.autograd.Function):
    """T (G, slots, R, 1 + R, 16), memory (G, 1 + R, N), leaves and edges (G, k, 3, N) to the memory's (G, R, N)."""

    @staticmethod
    def forward(ctx: Any, *tensors: torch.Tensor) -> torch.Tensor:
        transfer, *stars = (tensor.detach() for tensor in tensors)
        rows, count = transfer.shape[2], stars[0].shape[2]
        flat = functional.pad(transfer.flatten(3), (0, 0, 0, -rows % 4)).contiguous().numpy()
        memory, leaves, edges = (functional.pad(part, (0, -count % W)).contiguous().numpy() for part in stars)
        groups, k, _, size = leaves.shape
        states = np.ones((groups, k + 1, 1 + flat.shape[2], size), memory.dtype)
        states[:, 0, : 1 + rows] = memory
        _forward(flat, leaves, edges, states)
        ctx.saved, ctx.count, ctx.rows = (flat, leaves, edges, states), count, rows
        return torch.from_numpy(states[:, k, 1 : 1 + rows, :count])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, ...]:
        flat, leaves, edges, states = ctx.saved
        rows, count = ctx.rows, ctx.count
        adjoint = np.zeros((len(flat), states.shape[2], states.shape[3]), flat.dtype)
        adjoint[:, 1 : 1 + rows, :count] = gradients[0].numpy()
        slopes = [np.zeros_like(flat), np.empty_like(leaves), np.empty_like(edges)]
        _backward(flat, leaves, edges, states, adjoint, *slopes)
        d_transfer = torch.from_numpy(slopes[0][:, :, :rows]).unflatten(3, (1 + rows, W))
        parts = (adjoint[:, : 1 + rows], *slopes[1:])
        return d_transfer, *(torch.from_numpy(part[..., :count]) for part in parts)


@compiled
def _pairs(leaves: Array, edges: Array, at: int, four: Array, pair: Array) -> None:
    """Load l and e with l_0 = e_0 = 1 into the rows of four; set the rows l_c e_d of pair."""
    size = leaves.shape[3]
    for c in range(3):
        store(four, (1 + c) * W, load(leaves, at + c * size))
        store(four, (5 + c) * W, load(edges, at + c * size))
    for c in range(4):
        for d in range(4):
            zero = splat(four.dtype.type(0))
            store(pair, (4 * c + d) * W, fma(zero, load(four, c * W), load(four, (4 + d) * W)))


@compiled
def _forward(transfer: Array, leaves: Array, edges: Array, states: Array) -> None:
    """Set the states after every leaf, four coordinates at a time."""
    (groups, k, _, size), (_, slots, rows, inputs) = leaves.shape, transfer.shape
    dtype, height = states.dtype, states.shape[2]
    zero = splat(dtype.type(0))
    four, pair, q = np.ones(8 * W, dtype), np.empty(W * W, dtype), np.empty(inputs * W, dtype)
    for g in range(groups):
        for n in range(0, size, W):
            for i in range(k):
                t, at = transfer[g, i if slots > 1 else 0], (g * (k + 1) + i) * height * size + n
                _pairs(leaves, edges, (g * k + i) * 3 * size + n, four, pair)
                for b in range(inputs // W):
                    r = load(states, at + b * size)
                    for j in range(W):
                        store(q, (b * W + j) * W, fma(zero, r, load(pair, j * W)))
                for a in range(0, rows, 4):
                    y0 = y1 = y2 = y3 = zero
                    for j in range(inputs):
                        x = load(q, j * W)
                        y0, y1 = fma(y0, t[a, j], x), fma(y1, t[a + 1, j], x)
                        y2, y3 = fma(y2, t[a + 2, j], x), fma(y3, t[a + 3, j], x)
                    to = at + (height + 1 + a) * size
                    store(states, to, y0), store(states, to + size, y1)
                    store(states, to + 2 * size, y2), store(states, to + 3 * size, y3)


@compiled
def _backward(
    transfer: Array, leaves: Array, edges: Array, states: Array, adjoint: Array, d_transfer: Array, d_leaves: Array,
    d_edges: Array,
) -> None:  # fmt: skip
    """Take the adjoint of `_forward`: adjoint becomes that of the first state; adds to d_transfer, sets the others.

    dT_abcd = sum over stars of r'^*_a r_b l_c e_d: there, a vector holds the 16 pairs cd of one star.
    """
    (groups, k, _, size), (_, slots, rows, inputs) = leaves.shape, transfer.shape
    dtype, height, count = states.dtype, states.shape[2], inputs // W
    zero = splat(dtype.type(0))
    four, pair, turned = np.ones(8 * W, dtype), np.empty(W * W, dtype), np.empty(W * W, dtype)
    dq, dp, both = np.empty(inputs * W, dtype), np.empty(W * W, dtype), np.empty(W, dtype)
    for g in range(groups):
        for n in range(0, size, W):
            for i in range(k - 1, -1, -1):
                slot = i if slots > 1 else 0
                t, at, top = transfer[g, slot], (g * (k + 1) + i) * height * size + n, g * height * size + n
                start = (g * k + i) * 3 * size + n
                _pairs(leaves, edges, start, four, pair)
                for j in range(W):
                    for v in range(W):
                        turned[v * W + j] = pair[j * W + v]
                for a in range(rows):
                    y = load(adjoint, top + (1 + a) * size)
                    for b in range(count):
                        store(both, 0, fma(zero, y, load(states, at + b * size)))
                        to = ((g * slots + slot) * rows + a) * inputs + b * W
                        total, other = load(d_transfer, to), zero
                        for v in range(0, W, 2):
                            total = fma(total, both[v], load(turned, v * W))
                            other = fma(other, both[v + 1], load(turned, (v + 1) * W))
                        store(d_transfer, to, fma(total, dtype.type(1), other))
                for j in range(0, inputs, 4):
                    y0 = y1 = y2 = y3 = zero
                    for a in range(rows):
                        x = load(adjoint, top + (1 + a) * size)
                        y0, y1 = fma(y0, t[a, j], x), fma(y1, t[a, j + 1], x)
                        y2, y3 = fma(y2, t[a, j + 2], x), fma(y3, t[a, j + 3], x)
                    store(dq, j * W, y0), store(dq, (j + 1) * W, y1)
                    store(dq, (j + 2) * W, y2), store(dq, (j + 3) * W, y3)
                for b in range(count):
                    y = zero
                    for j in range(W):
                        y = fma(y, load(dq, (b * W + j) * W), load(pair, j * W))
                    store(adjoint, top + b * size, y)
                for j in range(W):
                    y = zero
                    for b in range(count):
                        y = fma(y, load(dq, (b * W + j) * W), load(states, at + b * size))
                    store(dp, j * W, y)
                for c in range(1, 4):
                    y, z = zero, zero
                    for d in range(4):
                        y = fma(y, load(dp, (4 * c + d) * W), load(four, (4 + d) * W))
                        z = fma(z, load(dp, (4 * d + c) * W), load(four, d * W))
                    store(d_leaves, start + (c - 1) * size, y)
                    store(d_edges, start + (c - 1) * size, z)
