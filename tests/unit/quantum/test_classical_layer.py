"""The classical layer: what the engine and PennyLane compute, from arrays alone."""

import numpy as np
import pytest
import torch

from qgnn_d2d.quantum import ClassicalStars, StarEngine
from qgnn_d2d.quantum.hardware.noise import program
from qgnn_d2d.quantum.qnode import star_qnode
from tests.circuits import CIRCUITS, QGCL, as_pennylane, assert_close, line_called, random_stars


def laid_out(stars):
    """Return weights, and the angles as a layer takes them, of the first group."""
    weights, center, leaves, edges = as_pennylane(stars)
    qubits = torch.stack([leaves, edges], dim=2).flatten(1, 2)
    return weights, torch.cat([center.unsqueeze(1), qubits], dim=1).flatten(1).numpy()


@pytest.mark.parametrize(
    ("circuit", "under"),
    [
        ("qgcl, E = 2", "ideal"), ("qgcl_ancilla, E = 1", "ideal"), ("own", "ideal"), ("pair", "ideal"),
        ("qgcl, E = 2", "FakeLagosV2"), ("own", "FakeSherbrooke"), ("qgcl_commuting, E = 1", "depolarizing"),
    ],
)  # fmt: skip
def test_values_are_the_engines_with_and_without_noise(circuit, under):
    ansatz = CIRCUITS[circuit]
    engine = StarEngine(ansatz, None if under == "ideal" else program(ansatz, line_called(under)))
    stars = random_stars(ansatz, 3, count=4)
    weights, angles = laid_out(stars)
    assert_close(ClassicalStars.of(engine, weights)(angles), engine(*as_pennylane(stars)))


def test_values_are_default_qubits():
    stars = random_stars(QGCL, 2)
    weights, angles = laid_out(stars)
    assert_close(ClassicalStars.of(StarEngine(QGCL), weights)(angles), star_qnode(QGCL, 2)(*as_pennylane(stars)))


def test_a_file_holds_all_layers_and_heads(tmp_path):
    engine, weights = StarEngine(QGCL), torch.randn(2, 3, 18, generator=torch.Generator().manual_seed(1))
    stars, path = ClassicalStars.of(engine, weights), tmp_path / "star.npz"
    stars.save(path)
    angles = np.linspace(-3, 3, 20).reshape(2, 10)
    found = ClassicalStars.load(path)(angles, 1, 2)
    assert (found == stars(angles, 1, 2)).all()
    assert_close(found, ClassicalStars.of(engine, weights[1, 2])(angles), 1e-14)


def test_what_does_not_fit_is_refused(tmp_path):
    stars = ClassicalStars.of(StarEngine(QGCL), torch.zeros(2, 1, 18))
    with pytest.raises(ValueError, match=r"angles have shape \(3, 8\); it must be \(..., 4k \+ 2\)"):
        stars(np.zeros((3, 8)), 0, 0)
    for block in ((), (2, 0), (-1, 0)):
        with pytest.raises(ValueError, match=r"block is .*; its dims are \(2, 1\)"):
            stars(np.zeros(10), *block)
    with pytest.raises(ValueError, match="transfer, encodings and readout have shapes"):
        ClassicalStars(stars.transfer[..., 0], stars.encodings, stars.readout)
    with pytest.raises(ValueError, match="readout is of type float64; it must be float64, all entries finite"):
        ClassicalStars(stars.transfer, stars.encodings, np.full((3, 4), np.inf))
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(
        ValueError, match=r"other\.npz: arrays are \['a'\]; they must be \['encodings', 'readout', 'transfer'\]"
    ):
        ClassicalStars.load(tmp_path / "other.npz")
