"""PennyLane's form of the star; its numbers are compared with the star engine's in engine/test_star.py."""

import pytest

from benchmarks.peers import mixed_embedding
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.estimators import exact
from qgnn_d2d.quantum.qnode import star_qnode
from tests.circuits import QGCL, as_pennylane, assert_close, line_called, random_stars


def test_lightning_agrees_in_single_precision():
    stars = as_pennylane(random_stars(QGCL, 1, count=2))
    assert_close(star_qnode(QGCL, 1, "lightning.qubit")(*stars).double(), StarEngine(QGCL)(*stars), 1e-6)


@pytest.mark.parametrize("name", ["depolarizing", "FakeLagosV2"])
def test_density_matrices_under_noise_equal_the_engines(name):
    line, stars = line_called(name), random_stars(QGCL, 1)
    values = mixed_embedding(QGCL, line, 1)(*as_pennylane(stars))
    assert_close(values.T.unsqueeze(0), exact(QGCL, line)(*stars))


def test_an_unknown_simulator_and_no_leaves_are_refused():
    with pytest.raises(ValueError, match=r"simulator is 'default.qutrit'; it must be one of: default.qubit"):
        star_qnode(QGCL, 2, "default.qutrit")
    with pytest.raises(ValueError, match="k is 0"):
        star_qnode(QGCL, 0)
