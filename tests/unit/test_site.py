"""The site: its navigation and its hooks (docs/hooks.py), without building it (the integration tests do)."""

import ast
import json
import re

import griffe
import pytest
import yaml

from tests.site import HOOKS, ROOT, TUTORIALS

NAV = list(HOOKS.entries(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
API = [name.removeprefix(HOOKS.API).removesuffix(".md") for name in NAV if name.startswith(HOOKS.API)]
LIBRARY = ROOT / "src" / "qgnn_d2d"

tutorials = pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)


def cells_of(path, kind):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def test_the_navigation_has_every_page_of_docs_and_no_other():
    pages = [path for suffix in ("md", "ipynb") for path in (ROOT / "docs").rglob(f"*.{suffix}")]
    wanted = {path.relative_to(ROOT).as_posix() for path in pages if ".ipynb_checkpoints" not in path.parts}
    assert {name for name in NAV if name.startswith("docs/")} == wanted
    assert len(NAV) == len(set(NAV))


def test_all_else_in_the_navigation_is_there():
    assert [name for name in NAV if not name.startswith(HOOKS.API) and not (ROOT / name).is_file()] == []


def test_api_pages_are_of_modules_that_are_there():
    parts = [LIBRARY.joinpath(*name.split(".")) for name in API]
    assert [
        path for path in parts if not (path / "__init__.py").is_file() and not path.with_suffix(".py").is_file()
    ] == []


def test_every_package_that_says_what_is_public_has_an_api_page():
    texts = {path.parent.name: path.read_text(encoding="utf-8") for path in LIBRARY.glob("*/__init__.py")}
    assert {name for name, text in texts.items() if re.search(r"^__all__ = ", text, re.MULTILINE)} <= set(API)


def test_entries_come_in_order_from_any_depth():
    nav = ["a.md", {"B": "b.md"}, {"C": [{"D": "d.md"}, {"E": ["e.md"]}]}]
    assert list(HOOKS.entries(nav)) == ["a.md", "b.md", "d.md", "e.md"]


def test_a_page_leads_to_files_of_the_repository_only(tmp_path, monkeypatch):
    monkeypatch.setattr(HOOKS, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    page = "[a](b.md#c) ![d](../f.png) [e](https://e.org/x.md) [f](#g) [h](mailto:h@h.org) [i](../../i.md) [no](c.md)"
    (tmp_path / "docs" / "a.md").write_text(page, encoding="utf-8")
    assert HOOKS.linked("docs/a.md") == ["docs/b.md", "docs/c.md", "f.png"]


@pytest.fixture
def package(tmp_path):
    """A package as griffe sees it, with `References`."""
    code = {
        "__init__": "from .box import Box\n__all__ = ['Box']",
        "box": '''
class Box:
    """A box; see `Box.open`, `lids`, `lids.lid`, `width`, ``Box``, `nothing` and `torch`."""

    def open(self):
        """Open `Box`.

        Example:
            >>> Box().open()
        """
''',
        "lids": 'def lid():\n    """Return a lid for a `box.Box`, or for a `Box`."""',
    }
    (tmp_path / "qgnn_d2d").mkdir()
    for name, text in code.items():
        (tmp_path / "qgnn_d2d" / f"{name}.py").write_text(text, encoding="utf-8")
    extensions = griffe.Extensions(HOOKS.References())
    return griffe.GriffeLoader(search_paths=[tmp_path], extensions=extensions, allow_inspection=False).load("qgnn_d2d")


def links(text):
    return re.findall(r'<autoref identifier="([\w.]+)" optional>`([\w.]+)`</autoref>', text)


def test_names_in_docstrings_become_links_where_they_name_something(package):
    box = package["box.Box"].docstring.value
    assert links(box) == [
        ("qgnn_d2d.box.Box.open", "Box.open"), ("qgnn_d2d.lids", "lids"), ("qgnn_d2d.lids.lid", "lids.lid")
    ]  # fmt: skip
    assert "`width`, ``Box``, `nothing` and `torch`." in box
    assert links(package["lids.lid"].docstring.value) == [("qgnn_d2d.box.Box", name) for name in ("box.Box", "Box")]


def test_examples_are_a_section_of_the_page(package):
    kinds = [section.kind for section in package["box.Box.open"].docstring.parse("google")]
    assert kinds == [griffe.DocstringSectionKind.text, griffe.DocstringSectionKind.examples]


@tutorials
def test_a_tutorial_is_kept_without_outputs(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@tutorials
def test_a_tutorials_lines_of_prose_are_short(path):
    lines = [line for cell in cells_of(path, "markdown") for line in cell.splitlines()]
    assert [line for line in lines if len(line) > 120] == []


@tutorials
def test_a_tutorial_leads_to_files_that_are_there(path):
    assert [name for name in HOOKS.linked(path.relative_to(ROOT).as_posix()) if not (ROOT / name).is_file()] == []


@tutorials
def test_a_tutorial_takes_public_names_only(path):
    trees = [ast.parse(cell) for cell in cells_of(path, "code")]
    names = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    own = [node for node in names if node.module.partition(".")[0] == "qgnn_d2d"]
    taken = [(node.module.partition(".")[2], alias.name) for node in own for alias in node.names]
    assert taken and [name for _, name in taken if name.startswith("_")] == []
    assert [(module, name) for module, name in taken if not {module, f"{module}.{name}".lstrip(".")} & set(API)] == []


def test_the_tutorials_are_there():
    assert [path.stem for path in TUTORIALS] == ["check_a_claim", "your_channels", "your_circuit"]
