"""A guard for MATLAB files of version 5: a wrong type of data in one would end the process in SciPy's reader.

A file is a header of 128 bytes and elements; an element is its type, its number of bytes, and these. A variable is an
element of its own, perhaps compressed, that holds elements: flags, dimensions, name, numbers. Source: MathWorks,
"MAT-File Format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

_HEADER = 128
_NUMBERS = (1, 2, 3, 4, 5, 6, 7, 9, 12, 13)  # integers of 8, 16, 32 and 64 bits, floats
_MATRIX, _COMPRESSED, _UINT32, _INT32 = 14, 15, 6, 5
_CLASSES, _OF_NUMBERS = range(1, 19), range(6, 16)
_COMPLEX = 0x0800  # flag


class _Element(NamedTuple):
    kind: int
    content: memoryview


def check(content: bytes) -> None:
    """Require that a file's variables of numbers are what they say; others are not looked into.

    Raises:
        ValueError: An element has another type or size.
    """
    order = {b"IM": "<", b"MI": ">"}.get(content[126:_HEADER])
    if order is None:  # version 4, or no MATLAB file: SciPy says so
        return
    for variable in _elements(memoryview(content)[_HEADER:], order, padded=False):
        inner = variable
        if variable.kind == _COMPRESSED:
            inner = next(_elements(memoryview(zlib.decompress(variable.content)), order))
        if inner.kind != _MATRIX:
            raise ValueError(f"a variable is of type {inner.kind}; it must be {_MATRIX}")
        _check_variable(_elements(inner.content, order), order)


def _check_variable(elements: Iterator[_Element], order: str) -> None:
    flags = next(elements)
    if flags.kind != _UINT32 or len(flags.content) != 8:
        raise ValueError("a variable has no flags")
    (word,) = struct.unpack_from(f"{order}I", flags.content)
    if word & 0xFF not in _CLASSES:
        raise ValueError(f"a variable is of class {word & 0xFF}; it must be from 1 to 18")
    if word & 0xFF not in _OF_NUMBERS:
        return
    shape, _, *values = elements
    if shape.kind != _INT32 or len(shape.content) % 4 or len(values) != (2 if word & _COMPLEX else 1):
        raise ValueError("a variable's dimensions or numbers are missing")
    for value in values:
        if value.kind not in _NUMBERS:
            raise ValueError(f"numbers are of type {value.kind}; it must be one of {', '.join(map(str, _NUMBERS))}")


def _elements(content: memoryview, order: str, *, padded: bool = True) -> Iterator[_Element]:
    """Yield the elements that follow each other; small ones have type and size in one word, and end at 8 bytes."""
    at = 0
    while at + 8 <= len(content):
        (word, size) = struct.unpack_from(f"{order}II", content, at)
        start = at + 8
        if word >> 16:
            word, size, start = word & 0xFFFF, word >> 16, at + 4
        if size > (4 if start == at + 4 else len(content) - start):
            raise ValueError(f"an element of {size} bytes reaches beyond the end")
        yield _Element(word, content[start : start + size])
        at = at + 8 if start == at + 4 else start + size + (-size % 8 if padded else 0)
