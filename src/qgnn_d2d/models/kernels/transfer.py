r"""The transfer tensor T of many sets of block angles, and its adjoint; a lane is a set.

The memory's Pauli rows are pulled back through the block's steps, as `StarEngine.transfer` does, once and for symbols
instead of numbers. What comes out is a `Plan`, a list of sums of products that makes T from numbers:

.. math::
    u_q = \sum_p C_{qp} w_p,\quad (t_{2q+1}, t_{2q+2}) = (\cos 2\pi u_q, \sin 2\pi u_q),\quad t_0 = 1;\qquad
    m_s = \sum c\, t_i t_j t_k;\qquad x_n = \sum c\, m_s x_{n'},\quad x_0 = 1;\qquad T = c\, x_n.

w are the block's angles, m the entries of the gates' transfer matrices, and x the coordinates of the rows between the
gates. Coordinates that are zero for all angles are left out. One that a step only moves or multiplies by a number, as
every Clifford gate and every depolarizing channel does, costs nothing.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from ...quantum.engine.star import StarEngine
from ...quantum.engine.transfer import FIT_TOLERANCE, ParametricGate, Step, harmonics
from .base import JIT, Array
from .lanes import V, turn


class Sums(NamedTuple):
    """Sums c · (product of its factors): sum number i has the terms first[i]..first[i + 1]."""

    first: Array
    factors: Array
    scale: Array


class Plan:
    """T (G, R (1 + R) 16) of a star engine's block from its angles (G, P), as kernels in one dtype.

    Args:
        engine: Gates of at most three angles.
        dtype: float32 or float64.
    """

    def __init__(self, engine: StarEngine, dtype: Any) -> None:
        self._waves: list[list[tuple[int, float]]] = []  # of every u: terms (p, c)
        self._entries: list[list[tuple[int, int, int, float]]] = [[(0, 0, 0, 1.0)]]  # of every m: terms (i, j, k, c)
        nodes: list[list[tuple[int, int, float]]] = [[]]  # of every x: terms (n', s, c)
        self.size = engine.num_rows * 4**engine.num_qubits
        words = list(itertools.product(range(4), repeat=engine.num_qubits))
        state = {(row, words[(row + 1) * 16]): (0, 1.0) for row in range(engine.num_rows)}
        for step in reversed(engine.program.steps):
            matrix = self._matrix(step)
            terms: dict[Any, list[tuple[int, int, float]]] = defaultdict(list)
            for (row, word), (node, factor) in state.items():
                for letters, entry, c in matrix[tuple(word[q] for q in step.qubits)]:
                    moved = dict(zip(step.qubits, letters, strict=True))
                    to = tuple(moved.get(q, letter) for q, letter in enumerate(word))
                    terms[row, to].append((node, entry, factor * c))
            state = {}
            for key, parts in terms.items():
                if len(parts) == 1 and parts[0][1] == 0:
                    state[key] = parts[0][0], parts[0][2]
                else:
                    state[key] = len(nodes), 1.0
                    nodes.append(parts)
        out: list[list[tuple[int, float]]] = [[] for _ in range(self.size)]
        for (row, word), value in state.items():
            out[row * len(words) + words.index(word)].append(value)
        self._arrays = [_sums(table, dtype) for table in (self._waves, self._entries, nodes, out)]
        sizes = 1 + 2 * len(self._waves), len(self._entries), len(nodes)
        self._work = [np.empty((0, size, V), dtype) for size in sizes]
        self._turned = [np.empty((size, V), dtype) for size in sizes]

    def _matrix(self, step: Step) -> dict[tuple[int, ...], list[tuple[tuple[int, ...], int, float]]]:
        """Return the non-zero entries of a step's transfer matrix: row to (column, number of m, factor)."""
        letters = list(itertools.product(range(4), repeat=len(step.qubits)))
        rows: dict[tuple[int, ...], list[tuple[tuple[int, ...], int, float]]] = {word: [] for word in letters}
        gate = step.gate
        if isinstance(gate, ParametricGate):
            assert step.angles is not None
            frequencies, first = harmonics(gate.num_qubits)[0][1::2].tolist(), 1 + 2 * len(self._waves)
            for angle, f in itertools.product(step.angles, frequencies):
                self._waves.append([(p, f * angle[p] / (2 * math.pi)) for p in range(len(angle)) if angle[p]])
            count = 1 + 2 * len(frequencies)
            factors = [[0, *range(at, at + count - 1)] for at in range(first, first + 3 * count, count - 1)]
            products = list(itertools.product(*factors[: gate.num_angles]))
            fitted = gate.coefficients().numpy()
        else:
            products, fitted = [()], np.where(np.abs(gate) < FIT_TOLERANCE, 0.0, gate).reshape(1, -1)
        for (row, column), values in zip(itertools.product(letters, letters), fitted.T, strict=True):
            terms = [(*(*products[i], 0, 0, 0)[:3], float(values[i])) for i in np.flatnonzero(values)]
            if len(terms) == 1 and terms[0][:3] == (0, 0, 0):
                rows[row].append((column, 0, terms[0][3]))
            elif terms:
                rows[row].append((column, len(self._entries), 1.0))
                self._entries.append(terms)
        return rows

    def forward(self, weights: Array) -> Array:
        """Return T of weights (G, P); what `backward` needs is kept until the next call."""
        blocks = -(-len(weights) // V)
        if len(self._work[0]) != blocks:
            self._work = [np.empty((blocks, *work.shape[1:]), work.dtype) for work in self._work]
        transfer = np.zeros((len(weights), self.size), weights.dtype)
        _pull(weights, *self._arrays, *self._work, transfer)
        return transfer

    def backward(self, d_transfer: Array, d_weights: Array) -> None:
        """Set the gradient (G, P) of the weights that `forward` took last, from that of T."""
        _push(d_transfer, *self._arrays, *self._work, *self._turned, d_weights)


def _sums(table: list[Any], dtype: Any) -> Sums:
    width = max((len(term) for terms in table for term in terms), default=1)
    flat = np.array([term for terms in table for term in terms], float).reshape(-1, width)
    first = np.cumsum([0, *(len(terms) for terms in table)])
    return Sums(first, np.ascontiguousarray(flat[:, :-1].astype(np.int64)), flat[:, -1].astype(dtype))


@njit(**JIT)
def _pull(
    weights: Array, waves: Sums, entries: Sums, nodes: Sums, out: Sums, trig: Array, m: Array, x: Array, transfer: Array
) -> None:
    """Compute the module's equation block by block: trig (blocks, 1 + 2Q, V), m and x are kept."""
    one, zero = weights.dtype.type(1), weights.dtype.type(0)
    for block in range(len(trig)):
        t, e, n = trig[block], m[block], x[block]
        lanes = min(V, len(weights) - block * V)
        t[0], n[0] = one, one
        for q in range(len(waves.first) - 1):
            sine, cosine = t[2 * q + 2], t[2 * q + 1]
            sine[:] = zero
            for i in range(waves.first[q], waves.first[q + 1]):
                for v in range(lanes):
                    sine[v] += waves.scale[i] * weights[block * V + v, waves.factors[i, 0]]
            for v in range(V):
                sine[v], cosine[v] = turn(sine[v])
        for s in range(len(entries.first) - 1):
            row = e[s]
            row[:] = zero
            for i in range(entries.first[s], entries.first[s + 1]):
                a, b, d = t[entries.factors[i, 0]], t[entries.factors[i, 1]], t[entries.factors[i, 2]]
                c = entries.scale[i]
                for v in range(V):
                    row[v] += c * a[v] * b[v] * d[v]
        for number in range(1, len(nodes.first) - 1):
            row = n[number]
            row[:] = zero
            for i in range(nodes.first[number], nodes.first[number + 1]):
                a, b, c = n[nodes.factors[i, 0]], e[nodes.factors[i, 1]], nodes.scale[i]
                for v in range(V):
                    row[v] += c * a[v] * b[v]
        for position in range(len(out.first) - 1):
            for i in range(out.first[position], out.first[position + 1]):
                row, c = n[out.factors[i, 0]], out.scale[i]
                for v in range(lanes):
                    transfer[block * V + v, position] += c * row[v]


@njit(**JIT)
def _push(
    d_transfer: Array, waves: Sums, entries: Sums, nodes: Sums, out: Sums, trig: Array, m: Array, x: Array,
    dt: Array, dm: Array, dx: Array, d_weights: Array,
) -> None:  # fmt: skip
    """Take the adjoint of `_pull`, its sums in reverse order; dt, dm and dx are workspaces."""
    zero, circle = dt.dtype.type(0), dt.dtype.type(2 * math.pi)
    d_weights[:] = zero
    for block in range(len(trig)):
        t, e, n = trig[block], m[block], x[block]
        lanes = min(V, len(d_weights) - block * V)
        dt[:], dm[:], dx[:] = zero, zero, zero
        for position in range(len(out.first) - 1):
            for i in range(out.first[position], out.first[position + 1]):
                row, c = dx[out.factors[i, 0]], out.scale[i]
                for v in range(lanes):
                    row[v] += c * d_transfer[block * V + v, position]
        for number in range(len(nodes.first) - 2, 0, -1):
            row = dx[number]
            for i in range(nodes.first[number], nodes.first[number + 1]):
                source, s, c = nodes.factors[i, 0], nodes.factors[i, 1], nodes.scale[i]
                a, b, da, db = n[source], e[s], dx[source], dm[s]
                for v in range(V):
                    da[v] += c * b[v] * row[v]
                for v in range(V):
                    db[v] += c * a[v] * row[v]
        for s in range(1, len(entries.first) - 1):
            row = dm[s]
            for i in range(entries.first[s], entries.first[s + 1]):
                p, q, r = entries.factors[i, 0], entries.factors[i, 1], entries.factors[i, 2]
                a, b, d, c = t[p], t[q], t[r], entries.scale[i]
                da, db, dd = dt[p], dt[q], dt[r]
                for v in range(V):
                    da[v] += c * row[v] * b[v] * d[v]
                for v in range(V):
                    db[v] += c * row[v] * a[v] * d[v]
                for v in range(V):
                    dd[v] += c * row[v] * a[v] * b[v]
        for q in range(len(waves.first) - 1):
            for v in range(lanes):
                du = circle * (dt[2 * q + 2, v] * t[2 * q + 1, v] - dt[2 * q + 1, v] * t[2 * q + 2, v])
                for i in range(waves.first[q], waves.first[q + 1]):
                    d_weights[block * V + v, waves.factors[i, 0]] += waves.scale[i] * du
