"""The noisy star engine against Qiskit Aer's density matrices, on every calibrated device."""

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch
from qiskit import transpile
from qiskit.quantum_info import Pauli, SuperOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, QuantumError
from qiskit_aer.noise.device import basic_device_readout_errors

from qgnn_d2d import models, stars
from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.estimators import AerEstimator, exact
from qgnn_d2d.quantum.hardware import devices
from qgnn_d2d.quantum.hardware.compile import (
    CENTER,
    EDGE,
    LEAF,
    bindings,
    full_width_circuit,
    instructions,
    measured,
    native_star,
    reuse_circuit,
)
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, depolarizing_line, device_line, line_for
from qgnn_d2d.quantum.hardware.noise import LineNoise, noise_model, program, readout_map
from qgnn_d2d.quantum.qnode import noisy_star_qnode

AER = 1e-8  # Aer leaves out the parts of an error that have a probability of about 1e-9
WHOLE = 1e-12  # with errors as superoperators it leaves nothing out
EXACT = 1e-9  # float64, engine against engine
SLOPE = 1e-6  # central differences with STEP
STEP = 1e-4
NOISY = 1e-3  # what noise does at least to one of some random stars
SIGMAS = 5

ANSATZ = ansatze.qgcl(entangling_layers=2)
LINES = [*CALIBRATIONS, "depolarizing"]
BIG = "FakeTorino"  # its errors have parts that Aer leaves out


def line_called(name):
    return depolarizing_line(0.02) if name == "depolarizing" else device_line(name)


@cache
def engine_on(name, idle=False):
    return exact(ANSATZ, line_called(name), idle=idle)


IDEAL = exact(ANSATZ)


def random_stars(k, *, groups=2, count=2, seed=0):
    """Return random (weights, center, leaves, edges) as an estimator takes them."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(groups, ANSATZ.num_parameters), (groups, 2, count), (groups, k, 2, count), (groups, k, 2, count)]
    return [3 * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def assert_close(value, expected, tolerance=AER):
    torch.testing.assert_close(torch.as_tensor(value), torch.as_tensor(expected), rtol=0, atol=tolerance)


def bound(star, arguments):
    """Return the parameter values of all stars of all groups, (G N, parameters), and as Aer takes them."""
    values = np.concatenate([bindings(*group) for group in zip(*(a.numpy() for a in arguments), strict=True)])
    return len(values), {parameter: values[:, i].tolist() for i, parameter in enumerate(star.parameters)}


def as_estimated(flat, groups):
    """Reorder (observables, G N) to (G, observables, N)."""
    return np.reshape(flat, (3, groups, -1)).transpose(1, 0, 2)


def density_matrix_values(model, star, native, arguments, readout):
    """Return what Aer's density matrices give for a circuit whose qubits are all in use, readout error included."""
    circuits = []
    for letter in "XYZ":
        circuit = star.circuit.compose(native.basis_changes[letter], range(3))
        circuit.save_expectation_value(Pauli("Z"), [CENTER])
        circuits.append(circuit)
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1)
    count, binds = bound(star, arguments)
    result = simulator.run(circuits, parameter_binds=[binds] * 3, shots=1).result()
    offset, slope = readout
    values = [offset + slope * result.data(i)["expectation_value"] for i in range(3 * count)]
    return as_estimated(values, len(arguments[0]))


# ---------------------------------------------------------------------------------------------------------------------
# Against Aer


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("name", LINES)
def test_engine_equals_aer_with_reset_qubits(name, k):
    arguments = random_stars(k)
    assert_close(engine_on(name)(*arguments), AerEstimator(ANSATZ, line_called(name))(*arguments))


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("name", LINES)
def test_engine_equals_aer_at_full_width(name, k):
    line = line_called(name)
    native, arguments = native_star(ANSATZ, line), random_stars(k, groups=1)
    star, model = full_width_circuit(native, k), noise_model(native, k)
    expected = density_matrix_values(model, star, native, arguments, readout_map(line))
    assert_close(engine_on(name)(*arguments), expected)


def test_engine_equals_aer_to_rounding_with_errors_as_superoperators():
    line = device_line(BIG)
    native, arguments = native_star(ANSATZ, line), random_stars(3)
    noise = LineNoise(line)
    model = NoiseModel(basis_gates=["rz", "sx", "x", line.entangler, "reset"])
    for (name, qubits), error in noise.gate_errors.items():
        model.add_quantum_error(QuantumError(SuperOp(error)), name, qubits)
    expected = density_matrix_values(model, reuse_circuit(native, 3), native, arguments, readout_map(line))
    assert_close(engine_on(BIG)(*arguments), expected, WHOLE)


@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeTorino", "FakeSherbrooke"])
def test_engine_equals_aer_where_gates_could_cancel(name):
    """At multiples of a quarter turn: a compiler that looks at values would leave gates out."""
    k = 2
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, ANSATZ.num_parameters), (3, 2, 2), (3, k, 2, 2), (3, k, 2, 2)]
    arguments = [np.pi / 2 * torch.randint(-2, 3, shape, generator=generator).double() for shape in shapes]
    arguments = [torch.cat([torch.zeros_like(values[:1]), values]) for values in arguments]
    value = engine_on(name)(*arguments)
    assert_close(value, AerEstimator(ANSATZ, line_called(name))(*arguments))
    ground = value[0, "XYZ".index("Z")]  # all angles 0, which leaves the center in |0> without noise
    assert (ground < 1 - NOISY).all()


@pytest.mark.parametrize("name", LINES)
def test_noise_is_there(name):
    arguments = random_stars(3)
    difference = (engine_on(name)(*arguments) - IDEAL(*arguments)).abs()
    assert (difference.amax(dim=(0, 2)) > NOISY).all(), "for each observable"


@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeTorino", "FakeSherbrooke"])
def test_engine_equals_pennylanes_density_matrices(name):
    k = 2
    native, arguments = native_star(ANSATZ, device_line(name)), random_stars(k, groups=1)
    weights, center, leaves, edges = (values[0] for values in arguments)
    values = noisy_star_qnode(native, k)(weights, center.T, leaves.movedim(-1, 0), edges.movedim(-1, 0))
    assert_close(values.T.unsqueeze(0), engine_on(name)(*arguments), EXACT)


def test_more_depolarizing_is_more_noise():
    arguments = random_stars(3, count=50)
    lengths = [exact(ANSATZ, depolarizing_line(p))(*arguments).norm(dim=1).mean() for p in (0.0, 0.01, 0.1, 0.5, 1.0)]
    assert (torch.stack(lengths).diff() < 0).all()
    assert lengths[-1] < EXACT, "a wholly depolarizing cx leaves nothing"


@pytest.mark.parametrize("k", [1, 3])
def test_the_depolarizing_line_without_noise_is_ideal(k):
    arguments = random_stars(k)
    assert_close(exact(ANSATZ, depolarizing_line(0.0))(*arguments), IDEAL(*arguments), EXACT)


# ---------------------------------------------------------------------------------------------------------------------
# Against the whole device, without this library's noise model


@cache
def whole_device(name):
    """Return a backend and the noise that Aer derives from all of its calibration.

    Gates by the target; readout by the properties, because a target knows the mean of the two readout errors only.
    """
    backend = devices.backend(name)
    model = NoiseModel.from_backend(backend, readout_error=False)
    for qubits, error in basic_device_readout_errors(backend.properties()):
        model.add_readout_error(error, qubits)
    return backend, model


def misread(backend, qubit):
    """Return p(1|0) and p(0|1), as Aer derives them."""
    (error,) = [error for qubits, error in basic_device_readout_errors(backend.properties()) if list(qubits) == [qubit]]
    (_, of_zero), (of_one, _) = error.probabilities
    return of_zero, of_one


def placed(circuit, backend, line):
    """Put a circuit on a device's physical qubits, changing nothing else."""
    return transpile(circuit, backend=backend, initial_layout=list(line.qubits), optimization_level=0)


@pytest.mark.parametrize("name", ["FakeManilaV2", "FakeTorino", "FakeSherbrooke"], ids=["cx", "cz", "ecr"])
def test_engine_equals_aer_on_the_whole_device(name):
    backend, model = whole_device(name)
    line = device_line(name)
    center = line.qubits[CENTER]
    cases = [(3, False), (2, True)]  # leaves, and whether waiting qubits relax
    circuits, binds, arguments = [], [], []
    for k, idle in cases:
        native = native_star(ANSATZ, line, idle=idle)
        star = reuse_circuit(native, k)
        arguments.append(random_stars(k, groups=1, count=1))
        for letter in "XYZ":
            circuit = placed(star.circuit.compose(native.basis_changes[letter], range(3)), backend, line)
            # Aer 0.17's save_expectation_value is wrong on circuits with unused qubits (qiskit-aer issue 2442).
            circuit.save_density_matrix([center])
            circuits.append(circuit)
            count, bind = bound(star, arguments[-1])
            binds.append(bind)
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1)
    result = simulator.run(circuits, parameter_binds=binds, shots=1).result()
    assert result.success
    assert circuits[0].num_qubits == backend.num_qubits
    of_zero, of_one = misread(backend, center)
    states = [np.asarray(result.data(i)["density_matrix"]) for i in range(count * len(circuits))]
    z = np.array([(state[0, 0] - state[1, 1]).real for state in states])  # a trace that Aer cut leaves it alone
    read = np.reshape(of_one - of_zero + (1 - of_zero - of_one) * z, (len(cases), -1))
    for (_, idle), values, given in zip(cases, read, arguments, strict=True):
        assert_close(engine_on(name, idle)(*given), as_estimated(values, 1))


def test_counts_on_the_whole_device_follow_the_binomial_law():
    name, k, shots = "FakeLagosV2", 2, 40_000
    backend, model = whole_device(name)
    line = device_line(name)
    native, arguments = native_star(ANSATZ, line), random_stars(k, groups=1, count=4)
    star = reuse_circuit(native, k)
    count, bind = bound(star, arguments)
    circuits = [placed(measured(star.circuit, native, letter), backend, line) for letter in "XYZ"]
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1, seed_simulator=0)
    result = simulator.run(circuits, parameter_binds=[bind] * 3, shots=shots).result()
    ones = as_estimated([result.get_counts(i)["1"] for i in range(3 * count)], 1)
    probability = (1 - engine_on(name)(*arguments).numpy()) / 2
    sigma = np.sqrt(shots * probability * (1 - probability))
    assert (np.abs(ones - shots * probability) < SIGMAS * sigma).all()
    assert (np.abs(ones - shots * (1 - IDEAL(*arguments).numpy()) / 2) > SIGMAS * sigma).any()


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
    backend, line = devices.backend(name), device_line(name)
    table = np.array(line.readout)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=0, atol=EXACT)
    assert (table[0, 1], table[1, 0]) == pytest.approx(misread(backend, line.qubits[CENTER]))
    assert table[0, 1] != table[1, 0]
    assert (table[0, 1] + table[1, 0]) / 2 == pytest.approx(backend.target["measure"][(line.qubits[CENTER],)].error)


# ---------------------------------------------------------------------------------------------------------------------
# Waiting qubits


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_idle_relaxation_equals_aer(name):
    arguments = random_stars(2)
    value = engine_on(name, idle=True)(*arguments)
    assert_close(value, AerEstimator(ANSATZ, line_called(name), idle=True)(*arguments))
    assert (value - engine_on(name)(*arguments)).abs().max() > NOISY


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
    plain, idle = native_star(ANSATZ, line), native_star(ANSATZ, line, idle=True)
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
    idle = native_star(ANSATZ, device_line(name), idle=True)
    waits_next = dict.fromkeys(range(3), False)
    for operation, qubits in reversed(list(instructions(idle.block))):
        if operation.name != "delay":
            assert not all(waits_next[qubit] for qubit in qubits), f"{operation.name} on {qubits}"
        waits_next |= dict.fromkeys(qubits, operation.name == "delay")


def test_idle_needs_durations():
    with pytest.raises(ValueError, match=r"line of depolarizing 0.02 has no gate durations: idle relaxation needs"):
        program(ANSATZ, depolarizing_line(0.02), idle=True)


# ---------------------------------------------------------------------------------------------------------------------
# Gradients


def slopes_of_aer(line, arguments, weighting):
    """Return the gradient of the weighted sum of one star's values by central differences on Aer's own noise."""
    flat = torch.cat([values.flatten() for values in arguments])
    moved = torch.cat([flat + STEP * torch.eye(len(flat)), flat - STEP * torch.eye(len(flat))]).double()
    sizes = [values.numel() for values in arguments]
    groups = [
        part.view(len(moved), *values.shape[1:])
        for part, values in zip(moved.split(sizes, dim=1), arguments, strict=True)
    ]
    values = (AerEstimator(ANSATZ, line)(*groups) * weighting).sum((1, 2))
    plus, minus = values.chunk(2)
    return (plus - minus) / (2 * STEP)


def test_gradients_equal_finite_differences_on_aer():
    line = device_line("FakeLagosV2")
    weighting = torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64).view(1, 3, 1)
    arguments = [values.requires_grad_() for values in random_stars(2, groups=1, count=1)]
    gradients = torch.autograd.grad((engine_on("FakeLagosV2")(*arguments) * weighting).sum(), arguments)
    found = torch.cat([gradient.flatten() for gradient in gradients])
    with torch.no_grad():
        expected = slopes_of_aer(line, arguments, weighting)
    assert len(found) == 18 + 2 + 4 + 4
    assert_close(found, expected, SLOPE)
    # One angle never matters: the RZ of the leaf before its last gate, whose control it is.
    assert (found.abs() > 10 * SLOPE).sum() == len(found) - 1


@pytest.mark.parametrize("idle", [False, True], ids=["", "idle"])
def test_gradients_pass_finite_differences(idle):
    engine = StarEngine(ANSATZ, program(ANSATZ, device_line("FakeSherbrooke"), idle=idle))
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, ANSATZ.num_parameters), (2, 2), (2, 2, 2), (2, 2, 2)]  # weights of each leaf
    arguments = [torch.randn(s, generator=generator, dtype=torch.float64, requires_grad=True) for s in shapes]
    assert torch.autograd.gradcheck(engine, arguments)


# ---------------------------------------------------------------------------------------------------------------------
# The number of noisy gates


@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeTorino", "FakeSherbrooke"])
def test_the_noisy_gates_do_not_depend_on_the_angles(name):
    line = device_line(name)
    star = reuse_circuit(native_star(ANSATZ, line), 3)
    size = len(star.parameters)
    at = [np.zeros(size), np.full(size, np.pi / 2), np.random.default_rng(0).uniform(-3, 3, size)]
    circuits = [star.circuit.assign_parameters(dict(zip(star.parameters, values, strict=True))) for values in at]
    assert not any(circuit.parameters for circuit in circuits)
    counts = [circuit.count_ops() for circuit in circuits]
    assert counts[0] == counts[1] == counts[2] == star.circuit.count_ops()
    # A compiler that sees the values does leave gates out, and their noise with them: it must not see them.
    seen = transpile(circuits[0], target=line.target, initial_layout=[0, 1, 2], optimization_level=1).count_ops()
    assert seen.get("sx", 0) < counts[0]["sx"]


# ---------------------------------------------------------------------------------------------------------------------
# The model

BATCH, LINKS, SEEDS = 2, 5, 2
SETTINGS = [
    {"device": "FakeLagosV2"},
    {"device": "FakeLagosV2", "idle": True},
    {"device": "FakeLagosV2", "line": [5, 3, 1]},
    {"depolarizing": 0.05},
]


def channels(seed):
    generator = torch.Generator().manual_seed(seed)
    gain = torch.empty(BATCH, LINKS, LINKS, dtype=torch.float64).exponential_(generator=generator)
    return gain, torch.rand(BATCH, LINKS, generator=generator, dtype=torch.float64)


def qgnn(noise):
    """Return a QGNN with random block angles and what it allocates."""
    options = {"heads": 2, "start_range": 3.0, "noise": noise}
    model = models.build("qgnn", options, seed=3, seeds=range(SEEDS), dtype=torch.float64)
    model.features.fit(*channels(9), 0.1, 1.0)
    return model


def allocate(model):
    gain, weight = channels(0)
    leaves = stars.sample(LINKS, model.k, torch.Generator().manual_seed(4), (SEEDS, BATCH))
    return model(gain.expand(SEEDS, *gain.shape), weight.expand(SEEDS, *weight.shape), 0.1, 1.0, leaves)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_noisy_model_measures_what_its_device_does(settings):
    model, ideal = qgnn(settings), qgnn(None)
    ideal.load_state_dict(model.state_dict())
    power = allocate(model)
    model.estimator = exact(model.engine.ansatz, line_for(settings), idle=settings.get("idle", False))
    assert_close(allocate(model), power, EXACT)
    assert (allocate(ideal) - power).abs().max() > NOISY
    ideal.estimator = model.estimator
    assert_close(allocate(ideal), power, EXACT)


def test_a_noisy_model_equals_one_that_measures_on_aer():
    model = qgnn({"device": "FakeLagosV2"})
    power = allocate(model)
    model.estimator = AerEstimator(model.engine.ansatz, device_line("FakeLagosV2"))
    assert_close(allocate(model), power)


def test_a_noisy_model_has_gradients_everywhere():
    model = qgnn({"device": "FakeLagosV2"})
    allocate(model).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_a_model_on_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="device of noise is 'FakeAtlantis'; it must be one of: FakeLagosV2"):
        models.build("qgnn", {"noise": {"device": "FakeAtlantis"}})


def test_a_noisy_model_with_an_ancilla_is_refused():
    with pytest.raises(ValueError, match="ansatz qgcl_ancilla keeps 2 qubits from leaf to leaf"):
        models.build("qgnn", {"circuit": "qgcl_ancilla", "noise": {"device": "FakeLagosV2"}})
