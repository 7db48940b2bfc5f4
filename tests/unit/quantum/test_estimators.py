"""Estimators: drawn shots, mitigated values, what Qiskit Runtime is handed; no simulation of circuits."""

import dataclasses
import socket
from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from qiskit_ibm_runtime import Batch, EstimatorV2
from qiskit_ibm_runtime.accounts import management
from scipy.stats import chi2

from qgnn_d2d.quantum.estimators import AerEstimator, RuntimeEstimator, exact, hardware_line, mitigated, sampled
from qgnn_d2d.quantum.hardware.circuits import assembled
from qgnn_d2d.quantum.hardware.compile import CENTER, instructions, native_star
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, Line, device_line
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from tests.circuits import (
    AER,
    EXACT,
    NOISY,
    QGCL,
    SIGMAS,
    assert_close,
    binomial_deviations,
    line_called,
    random_stars,
)  # fmt: skip

ROUNDING = 1e-12
FITTED = 1e-11  # weights of an extrapolation are rounded to 12 decimals
TAIL = 1e-4  # probability on either side beyond which a chi-square value fails


@cache
def noisy(name, fold=1, perfect_readout=False):
    """Return the exact values of a line, compiled once."""
    line = line_called(name)
    return exact(QGCL, dataclasses.replace(line, readout=Line.readout) if perfect_readout else line, fold=fold)


def constant(values):
    """Return an estimator that knows the answer."""
    return lambda *stars: values


# ---------------------------------------------------------------------------------------------------------------------
# Shots


def test_sampled_has_the_binomials_mean_and_variance():
    shots, draws = 50, 5_000
    means = torch.tensor([-0.9, -0.2, 0.0, 0.6], dtype=torch.float64)
    estimate = sampled(constant(means.view(1, -1, 1).expand(1, 4, draws)), shots, torch.Generator().manual_seed(0))
    values = estimate(None)[0]
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
        values = sampled(constant(means), 100, torch.Generator().manual_seed(0))(None)
        assert values.dtype == dtype
        assert values.flatten().tolist() == [1, 1, -1, -1]


def test_shots_scatter_around_the_exact_values_by_the_binomial_law():
    shots, stars = 1000, random_stars(QGCL, 2, groups=2, count=30)
    draw = sampled(noisy("FakeLagosV2"), shots, torch.Generator().manual_seed(1))
    off = binomial_deviations(draw(*stars), noisy("FakeLagosV2")(*stars), shots)
    assert off.shape == (2, 3, 30)
    low, high = chi2.ppf([TAIL, 1 - TAIL], off.numel())
    assert low < (off**2).sum() < high
    assert abs(off.sum()) < SIGMAS * off.numel() ** 0.5, "independent draws, not one for all"


def test_every_star_and_every_call_draws_anew():
    weights, *angles = random_stars(QGCL, 1, count=1)
    stars = [weights, *(part.expand(*part.shape[:-1], 6) for part in angles)]
    first, again = (sampled(noisy("FakeLagosV2"), 1000, torch.Generator().manual_seed(1)) for _ in range(2))
    values, more = first(*stars), first(*stars)
    assert torch.equal(again(*stars), values), "the same seed"
    assert not torch.equal(more, values)
    assert all(len(set(row.tolist())) > 1 for row in values[0])


def test_aer_measures_the_same_on_one_star():
    line, stars, shots = line_called("FakeManilaV2"), random_stars(QGCL, 1, count=1), 1000
    expected = exact(QGCL, line, idle=True)(*stars)
    assert_close(AerEstimator(QGCL, line, idle=True)(*stars), expected, AER)
    off = binomial_deviations(AerEstimator(QGCL, line, idle=True, shots=shots)(*stars), expected, shots)
    assert 0 < off.abs().max() < SIGMAS


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 3), name=st.sampled_from(["depolarizing", "FakeManilaV2"]))
def test_estimates_are_expectation_values(seed, k, name):
    stars = random_stars(QGCL, k, groups=2, seed=seed)
    values = noisy(name, perfect_readout=True)(*stars)
    assert values.shape == (2, 3, 3)
    assert ((values**2).sum(1) <= 1 + EXACT).all()


# ---------------------------------------------------------------------------------------------------------------------
# Mitigation


def mitigated_on(name, mitigation):
    return mitigated(lambda fold: noisy(name, fold), MITIGATIONS[mitigation], line_called(name))


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_readout_inversion_is_exact(name):
    stars = random_stars(QGCL, 3)
    free = noisy(name, perfect_readout=True)(*stars)
    assert_close(mitigated_on(name, "readout")(*stars), free, ROUNDING)
    raw = mitigated_on(name, "raw")(*stars)
    assert_close(raw, noisy(name)(*stars), ROUNDING)
    assert (raw - free).abs().max() > NOISY


@pytest.mark.parametrize(
    ("mitigation", "shares"), [("linear", {1: 1.5, 3: -0.5}), ("richardson", {1: 15 / 8, 3: -10 / 8, 5: 3 / 8})]
)
def test_extrapolation_combines_folded_measurements(mitigation, shares):
    name, stars = "FakeManilaV2", random_stars(QGCL, 2)
    expected = sum(share * noisy(name, fold, perfect_readout=True)(*stars) for fold, share in shares.items())
    assert_close(mitigated_on(name, mitigation)(*stars), expected, FITTED)


def test_the_identity_is_one_on_a_noisy_line_measured_and_mitigated():
    """Readout errors and their inversion leave it alone, and nothing is measured for it."""
    name, stars = "FakeManilaV2", random_stars(QGCL, 1, count=2)
    one, line = dataclasses.replace(QGCL, observables=("X", "I", "Z")), line_called(name)
    mitigation = MITIGATIONS["richardson"]
    expected = mitigated(lambda fold: noisy(name, fold), mitigation, line)(*stars)[:, [0, 2]]
    found = mitigated(lambda fold: exact(one, line, fold=fold), mitigation, line, one)(*stars)
    assert_close(found[:, [0, 2]], expected)
    for values in (found, exact(one, line)(*stars), AerEstimator(one, line)(*stars)):
        assert (values[:, 1] == 1).all()
    assert_close(AerEstimator(one, line)(*stars), exact(one, line)(*stars), AER)
    alone = dataclasses.replace(QGCL, observables=("I",))
    assert (AerEstimator(alone, line, shots=5)(*stars) == 1).all()


# ---------------------------------------------------------------------------------------------------------------------
# Qiskit Runtime


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
        RuntimeEstimator(QGCL, backend, line, batch, shots=1, fold=fold)(*random_stars(QGCL, k))
    ((circuit, operators, values),) = handed
    compiled = assembled(native_star(QGCL, line, fold=fold), k).circuit

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
    assert numbers.shape == (3, len(names))


def test_runtime_line_without_noise_is_ideal():
    _, line = hardware_line("AerSimulator")
    arguments = random_stars(QGCL, 2)
    assert_close(exact(QGCL, line)(*arguments), exact(QGCL)(*arguments))


def test_a_calibrated_device_is_found_by_name():
    backend, line = hardware_line("FakePerth")
    assert backend.name == "fake_perth"
    known = device_line("FakePerth")
    assert (line.device, line.qubits, line.readout) == (known.device, known.qubits, known.readout)


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
    with pytest.raises(ValueError, match=r"backend is 'ibm_atlantis'; it must be a fake backend .*account") as raised:
        hardware_line("ibm_atlantis")
    assert "\n" not in str(raised.value)
    assert not calls
