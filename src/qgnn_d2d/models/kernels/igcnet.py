"""IGCNet in one pass: every node gets messages from its leaves, which are all other nodes where none are chosen.

A seed's realizations are cut into tiles. Forward, a vector holds one feature or channel of W nodes of a tile. Backward
goes node by node, because a channel's gradient belongs to the one leaf whose message was the maximum: there, a vector
holds W channels of one node, and rows are padded with zeros. Names as in `IGCNet`: φ1 is relu(W2 relu(W1 · + b1) + b2),
φ2 is U2 relu(U1 · + c1) + c2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...compiled import compiled
from ..igcnet import IGCNet
from .base import Array, Inputs, Kernel
from .rates import sum_rate
from .vectors import W, add, exp, larger, less, load, splat, store, where

_NODES = 160  # of a tile, about


class Layers(NamedTuple):
    """Parameters or their gradients; weights are (outputs, inputs) but for W1, whose columns are channels.

    Columns are padded to vectors.
    """

    w1: Array
    b1: Array
    w2: Array
    b2: Array
    u1: Array
    c1: Array
    u2: Array
    c2: Array


class IGCNetKernel(Kernel):
    """Serves `IGCNet` and `StarIGCNet`."""

    model: IGCNet

    def run(self, inputs: Inputs, start: int, stop: int, *, gradients: bool) -> tuple[Array, Array]:
        """See `Kernel.run`."""
        links, seeds, leaves = inputs.weight.shape[2], self.model.num_seeds, inputs.leaves
        if leaves is None:
            leaves = ((np.arange(links)[:, None] + np.arange(1, links)) % links)[None, None, None]
        w1, *others = self.values.values()
        layers = Layers(_padded(w1), *(_padded(x.swapaxes(1, 2)) if x.ndim == 3 else x for x in others))
        slopes = Layers(*map(np.zeros_like, layers))
        power = np.empty((seeds, stop - start, links), w1.dtype)
        rates = _run(
            *inputs[:3], leaves, *inputs[4:], start, stop, self.model.iterations, layers, slopes, gradients, power
        )
        if gradients:
            for i, (slope, values) in enumerate(zip(self.slopes.values(), slopes, strict=True)):
                values = values.swapaxes(1, 2) if i and values.ndim == 3 else values
                slope[:] = values[tuple(map(slice, slope.shape))]
        return rates, power


def _padded(weight: Array) -> Array:
    """Return (S, rows, columns), C-contiguous, with columns of zeros up to a multiple of W."""
    return np.pad(np.ascontiguousarray(weight), ((0, 0), (0, 0), (0, -weight.shape[2] % W)))


@compiled
def _run(
    direct: Array, alpha: Array, cross: Array, leaves: Array, gain: Array, weight: Array, noise_power: float,
    p_max: float, start: int, stop: int, iterations: int, layers: Layers, slopes: Layers, gradients: bool,
    power: Array,
) -> Array:  # fmt: skip
    """Return the seeds' sums of rates; set powers, and add to the layers' slopes where gradients are asked for."""
    dtype, (seeds, _, links), k = power.dtype, power.shape, leaves.shape[4]
    tile = min(stop - start, max(1, _NODES // links))
    blocks, saved = -(-tile * links // W), iterations if gradients else 1
    channels, updated = layers.b2.shape[1], layers.c1.shape[1]
    p = np.ones((iterations + 1, blocks * W), dtype)
    x = np.zeros((saved, blocks, 3 + channels, W), dtype)  # d, α, p, aggregated
    z = np.zeros((saved, blocks, updated, W), dtype)  # the update network's hidden layer
    best = np.zeros((saved, blocks, channels, W), dtype)  # the leaf of the largest message; -1: none above 0
    edges, columns = np.zeros((blocks, k, 5, W), dtype), np.zeros((blocks, k, W), np.int64)
    hidden, logit = np.zeros((k, layers.b1.shape[1], W), dtype), np.empty(blocks * W, dtype)
    slope, dp = np.empty(links, dtype), np.empty(links, dtype)
    scale = -1 / (stop - start) if gradients else 0.0
    rates = np.zeros(seeds)
    for s in range(seeds):
        f, g, n = min(s, len(direct) - 1), min(s, len(gain) - 1), min(s, len(leaves) - 1)
        own, adds = _of_seed(layers, s), _of_seed(slopes, s)
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
                            edges[block, i, 2, v] = p[t, columns[block, i, v]]
                    _messages(own, edges[block], hidden, x[at, block], best[at, block])
                    y = _update(own, x[at, block], z[at, block])
                    store(logit, block, y)
                    store(p[t + 1], block, 1 / (1 + exp(0 - y)))
            for b in range(count):
                part, i = slice(b * links, (b + 1) * links), first + b
                rates[s] += sum_rate(
                    logit[part], gain[g, i], weight[g, i], noise_power, p_max, scale, power[s, i - start], slope
                )
                if gradients:
                    for t in range(iterations - 1, -1, -1):
                        chosen = leaves[n, min(t, leaves.shape[1] - 1), min(i, leaves.shape[2] - 1)]
                        _back(own, adds, cross[f, i], chosen, x[t], z[t], best[t], b * links, slope, dp)
                        for m in range(links):
                            q = p[t, b * links + m]
                            slope[m] = dp[m] * q * (1 - q)
    return rates


@compiled
def _of_seed(layers: Layers, s: int) -> Layers:
    return Layers(
        layers.w1[s], layers.b1[s], layers.w2[s], layers.b2[s], layers.u1[s], layers.c1[s], layers.u2[s], layers.c2[s]
    )


@compiled
def _gather(
    direct: Array, alpha: Array, cross: Array, leaves: Array, first: int, count: int, edges: Array, columns: Array
) -> None:
    """Set what leaf i sends to the node of every lane, [d_j, α_j, p_j, g_jm, g_mj] except for p_j; and its lane j."""
    links = direct.shape[1]
    for lane in range(count * links):
        b, m, block, v = lane // links, lane % links, lane // W, lane % W
        for i in range(leaves.shape[2]):
            j, to = leaves[min(first + b, len(leaves) - 1), m, i], edges[block, i]
            columns[block, i, v] = b * links + j
            to[0, v], to[1, v] = direct[first + b, j], alpha[first + b, j]
            to[3, v], to[4, v] = cross[first + b, m, j], cross[first + b, j, m]


@compiled
def _messages(own: Layers, edges: Array, hidden: Array, x: Array, best: Array) -> None:
    """Set hidden_i = relu(W1 e_i + b1), x[3 + c] = max_i relu(W2 hidden_i + b2)_c and best[c] = i; NaN is largest."""
    zero, inputs = splat(x.dtype.type(0)), hidden.shape[1]
    for i in range(len(hidden)):
        e0, e1, e2, e3, e4 = (
            load(edges[i], 0), load(edges[i], 1), load(edges[i], 2), load(edges[i], 3), load(edges[i], 4)
        )  # fmt: skip
        for j in range(inputs):
            y = own.b1[j] + own.w1[0, j] * e0 + own.w1[1, j] * e1 + own.w1[2, j] * e2
            y = y + own.w1[3, j] * e3 + own.w1[4, j] * e4
            store(hidden[i], j, where(less(y, 0), 0, y))
    last = len(own.b2) - 1
    for c0 in range(0, len(own.b2), 4):  # four channels at once: every hidden_i is loaded for all
        c1, c2, c3 = min(c0 + 1, last), min(c0 + 2, last), min(c0 + 3, last)
        m0 = m1 = m2 = m3 = zero
        i0 = i1 = i2 = i3 = zero - 1
        for i in range(len(hidden)):
            y0, y1, y2, y3 = splat(own.b2[c0]), splat(own.b2[c1]), splat(own.b2[c2]), splat(own.b2[c3])
            for j in range(inputs):
                v = load(hidden[i], j)
                y0, y1 = y0 + own.w2[c0, j] * v, y1 + own.w2[c1, j] * v
                y2, y3 = y2 + own.w2[c2, j] * v, y3 + own.w2[c3, j] * v
            more0, more1, more2, more3 = larger(y0, m0), larger(y1, m1), larger(y2, m2), larger(y3, m3)
            m0, m1, m2, m3 = where(more0, y0, m0), where(more1, y1, m1), where(more2, y2, m2), where(more3, y3, m3)
            i0, i1, i2, i3 = where(more0, i, i0), where(more1, i, i1), where(more2, i, i2), where(more3, i, i3)
        store(x, 3 + c0, m0), store(x, 3 + c1, m1), store(x, 3 + c2, m2), store(x, 3 + c3, m3)
        store(best, c0, i0), store(best, c1, i1), store(best, c2, i2), store(best, c3, i3)


@compiled
def _update(own: Layers, x: Array, z: Array) -> Any:
    """Set z = relu(U1 x + c1), and return the logit U2 z + c2."""
    out = splat(own.c2[0])
    for c in range(len(z)):
        y = splat(own.c1[c])
        for i in range(len(x)):
            y += own.u1[c, i] * load(x, i)
        y = where(less(y, 0), 0, y)
        store(z, c, y)
        out += own.u2[0, c] * y
    return out


@compiled
def _row_back(weight: Array, d_weight: Array, row: int, dy: float, x: Array, dx: Array, at: int) -> None:
    """For y = w_row · x: add dy x to w_row's gradient, dy w_row to x's; x and dx start at vector ``at``."""
    parts = weight.shape[1] // W
    for q in range(parts):
        add(d_weight, row * parts + q, dy * load(x, at + q)), add(dx, at + q, dy * load(weight, row * parts + q))


@compiled
def _back(
    own: Layers, adds: Layers, cross: Array, leaves: Array, x: Array, z: Array, best: Array, first: int,
    dlogit: Array, dp: Array,
) -> None:  # fmt: skip
    """Backward through one iteration of one realization, whose nodes start at lane ``first``.

    Adds to the layers' slopes; sets dp, the gradient with respect to the p that entered. Of the maximum's gradient,
    all goes to the leaf that attained it first.
    """
    (links, k), dtype, size = leaves.shape, dp.dtype, own.w1.shape[1]
    (w, dw), parts, b1 = (own.w1, adds.w1), size // W, np.zeros(size, dtype)
    node, dnode = np.empty((links, size), dtype), np.zeros((links, size), dtype)
    h, dh = np.empty((k, size), dtype), np.empty((k, size), dtype)
    f, df = np.zeros(own.u1.shape[1], dtype), np.empty(own.u1.shape[1], dtype)
    u, du = np.zeros(own.u2.shape[1], dtype), np.empty(own.u2.shape[1], dtype)
    b1[: len(own.b1)], none = own.b1, splat(dtype.type(0))
    for m in range(links):
        at, v = x[(first + m) // W], (first + m) % W
        for q in range(parts):
            y = load(b1, q) + at[0, v] * load(w[0], q) + at[1, v] * load(w[1], q) + at[2, v] * load(w[2], q)
            store(node[m], q, y)
    for m in range(links):
        block, v = (first + m) // W, (first + m) % W
        for i in range(x.shape[1]):
            f[i] = x[block, i, v]
        for i in range(z.shape[1]):
            u[i] = z[block, i, v]
        df[:], du[:] = 0, 0
        adds.c2[0] += dlogit[m]
        _row_back(own.u2, adds.u2, 0, dlogit[m], u, du, 0)
        for i in range(z.shape[1]):
            if not u[i] <= 0:
                adds.c1[i] += du[i]
                _row_back(own.u1, adds.u1, i, du[i], f, df, 0)
        dp[m] = df[2]
        for i in range(k):
            j = leaves[m, i]
            for q in range(parts):
                y = load(node[j], q) + cross[m, j] * load(w[3], q) + cross[j, m] * load(w[4], q)
                store(h[i], q, where(less(y, 0), 0, y)), store(dh[i], q, none)
        for c in range(len(own.b2)):
            i = int(best[block, c, v])
            if i >= 0:
                adds.b2[c] += df[3 + c]
                _row_back(own.w2, adds.w2, c, df[3 + c], h, dh, i * parts)
        for i in range(k):
            j = leaves[m, i]
            for q in range(parts):
                y = where(larger(load(h[i], q), 0), load(dh[i], q), 0)
                add(dnode[j], q, y), add(dw[3], q, cross[m, j] * y), add(dw[4], q, cross[j, m] * y)
    for m in range(links):
        at, v = x[(first + m) // W], (first + m) % W
        for q in range(parts):
            y = load(dnode[m], q)
            add(dw[0], q, at[0, v] * y), add(dw[1], q, at[1, v] * y), add(dw[2], q, at[2, v] * y)
        for c in range(len(own.b1)):
            adds.b1[c] += dnode[m, c]
            dp[m] += w[2, c] * dnode[m, c]
