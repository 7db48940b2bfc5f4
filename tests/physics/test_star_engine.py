"""The star engine against PennyLane's simulators on larger stars, and against shots drawn there."""

import pytest
import torch

from qgnn_d2d.quantum.ansatz import ANSATZE, build
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.hardware.devices import SIMULATORS
from qgnn_d2d.quantum.qnode import star_qnode
from tests.circuits import (
    QGCL,
    SIGMAS,
    as_pennylane,
    assert_close,
    assert_same,
    binomial_deviations,
    random_stars,
    values_and_gradients,
)  # fmt: skip


@pytest.fixture
def double_precision():
    """PennyLane hands lightning's numbers to torch in torch's default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("name", ANSATZE)
def test_values_and_gradients_equal_default_qubit(name):
    ansatz = build(name, entangling_layers=3)
    stars = as_pennylane(random_stars(ansatz, 3), per_leaf=True)
    found = values_and_gradients(StarEngine(ansatz), stars)
    for value, expected in zip(found, values_and_gradients(star_qnode(ansatz, 3), stars), strict=True):
        assert_close(value, expected)


@pytest.mark.parametrize("name", ANSATZE)
@pytest.mark.parametrize("simulator", SIMULATORS)
def test_pennylanes_simulators_agree(simulator, name, double_precision):
    ansatz = build(name)
    qnode = star_qnode(ansatz, 2, simulator)
    stars = as_pennylane(random_stars(ansatz, 2, count=2), per_leaf=True)
    assert qnode(*stars).dtype == torch.float64
    assert_same(StarEngine(ansatz), qnode, stars)


def test_aer_in_pennylane_takes_shots():
    shots = 4000
    stars = as_pennylane(random_stars(QGCL, 2))
    values = star_qnode(QGCL, 2, "qiskit.aer", shots=shots)(*stars).double()
    off = binomial_deviations(values, StarEngine(QGCL)(*stars), shots)
    assert 0 < off.abs().max() < SIGMAS
    ones = (values + 1) / 2 * shots
    assert_close(ones, ones.round(), 1e-3)
