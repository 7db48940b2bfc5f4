"""The tuned settings in the config are the best trials of the committed search."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from qgnn_d2d.settings import configuration
from qgnn_d2d.training import search as tuning

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text(encoding="utf-8"))
STUDY = configuration.load(CONFIG)[0]


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


@pytest.mark.parametrize("run", CONFIG["choices"]["runs"])
def test_chosen_settings_are_the_best_variant(run):
    choice = CONFIG["choices"]["runs"][run]
    record = pd.read_csv(ROOT / "results" / "reference" / "choices" / f"{run}.csv")
    assert [tuning.change_text(trial) for trial in choice["trials"]] == list(record.groupby("trial")["changes"].first())
    best = choice["trials"][record.groupby("trial")["value"].mean().idxmax()]
    settings = STUDY.runs[run]
    assert settings == settings.changed(choice["start"]).changed(best)


def test_every_choice_had_as_many_variants_and_seeds():
    sizes = {
        len(pd.read_csv(ROOT / "results" / "reference" / "choices" / f"{run}.csv")) for run in CONFIG["choices"]["runs"]
    }
    assert sizes == {
        len(choice["trials"]) * CONFIG["choices"]["num_seeds"] for choice in CONFIG["choices"]["runs"].values()
    }
    assert len(sizes) == 1
