"""IGCNet in one pass: every node gets messages from its leaves, which are all other nodes where none are chosen.

A seed's realizations are cut into tiles. Forward, the nodes of a tile are lanes: a row has one number per node, and
inner loops have V steps. Backward goes node by node, because a channel's gradient belongs to the one leaf whose
message was the maximum: there, inner loops run over channels, padded to multiples of W.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..igcnet import IGCNet
from .base import JIT, Array, Inputs, Kernel
from .rates import sum_rate

V = 32  # lanes of a block; row i of a block x is x[i * V : (i + 1) * V], so that distances of rows are known
W = 16
NODES = 160  # of a tile, about

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
        weights = [
            _padded(x) for x in (np.concatenate([w1, b1[:, None]], 1), *(x.swapaxes(1, 2) for x in (w2, u1, u2)))
        ]
        layers = (weights[0], weights[1], b2, weights[2], c1, weights[3], c2)
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
    """Return (S, rows, columns) with zero columns up to a multiple of W."""
    return np.pad(weight, ((0, 0), (0, 0), (0, -weight.shape[2] % W)))


@njit(**JIT)
def _run(
    direct: Array, alpha: Array, cross: Array, leaves: Array, gain: Array, weight: Array, noise_power: float,
    p_max: float, start: int, stop: int, iterations: int, widths: tuple[int, int, int], layers: Layers, slopes: Layers,
    gradients: bool, power: Array,
) -> Array:  # fmt: skip
    """Return the seeds' sums of rates; set powers, and add to the layers' slopes where gradients are asked for."""
    dtype, (seeds, _, links) = power.dtype, power.shape
    zero, one = dtype.type(0), dtype.type(1)
    tile = min(stop - start, max(1, NODES // links))
    blocks, saved = -(-tile * links // V), iterations if gradients else 1
    p = np.ones((iterations + 1, blocks * V), dtype)
    x = np.zeros((saved, blocks, (widths[1] + 6) * V), dtype)  # d, α, p, aggregated; then zeros
    z = np.zeros((saved, blocks, (widths[2] + 3) * V), dtype)
    best = np.zeros((saved, blocks, widths[1] * V), np.int32)
    edges = np.zeros((blocks, leaves.shape[4], 5 * V), dtype)
    columns = np.zeros((blocks, leaves.shape[4], V), np.int64)
    logit, dlogit, dp = np.empty((blocks, V), dtype), np.zeros(blocks * V, dtype), np.empty(links, dtype)
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
                    b, m = first + lane // links, lane % links
                    to = x[at, lane // V]
                    to[lane % V], to[V + lane % V], to[2 * V + lane % V] = direct[f, b, m], alpha[f, b, m], p[t, lane]
                for block in range(blocks):
                    _aggregate(own, widths, edges[block], columns[block], p[t], x[at, block], best[at, block])
                    _affine(own[3], own[4], 3 + widths[1], x[at, block], z[at, block])
                    for i in range(widths[2] * V):
                        z[at, block, i] = zero if z[at, block, i] < zero else z[at, block, i]
                    _affine(own[5], own[6], widths[2], z[at, block], logit[block])
                    for v in range(V):
                        p[t + 1, block * V + v] = one / (one + math.exp(-logit[block, v]))
            for b in range(count):
                part, i = slice(b * links, (b + 1) * links), first + b
                rates[s] += sum_rate(
                    logit.ravel()[part], gain[g, i], weight[g, i], noise_power, p_max, scale, power[s, i - start],
                    dlogit[part],
                )  # fmt: skip
                if gradients:
                    for t in range(iterations - 1, -1, -1):
                        chosen = leaves[n, min(t, leaves.shape[1] - 1), min(i, leaves.shape[2] - 1)]
                        _back(own, adds, widths, cross[f, i], chosen, x[t], z[t], best[t], b * links, dlogit[part], dp)
                        for m in range(links):
                            q = p[t, b * links + m]
                            dlogit[b * links + m] = dp[m] * q * (one - q)
    return rates


@njit(**JIT)
def _gather(
    direct: Array, alpha: Array, cross: Array, leaves: Array, first: int, count: int, edges: Array, columns: Array
) -> None:
    """Set what leaf i sends to the node of every lane, except for p: rows d_j, α_j, ., g_jm, g_mj; its lane j."""
    links = direct.shape[1]
    for lane in range(count * links):
        block, v, b, m = lane // V, lane % V, lane // links, lane % links
        for i in range(leaves.shape[2]):
            j, e = leaves[min(first + b, len(leaves) - 1), m, i], edges[block, i]
            columns[block, i, v] = b * links + j
            e[v], e[V + v] = direct[first + b, j], alpha[first + b, j]
            e[3 * V + v], e[4 * V + v] = cross[first + b, m, j], cross[first + b, j, m]


@njit(**JIT)
def _affine(weight: Array, bias: Array, inputs: int, x: Array, y: Array) -> None:
    """y_o = b_o + sum_i W_oi x_i for rows of lanes; rows of x beyond the inputs are zeros, up to a multiple of 4."""
    for o in range(len(bias)):
        row, b = y[o * V : (o + 1) * V], bias[o]
        for v in range(V):
            row[v] = b
        for i in range(0, inputs, 4):
            w0, w1, w2, w3 = weight[o, i], weight[o, i + 1], weight[o, i + 2], weight[o, i + 3]
            four = x[i * V : (i + 4) * V]
            for v in range(V):
                row[v] += w0 * four[v] + w1 * four[V + v] + w2 * four[2 * V + v] + w3 * four[3 * V + v]


@njit(**JIT)
def _aggregate(
    own: Layers, widths: tuple[int, int, int], edges: Array, columns: Array, p: Array, x: Array, best: Array
) -> None:
    """Rows 3.. of x = max_i φ1(leaf i), φ1 = relu(W2 relu(W1 [d_j, α_j, p_j, g_jm, g_mj] + b1) + b2); best = the i.

    Without a positive message, x is 0 and best is -1. A NaN among the messages is the maximum.
    """
    w, hidden, width = own[0], widths[0], widths[1]
    zero = p.dtype.type(0)
    h, y = np.zeros((hidden + 3) * V, p.dtype), np.empty(width * V, p.dtype)
    largest = x[3 * V : (3 + width) * V]
    largest[:] = zero
    best[:] = -1
    for i in range(len(edges)):
        e, column = edges[i], columns[i]
        for v in range(V):
            e[2 * V + v] = p[column[v]]
        for c in range(hidden):
            row, w0, w1, w2, w3, w4, w5 = h[c * V : (c + 1) * V], w[0, c], w[1, c], w[2, c], w[3, c], w[4, c], w[5, c]
            for v in range(V):
                a = w5 + w0 * e[v] + w1 * e[V + v] + w2 * e[2 * V + v] + w3 * e[3 * V + v] + w4 * e[4 * V + v]
                row[v] = zero if a < zero else a
        _affine(own[1], own[2], hidden, h, y)
        for c in range(width * V):
            a = y[c]
            if a > largest[c] or a != a:
                largest[c], best[c] = a, np.int32(i)


@njit(**JIT)
def _row_back(weight: Array, slope: Array, x: Array, dweight: Array, dx: Array) -> None:
    """For y = w · x and slope dy: add dy x to w's gradient, dy w to x's."""
    for q in range(0, len(x), W):
        for v in range(q, q + W):
            dweight[v] += slope * x[v]
            dx[v] += slope * weight[v]


@njit(**JIT)
def _back(
    own: Layers, adds: Layers, widths: tuple[int, int, int], cross: Array, leaves: Array, x: Array, z: Array,
    best: Array, first: int, dlogit: Array, dp: Array,
) -> None:  # fmt: skip
    """Backward through one iteration of one realization, whose nodes start at lane ``first``.

    Adds to the layers' slopes; sets dp, the gradient with respect to the p that entered. Of the maximum's gradient,
    all goes to the leaf that attained it first.
    """
    (links, k), dtype, w = leaves.shape, dp.dtype, own[0]
    hidden, width, update = widths
    size, inner, zero = own[1].shape[1], adds[0], dtype.type(0)
    node, dnode = np.empty((links, size), dtype), np.zeros((links, size), dtype)
    h, dh = np.empty((k, size), dtype), np.empty((k, size), dtype)
    f, df = np.zeros(own[3].shape[1], dtype), np.empty(own[3].shape[1], dtype)
    u, du = np.zeros(own[5].shape[1], dtype), np.empty(own[5].shape[1], dtype)
    for m in range(links):
        at, v = x[(first + m) // V], (first + m) % V
        d, a, p = at[v], at[V + v], at[2 * V + v]
        for c in range(size):
            node[m, c] = w[5, c] + w[0, c] * d + w[1, c] * a + w[2, c] * p
    for m in range(links):
        block, v = (first + m) // V, (first + m) % V
        for i in range(3 + width):
            f[i] = x[block, i * V + v]
        for i in range(update):
            u[i] = z[block, i * V + v]
        df[:], du[:] = zero, zero
        adds[6][0] += dlogit[m]
        _row_back(own[5][0], dlogit[m], u, adds[5][0], du)
        for i in range(update):
            if not u[i] <= zero:
                adds[4][i] += du[i]
                _row_back(own[3][i], du[i], f, adds[3][i], df)
        dp[m] = df[2]
        for i in range(k):
            j = leaves[m, i]
            g, r = cross[m, j], cross[j, m]
            for c in range(size):
                a = node[j, c] + w[3, c] * g + w[4, c] * r
                h[i, c] = zero if a < zero else a
                dh[i, c] = zero
        for c in range(width):
            i = best[block, c * V + v]
            if i >= 0:
                adds[2][c] += df[3 + c]
                _row_back(own[1][c], df[3 + c], h[i], adds[1][c], dh[i])
        for i in range(k):
            j = leaves[m, i]
            g, r = cross[m, j], cross[j, m]
            for c in range(size):
                a = zero if h[i, c] <= zero else dh[i, c]
                dnode[j, c] += a
                inner[3, c] += g * a
                inner[4, c] += r * a
    for m in range(links):
        at, v = x[(first + m) // V], (first + m) % V
        d, a, p = at[v], at[V + v], at[2 * V + v]
        for c in range(size):
            inner[0, c] += d * dnode[m, c]
            inner[1, c] += a * dnode[m, c]
            inner[2, c] += p * dnode[m, c]
            inner[5, c] += dnode[m, c]
            dp[m] += w[2, c] * dnode[m, c]
