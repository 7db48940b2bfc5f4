"""C1 to C7, on curves with known answers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d.analysis.statistics import t_interval
from qgnn_d2d.claims.curves import CLAIMS
from qgnn_d2d.claims.pairs import headroom
from tests.unit.claims.made_up import SEEDS, pair, scored, scores
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
        ({"optimum": (2.1, None)}, "on this set the certified optimum is 5.00 % above WMMSE"),
        (
            {"best_found": (2.1, 0.75), "bound": (2.2, 0.75)},
            "on this set the best powers known are 5.00 % above WMMSE, and the optimum, certified for 75.0 %, is at "
            "most 10.0 % above it",
        ),
        ({}, "no optimum was searched for"),
    ],
)
def test_how_far_the_optimum_is_above_wmmse_is_told_as_far_as_it_is_known(others, words):
    rows = {"wmmse": (2.0, None), **others}
    means = [("sum_rate", "evaluation", solver, mean, share) for solver, (mean, share) in rows.items()]
    means += [("sum_rate", "test", "optimum", 9.0, None), ("released_metric", "evaluation", "optimum", 9.0, None)]
    baselines = pd.DataFrame(means, columns=["metric", "split", "solver", "mean", "certified_share"])
    assert headroom("sum_rate", baselines) == words
    assert words in judged(replace(pair(), headroom=words))["C2"]["why"]


def test_without_an_optimum_the_gap_has_no_measure():
    item = replace(pair(), optimum={"train": np.nan, "test": np.nan})
    assert verdicts(item)["C5"] == "not testable"


def test_where_the_optimum_is_not_certified_the_gap_says_what_its_shares_are_of():
    assert not MEASURE["C5"](pair()).note.startswith("in percent of the best known")
    note = MEASURE["C5"](replace(pair(), certified=0.85)).note
    assert note.startswith("in percent of the best known value (optimum certified for 85 %); mean curves: ")


def test_wmmses_line_is_named_and_the_other_starts_are_noted():
    starts = {"a": (2.4, np.array([[2.4, 2.4]])), "b": (9.0, np.array([[9.0, 9.0]]))}
    item = replace(pair(), line="WMMSE, some start", starts=starts)
    found = MEASURE["C3"](item)
    assert found.note.startswith("line: WMMSE, some start; over a 5.00 %; over b -72.0 %; test set ")
    assert abs(found.value) < 0.1 and "from that of WMMSE, some start." in judged(item)["C3"]["why"]
    assert "; above a: 4; above b: never" in MEASURE["C4"](item).note
    assert "the line of WMMSE, some start (2.52) at epoch 5" in judged(item)["C4"]["why"]


def with_curves(curves, wmmse):
    return replace(pair(wmmse=wmmse), qgnn=scored(curves, curves, 83))


def test_the_first_epoch_is_that_of_the_mean_curve():
    # Single seeds are above the line at epoch 1; their mean is not, with any probability that an interval tells.
    late = np.arange(SEEDS) % 2 == 1
    curves = np.stack([np.where(late, 0.0, 0.9), np.where(late, 0.0, 2.1), np.full(SEEDS, 3.0)], axis=1)
    measured = MEASURE["C4"](with_curves(curves, 2.0))
    assert (measured.value, measured.low, measured.high) == (2.0, 2.0, 2.0)
    assert measured.note == "first crossing: epoch 2; 10 of 10 seeds end above"
    assert MEASURE["C4"](pair(qgnn=2.0, wmmse=2.5)).value == np.inf


def test_the_first_crossing_stands_beside_where_the_curve_comes_back():
    curves = np.tile([0.0, 3.0, 1.0, 3.0, 3.0], (SEEDS, 1))
    measured = MEASURE["C4"](with_curves(curves, 2.0))
    assert measured.value == 3.0 and measured.note.startswith("first crossing: epoch 1;")
    why = judged(with_curves(curves, 2.0))["C4"]["why"]
    assert "WMMSE, full-power start (2.00) at epoch 1 for the first time, and from epoch 3 on; it ends" in why
    why = judged(with_curves(curves, 9.0))["C4"]["why"]
    assert "at no epoch for the first time, and from no epoch on; it ends 66.7 % below the line" in why


def test_convergence_is_told_to_an_absolute_level_that_both_reach():
    slow, fast = (np.tile(np.linspace(0.0, end, 21), (SEEDS, 1)) for end in (2.0, 4.0))
    item = replace(pair(), qgnn=replace(scored(slow, slow, 83), steps=10), gcn=replace(scored(fast, fast, 9), steps=1))
    why = judged(item)["C6"]["why"]  # 95 % of the lower end, 1.9: after 19 epochs of 20, and 10 of 20
    assert why.endswith("To 1.90, which both mean curves reach, it is 190 and 10 steps.")


def test_the_interval_of_the_first_epoch_is_a_t_interval_over_seeds():
    line, offsets = 1000.5, np.random.default_rng(1).normal(0, 300, SEEDS)
    measured = MEASURE["C4"](with_curves(np.arange(2001.0) + offsets[:, None], line))
    low, high = t_interval(line - offsets)  # each curve is above the line from line - offset on
    assert measured.value == np.floor(line - offsets.mean()) + 1
    assert (measured.low, measured.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_the_gap_is_that_of_the_mean_curves():
    """Seeds that scatter to both sides of zero have a small mean gap."""
    item = pair()
    scattered = item.qgnn.curves.test * (1 + 0.05 * np.where(np.arange(SEEDS) % 2, 1, -1)[:, None])
    measured = MEASURE["C5"](replace(item, qgnn=scored(item.qgnn.curves.test, scattered, 83)))
    assert abs(measured.value) < 0.1
    assert "single seeds' gaps: 5.0" in measured.note  # 2.67 is nearly the optimum


def test_the_gap_is_a_difference_of_shares_of_each_sets_optimum():
    item = replace(pair(gap=0.05), optimum={"train": 1.05 * 3.0, "test": 3.0})  # the sets differ as the GCN's curves do
    assert "GCN 0.00 points" in MEASURE["C5"](item).note


def test_collapsed_seeds_count_as_not_converged():
    collapsed = np.tile(np.linspace(1.0, 0.0, 21), (SEEDS, 1))
    item = replace(pair(), qgnn=scored(collapsed, collapsed, 83))
    assert verdicts(item)["C6"] == "not testable"
    assert judged(item)["C6"]["why"].startswith("Fewer than two seeds")
    assert np.isfinite(MEASURE["C5"](item).high) and MEASURE["C4"](item).value == np.inf


def test_steps_and_epochs_of_a_small_gcn_are_told():
    item = replace(pair(), gcn_small=replace(scores(2.5, 81), steps=5))
    why = judged(item)["C6"]["why"]
    assert "; a GCN of 81 parameters " in why
    assert "; a GCN of 81 parameters" in MEASURE["C6"](item).note and "(10 seeds)" in MEASURE["C6"](item).note


@pytest.mark.parametrize("parameters", [1233, 2000])
def test_as_many_parameters_are_not_fewer(parameters):
    found = judged(pair(parameters=parameters, rate=2.0))["C7"]
    assert found["verdict"] == "not reproduced"
    assert found["why"] == f"{parameters} against 1233 parameters: not fewer."


def test_the_large_set_decides_and_the_test_set_is_noted():
    item = pair()
    other = replace(item, qgnn=replace(item.qgnn, evaluation=item.qgnn.evaluation + 1.0))
    measured = MEASURE["C1"](other)
    assert measured.value == pytest.approx(3.67, abs=1e-3) and "test set 2.67 [" in measured.note


def test_steps_are_judged_and_not_epochs():
    item = replace(pair(), gcn=replace(pair().qgnn, steps=10), qgnn=replace(pair().qgnn, steps=1))
    measured = MEASURE["C6"](item)
    epochs = measured.facts["qgnn_epochs"]
    assert measured.facts["gcn_epochs"] == epochs and measured.value == pytest.approx(-9 * epochs)
