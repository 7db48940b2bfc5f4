"""What every circuit's star engine must fulfil, PennyLane's state vectors before all."""

import dataclasses

import numpy as np
import pennylane as qml
import pytest
import torch

from qgnn_d2d.quantum.ansatz import Ansatz
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.qnode import star_qnode
from tests.circuits import CIRCUITS, EXACT, QGCL, SINGLE, as_pennylane, assert_close, random_stars, values_and_gradients

every_circuit = pytest.mark.parametrize("ansatz", CIRCUITS.values(), ids=CIRCUITS)


@pytest.mark.parametrize("per_leaf", [False, True], ids=["shared", "per leaf"])
@pytest.mark.parametrize("k", [1, 2])
@every_circuit
def test_values_and_gradients_equal_default_qubit(ansatz, k, per_leaf):
    stars = as_pennylane(random_stars(ansatz, k), per_leaf=per_leaf)
    found = values_and_gradients(StarEngine(ansatz), stars)
    for value, expected in zip(found, values_and_gradients(star_qnode(ansatz, k), stars), strict=True):
        assert_close(value, expected)


@every_circuit
def test_gradients_pass_finite_differences(ansatz):
    stars = [part.requires_grad_() for part in as_pennylane(random_stars(ansatz, 2, count=1), per_leaf=True)]
    assert torch.autograd.gradcheck(StarEngine(ansatz), stars, fast_mode=True)


@every_circuit
def test_single_precision_is_right(ansatz):
    stars, engine = as_pennylane(random_stars(ansatz, 3)), StarEngine(ansatz)
    single = engine(*(part.float() for part in stars))
    assert single.dtype == torch.float32
    assert_close(single.double(), engine(*stars), SINGLE)


@every_circuit
def test_transfer_tensors_are_batched(ansatz):
    engine = StarEngine(ansatz)
    weights = torch.randn(2, 3, ansatz.num_parameters, dtype=torch.float64)
    together = engine.transfer(weights)
    assert together.shape == (2, 3, engine.num_rows, engine.num_rows + 1, 16)
    for i, j in np.ndindex(2, 3):
        assert_close(together[i, j], engine.transfer(weights[i, j]))


@every_circuit
def test_a_long_star_stays_a_state(ansatz):
    values = StarEngine(ansatz)(*as_pennylane(random_stars(ansatz, 64)))
    assert (values.abs() <= 1 + EXACT).all()
    if len(ansatz.memory) == 1:
        assert (values[:, ~np.array(ansatz.constant)].norm(dim=-1) <= 1 + EXACT).all()


def test_groups_stand_side_by_side():
    stars, engine = random_stars(QGCL, 2, groups=2), StarEngine(QGCL)
    together = engine.expectations(stars[0].unsqueeze(1), *stars[1:])
    for group in range(2):
        alone = [part[group : group + 1] for part in stars]
        assert_close(together[group], engine(*as_pennylane(alone)).T)


def test_a_wrong_number_of_angles_is_refused():
    with pytest.raises(ValueError, match="weights have 17 angles: ansatz qgcl takes 18"):
        StarEngine(QGCL).transfer(torch.zeros(17))


@pytest.mark.parametrize(
    "change",
    [
        {"transfer": (2, 2, 3, 4, 16)},
        {"transfer": (1, 1, 3, 4, 16)},
        {"center": (2, 3, 1)},
        {"center": (1, 3, 5)},
        {"edges": (2, 1, 3, 5)},
        {"leaves": (2, 3, 3, 4)},
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(change):
    shapes = {"transfer": (2, 3, 3, 4, 16), "center": (2, 3, 5), "leaves": (2, 3, 3, 5), "edges": (2, 3, 3, 5)}
    StarEngine(QGCL).contract(*map(torch.zeros, shapes.values()))
    with pytest.raises(ValueError, match=r"have shapes \(.*; they must be \(G, 1 or k, R, 1 \+ R, 16\)"):
        StarEngine(QGCL).contract(*map(torch.zeros, (shapes | change).values()))


def test_a_word_of_i_alone_is_one():
    def block(weights, center, leaf, edge):
        qml.CRX(weights[0], wires=[leaf, center])

    one, z = Ansatz("one", ("center",), block, 1, ("I", "Z")), Ansatz("z", ("center",), block, 1, ("Z",))
    stars = as_pennylane(random_stars(one, 2))
    found = StarEngine(one)(*stars)
    assert torch.equal(found[:, 0], torch.ones(3, dtype=torch.float64))
    assert torch.equal(found[:, 1:], StarEngine(z)(*stars))
    only = StarEngine(dataclasses.replace(one, observables=("I",)))(*stars)
    assert torch.equal(only, found[:, :1])
