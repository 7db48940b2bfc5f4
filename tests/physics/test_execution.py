"""Estimators with shots, on Aer, on Qiskit Runtime's local simulation, and mitigated; PennyLane's simulators."""

import dataclasses
import socket

import pytest
import torch
from qiskit_ibm_runtime import Batch, EstimatorV2
from qiskit_ibm_runtime.accounts import management
from scipy.stats import chi2

from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.estimators import AerEstimator, RuntimeEstimator, exact, hardware_line, mitigated, sampled
from qgnn_d2d.quantum.hardware.compile import CENTER, instructions, native_star, reuse_circuit
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, SIMULATORS, device_line
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from qgnn_d2d.quantum.qnode import star_qnode

EXACT = 1e-9  # float64, against a state vector
ROUNDING = 1e-12
SIGMAS = 6
HELPS = 0.7  # what an extrapolation leaves at most of the root mean square error
TAIL = 1e-4  # probability on either side beyond which a chi-square value fails

ANSATZ = ansatze.qgcl(entangling_layers=2)


def random_stars(k, *, groups=1, count=4, seed=0):
    """Return random (weights, center, leaves, edges) as an estimator takes them."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(groups, ANSATZ.num_parameters), (groups, 2, count), (groups, k, 2, count), (groups, k, 2, count)]
    return [3 * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def deviations(measured, expected, shots):
    """Return how far measured values are off, in units of the binomial law's standard deviation."""
    return (measured - expected) / ((1 - expected**2) / shots).sqrt()


def constant(values):
    """Return an estimator that knows the answer."""
    return lambda weights, center, leaves, edges: values


# ---------------------------------------------------------------------------------------------------------------------
# Shots


def aer(line, shots):
    return AerEstimator(ANSATZ, line, shots=shots, seed=1)


def drawn(line, shots):
    return sampled(exact(ANSATZ, line), shots, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("build", [aer, drawn])
def test_shots_scatter_around_the_exact_values_by_the_binomial_law(build):
    line, shots = device_line("FakeLagosV2"), 1000
    arguments = random_stars(2, groups=2, count=30)
    off = deviations(build(line, shots)(*arguments), exact(ANSATZ, line)(*arguments), shots)
    assert off.shape == (2, 3, 30)
    low, high = chi2.ppf([TAIL, 1 - TAIL], off.numel())
    assert low < (off**2).sum() < high
    assert abs(off.sum()) < SIGMAS * off.numel() ** 0.5, "independent draws, not one for all"


@pytest.mark.parametrize("build", [aer, drawn])
def test_every_star_and_every_call_draws_anew(build):
    line, shots = device_line("FakeLagosV2"), 1000
    arguments = [random_stars(1, count=1)[0], *(a.expand(*a.shape[:-1], 6) for a in random_stars(1, count=1)[1:])]
    first, again = build(line, shots), build(line, shots)
    values, more = first(*arguments), first(*arguments)
    assert torch.equal(again(*arguments), values), "the same seed"
    assert not torch.equal(more, values)
    assert all(len(set(row.tolist())) > 1 for row in values[0])


def test_sampled_has_the_binomials_mean_and_variance():
    shots, draws = 50, 20_000
    means = torch.tensor([-0.9, -0.2, 0.0, 0.6], dtype=torch.float64)
    estimate = sampled(constant(means.view(1, -1, 1).expand(1, 4, draws)), shots, torch.Generator().manual_seed(0))
    values = estimate(None, None, None, None)[0]
    variance = (1 - means**2) / shots
    assert ((values.mean(1) - means).abs() < SIGMAS * (variance / draws).sqrt()).all()
    scaled = (values.var(1) / variance - 1).abs()
    assert (scaled < SIGMAS * (2 / draws) ** 0.5 * 1.1).all(), "a binomial's kurtosis is nearly a Gaussian's"
    ones = (values + 1) / 2 * shots
    torch.testing.assert_close(ones, ones.round(), rtol=0, atol=ROUNDING)


def test_sampled_knows_certain_outcomes():
    """Rounding may put an expectation value slightly outside -1 to 1, in single precision more so."""
    for dtype in (torch.float32, torch.float64):
        means = torch.tensor([1 + 1e-6, 1.0, -1.0, -1 - 1e-6], dtype=dtype).view(1, 1, 4)
        values = sampled(constant(means), 100, torch.Generator().manual_seed(0))(None, None, None, None)
        assert values.dtype == dtype
        assert values.flatten().tolist() == [1, 1, -1, -1]


@pytest.mark.parametrize("shots", [0, -1, 10.5])
def test_impossible_numbers_of_shots_are_refused(shots):
    line = device_line("FakeLagosV2")
    with pytest.raises(ValueError, match=f"shots is {shots}"):
        AerEstimator(ANSATZ, line, shots=shots)
    with pytest.raises(ValueError, match=f"shots is {shots}"):
        sampled(exact(ANSATZ), shots, torch.Generator())


# ---------------------------------------------------------------------------------------------------------------------
# Mitigation


def without_readout_error(line):
    return dataclasses.replace(line, readout=((1.0, 0.0), (0.0, 1.0)))


def mitigated_on(line, name):
    return mitigated(lambda fold: exact(ANSATZ, line, fold=fold), MITIGATIONS[name], line)


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_readout_inversion_is_exact(device):
    line, arguments = device_line(device), random_stars(3)
    free = exact(ANSATZ, without_readout_error(line))(*arguments)
    torch.testing.assert_close(mitigated_on(line, "readout")(*arguments), free, rtol=0, atol=ROUNDING)
    raw = mitigated_on(line, "raw")(*arguments)
    torch.testing.assert_close(raw, exact(ANSATZ, line)(*arguments), rtol=0, atol=ROUNDING)
    assert (raw - free).abs().max() > 1e-3


def test_extrapolation_combines_folded_measurements():
    line, arguments = device_line("FakeManilaV2"), random_stars(2)
    free = without_readout_error(line)
    one, three, five = (exact(ANSATZ, free, fold=fold)(*arguments) for fold in (1, 3, 5))
    expected = {"linear": 1.5 * one - 0.5 * three, "richardson": (15 * one - 10 * three + 3 * five) / 8}
    for name, values in expected.items():
        torch.testing.assert_close(mitigated_on(line, name)(*arguments), values, rtol=0, atol=1e-11)


@pytest.mark.parametrize("device", ["FakeLagosV2", "FakePerth", "FakeManilaV2"])
def test_every_step_of_mitigation_helps(device):
    line, arguments = device_line(device), random_stars(3, groups=4, count=100)
    ideal = exact(ANSATZ)(*arguments)
    off = {name: (mitigated_on(line, name)(*arguments) - ideal).square().mean().sqrt() for name in MITIGATIONS}
    assert off["readout"] < off["raw"]
    assert off["linear"] < HELPS * off["readout"]
    assert off["richardson"] < HELPS * off["linear"]


def test_mitigation_of_what_aer_measures():
    """Folds survive on Aer: nothing cancels them."""
    line, arguments = device_line("FakeManilaV2"), random_stars(1)
    on_aer = mitigated(lambda fold: AerEstimator(ANSATZ, line, fold=fold), MITIGATIONS["richardson"], line)
    torch.testing.assert_close(on_aer(*arguments), mitigated_on(line, "richardson")(*arguments), rtol=0, atol=1e-7)


# ---------------------------------------------------------------------------------------------------------------------
# Qiskit Runtime, locally


@pytest.mark.parametrize(
    ("name", "fold", "count", "shots"),
    [("FakeManilaV2", 1, 4, 4000), ("FakeManilaV2", 3, 4, 4000), ("AerSimulator", 1, 2, 1000)],
)
def test_runtime_agrees(name, fold, count, shots):
    backend, line = hardware_line(name)
    arguments = random_stars(2, groups=2, count=count)
    with Batch(backend=backend) as batch:
        values = RuntimeEstimator(ANSATZ, backend, line, batch, shots=shots, fold=fold)(*arguments)
    off = deviations(values, exact(ANSATZ, line, fold=fold)(*arguments), shots)
    assert off.abs().max() < SIGMAS
    if fold > 1:
        assert deviations(values, exact(ANSATZ, line)(*arguments), shots).abs().max() > SIGMAS


@pytest.mark.parametrize("name", ["FakeManilaV2", "FakeSherbrooke"])
def test_runtime_gets_the_circuit_as_it_was_compiled(name, monkeypatch):
    """On the line's qubits, nothing routed, nothing simplified, the center observed."""
    k, fold = 2, 3
    backend, line = hardware_line(name)
    handed = []

    class Handed(Exception):
        pass

    def run(self, pubs):
        handed.extend(pubs)
        raise Handed

    monkeypatch.setattr(EstimatorV2, "run", run)
    with Batch(backend=backend) as batch, pytest.raises(Handed):
        RuntimeEstimator(ANSATZ, backend, line, batch, shots=1, fold=fold)(*random_stars(k))
    ((circuit, operators, values),) = handed
    compiled = reuse_circuit(native_star(ANSATZ, line, fold=fold), k).circuit

    def by_qubit(circuit, layout):
        """Return each physical qubit's operations in order: independent ones may change places."""
        placed = [
            (operation.name, list(map(str, operation.params)), tuple(layout[qubit] for qubit in qubits))
            for operation, qubits in instructions(circuit)
        ]
        found = {qubit: [entry for entry in placed if qubit in entry[-1]] for qubit in layout}
        return {qubit: entries for qubit, entries in found.items() if entries}

    assert by_qubit(circuit, range(backend.num_qubits)) == by_qubit(compiled, line.qubits)
    assert circuit.count_ops()[line.entangler] == 8 * k * fold
    for letter, (operator,) in zip("XYZ", operators, strict=True):
        (word,) = operator.paulis.to_labels()
        assert {qubit: word[::-1][qubit] for qubit in range(len(word)) if word[::-1][qubit] != "I"} == {
            line.qubits[CENTER]: letter
        }
    ((names, numbers),) = values.items()
    assert set(names) == {parameter.name for parameter in circuit.parameters}
    assert numbers.shape == (4, len(names))


def test_runtime_line_without_noise_is_ideal():
    _, line = hardware_line("AerSimulator")
    arguments = random_stars(2)
    torch.testing.assert_close(exact(ANSATZ, line)(*arguments), exact(ANSATZ)(*arguments), rtol=0, atol=EXACT)


def test_a_calibrated_device_is_found_by_name():
    backend, line = hardware_line("FakePerth")
    assert backend.name == "fake_perth"
    assert line is device_line("FakePerth")


def test_an_unknown_backend_without_an_account_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    # The package computes this path from HOME when it is imported.
    monkeypatch.setattr(management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "qiskit-ibm.json"))
    for name in ("TOKEN", "URL", "INSTANCE", "CHANNEL"):
        monkeypatch.delenv(f"QISKIT_IBM_{name}", raising=False)
    calls = []

    def refuse(*arguments):
        calls.append(arguments)
        raise OSError("no network in tests")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(
        ValueError, match=r"backend is 'ibm_atlantis'; it must be one of FakeLagosV2, .*account"
    ) as raised:
        hardware_line("ibm_atlantis")
    assert "\n" not in str(raised.value)
    assert not calls


# ---------------------------------------------------------------------------------------------------------------------
# PennyLane


def one_by_one(arguments):
    """Return (weights, center, leaves, edges) as a quantum node takes them."""
    weights, center, leaves, edges = arguments
    return weights[0], center[0].T, leaves[0].movedim(-1, 0), edges[0].movedim(-1, 0)


@pytest.fixture
def double_precision():
    """PennyLane hands lightning's numbers to torch in torch's default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("simulator", list(SIMULATORS))
def test_pennylanes_simulators_agree(simulator, k, double_precision):
    arguments = one_by_one(random_stars(k, count=3))
    values = star_qnode(ANSATZ, k, simulator)(*arguments)
    assert values.dtype == torch.float64
    torch.testing.assert_close(values, StarEngine(ANSATZ)(*arguments), rtol=0, atol=EXACT)


def test_aer_in_pennylane_takes_shots():
    shots = 4000
    arguments = one_by_one(random_stars(2, count=3))
    values = star_qnode(ANSATZ, 2, "qiskit.aer", shots=shots)(*arguments).double()
    off = deviations(values, StarEngine(ANSATZ)(*arguments), shots)
    assert 0 < off.abs().max() < SIGMAS
    ones = (values + 1) / 2 * shots
    torch.testing.assert_close(ones, ones.round(), rtol=0, atol=1e-3)
