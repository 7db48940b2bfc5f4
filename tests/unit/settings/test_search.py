"""What `snakemake tune` compares, and that the paper's config holds what it found."""

import runpy

import pandas as pd
import pytest
import yaml

from qgnn_d2d.settings import search
from qgnn_d2d.training.search import best, change_text, trials
from tests.runs import ROOT
from tests.unit.settings.configs import CONFIG, PAPER, SMOKE

SEARCH = search.read(PAPER, CONFIG)
RECORDS = ROOT / "results" / "reference"


@pytest.mark.parametrize("run", SEARCH.tuning.runs)
def test_tuned_settings_are_the_best_trial(run):
    training = PAPER.runs[run].training
    assert best(pd.read_csv(RECORDS / "tuning" / f"{run}.csv")) == {
        name: getattr(training, name) for name in ("learning_rate", "batch_size", "epochs")
    }


@pytest.mark.parametrize("model", ["qgnn_released", "gcn_released"])
def test_public_draws_take_the_learning_rates_tuned_on_rayleigh(model):
    rates = {PAPER.runs[f"{name}-released-{model}"].training.learning_rate for name in ("public_draws", "rayleigh")}
    assert len(rates) == 1


def test_tuned_yaml_is_what_make_tuned_writes():
    path = ROOT / "scripts" / "adopt_tuning.py"
    adopt = runpy.run_path(str(path))
    assert (CONFIG / "tuned.yaml").read_text() == adopt["HEAD"] + adopt["section"](PAPER, RECORDS / "tuning")


def test_every_model_had_the_same_trials():
    columns = ["trial", "learning_rate", "batch_size", "epochs", "seed"]
    records = [pd.read_csv(RECORDS / "tuning" / f"{run}.csv")[columns] for run in SEARCH.tuning.runs]
    assert len(records[0]) == SEARCH.tuning.trials * SEARCH.tuning.num_seeds
    assert all(record.equals(records[0]) for record in records)
    found = records[0].drop(columns="seed").drop_duplicates().set_index("trial").to_dict("records")
    assert found == trials(SEARCH.tuning, PAPER.seed)


@pytest.mark.parametrize("run", SEARCH.choices.runs)
def test_chosen_settings_are_the_best_variant(run):
    choice = SEARCH.choices.runs[run]
    record = pd.read_csv(RECORDS / "choices" / f"{run}.csv")
    assert [change_text(trial) for trial in choice.trials] == list(record.groupby("trial")["changes"].first())
    chosen = choice.trials[record.groupby("trial")["value"].mean().idxmax()]
    assert PAPER.runs[run] == PAPER.runs[run].changed(choice.start).changed(chosen)


def test_every_choice_had_as_many_variants_and_seeds():
    counts = {len(pd.read_csv(RECORDS / "choices" / f"{run}.csv")) for run in SEARCH.choices.runs}
    assert counts == {len(choice.trials) * SEARCH.choices.num_seeds for choice in SEARCH.choices.runs.values()}
    assert len(counts) == 1 and SEARCH.choices.of(run := "rayleigh-stated-gcn-drop").runs == {
        run: SEARCH.choices.runs[run]
    }


def test_runs_without_tuned_settings_are_tuned_too():
    assert SEARCH.tunable(PAPER) == SEARCH.tuning.runs
    assert search.read(SMOKE, CONFIG) == search.Search()
    run = search.untuned(PAPER.runs["rayleigh-stated-qgnn"])
    assert run == search.untuned(PAPER.runs["rayleigh-stated-qgnn"].changed({"epochs": 1, "learning_rate": 0.5}))


RUN = "rayleigh-stated-gcn"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"tuning": {"learning_rate": [0.1, 0.01]}}, ["search.yaml.tuning", "learning_rate", "lowest one", "first"]),
        ({"tuning": {"learning_rate": [0.1]}}, ["search.yaml.tuning.learning_rate", "at least 2"]),
        ({"tuning": {"trials": 0}}, ["search.yaml.tuning.trials is 0"]),
        ({"tuning": {"runs": ["nobody"]}}, ["run under search.yaml", "'nobody'", RUN]),
        ({"choices": {"runs": {"nobody": {"start": {}, "trials": [{}]}}}}, ["'nobody'", RUN]),
        ({"choices": {"runs": {RUN: {"start": {}, "trials": []}}}}, ["trials", "[]"]),
        ({"choices": {"runs": {RUN: {"start": {}, "trials": [{"heads": 2}]}}}}, [RUN, "'heads'", "iterations"]),
        ({"choices": {"runs": {RUN: {"start": {"epochs": 0}, "trials": [{}]}}}}, [RUN, "epochs is 0"]),
        ({"tuning": {"batch_size": [16, 301]}}, ["search.yaml: batch_size is up to 301", "at most splits.train = 300"]),
        ({"search": {}}, ["search.yaml: unknown key 'search'"]),
    ],
)
def test_mistakes_are_one_line(content, words, tmp_path):
    (tmp_path / "search.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ValueError) as caught:
        search.read(PAPER, tmp_path)
    assert "\n" not in str(caught.value) and all(word in str(caught.value) for word in words), str(caught.value)


def test_the_file_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"search\.yaml"):
        search.read(PAPER, tmp_path)
