"""What the tests of circuits share: random stars, devices by name, a circuit of one's own, comparisons."""

import pennylane as qml
import torch

from qgnn_d2d.quantum.ansatz import ANSATZE, Ansatz, build
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, depolarizing_line, device_line

EXACT = 1e-9  # float64, against a state vector
AER = 1e-8  # Aer leaves out the parts of an error that have a probability of about 1e-9
SINGLE = 2e-5  # float32 rounding over a star
NOISY = 1e-3  # what noise does at least to one of some random stars
SIGMAS = 6

QGCL = build("qgcl")
ONE_OF_EACH_GATE = ["FakeLagosV2", "FakeTorino", "FakeSherbrooke"]  # cx, cz, ecr
LINES = ["depolarizing", *CALIBRATIONS]


def line_called(name, level=0.02):
    return depolarizing_line(level) if name == "depolarizing" else device_line(name)


def _own_block(weights, center, leaf, edge):
    """Gates without a decomposition into Rot and CNOT, half-angle gates, fixed gates that are not Clifford."""
    qml.RX(weights[0], wires=center)
    qml.Rot(weights[1], weights[2], weights[3], wires=leaf)
    qml.CRX(weights[4], wires=[edge, leaf])
    qml.IsingZZ(weights[5], wires=[leaf, center])
    qml.T(wires=leaf)
    qml.Hadamard(wires=edge)
    qml.SWAP(wires=[edge, leaf])
    qml.CRY(weights[0], wires=[leaf, center])
    qml.IsingXX(weights[6], wires=[center, edge])
    qml.PhaseShift(weights[1], wires=center)
    qml.CZ(wires=[leaf, edge])
    qml.RY(weights[2], wires=leaf)
    qml.CNOT(wires=[leaf, center])


def _pair_block(weights, center, ancilla, leaf, edge):
    qml.CRX(weights[0], wires=[leaf, center])
    qml.IsingXX(weights[1], wires=[edge, ancilla])


def _odd_block(weights, center, leaf, edge):
    """Operators that are more than a class with angles, constants, and what acts on three qubits."""
    qml.adjoint(qml.S(center))
    qml.Rot(weights[0], 0.3, weights[0], wires=center)
    qml.ctrl(qml.RX(weights[1], wires=center), control=leaf, control_values=0)
    qml.Toffoli([leaf, edge, center])
    qml.QubitUnitary(_SQUARE_ROOT_OF_ISWAP, wires=[edge, center])
    qml.adjoint(qml.CRY)(weights[2], wires=[leaf, center])
    qml.Barrier([center, leaf, edge])
    qml.MultiRZ(weights[3], wires=[center, leaf, edge])
    qml.pow(qml.SX(center), 0.5)
    qml.PauliRot(weights[1], "XY", wires=[center, edge])


def _broad_block(weights, center, leaf, edge):
    """Templates, blocks within blocks, phases, and gates that PennyLane writes as others."""
    qml.StronglyEntanglingLayers(qml.math.reshape(weights[:9], (1, 3, 3)), wires=[center, leaf, edge])
    qml.adjoint(lambda: (qml.CRX(weights[0], [leaf, center]), qml.IsingZZ(weights[1], [edge, center])))()
    qml.ctrl(qml.Rot, control=edge)(*weights[2:5], wires=center)
    qml.GlobalPhase(weights[5])
    qml.ctrl(qml.GlobalPhase(0.3), control=center)
    qml.PauliRot(weights[6], "XYZ", wires=[center, leaf, edge])
    qml.CSWAP([leaf, edge, center])
    qml.QFT([edge, center])
    qml.TrotterProduct(qml.dot([0.3, 0.2], [qml.X(center) @ qml.Z(leaf), qml.Z(center)]), 0.5, n=2)
    qml.QubitUnitary(_FREDKIN, wires=[edge, leaf, center])
    qml.exp(qml.X(center) @ qml.Y(leaf), 0.4j)
    qml.prod(qml.RX(weights[7], center), qml.CZ([leaf, center]))
    qml.MultiControlledX([leaf, edge, center], control_values=[0, 1])
    qml.Identity([center, leaf, edge])


_FREDKIN = qml.matrix(qml.CSWAP([0, 1, 2]))
_SQUARE_ROOT_OF_ISWAP = qml.matrix(qml.SISWAP([0, 1]))
OWN = Ansatz("own", ("center",), _own_block, 7, ("Z", "X"))
CIRCUITS = {f"{name}, E = {layers}": build(name, layers) for name in ANSATZE for layers in (1, 2)} | {
    "own": OWN,
    "odd": Ansatz("odd", ("center",), _odd_block, 4, ("X", "I", "Z")),
    "broad": Ansatz("broad", ("center",), _broad_block, 9, ("X", "Y", "Z")),
    "pair": Ansatz("pair", ("center", "ancilla"), _pair_block, 2, ("II", "ZI", "ZZ", "II")),
    "no angles": Ansatz("none", ("center",), lambda _, *wires: (qml.CNOT(wires[1::-1]), qml.CZ(wires[::2])), 0, ("X",)),
}
"""What every circuit must fulfil is tested on these."""


def random_stars(ansatz, k, *, groups=1, count=3, seed=0):
    """Return random (weights, center, leaves, edges) as an estimator takes them."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(groups, ansatz.num_parameters), (groups, 2, count), (groups, k, 2, count), (groups, k, 2, count)]
    return [3 * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def as_pennylane(stars, *, per_leaf=False):
    """Return the first group's (weights, center, leaves, edges) as a QNode takes them; per leaf, weights differ."""
    weights, center, leaves, edges = (part[0] for part in stars)
    if per_leaf:
        weights = torch.stack([weights + i for i in range(len(leaves))])
    return weights, center.T, leaves.movedim(-1, 0), edges.movedim(-1, 0)


def values_and_gradients(function, arguments):
    arguments = [argument.detach().requires_grad_() for argument in arguments]
    values = function(*arguments)
    weighting = torch.linspace(-1, 2, values.numel(), dtype=values.dtype).view(values.shape)
    return values, *torch.autograd.grad((values * weighting).sum(), arguments, materialize_grads=True)


def assert_close(found, expected, tolerance=EXACT):
    torch.testing.assert_close(torch.as_tensor(found), torch.as_tensor(expected), rtol=0, atol=tolerance)


def assert_same(estimator, reference, stars, tolerance=EXACT):
    assert_close(estimator(*stars), reference(*stars), tolerance)


def binomial_deviations(measured, expected, shots):
    """Return how far measured values are off, in units of the binomial law's standard deviation."""
    return (measured - expected) / ((1 - expected**2) / shots).sqrt()
