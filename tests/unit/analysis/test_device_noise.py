"""The noise study's rows, on a depolarizing device."""

import numpy as np
import pandas as pd
import pytest
import torch

from qgnn_d2d.analysis import device_noise
from qgnn_d2d.quantum.mitigation import MITIGATIONS
from qgnn_d2d.settings import NoiseModel
from tests.unit.analysis.cases import studied

NOISE = NoiseModel(depolarizing=0.05)
ROUNDING = 1e-6  # float32


def test_every_training_is_measured_in_its_ways():
    settings, model, data = studied()
    rows = device_noise.noise_rows(
        "noisy", NOISE, {"unaware": (settings, model), "aware": (settings, model)}, data, "test"
    )
    ways = rows.drop_duplicates(["training", "mitigation"])[["training", "mitigation"]].to_numpy().tolist()
    assert ways == [["ideal", "none"], *(["unaware", name] for name in MITIGATIONS), ["aware", "raw"]]
    assert (rows.groupby(["training", "mitigation"])["seed"].apply(list).map(tuple) == (0, 1)).all()
    means = rows.groupby(["training", "mitigation"])["value"].mean()
    assert means["ideal", "none"] != means["unaware", "raw"]
    assert means["unaware", "raw"] == means["aware", "raw"]  # the same weights here
    assert model.estimator is None


def test_shots_have_their_own_stream(monkeypatch):
    monkeypatch.setattr(device_noise, "MITIGATIONS", {"raw": MITIGATIONS["raw"]})  # the others take longer
    settings, model, data = studied()
    arguments = "noisy", NOISE, {"unaware": (settings, model)}, data, "test"
    few = device_noise.noise_rows(*arguments, [16, 32])
    pd.testing.assert_frame_equal(few, device_noise.noise_rows(*arguments, [16, 32]))
    values = few[few["mitigation"] == "raw"].pivot(index="seed", columns="shots", values="value")
    assert (values[16] != values[32]).all()
    other = device_noise.noise_rows("other name", *arguments[1:], [16])
    assert (other["value"].to_numpy() != few[few["shots"].isna() | (few["shots"] == 16)]["value"].to_numpy()).any()


def test_without_noise_every_way_gives_the_ideal_value():
    settings, model, data = studied()
    rows = device_noise.noise_rows("none", NoiseModel(depolarizing=0.0), {"unaware": (settings, model)}, data, "test")
    values = rows.pivot(index="seed", columns="mitigation", values="value")
    for name in MITIGATIONS:
        np.testing.assert_allclose(values[name], values["none"], rtol=ROUNDING)


@pytest.mark.parametrize(
    ("shots", "line"),
    [
        (64, "shots are 64; they must be their number and a torch.Generator, or None"),
        ((64,), r"shots are \(64,\); they must be their number and a torch.Generator, or None"),
        ((64, None), "generator of shots is None; it must be a torch.Generator"),
        ((0, torch.Generator()), "shots is 0; it must be an integer of at least 1"),
        ((1.5, torch.Generator()), "shots is 1.5; it must be an integer of at least 1"),
    ],
)
def test_shots_without_their_generator_are_refused(shots, line):
    _, model, _ = studied()
    with pytest.raises(ValueError, match=line):
        device_noise.noisy_estimator(model, NOISE, "raw", shots)


def test_an_unknown_mitigation_is_refused():
    with pytest.raises(ValueError, match="mitigation is 'zne'; it must be one of: raw, "):
        device_noise.noisy_estimator(studied()[1], NOISE, "zne")
