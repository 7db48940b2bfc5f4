"""The noise study's rows and summaries."""

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d import models
from qgnn_d2d.analysis import device_noise as device_study
from qgnn_d2d.channels import scenarios
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from tests.unit.test_training import settings

NOISE = {"device": "FakeLagosV2"}
ROUNDING = 1e-6  # float32
MANY = 10**7  # shots


def studied(num_seeds=2, links=4, count=6):
    """Return run, model with features fitted, and channels."""
    channels = scenarios.to_channels(scenarios.rayleigh(links, count, 0))
    run = settings(num_seeds=num_seeds, k=2, layers=2, start_range=1.0)
    model = models.build("qgnn", run.architecture, seeds=range(num_seeds))
    model.features.fit(channels.gain.float(), channels.weight.float(), channels.noise_power, channels.p_max)
    return run, model, channels


def test_every_training_is_measured_in_its_ways():
    run, model, channels = studied()
    rows = device_study.noise_rows("lagos", NOISE, {"unaware": (run, model), "aware": (run, model)}, channels, "test")
    ways = rows.drop_duplicates(["training", "mitigation"])[["training", "mitigation"]].to_numpy().tolist()
    assert ways == [["ideal", "none"], *(["unaware", name] for name in MITIGATIONS), ["aware", "raw"]]
    assert (rows.groupby(["training", "mitigation"])["seed"].apply(list).map(tuple) == (0, 1)).all()
    means = rows.groupby(["training", "mitigation"])["value"].mean()
    assert means["ideal", "none"] != means["unaware", "raw"]
    assert means["unaware", "raw"] == means["aware", "raw"]  # the same weights here
    assert model.estimator is None


def test_shots_have_their_own_stream_and_converge_to_the_exact_value():
    run, model, channels = studied()
    arguments = "lagos", NOISE, {"unaware": (run, model)}, channels, "test"
    few = device_study.shot_rows(*arguments, [16, 32])
    pd.testing.assert_frame_equal(few, device_study.shot_rows(*arguments, [16, 32]))
    values = few[few["mitigation"] == "raw"].pivot(index="seed", columns="shots", values="value")
    assert (values[16] != values[32]).all()
    exact = device_study.noise_rows(*arguments).set_index(["mitigation", "seed"])["value"]
    many = device_study.shot_rows(*arguments, [MANY]).set_index(["mitigation", "seed"])["value"]
    np.testing.assert_allclose(many["raw"], exact["raw"], rtol=10 / np.sqrt(MANY))


def test_without_noise_every_way_gives_the_ideal_value():
    run, model, channels = studied()
    rows = device_study.noise_rows("none", {"depolarizing": 0.0}, {"unaware": (run, model)}, channels, "test")
    values = rows.pivot(index="seed", columns="mitigation", values="value")
    for name in MITIGATIONS:
        np.testing.assert_allclose(values[name], values["none"], rtol=ROUNDING)


def test_percent_of_ideal_is_of_the_same_seed():
    rows = [
        {"noise": "x", "training": training, "mitigation": "raw", "seed": seed, "unit": "bps/Hz",
         "num_realizations": 7, "value": value}
        for training, values in {"ideal": [1.0, 2.0, 4.0], "unaware": [0.5, 1.0, 2.0], "aware": [1.0, 1.0, 1.0]}.items()
        for seed, value in enumerate(values)
    ]  # fmt: skip
    table = device_study.summary(pd.DataFrame(rows), 5.0, ["noise", "training", "mitigation"])
    assert table["noise"].tolist() == ["ideal", "wmmse", "x", "x"]
    unaware, aware = table.iloc[2], table.iloc[3]
    assert (unaware["percent_of_ideal"], unaware["percent_of_ideal_low"]) == (50, 50)
    assert aware["percent_of_ideal"] == pytest.approx((100 + 50 + 25) / 3)
    assert aware["percent_of_wmmse"] == pytest.approx(20)
    assert table.iloc[0]["mean"] == pytest.approx(7 / 3)
    markdown = device_study.markdown(table, pd.DataFrame())
    assert "| x | unaware | raw | 1.167 [-0.731, 3.064] | 50.0 [50.0, 50.0] | 23.3 |" in markdown


def test_aer_is_compared_with_the_law():
    run, model, channels = studied(num_seeds=1, count=1)
    rows = device_study.aer_rows("lagos", NOISE, run, model, channels, "test", shots=200, repeats=5)
    assert rows["mitigation"].tolist() == list(MITIGATIONS)
    factors = np.array([len(mitigation.factors) for mitigation in MITIGATIONS.values()])
    assert rows["num_values"].tolist() == (factors * 4 * 3 * 2).tolist()  # centers, observables, layers
    assert rows["p_value"].between(1e-5, 1).all()
    assert np.isfinite(rows["rate_z"]).all()


def test_a_foreign_law_is_noticed(monkeypatch):
    """Aer under one device's noise does not follow another's law."""
    run, model, channels = studied(num_seeds=1, count=1)
    exact = device_study.exact

    def without_noise(star, line, **options):
        return exact(star)

    monkeypatch.setattr(device_study, "exact", without_noise)
    rows = device_study.aer_rows("lagos", NOISE, run, model, channels, "test", shots=4000, repeats=2)
    assert (rows["p_value"] < 1e-5).any()
