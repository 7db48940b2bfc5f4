"""Make's part: which Python, where, what becomes of a .venv that is there, which torch. Nothing is installed here."""

import os
import runpy
import shutil
import site
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.runs import ROOT, SMOKE

INSTALL = ROOT / "envs" / "install.py"
NEEDED = ("Makefile", "pyproject.toml", "envs/install.py", "envs/requirements.lock")
ODD = ("Büro alice", 'my "q" gnn\'s $HOME (1), 50 %')
REQUIRES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]


@pytest.fixture(params=[(), ODD], ids=["plain path", "odd path"])
def checkout(request, tmp_path):
    """A checkout as far as the set-up needs it."""
    folder = tmp_path.joinpath(*request.param, "checkout")
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def make(folder, *arguments, **more):
    """Run make; what it may not find is put in its way by name."""
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=keep | more, capture_output=True, text=True, check=False)


def fake(folder, stamp):
    """Put a .venv there whose python says what it is called with."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|%s\\n" "$PYTHONPATH" "$*"\n', encoding="utf-8")
    python.chmod(0o755)
    if stamp is not None:
        (folder / ".venv" / ".complete").write_text(f"{stamp}\n", encoding="utf-8")


@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_a_venv_that_make_did_not_build_stays_as_it_is(checkout, kind):
    venv, elsewhere = checkout / ".venv", checkout / "elsewhere"
    if kind == "file":
        venv.write_text("mine", encoding="utf-8")
    else:
        fake(checkout, None)
    if kind == "link":
        venv.rename(elsewhere)
        (elsewhere / ".complete").touch()
        venv.symlink_to("elsewhere")
    before = sorted(checkout.rglob("*"))
    done = make(checkout, "lint", f"PYTHON={sys.executable}")
    assert done.returncode != 0 and sorted(checkout.rglob("*")) == before
    line = f"{venv}: not built by make, so it stays as it is; move it or delete it, then run make again"
    assert [text for text in done.stderr.splitlines() if not text.startswith("make")] == [line]


def test_tools_run_in_a_checkout_of_any_path(checkout):
    fake(checkout, checkout)
    done = make(checkout, "lint", "PYTHON=no_such_python")  # the stamp names this place: nothing is built
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if "|" in line]
    assert said[0] == f"{checkout}/src|-m ruff check ." and len(said) == 5


@pytest.mark.parametrize("kind", ["elsewhere", "half made"])
def test_a_venv_of_another_place_or_half_made_is_built_anew(checkout, kind):
    fake(checkout, "/moved" if kind == "elsewhere" else None)
    (checkout / ".venv" / ".made_by_make").touch()
    done = make(checkout, "lint", "PYTHON=no_such_python")
    assert done.returncode != 0 and f"Python {REQUIRES} with its venv module is needed" in done.stderr


def test_a_path_that_path_cannot_hold_is_refused():
    refusal = runpy.run_path(str(INSTALL))["refusal"]
    assert "the path has a ':'" in refusal(Path("/a:b/.venv")) and refusal(Path("/nowhere/.venv")) == ""


@pytest.mark.parametrize(("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 15), False)])
def test_python_is_taken_or_refused_by_what_pyproject_says(tmp_path, version, fits):
    """The candidate is this Python, which says that it is another."""
    assert SpecifierSet(REQUIRES).contains(f"{version[0]}.{version[1]}.1") == fits
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "envs" / "install.py").write_text("print('taken')\n", encoding="utf-8")
    candidate = tmp_path / "candidate"
    pretend = f"import sys; sys.version_info = ({version[0]}, {version[1]}, 1); exec(sys.argv.pop(1))"
    candidate.write_text(f'#!/bin/sh\n[ "$1" = -c ] || exec {sys.executable} "$@"\nshift\n'
                         f'exec {sys.executable} -c "{pretend}" "$@"\n', encoding="utf-8")  # fmt: skip
    candidate.chmod(0o755)
    done = make(tmp_path, ".venv/.complete", f"PYTHON={candidate}")
    assert ("taken" in done.stdout) == fits and (f"Python {REQUIRES} with" in done.stderr) != fits


def test_make_tries_pythons_that_pyproject_allows():
    listed = make(ROOT, "-pn", "help").stdout
    tried = next(line for line in listed.splitlines() if line.startswith("PYTHON := ") or line.startswith("PYTHON = "))
    numbers = [name.removeprefix("python") for name in tried.partition("= ")[2].split() if name != "python3"]
    assert numbers and all(SpecifierSet(REQUIRES).contains(number) for number in numbers)


class Pip:
    """Stands for the commands that are run: notes them, and ends as it is told."""

    def __init__(self, served, reached):
        self.served, self.reached, self.commands = served, reached, []

    def __call__(self, command, **options):
        words = [word for word in command[1:] if word not in ("-m", "pip", "--disable-pip-version-check", "--no-input")]
        self.commands.append(" ".join(words))
        failed = "--index-url" in command and not self.reached
        return subprocess.CompletedProcess(command, int(failed), f"torch (9)\nAvailable versions: {self.served}\n", "")


@pytest.mark.parametrize(
    ("served", "index", "reached", "taken", "said"),
    [
        ("2.14.0, 2.13.0+cpu, 2.13.0", "https://cpu", True, "install -qq --no-deps torch==2.13.0+cpu", "has it"),
        ("2.13.0", "https://cpu", True, "--index-url https://cpu torch==2.13.0+cpu", "from https://cpu"),
        ("12.13.0+cpu, 2.13.0+cpu.1", "https://cpu", False, "install -qq torch==2.13.0", "could not be had"),
        ("2.13.0", "", True, "install -qq torch==2.13.0", "TORCH_INDEX is empty"),
    ],
    ids=["served", "index", "unreachable", "no index"],
)
def test_torch_is_the_cpu_build_where_there_is_one_and_what_is_taken_is_said(
    monkeypatch, capsys, served, index, reached, taken, said
):
    pip = Pip(served, reached)
    monkeypatch.setattr(subprocess, "run", pip)
    runpy.run_path(str(INSTALL))["install_torch"]("2.13.0", index)
    assert pip.commands[-1].endswith(taken), pip.commands
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 and said in lines[0]


def test_a_report_of_an_unfinished_study_is_refused_at_once_and_builds_nothing(checkout):
    done = make(checkout, "report", "STUDY=mine", "PYTHON=no_such_python")
    assert done.returncode != 0 and not (checkout / ".venv").exists()
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert lines == ["make report needs a finished study: run 'make reproduce STUDY=mine' first"]


def test_a_job_starts_where_the_interpreters_path_needs_quotes(tmp_path):
    python = tmp_path.joinpath(*ODD, "bin", "python")
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)  # a link outside of the environment does not know its packages
    packages = os.pathsep.join([*site.getsitepackages(), str(ROOT / "src")])
    target = "results/smoke/channels/rayleigh/train.nc"
    done = subprocess.run(
        [str(python), "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), target, "--cores", "1",
         "--configfile", str(SMOKE), "--directory", str(python.parent)],
        env=os.environ | {"PYTHONPATH": packages, "XDG_CACHE_HOME": str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0 and (python.parent / target).is_file(), done.stderr[-2000:]
