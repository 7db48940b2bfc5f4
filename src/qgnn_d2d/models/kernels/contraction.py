r"""One leaf of W stars with R coordinates of memory, forward and backward (`quantum.engine.star`).

.. math::
    r'_a = \sum_b r_b \sum_{cd} T_{abcd}\, l_c\, e_d

A star is a stack of vectors: the rows 1, l (3), 1, e (3), 1, r (R). T is (R, 1 + R, 16).
"""

from __future__ import annotations

from typing import Any

from ...compiled import compiled
from .base import Array
from .vectors import add, dot, load, numbers, plus, splat, store, transposed

LEAF, EDGE, MEMORY = 1, 5, 9
"""The first rows of l, e and r."""


@compiled
def _four(x: Array, i: int) -> Any:
    return load(x, i), load(x, i + 1), load(x, i + 2), load(x, i + 3)


@compiled
def _times(a: Any, x: Any) -> Any:
    return a * x[0], a * x[1], a * x[2], a * x[3]


@compiled
def _pairs(l: Any, e: Any) -> Any:  # noqa: E741
    """Return the 16 vectors l_c e_d."""
    return _times(l[0], e) + _times(l[1], e) + _times(l[2], e) + _times(l[3], e)


@compiled
def contract(transfer: Array, star: Array, after: Array) -> None:
    """Set r' in the star ``after`` the leaf."""
    pairs = _pairs(_four(star, 0), _four(star, 4))
    rows, inputs = transfer.shape[:2]
    for a in range(rows):
        value = dot(numbers(transfer, a * inputs), pairs)
        for b in range(1, inputs):
            value += dot(numbers(transfer, a * inputs + b), pairs) * load(star, 8 + b)
        store(after, MEMORY + a, value)


@compiled
def d_contract(transfer: Array, star: Array, d_after: Array, d_star: Array, d_transfer: Array, row: Array) -> None:
    """Take the adjoint: set the rows l, e and r of d_star, and add to d_transfer; ``row`` is a workspace (W,).

    With g = dr' and Q_bcd = sum_a T_abcd g_a: dr_b = sum_cd Q_bcd l_c e_d, d(l_c e_d) = sum_b Q_bcd r_b, and
    dT_abcd = sum over stars of g_a r_b l_c e_d, where a vector holds the 16 pairs cd of one star.
    """
    l, e = _four(star, 0), _four(star, 4)  # noqa: E741
    pairs = _pairs(l, e)
    turned = transposed(pairs)
    rows, inputs = transfer.shape[:2]
    none = _times(splat(transfer.dtype.type(0)), (1, 1, 1, 1))
    zeros = none + none + none + none
    d_pairs = zeros
    for b in range(inputs):
        q, r = zeros, load(star, 8 + b)
        for a in range(rows):
            q = plus(q, numbers(transfer, a * inputs + b), load(d_after, MEMORY + a))
        store(d_star, 8 + b, dot(q, pairs))
        d_pairs = plus(d_pairs, q, r)
    for a in range(rows):
        for b in range(inputs):
            store(row, 0, load(d_after, MEMORY + a) * load(star, 8 + b))
            add(d_transfer, a * inputs + b, dot(numbers(row, 0), turned))
    store(d_star, 1, dot(d_pairs[4:8], e)), store(d_star, 5, dot(d_pairs[1::4], l))
    store(d_star, 2, dot(d_pairs[8:12], e)), store(d_star, 6, dot(d_pairs[2::4], l))
    store(d_star, 3, dot(d_pairs[12:], e)), store(d_star, 7, dot(d_pairs[3::4], l))
