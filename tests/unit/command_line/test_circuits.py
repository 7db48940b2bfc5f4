"""`circuit`: picture, counts and OpenQASM of a run's own star."""

import re

import numpy as np
import pytest
import torch

from qgnn_d2d.artifact.trained import find
from qgnn_d2d.quantum import ClassicalStars
from tests.unit.studied import RUN

QGNN = "rayleigh-stated-qgnn"


def test_a_picture_is_drawn(shell):
    out = shell.folder / "star.png"
    shell("circuit", "draw", QGNN, "--out", out)
    assert out.read_bytes()[:4] == b"\x89PNG"


def test_gates_are_counted(shell):
    found = shell.json("circuit", "count", QGNN, "--layout", "reuse")
    (row,) = found["layouts"]
    assert (found["circuit"], found["k"], row["qubits"]) == ("qgcl", 3, 3)
    assert row["two_qubit_gates"] > 0 and row["resets"] == 6
    assert "two_qubit_gates" in shell("circuit", "count", QGNN, "--layout", "reuse").stdout


def test_trained_angles_stand_in_openqasm(shell, results):
    model = find(results).load(QGNN)
    for reuse, qubits in ((False, 7), (True, 3)):
        options = ["--reuse"] * reuse + ["--seed", "5", "--layer", "2", "--head", "2", "--observable", "X"]
        text = shell("circuit", "qasm", QGNN, *options).stdout
        assert f"qubit[{qubits}] q;" in text and text.splitlines()[3] == "OPENQASM 3.0;"
        assert len(re.findall("input float", text)) == 14  # two angles of center, three leaves, three edges
        assert text.count("reset") == 4 * reuse and text.count("measure") == 1
        assert f"{model.block_angles[5, 1, 1, 0].item():.6f}"[:-1] in text
    out = shell.folder / "star.qasm"
    shell("circuit", "qasm", QGNN, "--seed", "5", "--out", out)
    assert "OPENQASM 3.0;" in out.read_text(encoding="utf-8")


def test_a_classical_layer_is_the_trained_stars(shell, results):
    out = shell.folder / "star.npz"
    assert "seed 5, circuit qgcl: T of 2 layers and 2 heads, each 4 x 4 x 4 x 4" in shell(
        "circuit", "classical", QGNN, "--seed", "5", "--out", out
    ).stderr.replace("\n", " ")
    model, stars, angles = find(results).load(QGNN), ClassicalStars.load(out), np.linspace(-2, 3, 14)
    qubits = torch.tensor(angles).view(1, 7, 2)
    expected = model.engine(model.block_angles[5, 1, 1].double(), qubits[:, 0], qubits[:, 1::2], qubits[:, 2::2])
    np.testing.assert_allclose(stars(angles, 1, 1), expected.detach()[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["draw", RUN, "--out", "a.png"], "whose circuit is not drawn"),
        (["draw", QGNN, "--out", "a.svg"], "output is 'a.svg'; it must end in one of: .png, .pdf"),
        (["draw", "a", "--out", "a.png"], "run is 'a'; it must be one of"),
        (["count", RUN], f"run {RUN} is of model gcn_small, which has no circuit"),
        (["count", QGNN, "--layout", "wide"], "layout is 'wide'; it must be one of: device, line, reuse"),
        (["count", QGNN, "--device", "FakeNothing"], "FakeNothing"),
        (["classical", QGNN, "--out", "a.npy"], "output is 'a.npy'; it must end in one of: .npz"),
        (["classical", RUN, "--out", "a.npz"], f"run {RUN} is of model gcn_small, which has no circuit"),
        (["classical", "rayleigh-stated-qgnn_released", "--out", "a.npz"], "angles of its own for every leaf"),
        (["qasm", RUN], "which has no circuit"),
        (["qasm", "rayleigh-stated-qgnn_released"], "angles of its own for every leaf"),
        (["qasm", QGNN, "--seed", "all"], "one circuit is of one seed"),
        (["qasm", QGNN, "--layer", "3"], "layer is 3; it must be an integer from 1 to 2"),
        (["qasm", QGNN, "--head", "3"], "head is 3; it must be an integer from 1 to 2"),
        (["qasm", QGNN, "--observable", "XX", "--seed", "0"], "observable is 'XX'; it must be one of: X, Y, Z"),
    ],
)
def test_mistakes_are_one_line(shell, arguments, line):
    assert line in shell.refused("circuit", *arguments)
