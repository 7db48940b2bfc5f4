"""Affine maps, angles and encodings of W nodes at once, one row of vectors per feature; ``d_`` marks the adjoints."""

from __future__ import annotations

import math
from typing import Any

from numba import types
from numba.extending import overload

from ...compiled import compiled
from .base import Array
from .vectors import cos, exp, larger, less, load, rint, sin, splat, store, total, where

_LIMIT = 7.90531110763549805  # float32: tanh is ±1 beyond
_P = (
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05,
    6.37261928875436e-04, 4.89352455891786e-03,
)  # fmt: skip
_Q = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
_SINE, _COSINE = (
    tuple((-1) ** (n // 2) * (2 * math.pi) ** n / math.factorial(n) for n in range(12 + odd, -1, -2)) for odd in (1, 0)
)


@compiled
def _polynomial(y: Any, coefficients: Any) -> Any:
    """Return the polynomial of y with these coefficients, that of the highest power first."""
    value = y * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        value = value * y + c
    return value


def tanh(x: Any) -> Any:
    """Return tanh of a vector: float32 by Eigen's rational function x p(x²) / q(x²); NaN stays NaN."""


def turn(u: Any) -> Any:
    """Return sin 2πu and cos 2πu of a vector: float32 by Taylor series on |u| ≤ 1/4; NaN stays NaN."""


@overload(tanh, strict=False)
def _tanh(x: Any) -> Any:
    def single(x: Any) -> Any:
        x = where(less(x, -_LIMIT), -_LIMIT, where(less(_LIMIT, x), _LIMIT, x))
        y = x * x
        return x * _polynomial(y, _P) / _polynomial(y, _Q)

    return single if x.dtype == types.float32 else lambda x: 1 - 2 / (exp(x + x) + 1)


@overload(turn, strict=False)
def _turn(u: Any) -> Any:
    def single(u: Any) -> Any:
        f = u - rint(u)
        a = where(less(f, 0), 0 - f, f)
        far = larger(a, 0.25)
        a = where(far, 0.5 - a, a)
        y, c = a * a, _polynomial(a * a, _COSINE)
        return _polynomial(y, _SINE) * where(less(f, 0), 0 - a, a), where(far, 0 - c, c)

    return single if u.dtype == types.float32 else lambda u: (sin(2 * math.pi * u), cos(2 * math.pi * u))


@compiled
def three(x: Array, i: int) -> Any:
    """Return the vectors i, i + 1, i + 2 of an array."""
    return load(x, i), load(x, i + 1), load(x, i + 2)


@compiled
def put(x: Array, i: int, values: Any) -> None:
    """Set the vectors i, i + 1, i + 2 of an array."""
    store(x, i, values[0]), store(x, i + 1, values[1]), store(x, i + 2, values[2])


@compiled
def angles(a: Any, b: Any, turns: float, trig: Array) -> None:
    """Set the rows t, sin 2π turns t, cos 2π turns t of trig for t = tanh a, then for t = tanh b."""
    for i, x in enumerate((a, b)):
        t = tanh(x)
        s, c = turn(turns * t)
        put(trig, 3 * i, (t, s, c))


@compiled
def encode(trig: Array, role: Array) -> Any:
    """Return Bloch vectors (X, Y, Z): A (1, cos a, sin a) turned about Z by b, with A = role (`Program.encodings`)."""
    _, sa, ca = three(trig, 0)
    _, sb, cb = three(trig, 3)
    x = role[0, 0] + role[0, 1] * ca + role[0, 2] * sa
    y = role[1, 0] + role[1, 1] * ca + role[1, 2] * sa
    return x * cb - y * sb, x * sb + y * cb, role[2, 0] + role[2, 1] * ca + role[2, 2] * sa


@compiled
def d_encode(trig: Array, role: Array, d_bloch: Any, scale: float) -> Any:
    """Return dx = (da, db) scale (1 - t²) for angles scale · t, t = tanh x, from the gradient of `encode`."""
    ta, sa, ca = three(trig, 0)
    tb, sb, cb = three(trig, 3)
    x, y, _ = encode(trig, role)
    dx, dy, dz = d_bloch
    hx, hy = dx * cb + dy * sb, dy * cb - dx * sb  # turned back
    da = (hx * role[0, 2] + hy * role[1, 2] + dz * role[2, 2]) * ca
    da -= (hx * role[0, 1] + hy * role[1, 1] + dz * role[2, 1]) * sa
    return da * (scale - scale * ta * ta), (dy * x - dx * y) * (scale - scale * tb * tb)


@compiled
def affine(parameters: Any, x: Array, first: int, y: Array, to: int) -> None:
    """Set the rows y_{to + o} = b_o + sum_i W_io x_{first + i} of all blocks; x and y are (B, rows, W)."""
    weight, bias, _, _ = parameters
    for block in range(len(x)):
        for o in range(weight.shape[1]):
            value = splat(bias[o])
            for i in range(weight.shape[0]):
                value += weight[i, o] * load(x[block], first + i)
            store(y[block], to + o, value)


@compiled
def d_affine(parameters: Any, x: Array, d_x: Array, first: int, d_y: Array, to: int) -> None:
    """Add dW_io = sum x_i dy_o and db_o = sum dy_o; set the rows dx_i = sum_o W_io dy_o."""
    weight, _, d_weight, d_bias = parameters
    zero = splat(weight.dtype.type(0))
    for o in range(weight.shape[1]):
        value = zero
        for block in range(len(x)):
            value += load(d_y[block], to + o)
        d_bias[o] += total(value)
        for i in range(weight.shape[0]):
            value = zero
            for block in range(len(x)):
                value += load(x[block], first + i) * load(d_y[block], to + o)
            d_weight[i, o] += total(value)
    for block in range(len(x)):
        for i in range(weight.shape[0]):
            value = zero
            for o in range(weight.shape[1]):
                value += weight[i, o] * load(d_y[block], to + o)
            store(d_x[block], first + i, value)
