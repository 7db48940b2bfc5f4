"""Stars in a device's own gates: what they do, what they cost, what is refused."""

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import DensityMatrix, Operator, SuperOp, partial_trace

from qgnn_d2d.quantum.ansatz import Ansatz, build
from qgnn_d2d.quantum.engine.transfer import BlockGate
from qgnn_d2d.quantum.hardware.compile import (
    CENTER,
    EDGE,
    LEAF,
    abstract_parts,
    affine,
    bridged,
    drop_dead,
    folded,
    instructions,
    native_star,
    to_qiskit,
)  # fmt: skip
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, depolarizing_line, device_line, line_of
from qgnn_d2d.settings.base import validated
from qgnn_d2d.settings.calibration import Calibration
from tests.calibrations import content
from tests.circuits import EXACT, LINES, ONE_OF_EACH_GATE, QGCL, line_called

WIRES = ("center", "leaf", "edge")
ENTANGLERS = {"cx", "cz", "ecr"}

# ---------------------------------------------------------------------------------------------------------------------
# What they do


def seen_from_the_center(unitary):
    """Return U^dagger (P on the center) U for P = X, Y, Z: all that a measurement of the center can see."""
    paulis = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
    return np.stack([unitary.conj().T @ np.kron(pauli, np.eye(4)) @ unitary for pauli in paulis])


@pytest.mark.parametrize("fold", [1, 3])
@pytest.mark.parametrize("name", LINES)
def test_the_native_block_does_what_pennylanes_does(name, fold):
    star = native_star(QGCL, line_called(name), fold=fold)
    for values in [np.random.default_rng(0).uniform(-3, 3, 18), np.zeros(18), np.full(18, np.pi / 2)]:
        expected = qml.matrix(lambda weights: QGCL.block(weights, *WIRES), wire_order=WIRES)(values)
        bound = star.block.assign_parameters(dict(zip(star.weights, values, strict=True)))
        native = Operator(bound).reverse_qargs().data  # the center first
        np.testing.assert_allclose(seen_from_the_center(native), seen_from_the_center(expected), rtol=0, atol=EXACT)


@pytest.mark.parametrize("name", LINES)
def test_every_gate_is_native_and_on_neighbors_and_alive(name):
    def block(weights, center, leaf, edge):
        qml.Rot(*weights, wires=leaf)
        qml.CNOT(wires=[center, leaf])  # in other gates than cx, this leaves some on the leaf

    line = line_called(name)
    for ansatz in (QGCL, Ansatz("own", ("center",), block, 3, ("X", "Y", "Z"))):
        circuit = native_star(ansatz, line).block
        assert set(circuit.count_ops()) <= {"rz", "sx", "x", line.entangler}
        assert all(qubits in line.target[operation.name] for operation, qubits in instructions(circuit))
        assert drop_dead(circuit, [CENTER]).data == circuit.data


@pytest.mark.parametrize("name", LINES)
def test_a_leaf_takes_eight_two_qubit_gates(name):
    line = line_called(name)
    star = native_star(QGCL, line)
    assert sum(number for gate, number in star.block.count_ops().items() if gate in ENTANGLERS) == 8
    assert star.count()[line.entangler] == 8
    if line.entangler == "cx":
        assert star.block.count_ops()["sx"] == 12
        assert star.count()["sx"] == 16, "two more in each encoding"


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


@pytest.mark.parametrize("name", ["qgcl", "qgcl_commuting", "qgcl_ancilla"])
def test_a_bridged_block_fits_on_a_row_as_it_is(name):
    block = abstract_parts(build(name), bridge=True).block
    pairs = {frozenset(qubits) for _, qubits in instructions(block) if len(qubits) == 2}
    degrees = sorted(sum(qubit in pair for pair in pairs) for qubit in range(block.num_qubits))
    assert degrees == [1, 1, *[2] * (block.num_qubits - 2)]


# ---------------------------------------------------------------------------------------------------------------------
# Rewriting


@given(
    gates=st.lists(st.tuples(st.sampled_from(["cx", "rz", "sx", "x"]), st.permutations(range(3)), st.floats(-3, 3))),
    factor=st.sampled_from([1, 3, 5]),
)
def test_rewritten_circuits_do_the_same(gates, factor):
    circuit = QuantumCircuit(3)
    for name, (a, b, _), angle in gates[:8]:
        getattr(circuit, name)(*([angle] if name == "rz" else []), a, *([b] if name == "cx" else []))
    whole = Operator(circuit)
    assert Operator(bridged(circuit, (LEAF, EDGE), CENTER)).equiv(whole)
    assert all(set(qubits) != {LEAF, EDGE} for _, qubits in instructions(bridged(circuit, (LEAF, EDGE), CENTER)))
    assert Operator(folded(circuit, factor)).equiv(whole)
    assert drop_dead(circuit, []).size() == 0
    for measured in ([CENTER], [LEAF], [CENTER, EDGE]):
        others = [qubit for qubit in range(3) if qubit not in measured]
        states = [
            partial_trace(DensityMatrix.from_label("000").evolve(SuperOp(one)), others).data
            for one in (circuit, drop_dead(circuit, measured))
        ]
        np.testing.assert_allclose(*states, rtol=0, atol=EXACT)


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


@pytest.mark.parametrize("fold", [1, 3, 5])
@pytest.mark.parametrize("name", ONE_OF_EACH_GATE)
def test_folding_multiplies_the_noisy_gates(name, fold):
    line = device_line(name)
    plain, star = native_star(QGCL, line), native_star(QGCL, line, fold=fold)
    pairs = [(plain.block, star.block)]
    pairs += list(zip(plain.encodings, star.encodings, strict=True))
    pairs += [(plain.basis_changes[letter], star.basis_changes[letter]) for letter in "XYZ"]
    for before, after in pairs:
        for gate in ("sx", "x", line.entangler):
            assert after.count_ops().get(gate, 0) == fold * before.count_ops().get(gate, 0)
    assert plain.block.count_ops()["sx"] > 0


@pytest.mark.parametrize("name", ONE_OF_EACH_GATE)
def test_folding_does_the_same_to_every_gate(name):
    target = device_line(name).target
    for gate in ("sx", "x", device_line(name).entangler):
        operation = target.operation_from_name(gate)
        circuit = QuantumCircuit(operation.num_qubits)
        circuit.append(operation, range(operation.num_qubits))
        for factor in (3, 5):
            assert Operator(folded(circuit, factor)).equiv(Operator(circuit))


@given(slopes=st.lists(st.floats(-3, 3), min_size=1, max_size=3), offset=st.floats(-3, 3))
def test_affine_angles_are_read(slopes, offset):
    parameters = list(ParameterVector("p", len(slopes)))
    angle = sum((slope * parameter for slope, parameter in zip(slopes, parameters, strict=True)), 0.0 * parameters[0])
    row, found = affine(angle + offset, parameters)
    np.testing.assert_allclose([*row, found], [*slopes, offset], rtol=0, atol=EXACT)
    row, found = affine(offset, parameters)
    assert not row.any() and found == offset


@pytest.mark.parametrize(
    "angle", [lambda a, b: a * b, lambda a, b: a.sin(), lambda a, b: a * a + b, lambda a, b: (a + 2 * b) ** 2]
)
def test_other_angles_are_refused(angle):
    weights = [Parameter("a"), Parameter("b")]
    with pytest.raises(ValueError, match="is no affine function of the block's weights"):
        affine(angle(*weights), weights)


# ---------------------------------------------------------------------------------------------------------------------
# Waiting qubits


def duration(target, operation, qubits):
    """Return a duration in units of the device's time step."""
    if operation.name == "delay":
        assert operation.unit == "dt"
        return operation.duration
    seconds = target[operation.name][qubits].duration
    steps = round(seconds / target.dt)
    assert steps * target.dt == pytest.approx(seconds)
    return steps


def run_clocks(target, circuit, clocks, *, waits):
    """Run a circuit's clocks, one per qubit; a gate begins when its qubits are free, which ``waits`` allows or not."""
    for operation, qubits in instructions(circuit):
        starts = {clocks[qubit] for qubit in qubits}
        assert waits or len(starts) == 1, f"{operation.name} on {qubits} begins at {starts}"
        clocks |= dict.fromkeys(qubits, max(starts) + duration(target, operation, qubits))
    return clocks


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_delays_fill_the_schedule(name):
    """With its delays a leaf's part runs without a wait, and takes what its critical path takes."""
    line = device_line(name)
    target = line.target
    plain, idle = native_star(QGCL, line), native_star(QGCL, line, idle=True)
    reset = max(round(target["reset"][(qubit,)].duration / target.dt) for qubit in (LEAF, EDGE))
    encoding = max(
        run_clocks(target, plain.encodings[qubit], dict.fromkeys(range(3), 0), waits=True)[qubit]
        for qubit in (LEAF, EDGE)
    )
    block = max(run_clocks(target, plain.block, dict.fromkeys(range(3), 0), waits=True).values())
    clocks = {CENTER: 0, LEAF: reset + encoding, EDGE: reset + encoding}
    clocks = run_clocks(target, idle.block, clocks, waits=False)
    assert clocks == dict.fromkeys(range(3), reset + encoding + block)
    counts = idle.block.count_ops()
    assert counts.pop("delay") > 0
    assert counts == plain.block.count_ops()


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_gates_come_as_late_as_possible(name):
    """No gate could come later: what follows at once on one of its qubits keeps it, or the block's end."""
    idle = native_star(QGCL, device_line(name), idle=True)
    waits_next = dict.fromkeys(range(3), False)
    for operation, qubits in reversed(list(instructions(idle.block))):
        if operation.name != "delay":
            assert not all(waits_next[qubit] for qubit in qubits), f"{operation.name} on {qubits}"
        waits_next |= dict.fromkeys(qubits, operation.name == "delay")


# ---------------------------------------------------------------------------------------------------------------------
# What is refused


def test_idle_needs_durations():
    with pytest.raises(ValueError, match=r"line of depolarizing 0.02 has no gate durations: idle relaxation needs"):
        native_star(QGCL, depolarizing_line(0.02), idle=True)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("qubits", 2, "reset_s"), "line of tiny has no duration of reset on leaf: idle relaxation needs it"),
        (("qubits", 1, "sx", "duration_s"), "line of tiny has no duration of sx on center: idle"),
        (("pairs", 0, "duration_s"), "line of tiny has no duration of cx on (center and edge|edge and center): idle"),
    ],
)
def test_idle_needs_every_duration(place, line):
    data = content()
    *path, key = place
    inner = data
    for part in path:
        inner = inner[part]
    native_star(QGCL, line_of(validated(Calibration, data), (2, 1, 0)), idle=True)
    del inner[key]
    with pytest.raises(ValueError, match=line):
        native_star(QGCL, line_of(validated(Calibration, data), (2, 1, 0)), idle=True)


@pytest.mark.parametrize("fold", [0, -1, 2, 4, 1.5])
def test_a_fold_that_is_no_odd_number_is_refused(fold):
    with pytest.raises(ValueError, match=f"fold is {fold}; it must be an odd number of at least 1"):
        native_star(QGCL, depolarizing_line(0.0), fold=fold)


def test_an_unknown_gate_is_refused():
    def block(weights, center, leaf, edge):
        qml.IsingXY(weights[0], wires=[center, leaf])

    with pytest.raises(ValueError, match="gate IsingXY has no Qiskit counterpart here; known are: Rot, U3, RX"):
        native_star(Ansatz("own", ("center",), block, 1, ("Z",)), depolarizing_line(0.0))


def test_an_ancilla_is_refused():
    with pytest.raises(ValueError, match="ansatz qgcl_ancilla keeps 2 qubits from leaf to leaf: device noise is"):
        native_star(build("qgcl_ancilla"), device_line("FakeLagosV2"))


def test_constants_and_operators_without_weights_are_written_as_they_are():
    unitary = qml.matrix(qml.SISWAP([0, 1])) @ np.diag([1, 1j, 1, 1])

    def block(weights, center, leaf, edge):
        qml.Rot(weights[0], 0.3, np.array(0.2), wires=center)
        qml.adjoint(qml.T(center))
        qml.QubitUnitary(unitary, wires=[edge, center])
        qml.CRX(0.4, wires=[leaf, center])

    star = abstract_parts(Ansatz("own", ("center",), block, 1, ("Z",)), bridge=False)
    expected = qml.matrix(lambda weights: block(weights, *WIRES), wire_order=WIRES)([0.7])
    assert Operator(star.block.assign_parameters([0.7])).reverse_qargs().equiv(Operator(expected))
