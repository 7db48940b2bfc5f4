"""Estimators that simulate circuits: Qiskit Aer, Qiskit Runtime's local mode, and mitigation of what they measure."""

from functools import cache

import pytest
import torch
from qiskit_ibm_runtime import Batch
from scipy.stats import chi2

from qgnn_d2d.quantum.estimators import AerEstimator, RuntimeEstimator, exact, hardware_line, mitigated
from qgnn_d2d.quantum.hardware.devices import device_line
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from tests.circuits import QGCL, SIGMAS, assert_close, binomial_deviations, random_stars

HELPS = 0.7  # what an extrapolation leaves at most of the root mean square error
TAIL = 1e-4  # probability on either side beyond which a chi-square value fails
FOLDED = 1e-7  # extrapolation multiplies Aer's 1e-8


def test_aers_shots_scatter_around_the_exact_values_by_the_binomial_law():
    line, shots = device_line("FakeLagosV2"), 1000
    stars = random_stars(QGCL, 2, groups=2, count=15)
    off = binomial_deviations(AerEstimator(QGCL, line, shots=shots, seed=1)(*stars), exact(QGCL, line)(*stars), shots)
    assert off.shape == (2, 3, 15)
    low, high = chi2.ppf([TAIL, 1 - TAIL], off.numel())
    assert low < (off**2).sum() < high
    assert abs(off.sum()) < SIGMAS * off.numel() ** 0.5, "independent draws, not one for all"


def test_aer_draws_every_star_and_every_call_anew():
    line = device_line("FakeLagosV2")
    weights, *angles = random_stars(QGCL, 1, count=1)
    stars = [weights, *(part.expand(*part.shape[:-1], 6) for part in angles)]
    first, again = (AerEstimator(QGCL, line, shots=1000, seed=1) for _ in range(2))
    values, more = first(*stars), first(*stars)
    assert torch.equal(again(*stars), values), "the same seed"
    assert not torch.equal(more, values)
    assert all(len(set(row.tolist())) > 1 for row in values[0])


@cache
def folded(device, fold):
    return exact(QGCL, device_line(device), fold=fold)


def mitigated_on(device, name):
    return mitigated(lambda fold: folded(device, fold), MITIGATIONS[name], device_line(device))


@pytest.mark.parametrize("device", ["FakeLagosV2", "FakePerth", "FakeManilaV2"])
def test_every_step_of_mitigation_helps(device):
    stars = random_stars(QGCL, 3, groups=4, count=100)
    ideal = exact(QGCL)(*stars)
    off = {name: (mitigated_on(device, name)(*stars) - ideal).square().mean().sqrt() for name in MITIGATIONS}
    assert off["readout"] < off["raw"]
    assert off["linear"] < HELPS * off["readout"]
    assert off["richardson"] < HELPS * off["linear"]


def test_mitigation_of_what_aer_measures():
    """Folds survive on Aer: nothing cancels them."""
    line, stars = device_line("FakeManilaV2"), random_stars(QGCL, 1)
    on_aer = mitigated(lambda fold: AerEstimator(QGCL, line, fold=fold), MITIGATIONS["richardson"], line)
    assert_close(on_aer(*stars), mitigated_on("FakeManilaV2", "richardson")(*stars), FOLDED)


@pytest.mark.parametrize(
    ("name", "fold", "count", "shots"),
    [("FakeManilaV2", 1, 4, 4000), ("FakeManilaV2", 3, 4, 4000), ("AerSimulator", 1, 2, 1000)],
)
def test_runtime_agrees(name, fold, count, shots):
    backend, line = hardware_line(name)
    stars = random_stars(QGCL, 2, groups=2, count=count)
    with Batch(backend=backend) as batch:
        values = RuntimeEstimator(QGCL, backend, line, batch, shots=shots, fold=fold)(*stars)
    off = binomial_deviations(values, exact(QGCL, line, fold=fold)(*stars), shots)
    assert off.abs().max() < SIGMAS
    if fold > 1:
        assert binomial_deviations(values, exact(QGCL, line)(*stars), shots).abs().max() > SIGMAS
