"""Functions on lanes: affine maps, angles and encodings of V nodes at once.

A block holds some rows of V lanes, one lane per node, as one flat array: row i is ``x[i * V : (i + 1) * V]``. All inner
loops have V steps, and distances between rows are known when a kernel is compiled. The compiler then makes vector code
of them; rows of a 2-D array could overlap for all it knows. Functions whose name starts with ``d_`` are the adjoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from .base import JIT, Array

V = 32
"""Lanes of a block."""
TRIG = 6 * V
"""Size of what `angles` keeps of a block."""

_single = np.float32
_LIMIT = _single(7.90531110763549805)
_P0, _P1, _P2, _P3, _P4, _P5, _P6 = map(_single, (
    4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08, -8.60467152213735e-11,
    2.00018790482477e-13, -2.76076847742355e-16,
))  # fmt: skip
_Q0, _Q1, _Q2, _Q3 = map(
    _single, (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
)
_C0, _S0, _C1, _S1, _C2, _S2, _C3, _S3, _C4, _S4, _C5, _S5, _C6, _S6 = (
    _single((-1) ** (n // 2) * (2 * math.pi) ** n / math.factorial(n)) for n in range(14)
)
_HALF, _QUARTER = _single(0.5), _single(0.25)


def tanh(x: Any) -> Any:
    """Return tanh x: float32 by Eigen's rational function x p(x²) / q(x²), float64 by the C library; NaN stays NaN."""
    return math.tanh(x)


def turn(u: Any) -> Any:
    """Return (sin 2πu, cos 2πu): float32 by Taylor series on |u| ≤ 1/4, float64 by the C library; NaN stays NaN."""
    return math.sin(2 * math.pi * u), math.cos(2 * math.pi * u)


@overload(tanh, strict=False)
def _tanh(x: Any) -> Callable[[Any], Any]:
    if x != types.float32:
        return lambda x: math.tanh(x)

    def single(x: Any) -> Any:
        x = _LIMIT if x > _LIMIT else (-_LIMIT if x < -_LIMIT else x)
        y = x * x
        p = ((((((_P6 * y + _P5) * y + _P4) * y + _P3) * y + _P2) * y + _P1) * y + _P0) * x
        return p / (((_Q3 * y + _Q2) * y + _Q1) * y + _Q0)

    return single


@overload(turn, strict=False)
def _turn(u: Any) -> Callable[[Any], Any]:
    if u != types.float32:
        return lambda u: (math.sin(2 * math.pi * u), math.cos(2 * math.pi * u))

    def single(u: Any) -> Any:
        f = u - np.rint(u)
        a = abs(f)
        far = a > _QUARTER
        b = _HALF - a if far else a
        f = b if f > 0 else -b
        y = f * f
        s = ((((((_S6 * y + _S5) * y + _S4) * y + _S3) * y + _S2) * y + _S1) * y + _S0) * f
        c = (((((_C6 * y + _C5) * y + _C4) * y + _C3) * y + _C2) * y + _C1) * y + _C0
        return s, (-c if far else c)

    return single


@njit(**JIT)
def affine(weight: Array, bias: Array, x: Array, y: Array) -> None:
    """Set the rows y_o = b_o + sum_i W_io x_i; weight (inputs, outputs), bias (outputs,)."""
    for o in range(weight.shape[1]):
        row = y[o * V : (o + 1) * V]
        b = bias[o]
        for v in range(V):
            row[v] = b
        for i in range(weight.shape[0]):
            w, column = weight[i, o], x[i * V : (i + 1) * V]
            for v in range(V):
                row[v] += w * column[v]


@njit(**JIT)
def d_affine(weight: Array, x: Array, d_y: Array, d_weight: Array, d_bias: Array, d_x: Array, skip: int) -> None:
    """Add dW_io = sum_v x_i dy_o and db_o = sum_v dy_o; set the rows dx_i = sum_o W_io dy_o of inputs i ≥ skip."""
    zero = x.dtype.type(0)
    for o in range(weight.shape[1]):
        row = d_y[o * V : (o + 1) * V]
        total = zero
        for v in range(V):
            total += row[v]
        d_bias[o] += total
        for i in range(weight.shape[0]):
            column = x[i * V : (i + 1) * V]
            total = zero
            for v in range(V):
                total += column[v] * row[v]
            d_weight[i, o] += total
    for i in range(skip, weight.shape[0]):
        to = d_x[(i - skip) * V : (i - skip + 1) * V]
        for v in range(V):
            to[v] = zero
        for o in range(weight.shape[1]):
            w, row = weight[i, o], d_y[o * V : (o + 1) * V]
            for v in range(V):
                to[v] += w * row[v]


@njit(**JIT)
def angles(x: Array, turns: float, trig: Array) -> None:
    """Set the rows (t_a, t_b, sin a, cos a, sin b, cos b) with t = tanh x and the angles 2π turns t of x's two rows."""
    for v in range(V):
        ta, tb = tanh(x[v]), tanh(x[V + v])
        sa, ca = turn(turns * ta)
        sb, cb = turn(turns * tb)
        trig[v], trig[V + v], trig[2 * V + v], trig[3 * V + v], trig[4 * V + v], trig[5 * V + v] = (
            ta,
            tb,
            sa,
            ca,
            sb,
            cb,
        )


@njit(**JIT)
def encode(trig: Array, role: Array, bloch: Array) -> None:
    """Set Bloch vectors (X, Y, Z): A (1, cos a, sin a) turned about Z by b, with A = role (`Program.encodings`)."""
    a00, a01, a02, a10, a11, a12, a20, a21, a22 = _entries(role)
    for v in range(V):
        sa, ca, sb, cb = trig[2 * V + v], trig[3 * V + v], trig[4 * V + v], trig[5 * V + v]
        x = a00 + a01 * ca + a02 * sa
        y = a10 + a11 * ca + a12 * sa
        bloch[v] = x * cb - y * sb
        bloch[V + v] = x * sb + y * cb
        bloch[2 * V + v] = a20 + a21 * ca + a22 * sa


@njit(**JIT)
def d_encode(trig: Array, role: Array, scale: float, bloch: Array, d_bloch: Array, d_x: Array) -> None:
    """Add to the two rows dx = (da, db) scale (1 - t²), for angles scale · t, t = tanh x, that `encode` encoded."""
    one = trig.dtype.type(1)
    _, a01, a02, _, a11, a12, _, a21, a22 = _entries(role)
    for v in range(V):
        ta, tb = trig[v], trig[V + v]
        sa, ca, sb, cb = trig[2 * V + v], trig[3 * V + v], trig[4 * V + v], trig[5 * V + v]
        gx, gy, gz = d_bloch[v], d_bloch[V + v], d_bloch[2 * V + v]
        hx, hy = gx * cb + gy * sb, gy * cb - gx * sb  # turned back
        da = (hx * a02 + hy * a12 + gz * a22) * ca - (hx * a01 + hy * a11 + gz * a21) * sa
        db = gy * bloch[v] - gx * bloch[V + v]
        d_x[v] += da * (scale * (one - ta * ta))
        d_x[V + v] += db * (scale * (one - tb * tb))


@njit(**JIT)
def _entries(m: Array) -> Any:
    """Return the nine entries of a matrix (3, 3)."""
    return m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2], m[2, 0], m[2, 1], m[2, 2]
