"""What lies between two linear layers of the public code's networks, as compiled operations of autograd.

Batch norm, leaky ReLU and dropout are one pass over the numbers, forward and backward. Which numbers dropout keeps is
drawn bit by bit: 16 channels are an int16. `Edges` is a whole network of one number, computed for the edges in use.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from ...compiled import compiled
from ..ensemble import BatchNorm
from .base import Array
from .vectors import W, add, less, load, splat, store, total, where

SLOPE = 0.01
"""Of leaky ReLU below zero, PyTorch's default."""
_BITS = 32  # of the probability
_STEP, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_ZERO, _ALL = np.uint64(0), np.uint64(2**64 - 1)
_A, _B, _C = (np.uint64(n) for n in (30, 27, 31))


def serves(x: torch.Tensor) -> bool:
    """Whether the operations compute with x (..., C): on the CPU, float32 or float64, C a multiple of W."""
    return x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64) and x.shape[-1] % W == 0


def kept(probability: float, generators: Any, *shape: int) -> torch.Tensor:
    """Draw what dropout keeps: an int16 (S, *shape, C / W, rounded up) of W bits each; shape ends in C.

    Every seed's generator yields the start of a splitmix64 sequence (Steele, Lea and Flood, 2014), of which the bits
    are made: bit by bit, uniform numbers are compared with the probability's binary digits until all are decided.
    """
    starts = torch.stack([torch.randint(-(2**63), 2**63 - 1, (1,), generator=g) for g in generators])
    *rows, channels = shape
    size = (len(generators), *rows, -(-channels // W))
    words = np.empty((size[0], -(-int(np.prod(size[1:])) // 4)), np.uint64)
    _draw(starts.numpy().view(np.uint64), round((1 - probability) * 2**_BITS), words)
    bits = words.view(np.int16)[:, : int(np.prod(size[1:]))]
    return torch.from_numpy(np.ascontiguousarray(bits)).view(size)


def unpacked(bits: torch.Tensor, channels: int) -> torch.Tensor:
    """Return the first bits of (..., n) int16 as truths (..., channels)."""
    places = torch.arange(W, dtype=torch.int32)
    found = (bits.to(torch.int32).unsqueeze(-1) >> places) & 1
    return found.flatten(-2)[..., :channels] == 1


@compiled
def _draw(starts: Array, threshold: int, words: Array) -> None:
    """Set every bit with probability threshold / 2^32."""
    for s in range(len(words)):
        state = starts[s, 0]
        for i in range(words.shape[1]):
            undecided, found, digit = _ALL, _ZERO, _BITS
            while undecided != _ZERO and digit > 0:
                digit -= 1
                state += _STEP
                z = (state ^ (state >> _A)) * _FIRST
                z = (z ^ (z >> _B)) * _SECOND
                z = z ^ (z >> _C)
                if (threshold >> digit) & 1:
                    found |= undecided & ~z
                    undecided &= z
                else:
                    undecided &= ~z
            words[s, i] = found


class Hidden(torch.autograd.Function):
    """Batch norm, leaky ReLU, dropout.

    Arguments of ``apply``: z (S, N, C); the norm's weight and bias (S, C), None without one; the norm, None without
    one (in training it is given the batch's statistics); what dropout keeps (S, N, C / W), None without it, and what
    that is multiplied by. Returns (S, N, C).
    """

    @staticmethod
    def forward(
        ctx: Any,
        z: torch.Tensor,
        weight: torch.Tensor | None,
        bias: torch.Tensor | None,
        norm: BatchNorm | None,
        bits: torch.Tensor | None,
        factor: float,
    ) -> torch.Tensor:
        """See the class."""
        z, size = z.detach().contiguous(), (len(z), z.shape[2])
        mean, inverse, scale, shift = z.new_zeros(size), z.new_ones(size), z.new_ones(size), z.new_zeros(size)
        if norm is not None and weight is not None and bias is not None:
            if norm.training:
                variance = torch.zeros_like(mean)
                _moments(z.numpy(), mean.numpy(), variance.numpy())
                norm.update(mean, variance, z.shape[1])
            else:
                mean, variance = (running.clone() for running in norm.running)
            inverse = (variance + norm.epsilon).rsqrt()
            scale = weight.detach() * inverse
            shift = bias.detach() - mean * scale
        ctx.bits, ctx.norm, ctx.factor = _bits(bits, z), norm, z.numpy().dtype.type(factor)
        ctx.saved, ctx.rows = (z, mean, inverse, scale, shift), z.shape[1] if norm and norm.training else math.inf
        y = torch.empty_like(z)
        _forward(z.numpy(), scale.numpy(), shift.numpy(), ctx.bits, ctx.factor, y.numpy())
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """See the class."""
        z, mean, inverse, scale, shift = ctx.saved
        d_z, sums = torch.empty_like(z), z.new_zeros(len(z), 2, z.shape[2])
        arrays = [tensor.numpy() for tensor in (gradients[0].contiguous(), z, mean, scale, shift)]
        _backward(*arrays, ctx.bits, ctx.factor, d_z.numpy(), sums.numpy())
        if ctx.norm is None:
            return d_z, None, None, None, None, None
        d_bias, d_weight = sums[:, 0].clone(), sums[:, 1] * inverse
        lower, slope = scale * d_bias / ctx.rows, scale * inverse * d_weight / ctx.rows
        _normed(d_z.numpy(), z.numpy(), mean.numpy(), scale.numpy(), lower.numpy(), slope.numpy())
        return d_z, d_weight, d_bias, None, None, None


def _bits(bits: torch.Tensor | None, like: torch.Tensor, *shape: int) -> Array:
    """Return bits as an array; an empty one without dropout."""
    return np.empty((len(like), *shape, 0, 0), np.int16) if bits is None else bits.numpy()


@compiled
def _moments(z: Array, mean: Array, variance: Array) -> None:
    """Set mean and variance over the rows, from zero."""
    (seeds, rows, channels), one = z.shape, z.dtype.type(1)
    for s in range(seeds):
        for n in range(rows):
            for q in range(channels // W):
                add(mean[s], q, load(z[s, n], q))
        mean[s] *= one / rows
        for n in range(rows):
            for q in range(channels // W):
                x = load(z[s, n], q) - load(mean[s], q)
                add(variance[s], q, x * x)
        variance[s] *= one / rows


@compiled
def _leaky(u: Any, x: Any) -> Any:
    """Return x where u is positive, a small part of it elsewhere."""
    return where(less(u, 0), SLOPE * x, x)


@compiled
def _forward(z: Array, scale: Array, shift: Array, bits: Array, factor: Any, y: Array) -> None:
    """Set y = dropout(leaky(scale z + shift))."""
    (seeds, rows, channels), dropout = z.shape, bits.shape[1] > 0
    for s in range(seeds):
        for n in range(rows):
            for q in range(channels // W):
                u = load(scale[s], q) * load(z[s, n], q) + load(shift[s], q)
                x = _leaky(u, u)
                if dropout:
                    x = where(bits[s, n, q], factor * x, 0)
                store(y[s, n], q, x)


@compiled
def _backward(
    d_y: Array, z: Array, mean: Array, scale: Array, shift: Array, bits: Array, factor: Any, d_u: Array, sums: Array
) -> None:  # fmt: skip
    """Set the gradient of u = scale z + shift; add it, and it times z - mean, to the sums (S, 2, C)."""
    (seeds, rows, channels), dropout = z.shape, bits.shape[1] > 0
    for s in range(seeds):
        for n in range(rows):
            for q in range(channels // W):
                x, g = load(z[s, n], q), load(d_y[s, n], q)
                if dropout:
                    g = where(bits[s, n, q], factor * g, 0)
                g = _leaky(load(scale[s], q) * x + load(shift[s], q), g)
                store(d_u[s, n], q, g)
                add(sums[s, 0], q, g), add(sums[s, 1], q, g * (x - load(mean[s], q)))


@compiled
def _normed(d_z: Array, z: Array, mean: Array, scale: Array, lower: Array, slope: Array) -> None:
    """Turn the gradient of u into that of z: scale d_u - lower - slope (z - mean)."""
    seeds, rows, channels = z.shape
    for s in range(seeds):
        for n in range(rows):
            for q in range(channels // W):
                x = load(z[s, n], q) - load(mean[s], q)
                store(d_z[s, n], q, load(scale[s], q) * load(d_z[s, n], q) - load(lower[s], q) - load(slope[s], q) * x)


class Edges(torch.autograd.Function):
    """A network of one number, e -> V^T dropout(leaky(scale e + shift)) + b, of the edges to every node's leaves.

    Arguments of ``apply``: cross (S, B, M, M) and leaves (S, L, B, M, k), without gradients; scale and shift (S, C); V
    (S, C, 2); b (S, 2); what dropout keeps (S, B, M, M, C / W), None without it, and what that is multiplied by.
    Returns (S, L, k, 2, B·M).
    """

    @staticmethod
    def forward(
        ctx: Any,
        cross: torch.Tensor,
        leaves: torch.Tensor,
        scale: torch.Tensor,
        shift: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        bits: torch.Tensor | None,
        factor: float,
    ) -> torch.Tensor:
        """See the class."""
        given = (cross, leaves, scale, shift, weight.mT)
        ctx.given = [tensor.detach().contiguous().numpy() for tensor in given]
        ctx.given += [_bits(bits, cross, 0, 0), ctx.given[0].dtype.type(factor)]
        (seeds, sets, batch, links, k), (_, _, outputs) = leaves.shape, weight.shape
        y = cross.new_empty(seeds, sets, k, outputs, batch * links)
        _edges(*ctx.given, bias.detach().contiguous().numpy(), y.numpy())
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """See the class."""
        d_y = gradients[0].contiguous()
        d_scale, d_shift, d_weight = (torch.zeros_like(torch.from_numpy(given)) for given in ctx.given[2:5])
        _edges_back(*ctx.given, d_y.numpy(), d_scale.numpy(), d_shift.numpy(), d_weight.numpy())
        return None, None, d_scale, d_shift, d_weight.mT, d_y.sum(dim=(1, 2, 4)), None, None


@compiled
def _edges(
    cross: Array, leaves: Array, scale: Array, shift: Array, weight: Array, bits: Array, factor: Any, bias: Array,
    y: Array,
) -> None:  # fmt: skip
    (seeds, sets, batch, links, k), (_, outputs, channels), dropout = leaves.shape, weight.shape, bits.shape[1] > 0
    hidden = np.empty(channels, scale.dtype)
    for s in range(seeds):
        for l in range(sets):  # noqa: E741
            for n in range(batch * links):
                for i in range(k):
                    b, m = n // links, n % links
                    j = leaves[s, l, b, m, i]
                    e = cross[s, b, m, j]
                    for q in range(channels // W):
                        u = e * load(scale[s], q) + load(shift[s], q)
                        x = _leaky(u, u)
                        if dropout:
                            x = where(bits[s, b, m, j, q], factor * x, 0)
                        store(hidden, q, x)
                    for o in range(outputs):
                        value = load(weight[s, o], 0) * load(hidden, 0)
                        for q in range(1, channels // W):
                            value += load(weight[s, o], q) * load(hidden, q)
                        y[s, l, i, o, n] = bias[s, o] + total(value)


@compiled
def _edges_back(
    cross: Array, leaves: Array, scale: Array, shift: Array, weight: Array, bits: Array, factor: Any, d_y: Array,
    d_scale: Array, d_shift: Array, d_weight: Array,
) -> None:  # fmt: skip
    (seeds, sets, batch, links, k), (_, outputs, channels), dropout = leaves.shape, weight.shape, bits.shape[1] > 0
    for s in range(seeds):
        for l in range(sets):  # noqa: E741
            for n in range(batch * links):
                for i in range(k):
                    b, m = n // links, n % links
                    j = leaves[s, l, b, m, i]
                    e = cross[s, b, m, j]
                    for q in range(channels // W):
                        u = e * load(scale[s], q) + load(shift[s], q)
                        x, g = _leaky(u, u), splat(cross.dtype.type(0))
                        for o in range(outputs):
                            g += d_y[s, l, i, o, n] * load(weight[s, o], q)
                        if dropout:
                            x = where(bits[s, b, m, j, q], factor * x, 0)
                            g = where(bits[s, b, m, j, q], factor * g, 0)
                        for o in range(outputs):
                            add(d_weight[s, o], q, d_y[s, l, i, o, n] * x)
                        g = _leaky(u, g)
                        add(d_scale[s], q, e * g), add(d_shift[s], q, g)
