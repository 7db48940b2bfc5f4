"""The tuned settings in the config are the best trials of the committed search."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from qgnn_d2d import tuning

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("run", CONFIG["tuned"])
def test_tuned_settings_are_the_best_trial(run):
    record = pd.read_csv(ROOT / "results" / "reference" / "tuning" / f"{run}.csv")
    assert tuning.best(record) == CONFIG["tuned"][run]


def test_every_model_had_the_same_trials():
    records = [
        pd.read_csv(ROOT / "results" / "reference" / "tuning" / f"{run}.csv")[
            ["trial", "learning_rate", "batch_size", "epochs", "seed"]
        ]
        for run in CONFIG["tuned"]
    ]
    assert len(records[0]) == CONFIG["tuning"]["trials"] * CONFIG["tuning"]["num_seeds"]
    for record in records[1:]:
        pd.testing.assert_frame_equal(record, records[0])
    settings = records[0].drop(columns="seed").drop_duplicates().set_index("trial").to_dict("records")
    assert settings == tuning.trials(CONFIG["tuning"]["trials"], CONFIG["seed"], CONFIG["tuning"])
