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
from .vectors import W, fma, is_positive, load, splat, store, where_bits, where_larger

_CHUNK = 8  # realizations


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
        positive = np.empty((seeds, count, links * (links - 1), outputs // W), np.int16)
        y = u.new_empty(seeds, count, links, width + outputs)
        y[..., :width] = x
        arrays = [tensor.numpy() for tensor in (u, cross, r, bias, y)]
        for s, first, last, hidden, messages in _chunks(u, outputs):
            _hidden(*arrays[:3], s, first, last, hidden.numpy())
            torch.mm(hidden, weight[s], out=messages)
            _mean(messages.numpy(), arrays[3], s, first, last, arrays[4], positive)
        ctx.saved, ctx.positive = (u, cross, r, weight), positive
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """See the class."""
        u, cross, r, weight = ctx.saved
        d_y = gradients[0].contiguous()
        d_u, d_r, d_weight = torch.zeros_like(u), torch.zeros_like(r), torch.zeros_like(weight)
        d_bias = weight.new_zeros(len(weight), weight.shape[2])
        arrays = [tensor.numpy() for tensor in (u, cross, r)]
        slopes = [tensor.numpy() for tensor in (d_u, d_r)]
        for s, first, last, hidden, messages in _chunks(u, weight.shape[2]):
            _hidden(*arrays, s, first, last, hidden.numpy())
            _mean_back(messages.numpy(), d_bias.numpy(), s, first, last, d_y.numpy(), ctx.positive)
            d_weight[s].addmm_(hidden.T, messages)
            d_hidden = torch.mm(messages, weight[s].T)
            _hidden_back(hidden.numpy(), d_hidden.numpy(), arrays[1], s, first, last, *slopes)
        return d_y[..., : u.shape[3]], d_u, None, d_r, d_weight, d_bias


def _chunks(u: torch.Tensor, outputs: int) -> Any:
    """Yield seed, first and last realization, and room for hidden layers and messages, a row per pair of nodes."""
    seeds, count, links, width = u.shape
    pairs = links * (links - 1)
    hidden, messages = u.new_empty(_CHUNK * pairs, width), u.new_empty(_CHUNK * pairs, outputs)
    for s in range(seeds):
        for first in range(0, count, _CHUNK):
            last = min(count, first + _CHUNK)
            rows = (last - first) * pairs
            yield s, first, last, hidden[:rows], messages[:rows]


@compiled
def _hidden(u: Array, cross: Array, r: Array, s: int, first: int, last: int, hidden: Array) -> None:
    """Rows of hidden = relu(u_j + g_jm r), for all pairs m, j ≠ m."""
    _, count, links, width = u.shape
    zero, to = splat(u.dtype.type(0)), 0
    for b in range(first, last):
        start = (s * count + b) * links
        for m in range(links):
            for j in range(links):
                if j != m:
                    for q in range(0, width, W):
                        y = fma(load(u, (start + j) * width + q), cross[s, b, m, j], load(r, s * width + q))
                        store(hidden, to + q, where_larger(y, zero, y, zero))
                    to += width


@compiled
def _mean(messages: Array, bias: Array, s: int, first: int, last: int, y: Array, positive: Array) -> None:
    """Set means over each node's rows of relu(messages + b), and which of these were positive."""
    (_, count, links, size), outputs = y.shape, bias.shape[1]
    zero, one, share = splat(bias.dtype.type(0)), bias.dtype.type(1), bias.dtype.type(1 / max(1, links - 1))
    for b in range(first, last):
        for m in range(links):
            for q in range(0, outputs, W):
                total, start = zero, load(bias, s * outputs + q)
                for i in range(m * (links - 1), (m + 1) * (links - 1)):
                    z = fma(start, one, load(messages, ((b - first) * links * (links - 1) + i) * outputs + q))
                    positive[s, b, i, q // W] = is_positive(z)
                    total = fma(total, one, where_larger(z, zero, z, zero))
                store(y, ((s * count + b) * links + m + 1) * size - outputs + q, fma(zero, share, total))


@compiled
def _mean_back(messages: Array, d_bias: Array, s: int, first: int, last: int, d_y: Array, positive: Array) -> None:
    """Set the gradients of the messages, add to the bias'."""
    (_, count, links, size), outputs = d_y.shape, d_bias.shape[1]
    zero, one, share = splat(d_bias.dtype.type(0)), d_bias.dtype.type(1), d_bias.dtype.type(1 / max(1, links - 1))
    for b in range(first, last):
        for m in range(links):
            for q in range(0, outputs, W):
                total = load(d_bias, s * outputs + q)
                slope = fma(zero, share, load(d_y, ((s * count + b) * links + m + 1) * size - outputs + q))
                for i in range(m * (links - 1), (m + 1) * (links - 1)):
                    y = where_bits(positive[s, b, i, q // W], slope)
                    store(messages, ((b - first) * links * (links - 1) + i) * outputs + q, y)
                    total = fma(total, one, y)
                store(d_bias, s * outputs + q, total)


@compiled
def _hidden_back(
    hidden: Array, d_hidden: Array, cross: Array, s: int, first: int, last: int, d_u: Array, d_r: Array
) -> None:
    """Add to the gradients of u and r."""
    _, count, links, width = d_u.shape
    zero, one, at = splat(d_u.dtype.type(0)), d_u.dtype.type(1), 0
    for b in range(first, last):
        start = (s * count + b) * links
        for m in range(links):
            for j in range(links):
                if j != m:
                    for q in range(0, width, W):
                        y = where_larger(load(hidden, at + q), zero, load(d_hidden, at + q), zero)
                        store(d_u, (start + j) * width + q, fma(load(d_u, (start + j) * width + q), one, y))
                        store(d_r, s * width + q, fma(load(d_r, s * width + q), cross[s, b, m, j], y))
                    at += width
