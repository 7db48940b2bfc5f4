"""Gradients of untrained networks: what is differentiated, the variance with its interval, and the table."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from qgnn_d2d import channels, settings
from qgnn_d2d.analysis import gradients
from qgnn_d2d.settings.gradients import GradientStudy
from qgnn_d2d.training import Trainer, evaluation_leaves

ROOT = Path(__file__).resolve().parents[3]
PAPER = settings.read(ROOT / "config" / "paper.yaml")
RUN = PAPER.runs["rayleigh-stated-qgnn"].model_copy(update={"num_seeds": 3})
DATA = channels.to_channels(channels.realizations(PAPER.scenarios["rayleigh"], 4, 1))
STUDY = GradientStudy(run=RUN.id, k=[1, 3], layers=[1, 2], heads=[1], noise=["p1"], starts=3, realizations=4)


@pytest.fixture(scope="module")
def table():
    return gradients.table(STUDY, RUN, PAPER.noise_models, DATA)


def test_a_gradient_is_the_slope_of_the_loss_of_its_own_start():
    slopes, loss = gradients.gradients(RUN, DATA)
    assert slopes.shape == (3, 2, 1, 18) and slopes.dtype == np.float64
    trainer = Trainer(RUN, DATA, {}, dtype=torch.float64, compiled=False)
    leaves = evaluation_leaves(RUN, trainer.model, DATA, "gradients")
    gain, weight = trainer.train.gain.expand(3, -1, -1, -1), trainer.train.weight.expand(3, -1, -1)
    angles, step, ends = trainer.model.get_parameter("block_angles"), 1e-5, []
    for sign in (1, -1):
        with torch.no_grad():
            angles[1, 1, 0, 4] += sign * step
            ends.append(-trainer.means(gain, weight, leaves).sum().item())
            angles[1, 1, 0, 4] -= sign * step
    assert slopes[1, 1, 0, 4] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)
    assert loss == pytest.approx(sum(ends) / 2 / 3)


def test_starts_in_parts_are_the_same_starts(monkeypatch):
    whole, loss = gradients.gradients(RUN, DATA)
    monkeypatch.setattr(gradients, "_CHUNK", 2)
    parts, same = gradients.gradients(RUN, DATA)
    np.testing.assert_allclose(parts, whole, rtol=1e-9, atol=1e-18)
    assert same == pytest.approx(loss)


def test_the_interval_of_a_variance_covers_it():
    generator = np.random.default_rng(0)
    found = [gradients.variance(generator.normal(5.0, 2.0, (100, 3, 2))) for _ in range(1000)]
    assert np.mean([one["variance"] for one in found]) == pytest.approx(4.0, rel=0.01)
    assert np.mean([one["low"] <= 4.0 <= one["high"] for one in found]) == pytest.approx(0.95, abs=0.02)
    assert gradients.variance(np.ones((3, 2))) == {"variance": 0.0, "low": 0.0, "high": 0.0}


def test_one_option_varies_at_a_time(table):
    assert list(table.columns) == list(gradients.COLUMNS) and len(table) == 2 * 2 * (2 + 2 + 1 + 2)
    point = {"k": 3, "layers": 2, "heads": 1, "noise": gradients.IDEAL}
    for axis, part in table.groupby("axis"):
        others = part[[name for name in point if name != axis]]
        assert (others == [point[name] for name in others]).all(axis=None)
    at_point = table[(table[list(point)] == list(point.values())).all(axis=1)]
    assert at_point.groupby(["start", "angles"])["variance"].nunique().eq(1).all()
    assert (table["qubits"] == 2 * table["k"] + 1).all() and (table["num_angles"] == 18 * table["layers"]).all()
    ranges = table.groupby("start")["start_range"].unique()
    assert ranges["narrow"] == [RUN.architecture.start_range] and ranges["uniform"] == [math.pi]


def test_angles_of_a_circuit_that_noise_destroys_have_no_gradient(table):
    destroyed = table["noise"] == "p1"
    assert (table.loc[destroyed, "variance"] < 1e-25).all() and (table.loc[~destroyed, "variance"] > 1e-15).all()
    single = table[table["layers"] == 1].groupby(["axis", "start"])["variance"]
    assert single.nunique().eq(1).all()  # with one layer, all angles are the first layer's
