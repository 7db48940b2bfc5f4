r"""The transfer tensor T of many sets of block angles, and its adjoint.

The memory's Pauli rows are pulled back through the block's steps, as `StarEngine.transfer` does, but once and for
symbols: the gates' angles 2πu are sums of the block's angles, entries of transfer matrices are sums of products of
cos 2πu and sin 2πu, and coordinates of the rows between two gates are sums of products of entries and coordinates. So a
`Plan` is a list of rows, each :math:`x_n = \sum c\, x_i x_j x_k` of rows before it, from x_0 = 1 and the angles to T.
Coordinates that are zero for all angles are left out. One that a step only moves or multiplies by a number, as every
Clifford gate and depolarizing channel does, costs nothing. A vector holds W sets of angles.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import Any

import numpy as np

from ...compiled import compiled
from ...quantum.engine.star import StarEngine
from ...quantum.engine.transfer import FIT_TOLERANCE, ParametricGate, Step, harmonics
from .base import Array
from .lanes import turn
from .vectors import W, add, load, splat, store

Term = tuple[int, int, int, float]
"""i, j, k and c."""
Word = tuple[int, ...]


class Plan:
    """T of a star engine's block, whose gates have at most three angles each, as kernels in one dtype."""

    def __init__(self, engine: StarEngine, dtype: Any) -> None:
        steps, inputs = engine.program.steps, 1 + engine.ansatz.num_parameters
        self.size, self._rows = engine.num_rows * 4**engine.num_qubits, list[list[Term]]([[]] * inputs)
        waves: list[list[list[int]]] = []  # of every step's angles: rows with 1, the cosines and the sines
        frequencies = {n: harmonics(n)[0][1::2].tolist() for n in (1, 2)}
        first = inputs + sum(len(s.angles) * len(frequencies[len(s.qubits)]) for s in steps if s.angles is not None)
        for step in steps:
            waves.append([])
            for angle in () if step.angles is None else step.angles:
                waves[-1].append([0])
                for f in frequencies[len(step.qubits)]:
                    waves[-1][-1] += [2 * len(self._rows) + first - 2 * inputs + i for i in (0, 1)]
                    self._rows.append([(1 + p, 0, 0, f * c / (2 * math.pi)) for p, c in enumerate(angle) if c])
        self._rows += [[]] * 2 * (first - inputs)
        words = list(itertools.product(range(4), repeat=engine.num_qubits))
        state = {(row, words[(row + 1) * 16]): (0, 1.0) for row in range(engine.num_rows)}
        for step, wave in zip(reversed(steps), reversed(waves), strict=True):
            matrix, terms = self._matrix(step, wave), defaultdict[tuple[int, Word], list[Term]](list)
            for (row, word), (x, factor) in state.items():
                for letters, entry, c in matrix[tuple(word[q] for q in step.qubits)]:
                    moved = dict(zip(step.qubits, letters, strict=True))
                    to = tuple(moved.get(q, letter) for q, letter in enumerate(word))
                    terms[row, to].append((x, entry, 0, factor * c))
            state = {key: self._value(parts) for key, parts in terms.items()}
        zero = 0, 0.0
        values = [state.get((row, word), zero) for row in range(engine.num_rows) for word in words]
        self._rows += [[(x, 0, 0, c)] if c else [] for x, c in values]
        flat = np.array([term for terms in self._rows for term in terms])
        counts = np.cumsum([0, *map(len, self._rows)])
        self._arrays = inputs, first, counts, flat[:, :3].astype(np.int64), flat[:, 3].astype(dtype)
        self._x, self._d_x = np.zeros((0, len(counts) - 1, W), dtype), np.zeros((len(counts) - 1, W), dtype)

    def _value(self, terms: list[Term]) -> tuple[int, float]:
        """Return a sum as a row and a factor: a new row, but for a multiple of one row."""
        if len(terms) == 1 and not any(terms[0][1:3]):
            return terms[0][0], terms[0][3]
        self._rows.append(terms)
        return len(self._rows) - 1, 1.0

    def _matrix(self, step: Step, waves: list[list[int]]) -> dict[Word, list[tuple[Word, int, float]]]:
        """Return the non-zero entries of a step's transfer matrix: row to (column, row of the entry, factor)."""
        gate, products = step.gate, list(itertools.product(*waves, *[[0]] * (3 - len(waves))))
        fitted = gate.coefficients.numpy() if isinstance(gate, ParametricGate) else gate.reshape(1, -1)
        words = list(itertools.product(range(4), repeat=len(step.qubits)))
        matrix: dict[Word, list[tuple[Word, int, float]]] = {word: [] for word in words}
        for (row, column), values in zip(itertools.product(words, words), fitted.T, strict=True):
            used = [i for i, c in enumerate(values) if abs(c) > FIT_TOLERANCE]
            if used:
                terms = [(i, j, k, float(values[n])) for n in used for i, j, k in [products[n]]]
                matrix[row].append((column, *self._value(terms)))
        return matrix

    def forward(self, weights: Array) -> Array:
        """Return T (G, R (1 + R) 16) of angles (G, P); what `backward` needs is kept until the next call."""
        blocks = -(-len(weights) // W)
        if len(self._x) != blocks:
            self._x = np.zeros((blocks, *self._x.shape[1:]), weights.dtype)
        transfer = np.empty((len(weights), self.size), weights.dtype)
        _pull(weights, *self._arrays, self._x, transfer)
        return transfer

    def backward(self, d_transfer: Array, d_weights: Array) -> None:
        """Set the gradient (G, P) of the angles that `forward` took last, from that of T."""
        _push(d_transfer, *self._arrays, self._x, self._d_x, d_weights)


@compiled
def _pull(
    weights: Array, inputs: int, waves: int, terms: Array, factors: Array, scale: Array, x: Array, transfer: Array
) -> None:
    """Compute all rows x (blocks, rows, W): 1, angles, inputs.. u, waves.. (cos 2πu, sin 2πu), the others, T."""
    for block in range(len(x)):
        rows, lanes, size = x[block], min(W, len(weights) - block * W), transfer.shape[1]
        rows[0] = 1
        for v in range(lanes):
            rows[1:inputs, v] = weights[block * W + v]
        for n in range(inputs, len(rows)):
            if waves <= n < 3 * waves - 2 * inputs:
                s, c = turn(load(rows, inputs + (n - waves) // 2))
                store(rows, n, s if (n - waves) % 2 else c)
                continue
            value = splat(weights.dtype.type(0))
            for t in range(terms[n], terms[n + 1]):
                value += scale[t] * load(rows, factors[t, 0]) * load(rows, factors[t, 1]) * load(rows, factors[t, 2])
            store(rows, n, value)
        for v in range(lanes):
            transfer[block * W + v] = rows[len(rows) - size :, v]


@compiled
def _push(
    d_transfer: Array, inputs: int, waves: int, terms: Array, factors: Array, scale: Array, x: Array, dx: Array,
    d_weights: Array,
) -> None:  # fmt: skip
    """Take the adjoint, the rows in reverse order: dx_i += c x_j x_k dx_n for all terms; dx is a workspace."""
    for block in range(len(x)):
        rows, lanes, size = x[block], min(W, len(d_weights) - block * W), d_transfer.shape[1]
        dx[:] = 0
        for v in range(lanes):
            dx[len(dx) - size :, v] = d_transfer[block * W + v]
        for n in range(len(rows) - 1, inputs - 1, -1):
            slope = load(dx, n)
            if waves <= n < 3 * waves - 2 * inputs:
                odd = (n - waves) % 2
                other = load(rows, n - 1) if odd else 0 - load(rows, n + 1)
                add(dx, inputs + (n - waves) // 2, 2 * math.pi * slope * other)
                continue
            for t in range(terms[n], terms[n + 1]):
                i, j, k, c = factors[t, 0], factors[t, 1], factors[t, 2], scale[t] * slope
                add(dx, i, c * load(rows, j) * load(rows, k))
                if j:
                    add(dx, j, c * load(rows, i) * load(rows, k))
                if k:
                    add(dx, k, c * load(rows, i) * load(rows, j))
        for v in range(lanes):
            d_weights[block * W + v] = dx[1:inputs, v]
