"""What code a job runs: a hash of the modules that it imports, for Snakemake and for checkpoints.

Syntax trees are taken, so comments, docstrings and layout do not count. Modules are followed within this package,
imports inside of functions with them; the versions of other packages stand in the lock. Nothing is imported.
"""

from __future__ import annotations

import ast
import functools
import gc
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SETTINGS = f"{HERE.name}.settings"
_BY_NAME = ("import_module", "resolve_name")  # what loads a module by its name


def code_hash(start: Path | str, named: Iterable[str] | None = None, *, root: Path = HERE) -> str:
    """Return a hash of a script or module and of all modules of the package that it needs.

    Args:
        start: The script's file, or the module's name.
        named: Where only some of the modules that are loaded by name are needed: these, as ``module`` or
            ``module:function``. Settings then count only if `SETTINGS` is among them, as what they say to a training,
            for instance, is its job's parameter. None: all that are beside a module that loads by name.
        root: The package's folder.

    Raises:
        FileNotFoundError: There is no such script.
        ValueError: There is no such module; the line names it.

    Example:
        >>> rayleigh = code_hash("qgnn_d2d.channels", ["qgnn_d2d.channels.rayleigh:rayleigh"])
        >>> rayleigh == code_hash("qgnn_d2d.channels", ["qgnn_d2d.channels.geometric:geometric"])
        False
    """
    paths, named = _paths(root), None if named is None else [*named]
    parts = [_read(start, root).digest] if isinstance(start, Path) else []
    parts += [f"{name} {_read(paths[name], root).digest}" for name in modules(start, named, root=root)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def modules(start: Path | str, named: Iterable[str] | None = None, *, root: Path = HERE) -> list[str]:
    """Return the names of the modules that `code_hash` is made of, sorted; arguments and errors are the same."""
    paths, given = _paths(root), None if named is None else [name.partition(":")[0] for name in named]
    left = [*(_read(start, root).imported if isinstance(start, Path) else [start]), *(given or [])]
    if unknown := [name for name in left if name not in paths]:
        raise ValueError(f"{unknown[0]} is no module of {root}")
    left = [name for name in left if given is None or name in given or not _is_setting(name)]
    found: set[str] = set()
    while left:
        if (name := left.pop()) in found:
            continue
        found.add(name)
        module, package = _read(paths[name], root), name.rpartition(".")[0]
        others = module.imported | ({package} - {""})
        if module.loads_by_name and given is None:
            beside = f"{name if paths[name].name == '__init__.py' else package}."
            others |= {other for other in paths if other.startswith(beside)}
        left += [other for other in others if given is None or _is_setting(name) or not _is_setting(other)]
    return sorted(found)


def _is_setting(name: str) -> bool:
    return f"{name}.".startswith(f"{SETTINGS}.")


@functools.cache
def _paths(root: Path) -> dict[str, Path]:
    """Return the modules of the package, by name."""
    return {_name(path, root): path for path in sorted(root.rglob("*.py"))}


def _name(path: Path, root: Path) -> str:
    """Return a module's name."""
    parts = (root.name, *path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True)
class _Module:
    """What is read of a file: a hash of its code, the package's modules that it imports, whether it loads by name."""

    digest: str
    imported: frozenset[str]
    loads_by_name: bool


@functools.cache
def _read(path: Path, root: Path) -> _Module:
    """Read a module of the package, or a script."""
    package = _name(path.parent / "__init__.py", root) if path.is_relative_to(root) else ""
    collects, words, nodes = gc.isenabled(), list[str](), list[ast.AST]()
    gc.disable()  # it would go through thousands of new nodes again and again
    try:
        _take(ast.parse(path.read_bytes(), str(path)), words, nodes)
        imported = {name for node in nodes for name in _imported(node, package)} & _paths(root).keys()
        loads = any(isinstance(node, ast.Call) and _called(node) in _BY_NAME for node in nodes)
    finally:
        if collects:
            gc.enable()
    return _Module(hashlib.sha256(" ".join(words).encode()).hexdigest(), frozenset(imported), loads)


def _take(node: ast.AST, words: list[str], nodes: list[ast.AST]) -> None:
    """Write down a tree, but for texts that are statements, and what stands below `if TYPE_CHECKING:`.

    Args:
        node: The tree.
        words: Gets everything that is written down.
        nodes: Gets the imports and calls.
    """
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        node = ast.Module(node.orelse, [])
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)):
        nodes.append(node)
    words.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        words.append(name)
        for entry in value if isinstance(value, list) else [value]:
            if not isinstance(entry, ast.AST):
                words.append(repr(entry))
            elif not (isinstance(entry, ast.Expr) and isinstance(getattr(entry.value, "value", None), str)):
                _take(entry, words, nodes)
    words.append(".")


def _called(node: ast.Call) -> str:
    """Return the name of the function that is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    """Yield the full names in an import statement; some may be no modules."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: 1 + package.count(".") - node.level + 1] if node.level else []
        source = ".".join([*above, *filter(None, [node.module])])
        yield source
        yield from (f"{source}.{alias.name}" for alias in node.names)
