"""What curves say, on curves with known answers."""

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d.analysis import convergence


def manifest(run, epochs, model="qgnn"):
    return {
        "settings": {"id": run, "model": model, "protocol": "stated", "training": {"epochs": epochs}},
        "num_parameters": {"quantum": 36, "classical": 47, "total": 83},
    }


def tidy(run, train, test):
    rows = [
        (run, seed, epoch, split, "sum_rate", value)
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
    text = convergence.markdown(found.reset_index())
    assert "18.0 [18.0, 18.0] (2 of 2)" in text and "(0 of 2)" in text


def test_one_seed_has_no_interval():
    curve = np.linspace(1, 2, 21)[None]
    (row,) = convergence.table([manifest("a", 20)], tidy("a", curve, curve)).to_dict("records")
    assert np.isnan(row["test_final_low"])


def test_missing_run_is_named():
    with pytest.raises(ValueError, match="run z has no curves"):
        convergence.by_split("z", tidy("a", np.ones((1, 2)), np.ones((1, 2))))
