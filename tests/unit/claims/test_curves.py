"""C1 to C7, on curves with known answers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d.claims.curves import CLAIMS, Scores, headroom
from tests.unit.claims.made_up import SEEDS, pair, scores
from tests.unit.claims.test_judge import judged, verdicts

MEASURE = {claim.id: claim.measure for claim in CLAIMS}


def test_the_papers_own_numbers_are_reproduced():
    assert verdicts(pair(gap=0.05, rate=2.0)) == {f"C{i}": "reproduced" for i in range(1, 8)}


def test_other_numbers_are_not_reproduced():
    found = verdicts(pair(qgnn=3.0, gcn=3.65, wmmse=3.4, rate=0.2))
    assert found == {f"C{i}": "not reproduced" for i in range(1, 8) if i != 5} | {"C5": "reproduced"}


def test_a_wide_interval_never_helps():
    assert verdicts(pair(qgnn=2.60))["C1"] == "not reproduced"
    assert verdicts(pair(qgnn=2.60, spread=0.5))["C1"] == "undecided"


def test_wmmse_is_told_in_both_units_where_it_is_in_bits():
    assert "WMMSE at 2.52 (1.75 in nats)" in judged(pair())["C1"]["why"]  # 2.52 ln 2
    released = judged(pair(qgnn=2.0), pair(protocol="released"))["C1"]
    assert released["verdict"].startswith("reproduced only") and "WMMSE at 2.52;" in released["why"]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"optimum": (2.1, None)}, "on this test set the certified optimum is 5.00 % above WMMSE"),
        (
            {"best_found": (2.1, 0.75), "bound": (2.2, 0.75)},
            "the optimum, certified for 75.0 % of this test set, is at most 10.0 % above WMMSE",
        ),
        ({}, "no optimum was searched for"),
    ],
)
def test_how_far_the_optimum_is_above_wmmse_is_told_as_far_as_it_is_known(others, words):
    rows = {"wmmse": (2.0, None), **others}
    means = [("sum_rate", "test", solver, mean, share) for solver, (mean, share) in rows.items()]
    means += [("sum_rate", "evaluation", "optimum", 9.0, None), ("released_metric", "test", "optimum", 9.0, None)]
    baselines = pd.DataFrame(means, columns=["metric", "split", "solver", "mean", "certified_share"])
    assert headroom("sum_rate", baselines) == words
    assert words in judged(replace(pair(), headroom=words))["C2"]["why"]


def test_the_first_epoch_is_that_of_the_mean_curve_with_its_interval_over_seeds():
    # Half of the seeds are above the line at epoch 1; a mean is only if it is of these alone, in 1 of 1,024 resamples.
    late = np.arange(SEEDS) % 2 == 1
    curves = np.stack([np.where(late, 0.0, 0.9), np.where(late, 0.0, 2.1), np.full(SEEDS, 3.0)], axis=1)
    measured = MEASURE["C4"](replace(pair(wmmse=2.0), qgnn=Scores(curves, curves, curves[:, -1], 83)))
    assert (measured.value, measured.low, measured.high) == (2.0, 2.0, 2.0)
    assert measured.note == "10 of 10 seeds end above"
    assert MEASURE["C4"](pair(qgnn=2.0, wmmse=2.5)).value == np.inf


def test_the_interval_of_the_first_epoch_is_a_percentile_bootstrap_over_seeds():
    line, offsets = 1000.5, np.random.default_rng(1).normal(0, 300, SEEDS)
    curves = np.arange(2001.0) + offsets[:, None]
    measured = MEASURE["C4"](replace(pair(wmmse=line), qgnn=Scores(curves, curves, curves[:, -1], 83)))
    resampled = offsets[np.random.default_rng(0).integers(SEEDS, size=(999, SEEDS))].mean(axis=1)
    firsts = np.sort(np.floor(line - resampled) + 1)
    assert measured.value == np.floor(line - offsets.mean()) + 1
    assert (measured.low, measured.high) == (firsts[24], firsts[974])  # 2.5 and 97.5 %


def test_the_gap_is_that_of_the_mean_curves():
    """Seeds that scatter to both sides of zero have a small mean gap."""
    item = pair()
    scattered = item.qgnn.test * (1 + 0.05 * np.where(np.arange(SEEDS) % 2, 1, -1)[:, None])
    measured = MEASURE["C5"](replace(item, qgnn=Scores(item.qgnn.test, scattered, item.qgnn.evaluation, 83)))
    assert abs(measured.value) < 0.1
    assert "single seeds' gaps: 5.00 %" in measured.note


def test_collapsed_seeds_count_as_not_converged():
    collapsed = np.tile(np.linspace(1.0, 0.0, 21), (SEEDS, 1))
    item = replace(pair(), qgnn=Scores(collapsed, collapsed, collapsed[:, -1], 83))
    assert verdicts(item)["C6"] == "not testable"
    assert judged(item)["C6"]["why"].startswith("Fewer than two seeds")
    assert np.isfinite(MEASURE["C5"](item).high) and MEASURE["C4"](item).value == np.inf


def test_steps_and_epochs_of_a_small_gcn_are_told():
    item = replace(pair(), gcn_small=replace(scores(2.5, 81), steps=5))
    why = judged(item)["C6"]["why"]
    assert "(a GCN of 81 parameters " in why
    assert "; a GCN of 81 parameters" in MEASURE["C6"](item).note and "(10 seeds)" in MEASURE["C6"](item).note


@pytest.mark.parametrize("parameters", [1233, 2000])
def test_as_many_parameters_are_not_fewer(parameters):
    found = judged(pair(parameters=parameters, rate=2.0))["C7"]
    assert found["verdict"] == "not reproduced"
    assert found["why"] == f"{parameters} against 1233 parameters: not fewer."


def test_the_larger_set_is_noted():
    assert "evaluation set 2.67 [" in MEASURE["C1"](pair()).note
