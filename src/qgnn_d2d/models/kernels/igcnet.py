"""IGCNet in one pass: every node gets messages from its leaves, which are all other nodes where none are chosen.

A seed's realizations are cut into tiles. Forward, a vector holds one feature or channel of W nodes of a tile. Backward
goes node by node, because a channel's gradient belongs to the one leaf whose message was the maximum: there, a vector
holds W channels of one node. Widths are padded with zeros.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ..igcnet import IGCNet
from .base import JIT, Array, Inputs, Kernel
from .rates import sum_rate
from .vectors import W, fma, load, splat, store, where_larger

_NODES = 160  # of a tile, about

Layers = tuple[Array, Array, Array, Array, Array, Array, Array]
"""[W1; b1] (S, 6, channels), then transposed weights (S, outputs, inputs) and biases (S, outputs) of W2, U1 and U2."""


class IGCNetKernel(Kernel):
    """Serves `IGCNet` and `StarIGCNet`."""

    def __init__(self, model: IGCNet) -> None:
        super().__init__(model, model.iterations)

    def run(self, inputs: Inputs, start: int, stop: int, *, gradients: bool) -> tuple[Array, Array]:
        """See `Kernel.run`."""
        links, seeds = inputs.weight.shape[2], self.model.num_seeds
        if inputs.leaves is None:
            others = (np.arange(links)[:, None] + np.arange(1, links)) % links
            leaves = np.broadcast_to(others, (1, 1, 1, *others.shape))
        else:  # one set for all iterations is read once
            leaves = inputs.leaves[:, :1] if inputs.leaves.strides[1] == 0 else inputs.leaves
        w1, b1, w2, b2, u1, c1, u2, c2 = self.values.values()
        first = np.concatenate([w1, b1[:, None]], 1)
        weights = [_padded(x) for x in (first, *(x.swapaxes(1, 2) for x in (w2, u1, u2)))]
        layers = (weights[0], weights[1], np.pad(b2, ((0, 0), (0, -b2.shape[1] % 4))), weights[2], c1, weights[3], c2)
        slopes = tuple(np.zeros_like(x) for x in layers)
        power = np.empty((seeds, stop - start, links), w1.dtype)
        widths = (w1.shape[2], w2.shape[2], u1.shape[2])
        rates = _run(
            *inputs[:3], leaves, *inputs[4:], start, stop, self.layers, widths, layers, slopes, gradients, power
        )
        if gradients:
            d1, d2, db2, du1, dc1, du2, dc2 = slopes
            whole = (d1[:, :5], d1[:, 5], d2.swapaxes(1, 2), db2, du1.swapaxes(1, 2), dc1, du2.swapaxes(1, 2), dc2)
            for slope, values in zip(self.slopes.values(), whole, strict=True):
                slope[:] = values[tuple(map(slice, slope.shape))]
        return rates, power


def _padded(weight: Array) -> Array:
    """Return (S, rows, columns), C-contiguous, with zeros up to multiples of 4 and of W."""
    weight = np.ascontiguousarray(weight)  # np.pad keeps another order
    return np.pad(weight, ((0, 0), (0, -weight.shape[1] % 4), (0, -weight.shape[2] % W)))


@njit(**JIT)
def _run(
    direct: Array, alpha: Array, cross: Array, leaves: Array, gain: Array, weight: Array, noise_power: float,
    p_max: float, start: int, stop: int, iterations: int, widths: tuple[int, int, int], layers: Layers, slopes: Layers,
    gradients: bool, power: Array,
) -> Array:  # fmt: skip
    """Return the seeds' sums of rates; set powers, and add to the layers' slopes where gradients are asked for."""
    dtype, (seeds, _, links), k, one = power.dtype, power.shape, leaves.shape[4], power.dtype.type(1)
    tile = min(stop - start, max(1, _NODES // links))
    blocks, saved = -(-tile * links // W), iterations if gradients else 1
    p = np.ones((iterations + 1, blocks * W), dtype)
    x = np.zeros((saved, blocks, 3 + layers[1].shape[1], W), dtype)  # d, α, p, aggregated
    z = np.zeros((saved, blocks, layers[3].shape[1], W), dtype)  # the update network's hidden layer
    best = np.zeros((saved, blocks, layers[1].shape[1], W), dtype)  # the leaf of the largest message; -1: none above 0
    edges, columns = np.zeros((blocks, k, 4, W), dtype), np.zeros((blocks, k, W), np.int64)
    hidden, sender = np.zeros((k, layers[0].shape[2], W), dtype), np.empty(W, dtype)
    logit, slope, dp = np.empty(blocks * W, dtype), np.empty(links, dtype), np.empty(links, dtype)
    scale = -1 / (stop - start) if gradients else 0.0
    rates = np.zeros(seeds)
    for s in range(seeds):
        f, g, n = min(s, len(direct) - 1), min(s, len(gain) - 1), min(s, len(leaves) - 1)
        own = (layers[0][s], layers[1][s], layers[2][s], layers[3][s], layers[4][s], layers[5][s], layers[6][s])
        adds = (slopes[0][s], slopes[1][s], slopes[2][s], slopes[3][s], slopes[4][s], slopes[5][s], slopes[6][s])
        for first in range(start, stop, tile):
            count = min(tile, stop - first)
            for t in range(iterations):
                at, i = (t if gradients else 0), min(t, leaves.shape[1] - 1)
                if t == i:
                    _gather(direct[f], alpha[f], cross[f], leaves[n, i], first, count, edges, columns)
                for lane in range(count * links):
                    b, m, to, v = first + lane // links, lane % links, x[at, lane // W], lane % W
                    to[0, v], to[1, v], to[2, v] = direct[f, b, m], alpha[f, b, m], p[t, lane]
                for block in range(blocks):
                    for i in range(k):
                        for v in range(W):
                            sender[v] = p[t, columns[block, i, v]]
                        _message_in(own[0], widths[0], edges[block, i], load(sender, 0), hidden[i])
                    _aggregate(own[1], own[2], widths[0], hidden, x[at, block], best[at, block])
                    _update(own, widths, x[at, block], z[at, block], logit, block * W)
                    for lane in range(block * W, (block + 1) * W):
                        p[t + 1, lane] = one / (one + math.exp(-logit[lane]))
            for b in range(count):
                part, i = slice(b * links, (b + 1) * links), first + b
                rates[s] += sum_rate(
                    logit[part], gain[g, i], weight[g, i], noise_power, p_max, scale, power[s, i - start], slope
                )
                if gradients:
                    for t in range(iterations - 1, -1, -1):
                        chosen = leaves[n, min(t, leaves.shape[1] - 1), min(i, leaves.shape[2] - 1)]
                        _back(own, adds, widths, cross[f, i], chosen, x[t], z[t], best[t], b * links, slope, dp)
                        for m in range(links):
                            q = p[t, b * links + m]
                            slope[m] = dp[m] * q * (one - q)
    return rates


@njit(**JIT)
def _gather(
    direct: Array, alpha: Array, cross: Array, leaves: Array, first: int, count: int, edges: Array, columns: Array
) -> None:
    """Set what leaf i sends to the node of every lane, except for p: d_j, α_j, g_jm and g_mj; and its lane j."""
    links = direct.shape[1]
    for lane in range(count * links):
        b, m, block, v = lane // links, lane % links, lane // W, lane % W
        for i in range(leaves.shape[2]):
            j, to = leaves[min(first + b, len(leaves) - 1), m, i], edges[block, i]
            columns[block, i, v] = b * links + j
            to[0, v], to[1, v] = direct[first + b, j], alpha[first + b, j]
            to[2, v], to[3, v] = cross[first + b, m, j], cross[first + b, j, m]


@njit(**JIT)
def _message_in(w: Array, hidden: int, edge: Array, p: Any, y: Array) -> None:
    """Set y = relu(W1 [d_j, α_j, p_j, g_jm, g_mj] + b1)."""
    d, a, g, r, zero = load(edge, 0), load(edge, W), load(edge, 2 * W), load(edge, 3 * W), splat(w.dtype.type(0))
    for c in range(hidden):
        total = fma(fma(fma(splat(w[5, c]), w[0, c], d), w[1, c], a), w[2, c], p)
        total = fma(fma(total, w[3, c], g), w[4, c], r)
        store(y, c * W, where_larger(total, zero, total, zero))


@njit(**JIT)
def _aggregate(w: Array, bias: Array, inputs: int, hidden: Array, x: Array, best: Array) -> None:
    """x[3 + c] = max_i relu(W2 hidden_i + b2)_c, and best[c] = the i, four channels at a time; a NaN is the maximum."""
    zero = w.dtype.type(0)
    for c in range(0, len(w), 4):
        m0 = m1 = m2 = m3 = splat(zero)
        i0 = i1 = i2 = i3 = splat(w.dtype.type(-1))
        for i in range(len(hidden)):
            h, leaf = hidden[i], w.dtype.type(i)
            y0, y1, y2, y3 = splat(bias[c]), splat(bias[c + 1]), splat(bias[c + 2]), splat(bias[c + 3])
            for j in range(inputs):
                v = load(h, j * W)
                y0, y1 = fma(y0, w[c, j], v), fma(y1, w[c + 1, j], v)
                y2, y3 = fma(y2, w[c + 2, j], v), fma(y3, w[c + 3, j], v)
            i0, i1 = where_larger(y0, m0, leaf, i0), where_larger(y1, m1, leaf, i1)
            i2, i3 = where_larger(y2, m2, leaf, i2), where_larger(y3, m3, leaf, i3)
            m0, m1 = where_larger(y0, m0, y0, m0), where_larger(y1, m1, y1, m1)
            m2, m3 = where_larger(y2, m2, y2, m2), where_larger(y3, m3, y3, m3)
        at = (3 + c) * W
        store(x, at, m0), store(x, at + W, m1), store(x, at + 2 * W, m2), store(x, at + 3 * W, m3)
        at = c * W
        store(best, at, i0), store(best, at + W, i1), store(best, at + 2 * W, i2), store(best, at + 3 * W, i3)


@njit(**JIT)
def _update(own: Layers, widths: tuple[int, int, int], x: Array, z: Array, logit: Array, at: int) -> None:
    """Set z = relu(U1 x + c1) and logit = U2 z + c2."""
    w, bias, out, zero = own[3], own[4], splat(own[6][0]), splat(own[3].dtype.type(0))
    for c in range(widths[2]):
        y = splat(bias[c])
        for i in range(3 + widths[1]):
            y = fma(y, w[c, i], load(x, i * W))
        y = where_larger(y, zero, y, zero)
        store(z, c * W, y)
        out = fma(out, own[5][0, c], y)
    store(logit, at, out)


@njit(**JIT)
def _row_back(weight: Array, row: int, slope: Any, x: Array, at: int, dweight: Array, dx: Array) -> None:
    """For y = w_row · x and slope dy: add dy x to w_row's gradient, dy w_row to x's; ``at`` is where x and dx start."""
    size = weight.shape[1]
    for q in range(0, size, W):
        w = row * size + q
        store(dweight, w, fma(load(dweight, w), slope, load(x, at + q)))
        store(dx, at + q, fma(load(dx, at + q), slope, load(weight, w)))


@njit(**JIT)
def _back(
    own: Layers, adds: Layers, widths: tuple[int, int, int], cross: Array, leaves: Array, x: Array, z: Array,
    best: Array, first: int, dlogit: Array, dp: Array,
) -> None:  # fmt: skip
    """Backward through one iteration of one realization, whose nodes start at lane ``first``.

    Adds to the layers' slopes; sets dp, the gradient with respect to the p that entered. Of the maximum's gradient,
    all goes to the leaf that attained it first.
    """
    (links, k), dtype, w, dw = leaves.shape, dp.dtype, own[0], adds[0]
    size, none = w.shape[1], splat(dp.dtype.type(0))
    node, dnode = np.empty((links, size), dtype), np.zeros((links, size), dtype)
    h, dh = np.empty((k, size), dtype), np.empty((k, size), dtype)
    f, df = np.zeros(own[3].shape[1], dtype), np.empty(own[3].shape[1], dtype)
    u, du = np.zeros(own[5].shape[1], dtype), np.empty(own[5].shape[1], dtype)
    for m in range(links):
        at, v = x[(first + m) // W], (first + m) % W
        for q in range(0, size, W):
            total = fma(fma(load(w, 5 * size + q), at[0, v], load(w, q)), at[1, v], load(w, size + q))
            store(node, m * size + q, fma(total, at[2, v], load(w, 2 * size + q)))
    for m in range(links):
        block, v = (first + m) // W, (first + m) % W
        for i in range(3 + widths[1]):
            f[i] = x[block, i, v]
        for i in range(widths[2]):
            u[i] = z[block, i, v]
        df[:], du[:] = 0, 0
        adds[6][0] += dlogit[m]
        _row_back(own[5], 0, dlogit[m], u, 0, adds[5], du)
        for i in range(widths[2]):
            if not u[i] <= 0:
                adds[4][i] += du[i]
                _row_back(own[3], i, du[i], f, 0, adds[3], df)
        dp[m] = df[2]
        for i in range(k):
            j = leaves[m, i]
            for q in range(0, size, W):
                total = fma(load(node, j * size + q), cross[m, j], load(w, 3 * size + q))
                total = fma(total, cross[j, m], load(w, 4 * size + q))
                store(h, i * size + q, where_larger(total, none, total, none))
                store(dh, i * size + q, none)
        for c in range(widths[1]):
            i = int(best[block, c, v])
            if i >= 0:
                adds[2][c] += df[3 + c]
                _row_back(own[1], c, df[3 + c], h, i * size, adds[1], dh)
        for i in range(k):
            j = leaves[m, i]
            for q in range(0, size, W):
                total = where_larger(load(h, i * size + q), none, load(dh, i * size + q), none)
                store(dnode, j * size + q, fma(load(dnode, j * size + q), splat(dtype.type(1)), total))
                store(dw, 3 * size + q, fma(load(dw, 3 * size + q), cross[m, j], total))
                store(dw, 4 * size + q, fma(load(dw, 4 * size + q), cross[j, m], total))
    for m in range(links):
        at, v = x[(first + m) // W], (first + m) % W
        for q in range(0, size, W):
            total = load(dnode, m * size + q)
            for i in range(3):
                store(dw, i * size + q, fma(load(dw, i * size + q), at[i, v], total))
            store(dw, 5 * size + q, fma(load(dw, 5 * size + q), splat(dtype.type(1)), total))
        for c in range(widths[0]):
            dp[m] += w[2, c] * dnode[m, c]
