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


class Vector(types.Type):
    """W numbers of a dtype."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(f"Vector({dtype})")


@extending.register_model(Vector)
class _VectorModel(extending.models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, ir.VectorType(manager.lookup(vector.dtype).get_value_type(), W))


def _intrinsic(result: Callable[..., Any]) -> Callable[..., Any]:
    """Compile code(context, builder, kinds, *values), whose result's kind is result(*kinds); integers are indices."""

    def decorate(code: Callable[..., Any]) -> Any:
        def typed(*given: Any) -> Any:
            kinds = [types.intp if isinstance(kind, types.Integer) else kind for kind in given]
            return result(*kinds)(*kinds), lambda context, builder, _, values: code(context, builder, kinds, *values)

        names = code.__code__.co_argcount - len(("context", "builder", "kinds"))
        typing = lambda _, x: typed(x), lambda _, x, y: typed(x, y), lambda _, x, y, z: typed(x, y, z)
        intrinsic: Any = extending.intrinsic
        return intrinsic(typing[names - 1])

    return decorate


def _vector(*kinds: Any) -> Any:
    """Return the vector among the kinds of numbers and vectors."""
    return next(kind for kind in kinds if isinstance(kind, Vector))


def _lanes(numbers: list[int]) -> Any:
    """Return the mask of a shuffle."""
    return ir.Constant(ir.VectorType(ir.IntType(32), W), numbers)


def _spread(context: Any, builder: Any, kind: Any, value: Any, dtype: Any) -> Any:
    """Return a vector as it is, and W copies of a number."""
    if isinstance(kind, Vector):
        return value
    empty = ir.Constant(context.get_value_type(Vector(dtype)), ir.Undefined)
    one = builder.insert_element(empty, context.cast(builder, value, kind, dtype), ir.IntType(32)(0))
    return builder.shuffle_vector(one, empty, _lanes([0] * W))


def _entry(context: Any, builder: Any, kind: Any, x: Any, i: Any) -> Any:
    """Return the address of vector number i of an array."""
    if kind.layout != "C":
        raise TypeError(f"{kind} is not C-contiguous")
    return builder.gep(context.make_array(kind)(context, builder, x).data, [builder.mul(i, i.type(W))])


def _vector_entry(context: Any, builder: Any, kind: Any, x: Any, i: Any) -> Any:
    kind_of_entry = context.get_value_type(Vector(kind.dtype)).as_pointer()
    return builder.bitcast(_entry(context, builder, kind, x, i), kind_of_entry)


@_intrinsic(Vector)
def splat(context: Any, builder: Any, kinds: Any, a: Any) -> Any:
    """Return W copies of a number."""
    return _spread(context, builder, kinds[0], a, kinds[0])


@_intrinsic(lambda x, i: Vector(x.dtype))
def load(context: Any, builder: Any, kinds: Any, x: Any, i: Any) -> Any:
    """Return x[i W : (i + 1) W] of the flattened array."""
    return builder.load(_vector_entry(context, builder, kinds[0], x, i), align=kinds[0].dtype.bitwidth // 8)


@_intrinsic(lambda x, i: types.UniTuple(x.dtype, W))
def numbers(context: Any, builder: Any, kinds: Any, x: Any, i: Any) -> Any:
    """Return x[i W : (i + 1) W] of the flattened array as a tuple of numbers."""
    entry = _entry(context, builder, kinds[0], x, i)
    found = [builder.load(builder.gep(entry, [i.type(j)])) for j in range(W)]
    return context.make_tuple(builder, types.UniTuple(kinds[0].dtype, W), found)


@_intrinsic(lambda x, i, value: types.void)
def store(context: Any, builder: Any, kinds: Any, x: Any, i: Any, value: Any) -> Any:
    """Set x[i W : (i + 1) W] of the flattened array to a vector."""
    builder.store(value, _vector_entry(context, builder, kinds[0], x, i), align=kinds[0].dtype.bitwidth // 8)


@_intrinsic(lambda total, x, y: total)
def plus(context: Any, builder: Any, kinds: Any, total: Any, x: Any, y: Any) -> Any:
    """Return the tuple total_j + x_j y of vectors; x_j are vectors or numbers."""
    sums = []
    for j in range(kinds[1].count):
        factor = _spread(context, builder, kinds[1].dtype, builder.extract_value(x, j), kinds[2].dtype)
        product = builder.fmul(factor, y, flags=_FLAGS)
        sums.append(builder.fadd(builder.extract_value(total, j), product, flags=_FLAGS))
    return context.make_tuple(builder, kinds[0], sums)


@_intrinsic(lambda x, y: y.dtype)
def dot(context: Any, builder: Any, kinds: Any, x: Any, y: Any) -> Any:
    """Return the vector sum_j x_j y_j of two tuples; x_j are vectors or numbers."""
    total = None
    for j in range(kinds[0].count):
        factor = _spread(context, builder, kinds[0].dtype, builder.extract_value(x, j), kinds[1].dtype.dtype)
        product = builder.fmul(factor, builder.extract_value(y, j), flags=_FLAGS)
        total = product if total is None else builder.fadd(total, product, flags=_FLAGS)
    return total


@_intrinsic(lambda x: x)
def transposed(context: Any, builder: Any, kinds: Any, x: Any) -> Any:
    """Return the transpose of a tuple of W vectors: a perfect shuffle turns row and column bits by one, four times."""
    halves = [_lanes([n for i in range(half, half + W // 2) for n in (i, W + i)]) for half in (0, W // 2)]
    rows = [builder.extract_value(x, i) for i in range(W)]
    for _ in range(W.bit_length() - 1):
        rows = [builder.shuffle_vector(rows[i // 2], rows[i // 2 + W // 2], halves[i % 2]) for i in range(W)]
    return context.make_tuple(builder, kinds[0], rows)


@_intrinsic(lambda bits, a, b: _vector(a, b))
def where(context: Any, builder: Any, kinds: Any, bits: Any, a: Any, b: Any) -> Any:
    """Return a where the bits are set, b elsewhere; one of them may be a number."""
    mask = builder.bitcast(builder.trunc(bits, ir.IntType(W)), ir.VectorType(ir.IntType(1), W))
    dtype = _vector(*kinds[1:]).dtype
    return builder.select(
        mask, *(_spread(context, builder, *pair, dtype) for pair in zip(kinds[1:], (a, b), strict=True))
    )


def _of_two(build: Callable[..., Any], result: Callable[..., Any] = _vector) -> Any:
    """Compile build(builder, x, y) of two vectors, or of a vector and a number."""

    @_intrinsic(result)
    def of_two(context: Any, builder: Any, kinds: Any, x: Any, y: Any) -> Any:
        dtype = _vector(*kinds).dtype
        return build(builder, *(_spread(context, builder, *pair, dtype) for pair in zip(kinds, (x, y), strict=True)))

    return of_two


def _bits(build: Callable[..., Any]) -> Any:
    return _of_two(lambda builder, x, y: builder.bitcast(build(builder, x, y), ir.IntType(W)), lambda x, y: types.int16)


less = _bits(lambda builder, x, y: builder.fcmp_ordered("<", x, y))
"""Return W bits, an int16: where x < y."""
larger = _bits(lambda builder, x, y: builder.or_(builder.fcmp_ordered(">", x, y), builder.fcmp_unordered("uno", x, x)))
"""Return W bits, an int16: where x > y or x is NaN."""


def _operator(symbol: Any, name: str) -> None:
    apply = _of_two(lambda builder, x, y: getattr(builder, name)(x, y, flags=_FLAGS))

    @extending.overload(symbol, strict=False)
    def on_vectors(x: Any, y: Any) -> Any:
        return (lambda x, y: apply(x, y)) if isinstance(x, Vector) or isinstance(y, Vector) else None


for _symbol, _name in {"add": "fadd", "sub": "fsub", "mul": "fmul", "truediv": "fdiv"}.items():
    _operator(getattr(operator, _symbol), _name)
    _operator(getattr(operator, f"i{_symbol}"), _name)


def _function(name: str, number: bool = False) -> Any:
    """Return a function of LLVM from a vector to a vector, or to a number, from the sum's start on."""

    @_intrinsic(lambda x: x.dtype if number else x)
    def function(context: Any, builder: Any, kinds: Any, x: Any) -> Any:
        arguments = [x.type.element(-0.0), x] if number else [x]
        kind = ir.FunctionType(arguments[0].type, [value.type for value in arguments])
        full_name = f"llvm.{name}.v{W}f{kinds[0].dtype.bitwidth}"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, full_name), arguments, fastmath=_FLAGS)

    return function


rint, exp, sin, cos = map(_function, ("rint", "exp", "sin", "cos"))
total = _function("vector.reduce.fadd", number=True)
"""Return the sum of a vector's numbers."""


@compiled
def add(x: Array, i: int, value: Any) -> None:
    """Add a vector to x[i W : (i + 1) W] of the flattened array."""
    store(x, i, load(x, i) + value)
