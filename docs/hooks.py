"""What MkDocs needs to build the site (mkdocs.yml): files, tutorials that have run, pages and links of the API.

The site has the layout of the repository, so a relative link leads to the same file in both. A page of the site is a
page of docs/, or one that a page or the navigation leads to; every other file that a page leads to is copied.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import griffe
import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbconvert import MarkdownExporter
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, API = "qgnn_d2d", "api/"

_LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)")
_NAME = re.compile(r"(?<!`)`((?:\w+\.)*\w+)`(?!`)")
_EXAMPLE = re.compile(r"^( *)Example:$", re.MULTILINE)
_SECONDS = 120  # for a cell; the tutorials' own test is stricter

_serving = False


class Tutorial(File):
    """A notebook that is a page."""

    def is_documentation_page(self) -> bool:
        """It is, though its name does not end in .md."""
        return True


def on_startup(command: str, dirty: bool) -> None:
    """`mkdocs serve` builds at every change of a file, and runs no tutorial."""
    global _serving
    _serving = command == "serve"


@event_priority(100)  # before the plugins, which then see these files
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the repository's files in the place of those of docs/."""
    site = Files([file for file in files if file.src_dir != config.docs_dir])
    pages = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    left = [*entries(config.nav), *pages, *map(str, config.extra_css)]
    while left:
        name = left.pop()
        if site.get_file_from_path(name) is not None:
            continue
        if name.startswith(API):
            site.append(File.generated(config, name, content=f"::: {PACKAGE}.{name[len(API) : -len('.md')]}\n"))
        elif (ROOT / name).is_file():
            made = tutorial(name, config) if name.endswith(".ipynb") else [copied(name, config)]
            for file in made:
                site.append(file)
            if name.endswith((".md", ".ipynb")):
                left += linked(name)
    return site


def entries(nav: Any) -> Iterator[str]:
    """Yield the pages of a navigation, in its order."""
    for item in nav:
        for entry in item.values() if isinstance(item, dict) else [item]:
            yield from [entry] if isinstance(entry, str) else entries(entry)


def linked(name: str) -> list[str]:
    """Return the files of the repository that a page or a notebook leads to."""
    page = ROOT / name
    targets = {(page.parent / target).resolve() for target in _LINK.findall(page.read_text(encoding="utf-8"))}
    return sorted(path.relative_to(ROOT).as_posix() for path in targets if path.is_relative_to(ROOT))


def run(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs of a run in its own folder; an error in a cell is an error here."""
    notebook = nbformat.read(path, as_version=4)
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # pictures are outputs
    with TemporaryDirectory() as folder:  # in the place of the home, which may be closed
        process = {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
        client = NotebookClient(
            notebook, timeout=_SECONDS, kernel_name="python3", config=Config(KernelManager=process),
            resources={"metadata": {"path": str(path.parent)}},
        )  # fmt: skip
        return client.execute(env=environment | {"IPYTHONDIR": folder})


def copied(name: str, config: MkDocsConfig) -> File:
    """Return a file of the repository as one of the site, at the same place."""
    return File.generated(config, name, abs_src_path=str(ROOT / name))


def tutorial(name: str, config: MkDocsConfig) -> Iterator[File]:
    """Yield a notebook as a page, and the pictures that its cells have drawn."""
    path = ROOT / name
    notebook = nbformat.read(path, as_version=4) if _serving else run(path)
    text, made = MarkdownExporter().from_notebook_node(notebook, resources={"unique_key": path.stem})
    yield Tutorial.generated(config, name, content=text)
    for picture, content in made["outputs"].items():
        yield File.generated(config, f"{Path(name).parent.as_posix()}/{picture}", content=content)


class References(griffe.Extension):
    """Makes links of the names in docstrings, `like_this`, where they mean something that the API pages show."""

    def on_package(self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **kwargs: Any) -> None:
        """Go through a loaded package."""
        self._link(pkg, loader)

    def _link(self, found: griffe.Object, loader: griffe.GriffeLoader) -> None:
        if found.docstring is not None:
            text = _EXAMPLE.sub(r"\1Examples:", found.docstring.value)  # the name of griffe's section
            found.docstring.value = _NAME.sub(lambda match: self._linked(match, found, loader), text)
        for member in found.members.values():
            if isinstance(member, griffe.Object):
                self._link(member, loader)

    @staticmethod
    def _linked(match: re.Match[str], found: griffe.Object, loader: griffe.GriffeLoader) -> str:
        first, *rest = match[1].split(".")
        try:
            start = found.resolve(first)
        except griffe.NameResolutionError:
            start = f"{PACKAGE}.{first}"
        path = ".".join([start, *rest])
        try:
            loader.modules_collection[path]
        except (KeyError, griffe.AliasResolutionError):
            return match[0]
        return f'<autoref identifier="{path}" optional>{match[0]}</autoref>'
