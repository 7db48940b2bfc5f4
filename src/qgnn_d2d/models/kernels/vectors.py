"""Vectors of W numbers as values of compiled code: loops over them need no proof that arrays do not overlap.

LLVM turns a loop over two arrays into vector code only behind checks for overlaps, which cost more than W
multiplications. These functions say what is meant. In memory, a vector is W consecutive entries of a contiguous array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types

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


def _inline(signature: Any, build: Callable[..., Any]) -> Any:
    """Return what numba wants of an intrinsic whose code is build(builder, *values)."""
    return signature, lambda context, builder, signature, values: build(builder, *values)


def _at(build: Callable[..., Any]) -> Callable[..., Any]:
    """Let build(builder, pointer to W entries, their alignment, *values) be the code for an array and a position."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = signature.args[0]
        if kind.layout != "C":
            raise TypeError(f"{kind} is not C-contiguous")
        entry = builder.gep(context.make_array(kind)(context, builder, values[0]).data, [values[1]])
        vector = context.get_value_type(Vector(kind.dtype)).as_pointer()
        return build(builder, builder.bitcast(entry, vector), kind.dtype.bitwidth // 8, *values[2:])

    return generate


def _splat(builder: Any, value: Any) -> Any:
    """Return W copies of a number; a vector stays as it is."""
    if isinstance(value.type, ir.VectorType):
        return value
    empty, index = ir.Constant(ir.VectorType(value.type, W), ir.Undefined), ir.IntType(32)
    one = builder.insert_element(empty, value, index(0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(index, W), [0] * W))


@_intrinsic
def load(typing: Any, x: Any, at: Any) -> Any:
    """Return x[at : at + W] of the flattened array."""
    return Vector(x.dtype)(x, types.intp), _at(lambda builder, entry, align: builder.load(entry, align=align))


@_intrinsic
def store(typing: Any, x: Any, at: Any, value: Any) -> Any:
    """Set x[at : at + W] of the flattened array."""
    return types.void(x, types.intp, value), _at(
        lambda builder, entry, align, vector: builder.store(vector, entry, align=align) and None
    )


@_intrinsic
def splat(typing: Any, a: Any) -> Any:
    """Return W copies of a number."""
    return _inline(Vector(a)(a), _splat)


@_intrinsic
def fma(typing: Any, y: Any, a: Any, x: Any) -> Any:
    """Return y + a x; a is a vector or a number."""

    def build(builder: Any, y_: Any, a_: Any, x_: Any) -> Any:
        return builder.fadd(y_, builder.fmul(_splat(builder, a_), x_, flags=_FLAGS), flags=_FLAGS)

    return _inline(y(y, a, x), build)


@_intrinsic
def where_larger(typing: Any, x: Any, y: Any, a: Any, b: Any) -> Any:
    """Return a where x > y or x is NaN, b elsewhere; a is a vector or a number."""

    def build(builder: Any, x_: Any, y_: Any, a_: Any, b_: Any) -> Any:
        larger = builder.or_(builder.fcmp_ordered(">", x_, y_), builder.fcmp_unordered("uno", x_, x_))
        return builder.select(larger, _splat(builder, a_), b_)

    return _inline(b(x, y, a, b), build)


@_intrinsic
def is_positive(typing: Any, x: Any) -> Any:
    """Return W bits, whether x > 0 or NaN, as an int16."""

    def build(builder: Any, x_: Any) -> Any:
        return builder.bitcast(builder.fcmp_unordered(">", x_, ir.Constant(x_.type, [0.0] * W)), ir.IntType(W))

    return _inline(types.int16(x), build)


@_intrinsic
def where_bits(typing: Any, bits: Any, a: Any) -> Any:
    """Return the vector a where the bits of `is_positive` are set, 0 elsewhere."""

    def build(builder: Any, bits_: Any, a_: Any) -> Any:
        mask = builder.bitcast(bits_, ir.VectorType(ir.IntType(1), W))
        return builder.select(mask, a_, ir.Constant(a_.type, [0.0] * W))

    return _inline(a(types.int16, a), build)
