"""The messages of `ReleasedGCN` as one operation of autograd: products by BLAS, all between them compiled.

Realizations go a few at a time, so that hidden layers and messages stay in the cache: nothing of their size, (S, B, M,
M - 1, channels), is ever stored. Backward makes the hidden layers anew and reads which messages were positive.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...compiled import compiled
from .base import Array
from .vectors import W, add, larger, less, load, splat, store, where

_CHUNK = 16  # realizations


def serves(x: torch.Tensor) -> bool:
    """Whether `Messages` computes with nodes x (S, B, M, C): on the CPU, float32 or float64, C a multiple of W."""
    return x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64) and x.shape[-1] % W == 0


class Messages(torch.autograd.Function):
    """Nodes and their mean messages, [x_m, 1 / (M - 1) sum_{j ≠ m} relu(relu(u_j + g_jm r) V + b)].

    Arguments of ``apply``: x and u (S, B, M, C), cross (S, B, M, M) with g_jm at [m, j] and no gradient, r (S, C),
    V (S, C, D), b (S, D). Returns (S, B, M, C + D).
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, *tensors: torch.Tensor) -> torch.Tensor:
        """See the class."""
        u, cross, r, weight, bias = (tensor.detach().contiguous() for tensor in tensors)
        (seeds, count, links, width), outputs = u.shape, weight.shape[2]
        positive = np.empty((seeds, count, links, max(1, links - 1), outputs // W), np.int16)
        y = u.new_empty(seeds, count, links, width + outputs)
        y[..., :width] = x
        for s, part, hidden, messages in _chunks(u, outputs):
            _hidden(u[s, part].numpy(), cross[s, part].numpy(), r[s].numpy(), hidden.numpy())
            torch.mm(hidden, weight[s], out=messages)
            _mean(messages.numpy(), bias[s].numpy(), y[s, part].numpy(), positive[s, part])
        ctx.saved, ctx.positive = (u, cross, r, weight), positive
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """See the class."""
        (u, cross, r, weight), d_y = ctx.saved, gradients[0].contiguous()
        d_u, d_r, d_weight = torch.zeros_like(u), torch.zeros_like(r), torch.zeros_like(weight)
        d_bias = weight.new_zeros(len(weight), weight.shape[2])
        for s, part, hidden, messages in _chunks(u, weight.shape[2]):
            g = cross[s, part].numpy()
            _hidden(u[s, part].numpy(), g, r[s].numpy(), hidden.numpy())
            _mean_back(messages.numpy(), d_bias[s].numpy(), d_y[s, part].numpy(), ctx.positive[s, part])
            d_weight[s].addmm_(hidden.T, messages)
            d_hidden = torch.mm(messages, weight[s].T)
            _hidden_back(hidden.numpy(), d_hidden.numpy(), g, d_u[s, part].numpy(), d_r[s].numpy())
        return d_y[..., : u.shape[3]], d_u, None, d_r, d_weight, d_bias


def _chunks(u: torch.Tensor, outputs: int) -> Any:
    """Yield a seed, some realizations, and room for hidden layers and messages, one row for every m and j ≠ m.

    The room is the same in all steps.
    """
    seeds, count, links, width = u.shape
    pairs = links * (links - 1)
    hidden, messages = (u.new_empty(_CHUNK * pairs, size) for size in (width, outputs))
    for s in range(seeds):
        for first in range(0, count, _CHUNK):
            rows = min(_CHUNK, count - first) * pairs
            yield s, slice(first, first + _CHUNK), hidden[:rows], messages[:rows]


@compiled
def _hidden(u: Array, cross: Array, r: Array, hidden: Array) -> None:
    """Rows of hidden = relu(u_j + g_jm r), for all pairs m, j ≠ m."""
    (count, links, _), parts, to = u.shape, u.shape[2] // W, 0
    for b in range(count):
        for m in range(links):
            for j in range(links):
                if j != m:
                    for q in range(parts):
                        y = load(u[b, j], q) + cross[b, m, j] * load(r, q)
                        store(hidden[to], q, where(less(y, 0), 0, y))
                    to += 1


@compiled
def _mean(messages: Array, bias: Array, y: Array, positive: Array) -> None:
    """Set means over each node's rows of relu(messages + b), and which of these were positive."""
    (count, links, others, parts), (size, one) = positive.shape, (y.shape[2] // W, y.dtype.type(1))
    for b in range(count):
        for m in range(links):
            for q in range(parts):
                total, start, row = splat(y.dtype.type(0)), load(bias, q), (b * links + m) * (links - 1)
                for i in range(links - 1):
                    z = start + load(messages[row + i], q)
                    positive[b, m, i, q] = larger(z, 0)
                    total += where(less(z, 0), 0, z)
                store(y[b, m], size - parts + q, total * (one / others))


@compiled
def _mean_back(messages: Array, d_bias: Array, d_y: Array, positive: Array) -> None:
    """Set the gradients of the messages, add to the bias'."""
    (count, links, others, parts), (size, one) = positive.shape, (d_y.shape[2] // W, d_y.dtype.type(1))
    for b in range(count):
        for m in range(links):
            for q in range(parts):
                total, row = load(d_bias, q), (b * links + m) * (links - 1)
                slope = load(d_y[b, m], size - parts + q) * (one / others)
                for i in range(links - 1):
                    y = where(positive[b, m, i, q], slope, 0)
                    store(messages[row + i], q, y)
                    total += y
                store(d_bias, q, total)


@compiled
def _hidden_back(hidden: Array, d_hidden: Array, cross: Array, d_u: Array, d_r: Array) -> None:
    """Add to the gradients of u and r."""
    (count, links, _), parts, at = d_u.shape, d_u.shape[2] // W, 0
    for b in range(count):
        for m in range(links):
            for j in range(links):
                if j != m:
                    for q in range(parts):
                        y = where(larger(load(hidden[at], q), 0), load(d_hidden[at], q), 0)
                        add(d_u[b, j], q, y), add(d_r, q, cross[b, m, j] * y)
                    at += 1
