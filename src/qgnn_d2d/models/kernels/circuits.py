"""Star circuits of any memory as compiled operations of autograd, for models that are trained in torch.

W stars are a block, of which `contraction` takes one leaf after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ...compiled import compiled
from ...quantum.engine.star import StarEngine
from .base import Array
from .contraction import EDGE, LEAF, MEMORY, contract, d_contract
from .transfer import Plan
from .vectors import W


class Circuit:
    """Builds T and contracts it with stars, as `StarEngine` does, differentiably."""

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
        flat: torch.Tensor = _Transfer.apply(weights.reshape(-1, weights.shape[-1]), self)
        return flat.view(*weights.shape[:-1], self.engine.num_rows, 1 + self.engine.num_rows, 16)

    def contract(
        self, transfer: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        """See `StarEngine.contract`, for programs without noise and a T of every leaf."""
        memory = functional.pad(center, (0, 0, 1, 0), value=1.0)
        for _ in range(self.engine.num_memory - 1):  # further qubits start in |0>: (1, 0, 0, 1)
            zeros = torch.zeros_like(memory)
            memory = torch.stack([memory, zeros, zeros, memory], dim=2).flatten(1, 2)
        final: torch.Tensor = _Contraction.apply(transfer, memory[:, 1:], leaves, edges)
        return final[:, self.engine._observed]


class _Transfer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: torch.Tensor, circuit: Circuit) -> torch.Tensor:
        ctx.circuit, ctx.weights = circuit, weights.detach().contiguous().numpy()
        return torch.from_numpy(circuit.built(ctx.weights).copy())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        ctx.circuit.built(ctx.weights)
        d_weights = np.empty_like(ctx.weights)
        ctx.circuit._plan.backward(gradients[0].contiguous().numpy(), d_weights)
        return torch.from_numpy(d_weights), None


class _Contraction(torch.autograd.Function):
    """T (G, k, R, 1 + R, 16), memory (G, R, N), leaves and edges (G, k, 3, N) to the memory's (G, R, N)."""

    @staticmethod
    def forward(ctx: Any, *tensors: torch.Tensor) -> torch.Tensor:
        transfer, memory, leaves, edges = (tensor.detach() for tensor in tensors)
        groups, k, _, count = leaves.shape
        stars = memory.new_ones(groups, -(-count // W), k + 1, MEMORY + memory.shape[1], W)
        for part, values in zip(_parts(stars), (memory, leaves, edges), strict=True):
            values = functional.pad(values, (0, -count % W)).unflatten(-1, (-1, W))
            part.copy_(values.movedim(-2, 1))
        _forward(transfer.contiguous().numpy(), stars.numpy())
        ctx.saved = transfer.contiguous(), stars
        return stars[:, :, k, MEMORY:].movedim(1, -2).flatten(-2)[..., :count]

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, ...]:
        (transfer, stars), count = ctx.saved, gradients[0].shape[-1]
        d_transfer, d_stars = torch.zeros_like(transfer), torch.empty_like(stars)
        padded = functional.pad(gradients[0], (0, -count % W)).unflatten(-1, (-1, W))
        d_stars[:, :, -1, MEMORY:] = padded.movedim(-2, 1)
        _backward(transfer.numpy(), stars.numpy(), d_stars.numpy(), d_transfer.numpy())
        return d_transfer, *(part.movedim(1, -2).flatten(-2)[..., :count] for part in _parts(d_stars))


def _parts(stars: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the first memory, leaves and edges of stars (G, B, k + 1, 9 + R, W) as views."""
    return stars[:, :, 0, MEMORY:], stars[:, :, :-1, LEAF : LEAF + 3], stars[:, :, :-1, EDGE : EDGE + 3]


@compiled
def _forward(transfer: Array, stars: Array) -> None:
    for g in range(len(stars)):
        for block in range(stars.shape[1]):
            for i in range(transfer.shape[1]):
                contract(transfer[g, i], stars[g, block, i], stars[g, block, i + 1])


@compiled
def _backward(transfer: Array, stars: Array, d_stars: Array, d_transfer: Array) -> None:
    row = np.empty(W, stars.dtype)
    for g in range(len(stars)):
        for block in range(stars.shape[1]):
            for i in range(transfer.shape[1] - 1, -1, -1):
                star, d = stars[g, block, i], d_stars[g, block]
                d_contract(transfer[g, i], star, d[i + 1], d[i], d_transfer[g, i], row)
