"""Star circuits in a device's own gates: what they do, what they cost, what is refused."""

import numpy as np
import pennylane as qml
import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import DensityMatrix, Operator, SuperOp, partial_trace

from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum.ansatz import Ansatz
from qgnn_d2d.quantum.engine.transfer import BlockGate
from qgnn_d2d.quantum.estimators import AerEstimator, exact
from qgnn_d2d.quantum.hardware.compile import (
    CENTER,
    EDGE,
    LEAF,
    affine,
    bindings,
    drop_dead,
    folded,
    full_width_circuit,
    native_star,
    reuse_circuit,
    to_qiskit,
)
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, depolarizing_line, device_line
from qgnn_d2d.quantum.hardware.noise import MAX_RUN_ANGLES, program

EXACT = 1e-9  # float64, against a state vector
AER = 1e-8  # Aer leaves out the parts of an error that have a probability of about 1e-9
WIRES = ("center", "leaf", "edge")
ENTANGLERS = {"cx", "cz", "ecr"}
LINES = ["depolarizing", *CALIBRATIONS]
ANSATZ = ansatze.qgcl(entangling_layers=2)


def line_called(name):
    return depolarizing_line(0.0) if name == "depolarizing" else device_line(name)


def random_stars(ansatz, k, *, groups=2, count=3, seed=0):
    """Return random (weights, center, leaves, edges) as an estimator takes them."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(groups, ansatz.num_parameters), (groups, 2, count), (groups, k, 2, count), (groups, k, 2, count)]
    return [3 * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def assert_same(estimator, reference, stars, tolerance=EXACT):
    torch.testing.assert_close(estimator(*stars), reference(*stars), rtol=0, atol=tolerance)


def number_of_entanglers(circuit):
    return sum(number for name, number in circuit.count_ops().items() if name in ENTANGLERS)


def bound(circuit, parameters, values):
    return circuit.assign_parameters(dict(zip(parameters, values, strict=True)))


# ---------------------------------------------------------------------------------------------------------------------
# What the circuits do


def seen_from_the_center(unitary):
    """Return U^dagger (P on the center) U for P = X, Y, Z: all that a measurement of the center can see."""
    paulis = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
    return np.stack([unitary.conj().T @ np.kron(pauli, np.eye(4)) @ unitary for pauli in paulis])


@pytest.mark.parametrize("fold", [1, 3])
@pytest.mark.parametrize("name", LINES)
def test_the_native_block_does_what_pennylanes_does(name, fold):
    star = native_star(ANSATZ, line_called(name), fold=fold)
    for values in [np.random.default_rng(0).uniform(-3, 3, 18), np.zeros(18), np.full(18, np.pi / 2)]:
        expected = qml.matrix(lambda weights: ANSATZ.block(weights, *WIRES), wire_order=WIRES)(values)
        native = Operator(bound(star.block, star.weights, values)).reverse_qargs().data  # the center first
        np.testing.assert_allclose(seen_from_the_center(native), seen_from_the_center(expected), rtol=0, atol=EXACT)


@pytest.mark.parametrize("name", LINES)
def test_every_two_qubit_gate_is_on_neighbors_and_every_gate_is_native(name):
    line = line_called(name)
    circuit = native_star(ANSATZ, line).block
    assert set(circuit.count_ops()) <= {"rz", "sx", "x", line.entangler}
    for instruction in circuit.data:
        qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        assert qubits in line.target[instruction.operation.name]


@pytest.mark.parametrize("k", [1, 3])
def test_the_bridge_is_right(k):
    """Without noise, the circuit in native gates on a line is the ideal one."""
    assert_same(exact(ANSATZ, depolarizing_line(0.0)), exact(ANSATZ), random_stars(ANSATZ, k))


# ---------------------------------------------------------------------------------------------------------------------
# What they cost


@pytest.mark.parametrize("name", LINES)
def test_a_leaf_takes_eight_two_qubit_gates(name):
    line = line_called(name)
    star = native_star(ANSATZ, line)
    assert number_of_entanglers(star.block) == 8
    assert star.count()[line.entangler] == 8
    if line.entangler == "cx":
        assert star.block.count_ops()["sx"] == 12
        assert star.count()["sx"] == 16, "two more in each encoding"


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeTorino", "FakeSherbrooke"])
def test_a_star_of_any_size_runs_on_three_qubits(name, k):
    star = native_star(ANSATZ, device_line(name))
    reused, wide = reuse_circuit(star, k).circuit, full_width_circuit(star, k).circuit
    assert (reused.num_qubits, wide.num_qubits) == (3, 2 * k + 1)
    assert number_of_entanglers(reused) == number_of_entanglers(wide) == 8 * k
    assert reused.count_ops()["reset"] == 2 * k
    assert "reset" not in wide.count_ops()


def test_no_leaves_are_refused():
    star = native_star(ANSATZ, depolarizing_line(0.0))
    for build in (reuse_circuit, full_width_circuit):
        with pytest.raises(ValueError, match="k is 0; it must be an integer of at least 1"):
            build(star, 0)


def test_bindings_have_the_order_of_the_parameters():
    k, count = 2, 3
    star = reuse_circuit(native_star(ANSATZ, depolarizing_line(0.0)), k)
    arguments = [values[0].numpy() for values in random_stars(ANSATZ, k, count=count)]
    rows = bindings(*arguments)
    weights, center, leaves, edges = arguments
    assert rows.shape == (count, len(star.parameters))
    for n in range(count):
        by_name = dict(zip([parameter.name for parameter in star.parameters], rows[n], strict=True))
        assert by_name["weight[17]"] == weights[17]
        assert by_name["center[1]"] == center[1, n]
        assert by_name["leaf[2]"] == leaves[1, 0, n]
        assert by_name["edge[1]"] == edges[0, 1, n]
    assert set(star.circuit.parameters) == set(star.parameters)


# ---------------------------------------------------------------------------------------------------------------------
# Folding


@pytest.mark.parametrize("fold", [1, 3, 5])
@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeTorino", "FakeSherbrooke"])
def test_folding_multiplies_the_noisy_gates(name, fold):
    line = device_line(name)
    plain, star = native_star(ANSATZ, line), native_star(ANSATZ, line, fold=fold)
    pairs = [(plain.block, star.block)]
    pairs += list(zip(plain.encodings, star.encodings, strict=True))
    pairs += [(plain.basis_changes[letter], star.basis_changes[letter]) for letter in "XYZ"]
    for before, after in pairs:
        for gate in ("sx", "x", line.entangler):
            assert after.count_ops().get(gate, 0) == fold * before.count_ops().get(gate, 0)
    assert plain.block.count_ops()["sx"] > 0


@pytest.mark.parametrize("fold", [3, 5])
def test_folding_changes_nothing_without_noise(fold):
    assert_same(exact(ANSATZ, depolarizing_line(0.0), fold=fold), exact(ANSATZ), random_stars(ANSATZ, 2))


@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeTorino", "FakeSherbrooke"])
def test_folding_does_the_same_to_every_gate(name):
    """Each native gate, alone and folded, is the same operator up to a global phase."""
    target = device_line(name).target
    for gate in ("sx", "x", device_line(name).entangler):
        operation = target.operation_from_name(gate)
        circuit = QuantumCircuit(operation.num_qubits)
        circuit.append(operation, range(operation.num_qubits))
        for factor in (3, 5):
            assert Operator(folded(circuit, factor)).equiv(Operator(circuit))


@pytest.mark.parametrize("fold", [0, 2, 4, 1.5, True])
def test_a_fold_that_is_no_odd_number_is_refused(fold):
    with pytest.raises(ValueError, match=f"fold is {fold}; it must be"):
        native_star(ANSATZ, depolarizing_line(0.0), fold=fold)


# ---------------------------------------------------------------------------------------------------------------------
# Gates that cannot matter


def random_circuit(generator, size):
    """Return a random circuit of three qubits, with gates that do not commute."""
    circuit = QuantumCircuit(3)
    for _ in range(size):
        qubits = generator.permutation(3)
        if generator.random() < 0.5:
            circuit.cx(*map(int, qubits[:2]))
        else:
            circuit.u(*generator.uniform(-3, 3, 3), int(qubits[0]))
    return circuit


def test_dropped_gates_cannot_matter():
    generator = np.random.default_rng(0)
    dropped = 0
    for _ in range(30):
        circuit = random_circuit(generator, 8)
        for measured in ([CENTER], [LEAF], [CENTER, EDGE]):
            kept = drop_dead(circuit, measured)
            dropped += len(circuit.data) - len(kept.data)
            others = [qubit for qubit in range(3) if qubit not in measured]
            states = [
                partial_trace(DensityMatrix.from_label("000").evolve(SuperOp(c)), others).data for c in (circuit, kept)
            ]
            np.testing.assert_allclose(*states, rtol=0, atol=EXACT)
    assert dropped > 100


def test_only_dead_gates_are_dropped():
    circuit = QuantumCircuit(3)
    circuit.h(EDGE)  # through the leaf to the center
    circuit.cx(EDGE, LEAF)
    circuit.cx(LEAF, CENTER)
    alive = len(circuit.data)
    circuit.h(LEAF)
    circuit.cx(EDGE, LEAF)
    assert drop_dead(circuit, [CENTER]).data == circuit.data[:alive]
    assert drop_dead(circuit, [LEAF]).data == circuit.data
    circuit.cx(CENTER, LEAF)  # diagonal on the center, but a link all the same
    assert drop_dead(circuit, [CENTER]).data == circuit.data


@pytest.mark.parametrize("name", LINES)
def test_no_native_gate_is_dead(name):
    def block(weights, center, leaf, edge):
        qml.Rot(*weights, wires=leaf)
        qml.CNOT(wires=[center, leaf])  # in other gates than cx, this leaves some on the leaf

    for ansatz in (ANSATZ, Ansatz("own", ("center",), block, 3, ("X", "Y", "Z"))):
        circuit = native_star(ansatz, line_called(name)).block
        assert drop_dead(circuit, [CENTER]).data == circuit.data


# ---------------------------------------------------------------------------------------------------------------------
# Circuits of one's own

FIXED = ["Hadamard", "PauliX", "PauliY", "PauliZ", "S", "T", "SX", "CNOT", "CZ", "CY", "SWAP"]
ROTATIONS = ["RX", "RY", "RZ", "PhaseShift", "CRX", "CRY", "CRZ", "IsingXX", "IsingYY", "IsingZZ", "Rot", "U3"]


@pytest.mark.parametrize("name", FIXED + ROTATIONS)
def test_every_known_gate_is_the_same_in_qiskit(name):
    operation = getattr(qml, name)
    values = [0.7, -1.3, 2.1][: operation.num_params]
    qubits = (2, 0)[: operation.num_wires]
    circuit = to_qiskit([BlockGate(operation, qubits, tuple(range(len(values))))], values, 3)
    expected = Operator(qml.matrix(operation(*values, wires=qubits), wire_order=[0, 1, 2]))
    assert Operator(circuit).reverse_qargs().equiv(expected)


def own_block(weights, center, leaf, edge):
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


OWN = Ansatz("own", ("center",), own_block, 7, ("Z", "X"))


def test_a_circuit_of_ones_own_without_noise():
    assert_same(exact(OWN, depolarizing_line(0.0)), exact(OWN), random_stars(OWN, 2))


@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeSherbrooke"])
def test_a_circuit_of_ones_own_with_noise(name):
    line, stars = device_line(name), random_stars(OWN, 2)
    assert_same(exact(OWN, line), AerEstimator(OWN, line), stars, AER)
    assert (exact(OWN, line)(*stars) - exact(OWN)(*stars)).abs().max() > 1e-3


def test_a_long_run_of_rotations_is_cut():
    def block(weights, center, leaf, edge):
        qml.CNOT(wires=[leaf, center])
        for i in range(3):
            qml.Rot(weights[3 * i], weights[3 * i + 1], weights[3 * i + 2], wires=center)
        qml.CNOT(wires=[edge, center])

    ansatz, line = Ansatz("long", ("center",), block, 9, ("X", "Y", "Z")), device_line("FakeManilaV2")
    run_angles = [step.angles.shape[0] for step in program(ansatz, line).steps if step.angles is not None]
    assert sum(run_angles) >= 7 and max(run_angles) <= MAX_RUN_ANGLES
    stars = random_stars(ansatz, 2)
    assert_same(exact(ansatz, depolarizing_line(0.0)), exact(ansatz), stars)
    assert_same(exact(ansatz, line), AerEstimator(ansatz, line), stars, AER)


def test_a_block_without_angles_or_entanglement():
    ansatz = Ansatz("plain", ("center",), lambda weights, center, leaf, edge: qml.S(wires=center), 1, ("X", "Y", "Z"))
    assert_same(exact(ansatz, depolarizing_line(0.0)), exact(ansatz), random_stars(ansatz, 2))


def test_an_unknown_gate_is_refused():
    def block(weights, center, leaf, edge):
        qml.ISWAP(wires=[center, leaf])

    with pytest.raises(ValueError, match="gate ISWAP has no Qiskit counterpart here; known are: Rot, U3, RX"):
        native_star(Ansatz("own", ("center",), block, 1, ("Z",)), depolarizing_line(0.0))


def test_an_ancilla_is_refused():
    with pytest.raises(ValueError, match="ansatz qgcl_ancilla keeps 2 qubits from leaf to leaf: device noise is"):
        native_star(ansatze.qgcl_ancilla(), device_line("FakeLagosV2"))


def test_affine_finds_slopes_and_offset():
    weights = list(ParameterVector("weight", 3))
    row, offset = affine(weights[2] / 2 - 3 * weights[0] + weights[2] + 0.25, weights)
    np.testing.assert_allclose(row, [-3, 0, 1.5], rtol=0, atol=EXACT)
    assert offset == pytest.approx(0.25)
    row, offset = affine(1.5, weights)
    assert not row.any() and offset == 1.5


@pytest.mark.parametrize(
    "angle", [lambda a, b: a * b, lambda a, b: a.sin(), lambda a, b: a * a + b, lambda a, b: (a + 2 * b) ** 2]
)
def test_affine_refuses_anything_else(angle):
    weights = list(ParameterVector("weight", 2))
    with pytest.raises(ValueError, match="is no affine function of the block's weights"):
        affine(angle(*weights), weights)
