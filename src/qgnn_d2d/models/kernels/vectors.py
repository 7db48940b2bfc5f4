"""Vectors of W numbers as values of compiled code: loops over them need no proof that arrays do not overlap.

LLVM turns a loop over two arrays into vector code only behind checks for overlaps, which cost more than W
multiplications. These functions say what is meant. In memory, a vector is W consecutive entries of a contiguous array.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types

W = 16
_intrinsic: Any = extending.intrinsic  # its annotations know only what Python calls
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


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> tuple[Any, int]:
    kind = signature.args[0]
    if kind.layout != "C":
        raise TypeError(f"{kind} is not C-contiguous")
    data = context.make_array(kind)(context, builder, arguments[0]).data
    vector = context.get_value_type(Vector(kind.dtype)).as_pointer()
    return builder.bitcast(builder.gep(data, [arguments[1]]), vector), kind.dtype.bitwidth // 8


def _splat(context: Any, builder: Any, dtype: Any, value: Any) -> Any:
    """W copies of a number; a vector stays as it is."""
    if isinstance(value.type, ir.VectorType):
        return value
    empty = ir.Constant(context.get_value_type(Vector(dtype)), ir.Undefined)
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), W), [0] * W)
    return builder.shuffle_vector(builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0)), empty, zeros)


@_intrinsic
def load(typing: Any, x: Any, at: Any) -> Any:
    """Return x[at : at + W] of the flattened array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, align = _pointer(context, builder, signature, arguments)
        return builder.load(pointer, align=align)

    return Vector(x.dtype)(x, types.intp), generate


@_intrinsic
def store(typing: Any, x: Any, at: Any, value: Any) -> Any:
    """Set x[at : at + W] of the flattened array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, align = _pointer(context, builder, signature, arguments)
        builder.store(arguments[2], pointer, align=align)
        return context.get_dummy_value()

    return types.void(x, types.intp, value), generate


@_intrinsic
def splat(typing: Any, a: Any) -> Any:
    """Return W copies of a number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _splat(context, builder, a, arguments[0])

    return Vector(a)(a), generate


@_intrinsic
def fma(typing: Any, y: Any, a: Any, x: Any) -> Any:
    """Return y + a x; a is a vector or a number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        y_, a_, x_ = arguments
        product = builder.fmul(_splat(context, builder, y.dtype, a_), x_, flags=_FLAGS)
        return builder.fadd(y_, product, flags=_FLAGS)

    return y(y, a, x), generate


@_intrinsic
def where_larger(typing: Any, x: Any, y: Any, a: Any, b: Any) -> Any:
    """Return a where x > y or x is NaN, b elsewhere; a is a vector or a number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x_, y_, a_, b_ = arguments
        larger = builder.or_(builder.fcmp_ordered(">", x_, y_), builder.fcmp_unordered("uno", x_, x_))
        return builder.select(larger, _splat(context, builder, x.dtype, a_), b_)

    return b(x, y, a, b), generate


@_intrinsic
def is_positive(typing: Any, x: Any) -> Any:
    """Return W bits, whether x > 0 or NaN, as an int16."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zeros = _splat(context, builder, x.dtype, context.get_constant(x.dtype, 0))
        return builder.bitcast(builder.fcmp_unordered(">", arguments[0], zeros), ir.IntType(W))

    return types.int16(x), generate


@_intrinsic
def where_bits(typing: Any, bits: Any, a: Any) -> Any:
    """Return the vector a where the bits of `is_positive` are set, 0 elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zeros = _splat(context, builder, a.dtype, context.get_constant(a.dtype, 0))
        mask = builder.bitcast(arguments[0], ir.VectorType(ir.IntType(1), W))
        return builder.select(mask, arguments[1], zeros)

    return a(types.int16, a), generate
