"""What curves say, on curves with known answers."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.analysis import convergence
from tests.strategies import FINITE, SEEDS, refused, samples


def manifest(run, epochs, model="qgnn"):
    return {
        "settings": {"id": run, "model": model, "protocol": "stated", "training": {"epochs": epochs}},
        "num_parameters": {"quantum": 36, "classical": 47, "total": 83},
    }


def tidy(run, train, test, every=1):
    rows = [
        (run, seed, every * epoch, split, "sum_rate", value)
        for split, curves in {"train": train, "test": test}.items()
        for seed, curve in enumerate(curves)
        for epoch, value in enumerate(curve)
    ]
    return pd.DataFrame(rows, columns=["run", "seed", "epoch", "split", "metric", "value"])


def test_table_of_known_curves():
    rising = np.array([np.linspace(1, 2, 21), np.linspace(1, 2, 21)])
    stuck = np.ones((2, 6))
    curves = pd.concat([tidy("a", 1.25 * rising, rising), tidy("b", stuck, stuck)])
    found = convergence.table([manifest("a", 20), manifest("b", 5)], curves).set_index("run")
    a, b = found.loc["a"], found.loc["b"]
    assert a["epochs_to_95"] == 18 and a["epochs_to_95_low"] == 18 and a["seeds_converged"] == 2
    assert a["test_after_4"] == pytest.approx(1.2) and a["test_after_10"] == pytest.approx(1.5)
    assert np.isnan(a["test_after_50"]) and a["test_final"] == 2 and a["train_final"] == 2.5
    assert a["gap"] == pytest.approx(20) and a["parameters"] == 83
    assert b["seeds_converged"] == 0 and np.isnan(b["epochs_to_95"]) and b["gap"] == 0


def test_points_of_a_long_training_are_taken_at_their_epochs():
    """Scored every second epoch: 40 epochs in 21 points."""
    rising = np.array([np.linspace(1, 2, 21), np.linspace(1, 2, 21)])
    (row,) = convergence.table([manifest("a", 40)], tidy("a", rising, rising, every=2)).to_dict("records")
    assert row["epochs_to_95"] == 36
    assert row["test_after_4"] == pytest.approx(1.1) and row["test_after_10"] == pytest.approx(1.25)
    curves = convergence.of_run("a", tidy("a", rising, rising, every=2))
    assert convergence.first_epoch_above(curves.test[0], 1.49, curves.epochs) == 20


def test_curves_of_other_epochs_on_the_two_sets_are_refused():
    rows = tidy("a", np.ones((1, 3)), np.ones((1, 3)))
    refused(lambda: convergence.of_run("a", rows[(rows["split"] == "train") | (rows["epoch"] != 1)]), "run a", "epochs")


def test_one_seed_has_no_interval():
    curve = np.linspace(1, 2, 21)[None]
    (row,) = convergence.table([manifest("a", 20)], tidy("a", curve, curve)).to_dict("records")
    assert np.isnan(row["test_final_low"])


def test_missing_run_is_named():
    with pytest.raises(ValueError, match="run z has no curves"):
        convergence.of_run("z", tidy("a", np.ones((1, 2)), np.ones((1, 2))))


# ---------------------------------------------------------------------------------------------------------------------
# Any curves


@given(curves=samples(2, 1, 5, st.floats(0, 10)), share=st.sampled_from([0.5, 0.95, 1.0]))
def test_epochs_to_share_is_the_first_epoch_at_that_share(curves, share):
    found = convergence.epochs_to_share(curves, np.arange(curves.shape[1]), share)
    assert found.shape == curves.shape[:1]
    for curve, epoch in zip(curves, found, strict=True):
        if not np.isinf(epoch) and curve[-1] > 0:
            assert curve[int(epoch)] >= share * curve[-1]
            assert (curve[: int(epoch)] < share * curve[-1]).all()


@given(curve=samples(1), level=FINITE)
def test_first_epoch_above_stays_above(curve, level):
    found = convergence.first_epoch_above(curve, level, np.arange(len(curve)))
    if np.isinf(found):
        assert curve[-1] <= level
    else:
        assert (curve[int(found) :] > level).all() and (found == 0 or curve[int(found) - 1] <= level)


@given(pair=samples(2, 2, 4))
def test_gap_is_a_percentage_of_training(pair):
    train, test = pair[0], pair[1]
    found = convergence.gap(train, test)
    np.testing.assert_array_equal(found[train <= 0], 0)
    assert (found >= 0).all()


@given(
    values=samples(2, 1, 4), bad=st.sampled_from([None, "gap", "twice", math.nan, math.inf, "other run"]), seed=SEEDS
)
def test_curves_come_back_by_seed_and_epoch_or_are_refused(values, bad, seed):
    curves = tidy("a", values, values).sample(frac=1, random_state=seed % 1000)
    if bad is None:
        found = convergence.of_run("a", curves)
        for of_split in (found.train, found.test):
            np.testing.assert_array_equal(of_split, values)
        assert found.epochs.tolist() == list(range(values.shape[1]))
        return
    if bad == "gap":
        if 1 in values.shape:
            return  # the whole epoch or seed is gone: a shorter curve
        curves = curves.iloc[1:]
    elif bad == "twice":
        curves = pd.concat([curves, curves.iloc[:1]])
    elif isinstance(bad, float):
        curves = curves.assign(value=curves["value"].where(np.arange(len(curves)) != seed % len(curves), bad))
    else:
        curves = curves.assign(run="b")
    refused(lambda: convergence.of_run("a", curves), "run a")
