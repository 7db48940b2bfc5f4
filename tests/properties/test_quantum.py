"""Circuits, transfer matrices, noise and estimators on any angles and settings, against dense linear algebra."""

import math
from functools import lru_cache

import numpy as np
import pennylane as qml
import torch
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator
from scipy.stats import unitary_group

from qgnn_d2d.quantum import ansatz, mitigation, qnode, resources
from qgnn_d2d.quantum import estimators as execution
from qgnn_d2d.quantum.engine import star, transfer
from qgnn_d2d.quantum.hardware import compile as native
from qgnn_d2d.quantum.hardware import devices, noise
from tests.properties.helpers import COUNTS, JUNK, ODD, SEEDS, covers, is_plain_count, refused, result_of, samples

ANSATZE = {(name, layers): ansatz.build(name, layers) for name in ansatz.ANSATZE for layers in (1, 2)}
ENGINES = {key: star.StarEngine(built) for key, built in ANSATZE.items()}
CIRCUITS = st.sampled_from(list(ANSATZE))
LEVELS = (0.0, 0.01, 0.3, 1.0)


@lru_cache
def compiled(level, fold=1):
    """A star of one layer on a synthetic line."""
    return native.native_star(ANSATZE["qgcl", 1], devices.depolarizing_line(level), fold=fold)


@lru_cache
def estimator(level, fold=1):
    return execution.exact(ANSATZE["qgcl", 1], None if level is None else devices.depolarizing_line(level), fold=fold)


def angles(seed, count, k, num_parameters, groups=1):
    """Return weights, center, leaves and edges as an estimator takes them."""
    generator = np.random.default_rng(seed)
    shapes = (groups, num_parameters), (groups, 2, count), (groups, k, 2, count), (groups, k, 2, count)
    return [torch.from_numpy(generator.uniform(-4, 4, shape)) for shape in shapes]


@covers(ansatz.encoded_bloch, ansatz.encode)
@given(values=samples(1, 2, 2, st.floats(-7, 7)))
def test_encoded_qubits_are_pure_and_as_pennylane_has_them(values):
    x, y, z = ansatz.encoded_bloch(torch.from_numpy(values).unsqueeze(-1)).squeeze(-1).tolist()
    assert math.isclose(x * x + y * y + z * z, 1, abs_tol=1e-12)
    a, b = values
    state = np.diag([np.exp(-0.5j * b), np.exp(0.5j * b)]) @ [np.cos(a / 2), -1j * np.sin(a / 2)]
    with qml.queuing.AnnotatedQueue() as queue:
        ansatz.encode(values, 0)
    for gate in qml.tape.QuantumScript.from_queue(queue).operations:
        assert gate.wires.tolist() == [0]
    cross = np.conj(state[0]) * state[1]
    np.testing.assert_allclose(
        [x, y, z], [2 * cross.real, 2 * cross.imag, abs(state[0]) ** 2 - abs(state[1]) ** 2], atol=1e-12
    )


@covers(
    ansatz.qgcl,
    ansatz.qgcl_commuting,
    ansatz.qgcl_ancilla,
    ansatz.build,
    ansatz.num_message_parameters,
    ansatz.star_wires,
)
@given(name=st.sampled_from([*ansatz.ANSATZE, "nobody"]), layers=JUNK | st.integers(1, 4), k=COUNTS)
def test_circuits_are_built_or_refused(name, layers, k):
    good = is_plain_count(layers) and 1 <= layers < 100
    if is_plain_count(layers) and layers >= 100:
        return
    built = result_of(lambda: ansatz.build(name, layers))
    assert (built is not None) == (good and name in ansatz.ANSATZE)
    for make in (ansatz.qgcl, ansatz.qgcl_commuting, ansatz.qgcl_ancilla):
        assert (result_of(lambda make=make: make(layers)) is not None) == good
    if built is not None:
        message = ansatz.num_message_parameters(layers)
        expected = {"qgcl": 9 * layers, "qgcl_commuting": 6 * layers + 2, "qgcl_ancilla": 9 * layers + message}
        assert built.num_parameters == expected[name]
        if k < 100:
            wires = result_of(lambda: ansatz.star_wires(built, k))
            assert (wires is not None) == (k >= 1)
            assert wires is None or len(set(wires)) == len(wires) == 2 * k + len(built.memory)


@covers(qnode.star_qnode, ansatz.star_circuit, ansatz.measurements, star.ideal_program)
@given(seed=SEEDS, circuit=CIRCUITS, per_leaf=st.booleans())
def test_the_engine_agrees_with_pennylane(seed, circuit, per_leaf):
    built, generator = ANSATZE[circuit], np.random.default_rng(seed)
    k, count = 1, 2
    shape = (k, built.num_parameters) if per_leaf else (built.num_parameters,)
    weights, center, leaves, edges = (
        torch.from_numpy(generator.uniform(-4, 4, size)) for size in (shape, (count, 2), (count, k, 2), (count, k, 2))
    )
    found = ENGINES[circuit](weights, center, leaves, edges)
    assert (found.abs() <= 1 + 1e-9).all()
    if seed % 8:  # PennyLane takes its time
        return
    np.testing.assert_allclose(found, qnode.star_qnode(built, k)(weights, center, leaves, edges), atol=1e-9)
    again = star.StarEngine(built, star.ideal_program(built))(weights, center, leaves, edges)
    torch.testing.assert_close(again, found, rtol=0, atol=0)


@covers(qnode.star_qnode, devices.pennylane_device)
@given(k=st.integers(-3, 2) | JUNK, simulator=st.sampled_from([*devices.SIMULATORS, "nobody"]))
def test_unknown_simulators_are_refused(k, simulator):
    if is_plain_count(k) and k > 3:
        return
    found = result_of(lambda: qnode.star_qnode(ANSATZE["qgcl", 1], k, simulator))
    assert (found is not None) == (is_plain_count(k) and k >= 1 and simulator in devices.SIMULATORS)
    if simulator == "nobody":
        refused(lambda: devices.pennylane_device(simulator, [0]), "simulator", "'nobody'")


@covers(transfer.pauli_transfer_matrix, transfer.embed)
@given(seed=SEEDS, qubits=st.integers(1, 2), swap=st.booleans())
def test_transfer_matrices_are_orthogonal_and_compose(seed, qubits, swap):
    first, second = unitary_group.rvs(2**qubits, size=2, random_state=seed)
    a, b, ab = map(transfer.pauli_transfer_matrix, (first, second, first @ second))
    np.testing.assert_allclose(a @ b, ab, atol=1e-9)
    np.testing.assert_allclose(a @ a.T, np.eye(4**qubits), atol=1e-9)
    np.testing.assert_allclose(a[0], np.eye(4**qubits)[0], atol=1e-9)
    if qubits == 1:
        place = (1,) if swap else (0,)
        whole = np.kron(np.eye(2), first) if swap else np.kron(first, np.eye(2))
    else:
        place = (1, 0) if swap else (0, 1)
        exchange = np.eye(4)[[0, 2, 1, 3]]
        whole = exchange @ first @ exchange if swap else first
    np.testing.assert_allclose(transfer.embed(a, place, 2), transfer.pauli_transfer_matrix(whole), atol=1e-9)


@covers(transfer.pauli_transfer_matrix, transfer.embed)
@given(
    shape=st.lists(st.integers(0, 5), max_size=3),
    bad=st.sampled_from([1.0, math.nan, math.inf, 2.0]),
    qubits=st.lists(st.integers(-1, 3), max_size=3),
)
def test_what_is_no_unitary_is_refused(shape, bad, qubits):
    matrix = np.zeros(shape)
    if len(shape) == 2 and shape[0] == shape[1]:
        matrix = bad * np.eye(shape[0])
    good = shape in ([1, 1], [2, 2], [4, 4]) and bad == 1.0
    assert (result_of(lambda: transfer.pauli_transfer_matrix(matrix)) is not None) == (good and shape != [1, 1])
    found = result_of(lambda: transfer.embed(np.eye(4 ** len(qubits)), qubits, 3))
    good = 0 < len(qubits) == len(set(qubits)) and all(0 <= qubit < 3 for qubit in qubits)
    assert (found is not None) == good
    assert found is None or np.array_equal(found, np.eye(64))


@covers(transfer.harmonics, transfer.trigonometric)
@given(values=samples(2, 1, 3, st.floats(-9, 9)), qubits=st.integers(1, 2))
def test_trigonometric_terms_are_products(values, qubits):
    frequency, phase = transfer.harmonics(qubits)
    found = transfer.trigonometric(torch.from_numpy(values), frequency, phase).numpy()
    assert found.shape == (len(values), len(frequency) ** values.shape[1])
    np.testing.assert_allclose(found[:, 0], 1)
    factors = np.cos(values[..., None] * frequency.numpy() + phase.numpy())
    for row, expected in zip(found, factors, strict=True):
        product = np.ones(1)
        for factor in expected:
            product = np.outer(product, factor).ravel()
        np.testing.assert_allclose(row, product, atol=1e-12)


@covers(transfer.block_gates, transfer.record_gates, transfer.ideal_steps, native.to_qiskit, native.encoding_gates)
@given(seed=SEEDS, circuit=CIRCUITS)
def test_recorded_gates_are_the_block(seed, circuit):
    built = ANSATZE[circuit]
    weights = np.random.default_rng(seed).uniform(-4, 4, built.num_parameters)
    wires = [*built.memory, "leaf", "edge"]
    gates = transfer.block_gates(built)
    assert gates == transfer.record_gates(built.block, built.num_parameters, wires)
    assert len(transfer.ideal_steps(built)) == len(gates)
    assert {index for gate in gates for index in gate.weights} == set(range(built.num_parameters))
    expected = qml.matrix(built.block, wire_order=wires)(weights, *wires)
    found = Operator(native.to_qiskit(gates, weights, len(wires)).reverse_bits()).data
    phase = np.vdot(expected, found) / len(found)
    assert math.isclose(abs(phase), 1, abs_tol=1e-9)
    np.testing.assert_allclose(found, phase * expected, atol=1e-9)
    assert len(native.encoding_gates()) == 2


@covers(native.bridged, native.drop_dead, native.folded, native.instructions)
@given(
    gates=st.lists(st.tuples(st.integers(0, 4), st.permutations(range(3)), st.floats(-3, 3)), max_size=8),
    factor=st.sampled_from([1, 3, 5]),
)
def test_rewritten_circuits_do_the_same(gates, factor):
    circuit = QuantumCircuit(3)
    for kind, (a, b, _), angle in gates:
        for made in [(circuit.cx, a, b), (circuit.rz, angle, a), (circuit.sx, a), (circuit.x, a), (circuit.cz, a, b)][
            kind : kind + 1
        ]:
            made[0](*made[1:])
    whole = Operator(circuit)
    assert Operator(native.bridged(circuit, (1, 2), 0)).equiv(whole)
    assert all(set(qubits) != {1, 2} for _, qubits in native.instructions(native.bridged(circuit, (1, 2), 0)))
    assert Operator(native.folded(circuit, factor)).equiv(whole) or any(kind in (0, 4) for kind, *_ in gates)
    if all(kind != 4 for kind, *_ in gates):
        assert Operator(native.folded(circuit, factor)).equiv(whole)
    kept = native.drop_dead(circuit, [0])
    # What is left out acts on the other qubits last: the first one's state is the same.
    states = [Operator(one).data[:, 0].reshape(2, 2, 2) for one in (circuit, kept)]
    reduced = [np.einsum("abc,abd->cd", state, state.conj()) for state in states]
    np.testing.assert_allclose(*reduced, atol=1e-9)
    assert native.drop_dead(circuit, []).size() == 0


@covers(native.affine)
@given(slopes=st.lists(st.floats(-3, 3), min_size=1, max_size=3), offset=st.floats(-3, 3), squared=st.booleans())
def test_affine_angles_are_read_or_refused(slopes, offset, squared):
    parameters = [Parameter(f"p{i}") for i in range(len(slopes))]
    angle = sum((slope * parameter for slope, parameter in zip(slopes, parameters, strict=True)), 0.0 * parameters[0])
    row, found = native.affine(angle + offset, parameters)
    np.testing.assert_allclose(row, slopes, atol=1e-12)
    assert math.isclose(found, offset, abs_tol=1e-12)
    assert native.affine(offset, parameters)[1] == offset
    if squared:
        refused(lambda: native.affine(parameters[0] * parameters[0], parameters), "affine")


@covers(native.bindings, native.reuse_circuit, native.full_width_circuit, native.native_star, native.measured)
@given(seed=SEEDS, k=st.integers(-1, 3), count=st.integers(1, 3), letter=st.sampled_from("XYZ"))
def test_bound_stars_have_every_angle(seed, k, count, letter):
    made = compiled(0.01)
    whole = result_of(lambda: native.reuse_circuit(made, k))
    wide = result_of(lambda: native.full_width_circuit(made, k))
    assert (whole is not None) == (wide is not None) == (k >= 1)
    if whole is None:
        return
    assert whole.circuit.num_qubits == 3 and wide.circuit.num_qubits == 2 * k + 1
    one = [values[0].numpy() for values in angles(seed, count, k, 9)]
    values = native.bindings(*one)
    assert values.shape == (count, len(whole.parameters)) == (count, 9 + 2 + 4 * k)
    np.testing.assert_array_equal(values[:, 9:11], one[1].T)
    bound = native.measured(whole.circuit, made, letter).assign_parameters(
        dict(zip(whole.parameters, values[0], strict=True))
    )
    assert not bound.parameters and bound.num_clbits == 1


@covers(native.native_star, noise.program)
@given(fold=COUNTS | JUNK, circuit=st.sampled_from(["qgcl", "qgcl_ancilla"]), idle=st.booleans())
def test_stars_that_no_line_runs_are_refused(fold, circuit, idle):
    good = is_plain_count(fold) and fold >= 1 and fold % 2 == 1 and circuit == "qgcl" and not idle
    if good and (fold > 1 or seen(circuit, fold)):
        return  # compiled elsewhere, and large ones forever
    line = devices.depolarizing_line(0.01)
    for make in (native.native_star, noise.program):
        found = result_of(lambda make=make: make(ANSATZE[circuit, 1], line, idle=idle, fold=fold))
        assert (found is not None) == good


@lru_cache
def _first(circuit, fold):
    return [0]


def seen(circuit, fold):
    """Whether this was asked for before."""
    count = _first(circuit, fold)
    count[0] += 1
    return count[0] > 1


@covers(devices.check_noise)
@given(
    settings=st.dictionaries(
        st.sampled_from(["device", "depolarizing", "line", "idle", "nobody"]),
        JUNK | st.sampled_from([*devices.CALIBRATIONS[:2], [0, 1, 2], 0.5, True]),
        max_size=3,
    )
)
def test_noise_settings_are_usable_or_refused(settings):
    if any(isinstance(value, np.ndarray) for value in settings.values()):
        return
    if result_of(lambda: devices.check_noise(settings) or True):
        if "depolarizing" in settings:
            assert set(settings) == {"depolarizing"} and 0 <= settings["depolarizing"] <= 1
        else:
            assert settings["device"] in devices.CALIBRATIONS and set(settings) <= {"device", "line", "idle"}
            assert len(settings.get("line", "abc")) == 3


@covers(devices.depolarizing_line, devices.line_for, devices.describe, noise.readout_map)
@given(level=ODD | st.floats(0, 1) | JUNK)
def test_depolarizing_lines_are_made_or_refused(level):
    line = result_of(lambda: devices.line_for({"depolarizing": level}))
    assert (line is None) == (result_of(lambda: devices.depolarizing_line(level)) is None)
    good = isinstance(level, float | int | np.floating | np.integer) and not isinstance(level, bool | np.bool_)
    assert (line is not None) == (good and 0 <= level <= 1)
    if line is not None:
        row = devices.describe(line)
        assert math.isclose(row["leaf_two_qubit_error"], level * 3 / 4) and row["center_sx_error"] <= level
        assert noise.readout_map(line) == (0, 1)


@covers(devices.backend, devices.device_line, devices.line_of, execution.hardware_line)
@given(
    device=JUNK.filter(lambda name: not isinstance(name, list | dict | np.ndarray)),
    chosen=st.tuples(*[st.integers(-2, 8)] * 3),
)
def test_devices_and_lines_are_there_or_refused(device, chosen):
    refused(lambda: devices.backend(device), "device")
    refused(lambda: devices.device_line(device), "device")
    line = result_of(lambda: devices.device_line("FakeManilaV2", chosen))
    ends = {chosen[0], chosen[2]}
    assert (line is not None) == (ends == {chosen[1] - 1, chosen[1] + 1} and 0 < chosen[1] < 4)
    if line is not None:
        assert line.qubits == (chosen[1], chosen[0], chosen[2])
    made = execution.hardware_line("FakeManilaV2")
    assert devices.line_of(made[0], "FakeManilaV2").qubits == made[1].qubits


@covers(execution.exact, execution.sampled, execution.mitigated, noise.star_program, noise.readout_matrix)
@given(
    seed=SEEDS,
    k=st.integers(1, 3),
    level=st.sampled_from(LEVELS),
    shots=COUNTS,
    name=st.sampled_from(list(mitigation.MITIGATIONS)),
)
def test_estimates_are_expectation_values(seed, k, level, shots, name):
    what = angles(seed, 3, k, 9, groups=2)
    ideal, noisy = estimator(None)(*what), estimator(level)(*what)
    assert noisy.shape == (2, 3, 3)
    assert ((noisy**2).sum(1) <= 1 + 1e-9).all() and ((ideal**2).sum(1) <= 1 + 1e-9).all()
    if level == 0:
        np.testing.assert_allclose(noisy, ideal, atol=1e-9)
    if level == 1:
        np.testing.assert_allclose(noisy, 0, atol=1e-9)
    line = devices.depolarizing_line(level)
    repaired = execution.mitigated(lambda fold: estimator(level, fold), mitigation.MITIGATIONS[name], line)(*what)
    assert torch.isfinite(repaired).all()
    if name in ("raw", "readout"):
        np.testing.assert_allclose(repaired, noisy, atol=1e-9)
    if shots > 100:
        return
    drawn = result_of(lambda: execution.sampled(estimator(level), shots, torch.Generator().manual_seed(seed)))
    assert (drawn is not None) == (shots >= 1)
    if drawn is not None:
        values = drawn(*what)
        ones = (values + 1) * shots / 2
        assert (values.abs() <= 1).all() and torch.allclose(ones, ones.round())


@covers(mitigation.extrapolation_weights)
@given(factors=st.lists(st.sampled_from([1, 3, 5, 7]) | st.floats(-9, 9) | ODD, max_size=4), degree=COUNTS | JUNK)
def test_extrapolations_keep_constants_or_are_refused(factors, degree):
    weights = result_of(lambda: mitigation.extrapolation_weights(factors, degree))
    good = is_plain_count(degree) and degree >= 0 and len(set(factors)) > degree and all(map(math.isfinite, factors))
    assert (weights is not None) == good
    if good and set(factors) <= {1, 3, 5, 7}:
        powers = np.array(factors, dtype=float)
        for power in range(degree + 1):
            assert math.isclose(weights @ powers**power, power == 0, abs_tol=1e-7)


@covers(resources.full_width_star, resources.reused_star)
@given(k=st.integers(-2, 4) | JUNK, circuit=CIRCUITS, bridge=st.booleans())
def test_stars_to_be_counted_have_their_width(k, circuit, bridge):
    if is_plain_count(k) and k > 4:
        return
    built = ANSATZE[circuit]
    for make in (resources.full_width_star, resources.reused_star):
        found = result_of(lambda make=make: make(built, k, bridge=bridge))
        assert (found is not None) == (is_plain_count(k) and k >= 1)
        if found is not None:
            width = 2 * (k if make is resources.full_width_star else 1) + len(built.memory)
            assert found.circuit.num_qubits == width


@covers(resources.routed_star, resources.count, resources.table)
@given(name=JUNK | st.just("qgcl"), k=st.integers(-2, 0) | JUNK, layout=JUNK | st.sampled_from(resources.LAYOUTS))
def test_unknown_circuits_and_layouts_are_not_counted(name, k, layout):
    if any(isinstance(one, np.ndarray | np.generic | list | dict) for one in (name, layout)) or (
        is_plain_count(k) and k > 0
    ):
        return
    refused(lambda: resources.count(name, k, layout, "FakeManilaV2"))
    refused(lambda: resources.routed_star(ANSATZE["qgcl", 1], k, layout, "FakeManilaV2"))
    refused(lambda: resources.table([k], "FakeManilaV2"))
