"""No file of the artifact is loaded by running code that stands in it: no pickle, and nothing built on it."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "jsonpickle", "marshal", "shelve"}
# Functions that read or write pickles, or, in YAML's case, make any object.
FUNCTIONS = {
    *(f"torch.{name}" for name in ("load", "save", "hub.load", "jit.load")),
    *(f"yaml.{name}" for name in ("load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all")),
    *(f"pandas.{name}" for name in ("read_pickle", "to_pickle")),
}
METHODS = {"to_pickle", "read_pickle"}
PYTHON = sorted(path for folder in ("src", "scripts", "workflow", "envs") for path in (ROOT / folder).rglob("*.py"))
SNAKEMAKE = [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]


def unsafe(source: str) -> Iterator[str]:
    """Yield what of Python code reads or writes pickles."""
    tree = ast.parse(source)
    names: dict[str, str] = {}  # what a name stands for
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                if MODULES & set(alias.name.split(".")):
                    yield f"{node.lineno}: import {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                if MODULES & {*node.module.split("."), alias.name}:
                    yield f"{node.lineno}: from {node.module} import {alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Load):
            head, dot, rest = ast.unparse(node).partition(".")
            called = names.get(head, head) + dot + rest
            if called in FUNCTIONS or (isinstance(node, ast.Attribute) and node.attr in METHODS):
                yield f"{node.lineno}: {called}"
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                if keyword.arg == "allow_pickle" and not allowed:
                    yield f"{node.lineno}: allow_pickle"
            for argument in node.args:  # __import__("pickle"), importlib.import_module("pickle")
                name = argument.value if isinstance(argument, ast.Constant) else None
                if "import" in ast.unparse(node.func) and isinstance(name, str) and MODULES & set(name.split(".")):
                    yield f"{node.lineno}: import {name}"


def unsafe_snakemake(source: str) -> Iterator[str]:
    """Yield the same of a Snakefile, from its names: it is no Python that `ast` would read."""
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.string.strip()]
    for index, token in enumerate(tokens):
        following = "".join(item.string for item in tokens[index : index + 3])
        if token.type == tokenize.NAME and (
            token.string in MODULES | METHODS | {"allow_pickle"} or following in FUNCTIONS
        ):
            yield f"{token.start[0]}: {following}"


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_script_or_module_uses_pickle(path):
    assert not list(unsafe(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SNAKEMAKE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_rule_uses_pickle(path):
    assert not list(unsafe_snakemake(path.read_text(encoding="utf-8")))


UNSAFE = [
    *(f"import {name}" for name in sorted(MODULES)),
    *(f"from {name} import load" for name in sorted(MODULES)),
    "import sklearn.externals.joblib",
    "from six.moves import cPickle",
    "def late():\n    import pickle as p",
    "__import__('pickle')",
    "import importlib\nimportlib.import_module('dill')",
    "import torch\ntorch.load('x')",
    "import torch\ntorch.load('x', weights_only=True)",
    "import torch as t\nread = t.load",
    "from torch import load\nload('x')",
    "from torch import load as read\nread('x')",
    "import torch\ntorch.save({}, 'x')",
    "import numpy as np\nnp.load('x', allow_pickle=True)",
    "import numpy as np\nnp.load('x', allow_pickle=flag)",
    "import yaml\nyaml.load(text, Loader=yaml.Loader)",
    "import yaml\nyaml.unsafe_load(text)",
    "from yaml import full_load\nfull_load(text)",
    "import pandas as pd\npd.read_pickle('x')",
    "table.to_pickle('x')",
]
SAFE = [
    "import yaml\nyaml.safe_load(text)",
    "import numpy as np\nnp.load('x')\nnp.load('x', allow_pickle=False)",
    "import json\njson.load(file)",
    "from safetensors.torch import load_file",
    "# import pickle\n'pickle'",
    "import_it = 'pickle'",
]


@pytest.mark.parametrize("source", UNSAFE)
def test_the_search_finds_every_way(source):
    assert list(unsafe(source))


@pytest.mark.parametrize("source", SAFE)
def test_the_search_finds_nothing_else(source):
    assert not list(unsafe(source))


@pytest.mark.parametrize(
    "line", ["import pickle", "x = torch.load(input[0])", "yaml.load(text)", "np.load(x, allow_pickle=1)"]
)
def test_the_search_in_rules_finds_the_same(line):
    assert list(unsafe_snakemake(f"{line}\n\n\nrule a:\n    input:\n        'x'\n"))
    assert list(unsafe_snakemake(f"rule a:\n    run:\n        {line}\n"))
    assert not list(unsafe_snakemake(f"# {line}\nrule a:\n    input:\n        yaml.safe_load('{line}')\n"))
