"""A line's errors as transfer matrices, and what a noisy star's program is made of."""

import dataclasses

import numpy as np
import pennylane as qml
import pytest
import torch
from qiskit.circuit.library import CXGate, CZGate, SXGate, XGate
from qiskit.quantum_info import PTM, SuperOp

from qgnn_d2d.quantum.ansatz import Ansatz
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.estimators import exact
from qgnn_d2d.quantum.hardware import devices
from qgnn_d2d.quantum.hardware.compile import CENTER, EDGE, LEAF
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, depolarizing_line, device_line
from qgnn_d2d.quantum.hardware.noise import MAX_RUN_ANGLES, LineNoise, program, readout_map
from tests.calibrations import fake
from tests.circuits import (
    EXACT,
    LINES,
    NOISY,
    OWN,
    QGCL,
    as_pennylane,
    assert_close,
    assert_same,
    line_called,
    random_stars,
)  # fmt: skip

ROUNDING = 1e-12


@pytest.mark.parametrize("pair", [(LEAF, EDGE), (EDGE, LEAF)])
@pytest.mark.parametrize("line", ["FakeLagosV2", "depolarizing"])
def test_a_gate_without_a_noise_entry_is_refused(line, pair):
    noise = LineNoise(depolarizing_line(0.1) if line == "depolarizing" else device_line(line))
    roles = [devices.ROLES[qubit] for qubit in pair]
    with pytest.raises(ValueError, match=rf"gate cx on \['{roles[0]}', '{roles[1]}'\] of .* has no noise entry"):
        noise.error(CXGate(), pair)
    with pytest.raises(ValueError, match="gate cz on"):
        noise.error(CZGate(), (CENTER, LEAF))


def test_ecr_has_noise_in_its_own_direction_only():
    line = device_line("FakeSherbrooke")
    noise = LineNoise(line)
    ecr = line.target.operation_from_name("ecr")
    (pair,) = [pair for pair in line.target["ecr"] if LEAF in pair]
    assert noise.error(ecr, pair) is not None
    with pytest.raises(ValueError, match=r"gate ecr on .* has no noise entry"):
        noise.error(ecr, pair[::-1])


@pytest.mark.parametrize("p", [0.003, 0.2, 1.0])
def test_the_depolarizing_line_is_depolarizing(p):
    noise = LineNoise(depolarizing_line(p))
    for pair in [(CENTER, LEAF), (LEAF, CENTER), (CENTER, EDGE), (EDGE, CENTER)]:
        found = PTM(SuperOp(noise.error(CXGate(), pair))).data
        np.testing.assert_allclose(found, np.diag([1] + 15 * [1 - p]), rtol=0, atol=ROUNDING)
    for gate in (SXGate(), XGate()):
        for qubit in range(3):
            found = PTM(SuperOp(noise.error(gate, (qubit,)))).data
            np.testing.assert_allclose(found, np.diag([1] + 3 * [1 - p / 10]), rtol=0, atol=ROUNDING)
    np.testing.assert_array_equal(noise.line.readout, np.eye(2))


def test_a_depolarizing_line_without_noise_has_no_errors():
    noise = LineNoise(depolarizing_line(0.0))
    assert not noise.gate_errors
    assert noise.error(CXGate(), (CENTER, LEAF)) is None


# ---------------------------------------------------------------------------------------------------------------------
# Noisy stars


@pytest.mark.parametrize("ansatz", [QGCL, OWN], ids=["qgcl", "own"])
@pytest.mark.parametrize("fold", [1, 3, 5])
@pytest.mark.parametrize("k", [1, 3])
def test_a_line_without_noise_is_ideal(k, fold, ansatz):
    """So the bridge is right, and folds change nothing but noise."""
    assert_same(exact(ansatz, depolarizing_line(0.0), fold=fold), exact(ansatz), random_stars(ansatz, k, groups=2))


@pytest.mark.parametrize("name", LINES)
def test_noise_is_there(name):
    stars = random_stars(QGCL, 3, groups=2)
    difference = (exact(QGCL, line_called(name))(*stars) - exact(QGCL)(*stars)).abs()
    assert (difference.amax(dim=(0, 2)) > NOISY).all(), "for each observable"


def test_more_depolarizing_is_more_noise():
    stars = random_stars(QGCL, 3, count=50)
    lengths = [exact(QGCL, depolarizing_line(p))(*stars).norm(dim=1).mean() for p in (0.0, 0.01, 0.1, 0.5, 1.0)]
    assert (torch.stack(lengths).diff() < 0).all()
    assert lengths[-1] < EXACT, "a wholly depolarizing cx leaves nothing"


@pytest.mark.parametrize("idle", [False, True], ids=["", "idle"])
def test_gradients_pass_finite_differences(idle):
    engine = StarEngine(QGCL, program(QGCL, device_line("FakeSherbrooke"), idle=idle))
    stars = [part.requires_grad_() for part in as_pennylane(random_stars(QGCL, 2, count=1), per_leaf=True)]
    assert torch.autograd.gradcheck(engine, stars, fast_mode=True)


def test_a_long_run_of_rotations_is_cut():
    def block(weights, center, leaf, edge):
        qml.CNOT(wires=[leaf, center])
        for i in range(3):
            qml.Rot(weights[3 * i], weights[3 * i + 1], weights[3 * i + 2], wires=center)
        qml.CNOT(wires=[edge, center])

    ansatz = Ansatz("long", ("center",), block, 9, ("X", "Y", "Z"))
    steps = program(ansatz, depolarizing_line(0.0)).steps
    run_angles = [step.angles.shape[0] for step in steps if step.angles is not None]
    assert sum(run_angles) >= 7 and max(run_angles) <= MAX_RUN_ANGLES
    assert_same(exact(ansatz, depolarizing_line(0.0)), exact(ansatz), random_stars(ansatz, 2))


def test_a_block_without_angles_or_entanglement():
    ansatz = Ansatz("plain", ("center",), lambda weights, center, leaf, edge: qml.S(wires=center), 1, ("X", "Y", "Z"))
    assert_same(exact(ansatz, depolarizing_line(0.0)), exact(ansatz), random_stars(ansatz, 2, groups=2))


# ---------------------------------------------------------------------------------------------------------------------
# Readout


def test_readout_is_affine():
    line = dataclasses.replace(device_line("FakeLagosV2"), readout=((0.98, 0.02), (0.07, 0.93)))
    offset, slope = readout_map(line)
    for z in (-1, -0.3, 0, 0.8, 1):
        read_zero = (1 + z) / 2 * 0.98 + (1 - z) / 2 * 0.07
        assert offset + slope * z == pytest.approx(2 * read_zero - 1, abs=EXACT)


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_readout_errors_are_the_calibrations(name):
    backend, line = fake(name), device_line(name)
    center = line.qubits[CENTER]
    table = np.array(line.readout)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=0, atol=EXACT)
    properties = backend.properties()
    found = [properties.qubit_property(center, f"prob_meas{1 - state}_prep{state}")[0] for state in (0, 1)]
    assert (table[0, 1], table[1, 0]) == pytest.approx(found)
    assert table[0, 1] != table[1, 0]
    assert (table[0, 1] + table[1, 0]) / 2 == pytest.approx(backend.target["measure"][(center,)].error)
    assert_close(readout_map(line), ((found[1] - found[0]), 1 - sum(found)), EXACT)
