"""The search for training settings."""

import pandas as pd
import pytest

from qgnn_d2d.training import search as tuning
from tests.unit.test_training import channels, settings

SPACE = {"trials": 2, "num_seeds": 2, "learning_rate": [1e-3, 5e-2], "batch_size": [4, 8], "epochs": [1, 2]}


def test_trials_are_within_the_space_and_the_same_for_all():
    trials = tuning.trials(8, 3, SPACE)
    assert trials == tuning.trials(8, 3, SPACE)
    assert all(1e-3 <= trial["learning_rate"] <= 5e-2 for trial in trials)
    assert {trial["batch_size"] for trial in trials} == {4, 8}
    assert {trial["epochs"] for trial in trials} == {1, 2}


def test_search_records_every_trial_and_seed():
    record = tuning.search(settings("gcn"), channels(), channels(seed=1), SPACE)
    assert len(record) == 4
    assert set(record["metric"]) == {"sum_rate"}
    assert tuning.best(record) in tuning.trials(2, settings().seed, SPACE)


def test_best_takes_the_highest_mean():
    record = pd.DataFrame(
        {
            "run": "r",
            "trial": [0, 0, 1, 1],
            "learning_rate": [0.1, 0.1, 0.2, 0.2],
            "batch_size": 4,
            "epochs": [1, 1, 2, 2],
            "value": [1.0, 4.0, 2.0, 2.9],
        }
    )
    assert tuning.best(record) == {"learning_rate": 0.1, "batch_size": 4, "epochs": 1}
    with pytest.raises(ValueError, match="must be of one run"):
        tuning.best(record.assign(run=["a", "a", "b", "b"]))
