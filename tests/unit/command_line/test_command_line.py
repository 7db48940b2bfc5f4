"""The program as a whole: it starts fast, helps, and fails in one line."""

import os
import shlex
import subprocess
import sys
import tomllib

import pytest

from qgnn_d2d.artifact.trained import ROOT
from qgnn_d2d.command_line import app

COMMANDS = [
    [], ["allocate"], ["solve"], ["compare"], ["claims"],
    *(["channels", name] for name in ("draw", "check", "convert")),
    *(["circuit", name] for name in ("draw", "count", "qasm", "classical")),
    *(["devices", name] for name in ("list", "show", "export")), *(["benchmark", name] for name in ("export", "score")),
]  # fmt: skip


def run(*arguments, **options):
    command = [sys.executable, "-m", "qgnn_d2d", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "80"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **options)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_helps_in_80_columns(shell, command):
    lines = shell(*command, "--help").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "Usage" in " ".join(lines)


def test_what_the_page_shows_are_commands_with_their_options(shell):
    text = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8").replace("\\\n", " ")
    shown = [shlex.split(line)[2:] for line in text.splitlines() if line.startswith("$ qgnn-d2d ")]
    assert {line[0] for line in shown} == {command[0] for command in COMMANDS if command} - {"claims"}
    for line in shown:
        command = next(one for one in COMMANDS if one and line[: len(one)] == one)
        known = shell(*command, "--help").stdout
        assert [word for word in line if word.startswith("--") and word not in known] == []


def test_it_is_a_module_and_a_script():
    done = run("--help")
    assert done.returncode == 0 and "qgnn-d2d" in done.stdout
    with open(ROOT / "pyproject.toml", "rb") as file:
        module, _, name = tomllib.load(file)["project"]["scripts"]["qgnn-d2d"].partition(":")
    assert module == "qgnn_d2d.command_line" and callable(app) and name == "main"


def test_an_error_is_one_line_and_status_2():
    done = run("claims", "--results", "nowhere")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.count("\n") == 1


def test_groups_without_a_command_help(shell):
    for group in ([], ["channels"], ["circuit"], ["devices"], ["benchmark"]):
        assert "Usage" in shell(*group, status=2).stdout
