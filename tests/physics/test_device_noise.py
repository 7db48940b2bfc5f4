"""The noisy star engine against Qiskit Aer's density matrices, on every calibrated device; noisy models."""

from functools import cache

import numpy as np
import pytest
import torch
from qiskit import transpile
from qiskit.quantum_info import Pauli, SuperOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, QuantumError
from qiskit_aer.noise.device import basic_device_readout_errors

from qgnn_d2d import models, settings, stars
from qgnn_d2d.quantum.estimators import AerEstimator, exact
from qgnn_d2d.quantum.hardware import backends
from qgnn_d2d.quantum.hardware.circuits import assembled, bindings, measured
from qgnn_d2d.quantum.hardware.compile import CENTER, native_star
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, device_line, line_for, stored
from qgnn_d2d.quantum.hardware.noise import LineNoise, readout_map
from tests.calibrations import fake
from tests.circuits import (
    AER,
    EXACT,
    LINES,
    NOISY,
    ONE_OF_EACH_GATE,
    OWN,
    QGCL,
    SIGMAS,
    assert_close,
    assert_same,
    line_called,
    random_stars,
)  # fmt: skip

WHOLE = 1e-12  # with errors as superoperators Aer leaves nothing out
SLOPE = 1e-6  # central differences with STEP
STEP = 1e-4
BIG = "FakeTorino"  # its errors have parts that Aer leaves out


@cache
def engine_on(name, idle=False):
    return exact(QGCL, line_called(name), idle=idle)


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


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("name", LINES)
def test_engine_equals_aer_with_reset_qubits(name, k):
    stars = random_stars(QGCL, k, groups=2, count=2)
    assert_same(engine_on(name), AerEstimator(QGCL, line_called(name)), stars, AER)


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_idle_relaxation_equals_aer(name):
    stars = random_stars(QGCL, 2, groups=2, count=2)
    assert_same(engine_on(name, idle=True), AerEstimator(QGCL, line_called(name), idle=True), stars, AER)
    assert (engine_on(name, idle=True)(*stars) - engine_on(name)(*stars)).abs().max() > NOISY


@pytest.mark.parametrize("name", ["FakeLagosV2", "FakeSherbrooke"])
def test_a_circuit_of_ones_own_with_noise(name):
    line, stars = device_line(name), random_stars(OWN, 2)
    assert_same(exact(OWN, line), AerEstimator(OWN, line), stars, AER)
    assert (exact(OWN, line)(*stars) - exact(OWN)(*stars)).abs().max() > NOISY


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", LINES)
def test_engine_equals_aer_at_full_width(name, k):
    line = line_called(name)
    native, arguments = native_star(QGCL, line), random_stars(QGCL, k, count=2)
    model = NoiseModel(basis_gates=["rz", "sx", "x", line.entangler])
    errors = {
        (gate, tuple(0 if qubit == CENTER else qubit + 2 * i for qubit in qubits)): error
        for i in range(k)
        for (gate, qubits), error in LineNoise(line).gate_errors.items()
        if gate != "reset"
    }
    for (gate, qubits), error in errors.items():
        model.add_quantum_error(error, gate, qubits)
    star = assembled(native, k, wide=True)
    expected = density_matrix_values(model, star, native, arguments, readout_map(line))
    assert_close(engine_on(name)(*arguments), expected, AER)


def test_engine_equals_aer_to_rounding_with_errors_as_superoperators():
    line = device_line(BIG)
    native, arguments = native_star(QGCL, line), random_stars(QGCL, 3, count=2)
    noise = LineNoise(line)
    model = NoiseModel(basis_gates=["rz", "sx", "x", line.entangler, "reset"])
    for (name, qubits), error in noise.gate_errors.items():
        model.add_quantum_error(QuantumError(SuperOp(error)), name, qubits)
    expected = density_matrix_values(model, assembled(native, 3), native, arguments, readout_map(line))
    assert_close(engine_on(BIG)(*arguments), expected, WHOLE)


@pytest.mark.parametrize("name", ONE_OF_EACH_GATE)
def test_engine_equals_aer_where_gates_could_cancel(name):
    """At multiples of a quarter turn: a compiler that looks at values would leave gates out."""
    k = 2
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, QGCL.num_parameters), (3, 2, 2), (3, k, 2, 2), (3, k, 2, 2)]
    arguments = [np.pi / 2 * torch.randint(-2, 3, shape, generator=generator).double() for shape in shapes]
    arguments = [torch.cat([torch.zeros_like(values[:1]), values]) for values in arguments]
    value = engine_on(name)(*arguments)
    assert_close(value, AerEstimator(QGCL, line_called(name))(*arguments), AER)
    ground = value[0, "XYZ".index("Z")]  # all angles 0, which leaves the center in |0> without noise
    assert (ground < 1 - NOISY).all()


# ---------------------------------------------------------------------------------------------------------------------
# Against the whole device, without this library's noise model


@cache
def whole_device(name):
    """Return a backend and the noise that Aer derives from all of its calibration.

    Gates by the target; readout by the properties, because a target knows the mean of the two readout errors only.
    """
    backend = fake(name)
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


@pytest.mark.parametrize(
    ("name", "cases", "letters"),  # cases: leaves, and whether waiting qubits relax
    [
        pytest.param("FakeManilaV2", [(3, False), (2, True)], "XYZ", id="cx"),
        pytest.param("FakeTorino", [(2, True)], "Y", id="cz", marks=pytest.mark.slow),  # 133 qubits
        pytest.param("FakeSherbrooke", [(2, True)], "X", id="ecr", marks=pytest.mark.slow),  # 127 qubits
    ],
)
def test_engine_equals_aer_on_the_whole_device(name, cases, letters):
    backend, model = whole_device(name)
    line = device_line(name)
    center = line.qubits[CENTER]
    circuits, binds, arguments = [], [], []
    for k, idle in cases:
        native = native_star(QGCL, line, idle=idle)
        star = assembled(native, k)
        arguments.append(random_stars(QGCL, k, count=1))
        for letter in letters:
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
        expected = engine_on(name, idle)(*given)[0, ["XYZ".index(letter) for letter in letters]]
        assert_close(expected.flatten(), values, AER)


def test_counts_on_the_whole_device_follow_the_binomial_law():
    name, k, shots = "FakeLagosV2", 2, 40_000
    backend, model = whole_device(name)
    line = device_line(name)
    native, arguments = native_star(QGCL, line), random_stars(QGCL, k, count=4)
    star = assembled(native, k)
    count, bind = bound(star, arguments)
    circuits = [placed(measured(star.circuit, native, letter), backend, line) for letter in "XYZ"]
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1, seed_simulator=0)
    result = simulator.run(circuits, parameter_binds=[bind] * 3, shots=shots).result()
    ones = as_estimated([result.get_counts(i)["1"] for i in range(3 * count)], 1)
    probability = (1 - engine_on(name)(*arguments).numpy()) / 2
    sigma = np.sqrt(shots * probability * (1 - probability))
    assert (np.abs(ones - shots * probability) < SIGMAS * sigma).all()
    assert (np.abs(ones - shots * (1 - exact(QGCL)(*arguments).numpy()) / 2) > SIGMAS * sigma).any()


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
    values = (AerEstimator(QGCL, line)(*groups) * weighting).sum((1, 2))
    plus, minus = values.chunk(2)
    return (plus - minus) / (2 * STEP)


def test_gradients_equal_finite_differences_on_aer():
    line = device_line("FakeLagosV2")
    weighting = torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64).view(1, 3, 1)
    arguments = [values.requires_grad_() for values in random_stars(QGCL, 2, count=1)]
    gradients = torch.autograd.grad((engine_on("FakeLagosV2")(*arguments) * weighting).sum(), arguments)
    found = torch.cat([gradient.flatten() for gradient in gradients])
    with torch.no_grad():
        expected = slopes_of_aer(line, arguments, weighting)
    assert len(found) == 18 + 2 + 4 + 4
    assert_close(found, expected, SLOPE)
    # One angle never matters: the RZ of the leaf before its last gate, whose control it is.
    assert (found.abs() > 10 * SLOPE).sum() == len(found) - 1


# ---------------------------------------------------------------------------------------------------------------------
# The model

BATCH, LINKS, SEEDS = 2, 5, 2
NOISE_MODELS = [
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
    leaves = stars.sample(LINKS, model.k, torch.Generator().manual_seed(4), (SEEDS, model.num_rounds, BATCH))
    return model(gain.expand(SEEDS, *gain.shape), weight.expand(SEEDS, *weight.shape), 0.1, 1.0, leaves)


@pytest.mark.parametrize("options", NOISE_MODELS, ids=str)
def test_a_noisy_model_measures_what_its_device_does(options):
    model, ideal = qgnn(options), qgnn(None)
    ideal.load_state_dict(model.state_dict())
    power = allocate(model)
    noise = settings.NoiseModel(**options)
    model.estimator = exact(model.engine.ansatz, line_for(noise), idle=noise.idle)
    assert_close(allocate(model), power, EXACT)
    assert (allocate(ideal) - power).abs().max() > NOISY
    ideal.estimator = model.estimator
    assert_close(allocate(ideal), power, EXACT)


def test_a_noisy_model_equals_one_that_measures_on_aer():
    model = qgnn({"device": "FakeLagosV2"})
    power = allocate(model)
    model.estimator = AerEstimator(model.engine.ansatz, device_line("FakeLagosV2"))
    assert_close(allocate(model), power, AER)


def test_a_calibration_file_is_the_device_that_it_describes(tmp_path):
    path = tmp_path / "mine.json"
    backends.save(stored("FakeLagosV2"), path)
    expected = allocate(qgnn({"device": "FakeLagosV2", "idle": True}))
    assert torch.equal(allocate(qgnn({"calibration": str(path), "idle": True})), expected)
    assert (allocate(qgnn({"device": "FakePerth", "idle": True})) - expected).abs().max() > NOISY


def test_a_noisy_model_has_gradients_everywhere():
    model = qgnn({"device": "FakeLagosV2"})
    allocate(model).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_a_model_on_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match=r"noise\.device is 'FakeAtlantis'; it must be one of: FakeLagosV2"):
        models.build("qgnn", {"noise": {"device": "FakeAtlantis"}})


def test_a_noisy_model_with_an_ancilla_is_refused():
    with pytest.raises(ValueError, match="ansatz qgcl_ancilla keeps 2 qubits from leaf to leaf"):
        models.build("qgnn", {"circuit": "qgcl_ancilla", "noise": {"device": "FakeLagosV2"}})
