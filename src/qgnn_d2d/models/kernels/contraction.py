"""The stars of one head in one layer, leaf by leaf, and their adjoint: `StarEngine.contract` on lanes.

A lane is a star, and V stars go through all their leaves together. What the adjoint needs is kept per block and leaf,
so that no sine is computed twice.
"""

from __future__ import annotations

import numpy as np

from ...compiled import compiled
from .base import Array
from .lanes import TRIG, V, angles, d_encode, encode

_LEAF, _STEP, _STATE, _HALF = TRIG, TRIG + 3 * V, TRIG + 15 * V, V // 2
KEPT = TRIG + 18 * V
"""Size of what is kept of a block's leaf: `angles` of the edge, l, the step (3, 4), and r before it."""


@compiled
def contract(
    transfer: Array, center: Array, leaf: Array, edges: Array, columns: Array, role: Array, weight: Array, bias: Array,
    turns: float, readout: Array, z: Array, kept: Array, keep: bool,
) -> None:  # fmt: skip
    """Measure the centers: r ← T(l_i, e_i) (1, r) for i = 1..k, T(l, e)_ab = sum_cd T_abcd l_c e_d; z = readout (1, r).

    Args:
        transfer: (12, 16) T, with rows (a, b) and columns (c, d).
        center: (B, 3 V) Bloch vectors of the centers in B blocks.
        leaf: (B 3 V,) Bloch vectors of all nodes as leaves.
        edges: (B, k, 2 V) edge features.
        columns: (B, k, V) where each leaf's Bloch vector starts in ``leaf``.
        role: (3, 3) the edges' encoding.
        weight: (2, 2) of the edge map, and bias (2,).
        bias: See weight.
        turns: The largest angle, in turns.
        readout: (o, 4).
        z: (B, o V), set.
        kept: (B, k, KEPT), set for `d_contract`; without ``keep`` a workspace (1, 1, KEPT).
        keep: Whether it is kept.
    """
    real, k = center.dtype.type, columns.shape[1]
    t = np.empty((12, 16), center.dtype)
    t[:] = transfer
    pair, r, x = np.empty(16 * V, center.dtype), np.empty(3 * V, center.dtype), np.empty(2 * V, center.dtype)
    a0, a1, a2, b0, b1, b2 = weight[0, 0], weight[1, 0], bias[0], weight[0, 1], weight[1, 1], bias[1]
    pair[:V] = real(1)
    for block in range(len(z)):
        r[:] = center[block]
        for i in range(k):
            w, e, column = kept[block, i] if keep else kept[0, 0], edges[block, i], columns[block, i]
            for v in range(V):
                x[v] = a0 * e[v] + a1 * e[V + v] + a2
                x[V + v] = b0 * e[v] + b1 * e[V + v] + b2
            angles(x, turns, w)
            encode(w, role, pair[V : 4 * V])
            for v in range(V):
                j = column[v]
                w[_LEAF + v], w[_LEAF + V + v], w[_LEAF + 2 * V + v] = leaf[j], leaf[j + V], leaf[j + 2 * V]
            _pairs(w, pair)
            for a in range(12):
                for v in range(V):
                    total = t[a, 0]
                    for q in range(1, 16):
                        total += t[a, q] * pair[q * V + v]
                    w[_STEP + a * V + v] = total
            for v in range(3 * V):
                w[_STATE + v] = r[v]
            for a in range(3):
                s = _STEP + 4 * a * V
                for v in range(V):
                    r[a * V + v] = (
                        w[s + v] + w[s + V + v] * w[_STATE + v]
                        + w[s + 2 * V + v] * w[_STATE + V + v] + w[s + 3 * V + v] * w[_STATE + 2 * V + v]
                    )  # fmt: skip
        for a in range(len(readout)):
            row = z[block, a * V : (a + 1) * V]
            c0, c1, c2, c3 = readout[a, 0], readout[a, 1], readout[a, 2], readout[a, 3]
            for v in range(V):
                row[v] = c0 + c1 * r[v] + c2 * r[V + v] + c3 * r[2 * V + v]


@compiled
def _pairs(w: Array, pair: Array) -> None:
    """Set the rows 4 c + d of pair, c ≥ 1, to l_c e_d; the rows before hold e."""
    for c in range(1, 4):
        for v in range(V):
            x = w[_LEAF + (c - 1) * V + v]
            pair[4 * c * V + v] = x
            pair[(4 * c + 1) * V + v] = x * pair[V + v]
            pair[(4 * c + 2) * V + v] = x * pair[2 * V + v]
            pair[(4 * c + 3) * V + v] = x * pair[3 * V + v]


@compiled
def d_contract(
    transfer: Array, d_z: Array, edges: Array, columns: Array, role: Array, scale: float, readout: Array, kept: Array,
    d_center: Array, d_leaf: Array, d_weight: Array, d_bias: Array, d_transfer: Array,
) -> None:  # fmt: skip
    """Take the adjoint: set d_center, and add to d_leaf, d_weight, d_bias and d_transfer; scale is the largest angle.

    With g_i the adjoint of r after leaf i, S_ab = g_i,a (1, r_{i-1})_b and Q_cd = sum_ab T_abcd S_ab:

    g_{i-1, b} = sum_a T(l_i, e_i)_ab g_{i, a},  dT_abcd = S_ab l_c e_d,  dl_c = sum_d Q_cd e_d,  de_d = sum_c Q_cd l_c.
    """
    real, k = transfer.dtype.type, columns.shape[1]
    zero = real(0)
    t = np.empty((16, 12), transfer.dtype)
    t[:] = transfer.T
    pair, d_pair, d_step = np.empty(16 * V, t.dtype), np.empty(16 * V, t.dtype), np.empty(12 * V, t.dtype)
    g, old, d_edge, d_x = (
        np.empty(3 * V, t.dtype),
        np.empty(3 * V, t.dtype),
        np.empty(3 * V, t.dtype),
        np.empty(2 * V, t.dtype),
    )
    sums, map_sums = np.zeros((12, 16 * _HALF), t.dtype), np.zeros(6 * V, t.dtype)
    pair[:V] = real(1)
    for block in range(len(d_z)):
        g[:] = zero
        for a in range(len(readout)):
            row = d_z[block, a * V : (a + 1) * V]
            for b in range(3):
                c = readout[a, b + 1]
                for v in range(V):
                    g[b * V + v] += c * row[v]
        for i in range(k - 1, -1, -1):
            w, e, column = kept[block, i], edges[block, i], columns[block, i]
            encode(w, role, pair[V : 4 * V])
            _pairs(w, pair)
            for a in range(3):
                for v in range(V):
                    d = g[a * V + v]
                    old[a * V + v] = d
                    d_step[4 * a * V + v] = d
                    d_step[(4 * a + 1) * V + v] = d * w[_STATE + v]
                    d_step[(4 * a + 2) * V + v] = d * w[_STATE + V + v]
                    d_step[(4 * a + 3) * V + v] = d * w[_STATE + 2 * V + v]
            for b in range(1, 4):
                s = _STEP + b * V
                for v in range(V):
                    g[(b - 1) * V + v] = (
                        w[s + v] * old[v] + w[s + 4 * V + v] * old[V + v] + w[s + 8 * V + v] * old[2 * V + v]
                    )
            for q in range(1, 16):
                for v in range(V):
                    total = zero
                    for a in range(12):
                        total += t[q, a] * d_step[a * V + v]
                    d_pair[q * V + v] = total
            for a in range(12):
                row = sums[a]
                for v in range(_HALF):  # q inside: the compiler checks once per a that rows do not overlap
                    x, y = d_step[a * V + v], d_step[a * V + _HALF + v]
                    for q in range(16):
                        row[q * _HALF + v] += x * pair[q * V + v] + y * pair[q * V + _HALF + v]
            for d in range(1, 4):
                for v in range(V):
                    d_edge[(d - 1) * V + v] = (
                        d_pair[d * V + v] + d_pair[(d + 4) * V + v] * w[_LEAF + v]
                        + d_pair[(d + 8) * V + v] * w[_LEAF + V + v] + d_pair[(d + 12) * V + v] * w[_LEAF + 2 * V + v]
                    )  # fmt: skip
            d_x[:] = zero
            d_encode(w, role, scale, pair[V : 4 * V], d_edge, d_x)
            for c in range(2):
                for v in range(V):
                    d = d_x[c * V + v]
                    map_sums[3 * c * V + v] += d * e[v]
                    map_sums[(3 * c + 1) * V + v] += d * e[V + v]
                    map_sums[(3 * c + 2) * V + v] += d
            for c in range(1, 4):
                for v in range(V):
                    d_pair[4 * c * V + v] += (
                        d_pair[(4 * c + 1) * V + v] * pair[V + v] + d_pair[(4 * c + 2) * V + v] * pair[2 * V + v]
                        + d_pair[(4 * c + 3) * V + v] * pair[3 * V + v]
                    )  # fmt: skip
            for v in range(V):
                j = column[v]
                d_leaf[j] += d_pair[4 * V + v]
                d_leaf[j + V] += d_pair[8 * V + v]
                d_leaf[j + 2 * V] += d_pair[12 * V + v]
        d_center[block] = g
    for a in range(12):
        for q in range(16):
            d_transfer[a, q] += _total(sums[a, q * _HALF : (q + 1) * _HALF])
    for c in range(2):
        for a in range(2):
            d_weight[a, c] += _total(map_sums[(3 * c + a) * V : (3 * c + a + 1) * V])
        d_bias[c] += _total(map_sums[(3 * c + 2) * V : (3 * c + 3) * V])


@compiled
def _total(row: Array) -> float:
    """Return the sum of a row; `numpy.sum` adds one number after the other."""
    total = row.dtype.type(0)
    for v in range(len(row)):
        total += row[v]
    return total
