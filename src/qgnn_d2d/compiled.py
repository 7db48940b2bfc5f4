"""How functions are compiled by Numba, and where their code is kept.

Compiled code lies in a folder of ``__pycache__`` that is named by a hash of all compiled modules: Numba itself would
notice a change of a function, but not of the functions that it calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_HERE = Path(__file__).parent
SOURCES = [_HERE / "compiled.py", _HERE / "stars.py", *sorted((_HERE / "models" / "kernels").glob("*.py"))]
"""The modules with compiled functions."""

DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()[:16]
"""A hash of their text."""

numba.config.CACHE_DIR = str(_HERE / "__pycache__" / f"numba-{DIGEST}")  # type: ignore[attr-defined]

_OPTIONS: dict[str, Any] = {
    "forceinline": True,  # one copy of the code: else a process that compiles may round otherwise than one that loads
    "error_model": "numpy",
    "fastmath": {"contract", "afn", "reassoc", "nsz", "arcp"},  # without nnan and ninf: a NaN must reach the rates
}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of a module when it is first called; where its code cannot be kept, in every process anew."""
    try:
        return numba.njit(function, cache=True, **_OPTIONS)
    except RuntimeError:  # neither the checkout nor the home can be written to
        return numba.njit(function, **_OPTIONS)
