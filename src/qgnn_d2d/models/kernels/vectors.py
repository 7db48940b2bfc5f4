"""Vectors of W numbers as values of compiled code, with operators: loops over them need no proof that arrays differ.

LLVM turns a loop over two arrays into vector code only behind checks for overlaps, which cost more than W
multiplications. Here, `load` and `store` move the i-th W entries of a contiguous array, whatever its shape; ``+ - * /``
work on W numbers at once, and a number among vectors stands for W copies of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types
from numba.core import cgutils

from ...compiled import compiled
from .base import Array

W = 16
_FLAGS = ("contract", "reassoc", "nsz")
_intrinsic: Any = extending.intrinsic  # its annotations know only what Python calls


class Vector(types.Type):
    """W numbers of a dtype."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(f"Vector({dtype})")


@extending.register_model(Vector)
class _VectorModel(extending.models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, ir.VectorType(manager.lookup(vector.dtype).get_value_type(), W))


def _spread(context: Any, builder: Any, value: Any, kind: Any, vector: Any) -> Any:
    """Return a vector as it is, and W copies of a number."""
    if isinstance(kind, Vector):
        return value
    empty = ir.Constant(context.get_value_type(vector), ir.Undefined)
    one = builder.insert_element(empty, context.cast(builder, value, kind, vector.dtype), ir.IntType(32)(0))
    return builder.shuffle_vector(one, empty, _lanes([0] * W))


def _lanes(numbers: list[int]) -> Any:
    """Return the mask of a shuffle."""
    return ir.Constant(ir.VectorType(ir.IntType(32), W), numbers)


def _of_vectors(build: Callable[..., Any], result: Any = None) -> Any:
    """Return an intrinsic build(builder, x, y) of two vectors, or of one and a number."""

    @_intrinsic
    def apply(typing: Any, x: Any, y: Any) -> Any:
        vector = x if isinstance(x, Vector) else y

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            pair = zip(values, signature.args, strict=True)
            return build(builder, *(_spread(context, builder, value, kind, vector) for value, kind in pair))

        return (result or vector)(x, y), generate

    return apply


def _operator(symbol: Any, apply: Any) -> None:
    @extending.overload(symbol, strict=False)
    def on_vectors(x: Any, y: Any) -> Any:
        return (lambda x, y: apply(x, y)) if isinstance(x, Vector) or isinstance(y, Vector) else None


for _symbols, _name in (("add iadd", "fadd"), ("sub isub", "fsub"), ("mul imul", "fmul"), ("truediv", "fdiv")):
    _apply = _of_vectors(lambda builder, x, y, name=_name: getattr(builder, name)(x, y, flags=_FLAGS))
    for _symbol in _symbols.split():
        _operator(getattr(operator, _symbol), _apply)


@_intrinsic
def splat(typing: Any, a: Any) -> Any:
    """Return W copies of a number."""
    vector = Vector(a)
    return vector(a), lambda context, builder, signature, values: _spread(context, builder, values[0], a, vector)


def _bits(builder: Any, lanes: Any) -> Any:
    return builder.bitcast(lanes, ir.IntType(W))


less = _of_vectors(lambda builder, x, y: _bits(builder, builder.fcmp_ordered("<", x, y)), types.int16)
"""Return W bits, an int16: where x < y."""
larger = _of_vectors(
    lambda builder, x, y: _bits(
        builder, builder.or_(builder.fcmp_ordered(">", x, y), builder.fcmp_unordered("uno", x, x))
    ),
    types.int16,
)
"""Return W bits, an int16: where x > y or x is NaN."""


@_intrinsic
def where(typing: Any, bits: Any, a: Any, b: Any) -> Any:
    """Return a where the bits are set, b elsewhere; one of them may be a number."""
    vector = a if isinstance(a, Vector) else b

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        mask = builder.bitcast(values[0], ir.VectorType(ir.IntType(1), W))
        pair = zip(values[1:], signature.args[1:], strict=True)
        return builder.select(mask, *(_spread(context, builder, value, kind, vector) for value, kind in pair))

    return vector(types.int16, a, b), generate


def _entry(context: Any, builder: Any, kind: Any, values: Any) -> Any:
    """Return the address of vector number i of an array, for values (array, i, ...)."""
    if kind.layout != "C":
        raise TypeError(f"{kind} is not C-contiguous")
    first = builder.mul(values[1], values[1].type(W))
    return builder.gep(context.make_array(kind)(context, builder, values[0]).data, [first])


@_intrinsic
def load(typing: Any, x: Any, i: Any) -> Any:
    """Return x[i W : (i + 1) W] of the flattened array."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = context.get_value_type(Vector(x.dtype)).as_pointer()
        entry = builder.bitcast(_entry(context, builder, x, values), vector)
        return builder.load(entry, align=x.dtype.bitwidth // 8)

    return Vector(x.dtype)(x, types.intp), generate


@_intrinsic
def store(typing: Any, x: Any, i: Any, value: Any) -> Any:
    """Set x[i W : (i + 1) W] of the flattened array to a vector, or to a number."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = context.get_value_type(Vector(x.dtype)).as_pointer()
        entry = builder.bitcast(_entry(context, builder, x, values), vector)
        builder.store(_spread(context, builder, values[2], value, x), entry, align=x.dtype.bitwidth // 8)

    return types.void(x, types.intp, value), generate


@_intrinsic
def numbers(typing: Any, x: Any, i: Any) -> Any:
    """Return x[i W : (i + 1) W] of the flattened array as a tuple of numbers."""
    result = types.UniTuple(x.dtype, W)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        entry = _entry(context, builder, x, values)
        found = [builder.load(builder.gep(entry, [ir.IntType(64)(j)])) for j in range(W)]
        return context.make_tuple(builder, result, found)

    return result(x, types.intp), generate


@_intrinsic
def plus(typing: Any, total: Any, x: Any, y: Any) -> Any:
    """Return the tuple total_j + x_j y of vectors; x_j are vectors or numbers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        sums = []
        for j in range(x.count):
            factor = _spread(context, builder, builder.extract_value(values[1], j), x.dtype, y)
            product = builder.fmul(factor, values[2], flags=_FLAGS)
            sums.append(builder.fadd(builder.extract_value(values[0], j), product, flags=_FLAGS))
        return context.make_tuple(builder, signature.return_type, sums)

    return total(total, x, y), generate


@_intrinsic
def dot(typing: Any, x: Any, y: Any) -> Any:
    """Return the vector sum_j x_j y_j of two tuples; x_j are vectors or numbers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        total = ir.Constant(context.get_value_type(y.dtype), [0.0] * W)
        for j in range(x.count):
            factor = _spread(context, builder, builder.extract_value(values[0], j), x.dtype, y.dtype)
            product = builder.fmul(factor, builder.extract_value(values[1], j), flags=_FLAGS)
            total = builder.fadd(total, product, flags=_FLAGS) if j else product
        return total

    return y.dtype(x, y), generate


@_intrinsic
def transposed(typing: Any, x: Any) -> Any:
    """Return the transpose of a tuple of W vectors: a perfect shuffle turns row and column bits by one, four times."""
    halves = [_lanes([n for i in range(half, half + W // 2) for n in (i, W + i)]) for half in (0, W // 2)]

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        rows = [builder.extract_value(values[0], i) for i in range(W)]
        for _ in range(W.bit_length() - 1):
            rows = [builder.shuffle_vector(rows[i // 2], rows[i // 2 + W // 2], halves[i % 2]) for i in range(W)]
        return context.make_tuple(builder, x, rows)

    return x(x), generate


def _call(builder: Any, name: str, vector: Any, result: Any, *values: Any) -> Any:
    """Call one of LLVM's functions on vectors."""
    kind = ir.FunctionType(result, [value.type for value in values])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{W}f{vector.dtype.bitwidth}")
    return builder.call(function, values, fastmath=_FLAGS)


@_intrinsic
def total(typing: Any, x: Any) -> Any:
    """Return the sum of a vector's numbers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        number = values[0].type.element
        return _call(builder, "vector.reduce.fadd", x, number, number(-0.0), *values)

    return x.dtype(x), generate


def _function(name: str) -> Any:
    """Return a function of LLVM on vectors."""

    @_intrinsic
    def apply(typing: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return _call(builder, name, x, values[0].type, *values)

        return x(x), generate

    return apply


rint, exp, sin, cos = map(_function, ("rint", "exp", "sin", "cos"))


@compiled
def add(x: Array, i: int, value: Any) -> None:
    """Add a vector to x[i W : (i + 1) W] of the flattened array."""
    store(x, i, load(x, i) + value)
