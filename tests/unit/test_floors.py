"""How the library is built: imports go downwards only, modules are short, a job can start without heavy libraries."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import qgnn_d2d

PACKAGE = Path(qgnn_d2d.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
FLOORS = [
    ("own_code", "checks", "code_hash", "compiled"),
    ("settings", "io", "random_streams"),
    ("objective", "quantum"),
    ("channels", "solvers"),
    ("stars",),
    ("models",),
    ("training",),
    ("analysis",),
    ("report",),
    ("figures", "artifact"),
    ("claims",),
    ("command_line",),
    ("__main__",),
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
MOST_LINES = 320
LIGHT = ("settings", "io", "objective", "solvers", "figures", "artifact.records", "command_line")
HEAVY = ("torch", "numba", "pennylane", "qiskit", "pandas", "xarray", "matplotlib", "seaborn", "scipy")
LOADED = """
import importlib, json, sys
found = {}
for name in sys.argv[1].split():
    importlib.import_module(f"qgnn_d2d.{name}")
    found[name] = [heavy for heavy in sys.argv[2].split() if heavy in sys.modules]
print(json.dumps(found))
"""


def room(path):
    """Return the package or module below `qgnn_d2d` that a module belongs to."""
    return path.parts[0].removesuffix(".py")


def imported(path, tree):
    """Yield the packages or modules below `qgnn_d2d` that a module imports, wherever in it."""
    package = ("qgnn_d2d", *path.parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*above, *filter(None, [node.module])])
            names = [f"{source}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            root, _, rest = name.partition(".")
            if root == "qgnn_d2d" and rest.partition(".")[0] in FLOOR:
                yield rest.partition(".")[0]


def test_every_module_has_a_floor():
    assert {room(path) for path in MODULES} == {*FLOOR, "__init__"}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_imports_only_from_lower_floors(path):
    own, tree = room(path), ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    others = set(imported(path, tree)) - {own}
    assert not {other for other in others if FLOOR[other] >= FLOOR.get(own, -1)}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("from ..solvers.wmmse import wmmse", "solvers"), ("from .. import stars, __version__", "stars"),
        ("import qgnn_d2d.models.qgnn", "models"), ("from qgnn_d2d import claims", "claims"),
        ("def late():\n    from ..claims import judge", "claims"), ("from .base import PowerModel", "models"),
        ("import torch", None),
    ],
)  # fmt: skip
def test_imports_are_found(statement, expected):
    assert list(imported(Path("models", "qgnn.py"), ast.parse(statement))) == [expected] * (expected is not None)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_is_long(path):
    assert len((PACKAGE / path).read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.fixture(scope="module")
def loaded():
    """What heavy libraries a fresh process has loaded after one import after the other."""
    command = [sys.executable, "-c", LOADED, " ".join(LIGHT), " ".join(HEAVY)]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("name", LIGHT)
def test_what_says_only_what_there_is_loads_nothing_heavy(name, loaded):
    assert loaded[name] == []
