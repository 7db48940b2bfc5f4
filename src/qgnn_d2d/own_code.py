"""The user's own functions by name, ``module:function``: circuits and backends."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any


def imported(what: str, name: str) -> Any:
    """Import what ``module:function`` names, from PYTHONPATH or the working directory.

    Args:
        what: What it is, for errors.
        name: The module and what is taken of it.

    Raises:
        ValueError: There is no such module, it cannot be imported, or it has no such name.

    Example:
        >>> imported("function", "math:floor")(2.5)
        2
    """
    module_name, _, attribute = name.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # last: its files hide no library's
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever a user's module raises
        raise ValueError(
            f"{what} {name}: module {module_name} cannot be imported ({type(error).__name__}: "
            f"{' '.join(str(error).split())}); it is looked for on PYTHONPATH and in the working directory {folder}"
        ) from error
    if not hasattr(module, attribute):
        raise ValueError(f"{what} {name}: there is no {attribute} in {getattr(module, '__file__', module_name)}")
    return getattr(module, attribute)
