"""Commands, run in this process on a small study."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from qgnn_d2d.command_line import app
from tests.unit import studied


class Shell:
    """Runs commands on one study, in the folder of a test."""

    def __init__(self, results, folder):
        self.results, self.folder = results, folder
        self.environment = {"QGNN_D2D_RESULTS": str(results), "COLUMNS": "80"}

    def __call__(self, *arguments, status=0):
        done = CliRunner().invoke(app, [*map(str, arguments)], env=self.environment)
        assert done.exit_code == status, (done.exit_code, done.stdout, done.stderr, done.exception)
        return done

    def json(self, *arguments):
        """Return what a command prints with --json: nothing but JSON."""
        return json.loads(self(*arguments, "--json").stdout)

    def refused(self, *arguments):
        """Return the line with which bad input is refused."""
        done = self(*arguments, status=2)
        assert done.stdout == ""
        *_, line = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert "Traceback" not in done.stderr
        return line


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    return studied.make(tmp_path_factory.mktemp("study"))


@pytest.fixture
def shell(results, tmp_path):
    return Shell(results, tmp_path)


@pytest.fixture
def complex_file(tmp_path):
    """Complex channels, 6 networks of 5 links, and what they mean."""
    generator = np.random.default_rng(4)
    channel = generator.normal(size=(6, 5, 5)) + 1j * generator.normal(size=(6, 5, 5))
    np.savez(tmp_path / "h.npz", H=channel)
    return tmp_path / "h.npz", np.abs(channel) ** 2


UNITS = ("--noise-power", "0.1", "--p-max", "2")
