"""One lock, three ways to install it: pip, `conda env create` and Snakemake's `conda:` must agree."""

import ast
import importlib.metadata
import json
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import qgnn_d2d

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "envs" / "requirements.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
UNLOCKED = "peers"  # the extra that the lock leaves out
EXTRAS = [
    Requirement(text)
    for extra, texts in PROJECT["optional-dependencies"].items()
    if extra != UNLOCKED
    for text in texts
]

# Distributions whose import name differs from their own.
DISTRIBUTION_OF = {"yaml": "pyyaml", "markdown_it": "markdown-it-py"}
# Imported only where installed: the extras `peers` and `scip`.
OPTIONAL = {"jax", "jaxlib", "tensorcircuit", "pyscipopt"}


def lock_lines() -> list[str]:
    """Return a line per package: its version, and the hashes of its files."""
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if not line.startswith("#")]


def pins() -> dict[str, str]:
    plain = (line.split()[0] for line in lock_lines())
    return {canonicalize_name(name): version for name, version in (pin.split("==") for pin in plain)}


def pip_section(path: Path) -> list[str]:
    """Return what a conda environment file has pip install."""
    sections = [
        entry["pip"]
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
        if isinstance(entry, dict)
    ]
    assert len(sections) == 1, f"{path.name} needs exactly one pip section"
    return sections[0]


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level name of every absolute import, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def test_lock_names_plain_exact_versions_with_hashes() -> None:
    line = r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*( --hash=sha256:[0-9a-f]{64})+"
    bad = [text for text in lock_lines() if not re.fullmatch(line, text)]
    assert not bad, "only name==version and hashes: no options, URLs, ranges or local versions such as +cpu"
    assert len(pins()) == len(lock_lines()), "a package is pinned twice"


def test_no_host_or_path_in_the_environment_files() -> None:
    for path in [LOCK, ROOT / "environment.yml", ROOT / "envs" / "artifact.yaml"]:
        assert not re.search(r"://|--(extra-)?index-url|--find-links", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("name", ["environment.yml", "envs/artifact.yaml"])
def test_the_conda_environments_are_generated_from_the_lock(name: str) -> None:
    made = runpy.run_path(str(ROOT / "envs" / "lock.py"))["conda"](name, [line.split()[0] for line in lock_lines()])
    assert (ROOT / name).read_text(encoding="utf-8") == made, "run envs/lock.py --keep"
    assert len(pip_section(ROOT / name)) == len(pins())


@pytest.mark.parametrize("path", ["environment.yml", "envs/artifact.yaml"])
def test_conda_installs_nothing_but_python_and_pip(path: str) -> None:
    dependencies = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["dependencies"]
    plain = [entry for entry in dependencies if isinstance(entry, str)]
    assert sorted(plain) == ["pip", "python=3.11"]
    assert "3.11" in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.parametrize("requirement", RUNTIME + EXTRAS, ids=str)
def test_pyproject_is_satisfied_by_the_lock(requirement: Requirement) -> None:
    pinned = pins().get(canonicalize_name(requirement.name))
    assert pinned is not None, "not in the lock: run make lock"
    assert requirement.specifier.contains(pinned)


def test_the_locks_packages_allow_the_oldest_python_of_the_project() -> None:
    oldest = runpy.run_path(str(ROOT / "envs" / "lock.py"))["oldest_python"](ROOT / "pyproject.toml")
    needs = {name: importlib.metadata.metadata(name)["Requires-Python"] or "" for name in pins()}
    assert not [name for name, python in needs.items() if f"{oldest}.0" not in SpecifierSet(python)]
    assert ".".join(map(str, sys.version_info[:3])) in SpecifierSet(PROJECT["requires-python"])


def installed(name: str) -> str | None:
    """Return the installed version without a local suffix such as torch's +cpu, which names one build of a release."""
    try:
        return Version(importlib.metadata.version(name)).public
    except importlib.metadata.PackageNotFoundError:
        return None


def test_the_environment_is_the_lock() -> None:
    differing = [
        f"{name} is {installed(name) or 'missing'}, not {pinned}"
        for name, pinned in pins().items()
        if installed(name) != Version(pinned).public
    ]
    assert not differing, (
        f"{'; '.join(differing)}. Install the lock (pip install -r envs/requirements.lock, or rm -rf .venv and make "
        "again); if the new versions are wanted, renew it (make lock)."
    )


def test_the_lock_names_everything_that_its_packages_require() -> None:
    open_ends = [
        f"{name} requires {requirement}"
        for name in pins()
        for requirement in map(Requirement, importlib.metadata.requires(name) or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if canonicalize_name(requirement.name) not in pins() and requirement.name != "pip"
    ]
    assert not open_ends, f"{'; '.join(open_ends)}: pip would choose a version on its own; run make lock"


def test_pip_finds_no_conflict() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: install the lock anew, or renew it (make lock)"


def test_every_import_is_a_declared_dependency() -> None:
    declared = {canonicalize_name(requirement.name) for requirement in RUNTIME}
    ours = {"qgnn_d2d", "scripts"}
    scripts = sorted((ROOT / "scripts").rglob("*.py"))
    sources = [*(ROOT / "src").rglob("*.py"), *scripts]
    ours |= {path.stem for path in scripts}  # a script's folder is on its path, so scripts import one another
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources
        for name in imports(path)
        if name not in sys.stdlib_module_names | ours | OPTIONAL
        and canonicalize_name(DISTRIBUTION_OF.get(name, name)) not in declared
    }
    assert not missing


def test_every_file_engine_is_a_declared_dependency() -> None:
    """xarray imports the library behind `engine=` itself, so no import statement shows what is needed."""
    declared = {canonicalize_name(requirement.name) for requirement in RUNTIME}
    missing = {
        f"{path.relative_to(ROOT)}:{node.value.lineno}: {node.value.value}"
        for folder in ["src", "scripts"]
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "engine" and isinstance(node.value, ast.Constant)
        if canonicalize_name(node.value.value) not in declared
    }
    assert not missing


def test_citation_names_this_version_the_paper_and_the_compared_model() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == qgnn_d2d.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["preferred-citation"]["doi"] == "10.48550/arXiv.2511.15246"
    assert [reference["doi"] for reference in citation["references"]] == ["10.1109/JSAC.2020.3036965"]


def test_citation_zenodo_and_package_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    zenodo = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    authors = [author["name"] for author in PROJECT["authors"]]
    assert citation["title"] == zenodo["title"] and citation["title"].startswith(f"{PROJECT['name']}: ")
    assert citation["abstract"] == zenodo["description"]
    assert citation["abstract"].startswith(f"{PROJECT['description']}.")
    assert citation["version"] == zenodo["version"] == qgnn_d2d.__version__
    assert str(citation["date-released"]) == zenodo["publication_date"]
    assert citation["license"] == zenodo["license"] == PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert [author["name"] for author in citation["authors"]] == authors
    assert [creator["name"] for creator in zenodo["creators"]] == authors
    assert citation["keywords"] == zenodo["keywords"] == PROJECT["keywords"]
    cited = [citation["preferred-citation"], *citation["references"]]
    assert [work["identifier"] for work in zenodo["related_identifiers"]] == [work["doi"] for work in cited]
