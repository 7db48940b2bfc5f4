"""The star engine against PennyLane's state-vector simulator, values and gradients."""

import numpy as np
import pennylane as qml
import pytest
import torch

from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum.ansatz import Ansatz, encode, encoded_bloch
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.engine.transfer import block_gates, pauli_transfer_matrix
from qgnn_d2d.quantum.qnode import star_qnode

EXACT = 1e-9  # float64, engine against state vector
SINGLE = 2e-5  # float32 rounding over a star
STARS = 4


def random_star(ansatz, k, *, shared, dtype=torch.float64, seed=0):
    """Return random (weights, center, leaves, edges) that require gradients."""
    generator = torch.Generator().manual_seed(seed)
    shape = (ansatz.num_parameters,) if shared else (k, ansatz.num_parameters)
    shapes = [shape, (STARS, 2), (STARS, k, 2), (STARS, k, 2)]
    return [(3 * torch.randn(s, generator=generator, dtype=dtype)).requires_grad_() for s in shapes]


def values_and_gradients(function, arguments):
    values = function(*arguments)
    weighting = torch.linspace(-1, 2, values.numel(), dtype=values.dtype).view(values.shape)
    return values, torch.autograd.grad((values * weighting).sum(), arguments)


def assert_same(engine, reference, arguments, tolerance=EXACT):
    value, gradients = values_and_gradients(engine, arguments)
    expected, expected_gradients = values_and_gradients(reference, arguments)
    torch.testing.assert_close(value, expected, rtol=0, atol=tolerance)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(gradient, expected_gradient, rtol=0, atol=tolerance)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "per-leaf"])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("name", list(ansatze.ANSATZE))
def test_engine_equals_default_qubit(name, k, shared):
    ansatz = ansatze.build(name, entangling_layers=2)
    assert_same(StarEngine(ansatz), star_qnode(ansatz, k), random_star(ansatz, k, shared=shared))


@pytest.mark.parametrize("entangling_layers", [1, 3])
def test_engine_follows_the_number_of_entangling_layers(entangling_layers):
    ansatz = ansatze.qgcl(entangling_layers)
    assert_same(StarEngine(ansatz), star_qnode(ansatz, 2), random_star(ansatz, 2, shared=True))


@pytest.mark.parametrize("name", list(ansatze.ANSATZE))
def test_engine_equals_lightning(name):
    ansatz = ansatze.build(name)
    weights, center, leaves, edges = random_star(ansatz, 2, shared=False)
    lightning = star_qnode(ansatz, 2, "lightning.qubit")
    one = torch.stack([lightning(weights, center[i], leaves[i], edges[i]) for i in range(STARS)])
    expected = StarEngine(ansatz)(weights, center, leaves, edges)
    # PennyLane hands lightning's numbers to torch in torch's default dtype, float32.
    torch.testing.assert_close(one.double(), expected, rtol=0, atol=SINGLE)


def test_engine_is_right_in_single_precision():
    ansatz = ansatze.qgcl()
    arguments = random_star(ansatz, 3, shared=True)
    single = [argument.detach().float() for argument in arguments]
    value = StarEngine(ansatz)(*single).double()
    torch.testing.assert_close(value, StarEngine(ansatz)(*arguments), rtol=0, atol=SINGLE)


@pytest.mark.parametrize("name", list(ansatze.ANSATZE))
def test_gradients_pass_finite_differences(name):
    ansatz = ansatze.build(name, entangling_layers=1)
    assert torch.autograd.gradcheck(StarEngine(ansatz), random_star(ansatz, 2, shared=False))


def test_transfer_tensors_are_batched():
    ansatz = ansatze.qgcl()
    engine = StarEngine(ansatz)
    weights = torch.randn(2, 3, ansatz.num_parameters, dtype=torch.float64)
    together = engine.transfer(weights)
    assert together.shape == (2, 3, 3, 4, 16)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(together[i, j], engine.transfer(weights[i, j]), rtol=0, atol=EXACT)


def test_a_long_star_stays_a_state():
    ansatz = ansatze.qgcl()
    generator = torch.Generator().manual_seed(1)
    shapes = [(ansatz.num_parameters,), (STARS, 2), (STARS, 64, 2), (STARS, 64, 2)]
    arguments = [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]
    assert (StarEngine(ansatz)(*arguments).norm(dim=-1) <= 1 + EXACT).all()


def test_a_circuit_of_ones_own():
    """Gates without decomposition into Rot and CNOT, half-angle gates and a non-Clifford fixed gate."""

    def block(weights, center, leaf, edge):
        qml.RX(weights[0], wires=center)
        qml.CRZ(weights[1], wires=[edge, leaf])
        qml.IsingXX(weights[2], wires=[leaf, center])
        qml.T(wires=leaf)
        qml.Hadamard(wires=edge)
        qml.SWAP(wires=[edge, leaf])
        qml.CZ(wires=[leaf, center])
        qml.RY(weights[0], wires=center)

    ansatz = Ansatz("own", ("center",), block, 3, ("X", "Y", "Z"))
    assert_same(StarEngine(ansatz), star_qnode(ansatz, 2), random_star(ansatz, 2, shared=True))


def test_an_angle_that_is_no_weight_is_refused():
    def block(weights, center, leaf, edge):
        qml.RX(2 * weights[0], wires=center)

    with pytest.raises(ValueError, match="RX takes an angle that is no entry of the weights"):
        block_gates(Ansatz("doubled", ("center",), block, 1, ("Z",)))


def test_wrong_number_of_angles_is_refused():
    with pytest.raises(ValueError, match="weights have 17 angles: ansatz qgcl takes 18"):
        StarEngine(ansatze.qgcl()).transfer(torch.zeros(17))


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="circuit is 'qcl'"):
        ansatze.build("qcl")
    with pytest.raises(ValueError, match=r"simulator is 'default.qutrit'"):
        star_qnode(ansatze.qgcl(), 2, "default.qutrit")


def test_encoded_bloch_vectors_are_those_of_the_encoding():
    angles = torch.randn(7, 2, dtype=torch.float64)

    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(pair):
        encode(pair, 0)
        return qml.expval(qml.X(0)), qml.expval(qml.Y(0)), qml.expval(qml.Z(0))

    expected = torch.stack([torch.stack(circuit(pair)) for pair in angles])
    torch.testing.assert_close(encoded_bloch(angles.T).T, expected, rtol=0, atol=EXACT)


def test_pauli_transfer_matrix_of_known_gates():
    hadamard = pauli_transfer_matrix(np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    np.testing.assert_allclose(hadamard, [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, -1, 0], [0, 1, 0, 0]], atol=EXACT)
