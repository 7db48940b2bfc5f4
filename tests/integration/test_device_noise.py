"""Shots, Aer and the engine's law under a stored calibration."""

import numpy as np

from qgnn_d2d.analysis import device_noise
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from qgnn_d2d.settings import NoiseModel
from tests.unit.analysis.cases import studied

NOISE = NoiseModel(device="FakeLagosV2")
MANY = 10**7  # shots


def test_shots_converge_to_the_exact_value():
    settings, model, data = studied()
    arguments = "lagos", NOISE, {"unaware": (settings, model)}, data, "test"
    exact = device_noise.noise_rows(*arguments).set_index(["mitigation", "seed"])["value"]
    many = device_noise.noise_rows(*arguments, [MANY]).set_index(["mitigation", "seed"])["value"]
    np.testing.assert_allclose(many["raw"], exact["raw"], rtol=10 / np.sqrt(MANY))


def test_aer_is_compared_with_the_law():
    settings, model, data = studied(num_seeds=1, count=1)
    rows = device_noise.aer_rows("lagos", NOISE, settings, model, data, "test", shots=200, repeats=3)
    assert rows["mitigation"].tolist() == list(MITIGATIONS)
    factors = np.array([len(mitigation.factors) for mitigation in MITIGATIONS.values()])
    assert rows["num_values"].tolist() == (factors * 3 * 3).tolist()  # centers, observables
    assert rows["p_value"].between(1e-5, 1).all()
    assert np.isfinite(rows["rate_z"]).all()


def test_a_foreign_law_is_noticed(monkeypatch):
    """Aer under one device's noise does not follow another's law."""
    settings, model, data = studied(num_seeds=1, count=1)
    exact = device_noise.exact

    def without_noise(star, line, **options):
        return exact(star)

    monkeypatch.setattr(device_noise, "exact", without_noise)
    rows = device_noise.aer_rows("lagos", NOISE, settings, model, data, "test", shots=4000, repeats=2)
    assert (rows["p_value"] < 1e-5).any()
