import io
import math

import pandas as pd
import pytest

from qgnn_d2d.settings.search import Tuning
from qgnn_d2d.settings.training import Cap
from qgnn_d2d.training import Trainer, search, train
from tests.unit.training.cases import channels, run_of

SPACE = Tuning(trials=2, num_seeds=2, learning_rate=[1e-3, 5e-2], batch_size=[4, 8], epochs=[1, 2])
RUN = run_of("gcn_small", num_seeds=1)


def test_trials_are_within_the_space_and_the_same_for_all():
    space = SPACE.model_copy(update={"trials": 8})
    found = search.trials(space, 3)
    assert found == search.trials(space, 3) != search.trials(space, 4)
    assert all(1e-3 <= trial["learning_rate"] <= 5e-2 for trial in found)
    assert {trial["batch_size"] for trial in found} == {4, 8} and {trial["epochs"] for trial in found} == {1, 2}


def test_every_trial_and_seed_is_recorded():
    progress = io.StringIO()
    record = search.search(RUN, channels(), channels(seed=1), SPACE, progress=progress)
    assert list(record) == ["run", "trial", "learning_rate", "batch_size", "epochs", "seed", "metric", "value"]
    assert record[["trial", "seed"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert set(record["metric"]) == {"sum_rate"} and "tuning a-run" in progress.getvalue()
    assert search.best(record) in search.trials(SPACE, RUN.seed)


def test_scores_are_those_of_a_training_after_its_last_epoch():
    changes = [{}, {"learning_rate": 0.05, "update_width": 8}]
    record = search.compare(RUN, channels(), channels(seed=1), changes, 2)
    assert list(record) == ["run", "trial", "changes", "parameters", "seed", "metric", "value"]
    assert list(record["changes"].unique()) == ["as it starts", "learning_rate = 0.05, update_width = 8"]
    assert list(record["parameters"].unique()) == [81, 117]
    for trial, change in enumerate(changes):
        run = RUN.changed(change).model_copy(update={"num_seeds": 2})
        curves = train(run, channels(), {"validation": channels(seed=1)}).curves
        last = curves[curves["epoch"] == 2]["value"].tolist()
        assert record[record["trial"] == trial]["value"].tolist() == last


def test_the_validation_split_has_no_part_in_training(monkeypatch):
    seen = []
    init = Trainer.__init__
    monkeypatch.setattr(
        Trainer,
        "__init__",
        lambda self, run, train, monitored: seen.append(monitored) or init(self, run, train, monitored),
    )
    search.compare(RUN, channels(), channels(seed=1), [{}], 1)
    assert seen == [{}]


def test_a_cap_holds_for_trials(monkeypatch):
    seen = []
    monkeypatch.setattr(search, "_scores", lambda run, *_: seen.append(run.training) or ([], 1))
    search.search(RUN, channels(), channels(), SPACE, cap=Cap(epochs=1, batch_size=3))
    search.compare(RUN, channels(), channels(), [{"epochs": 50}], 1, cap=Cap(epochs=4, batch_size=100))
    assert [(training.epochs, training.batch_size) for training in seen] == [(1, 3), (1, 3), (4, 8)]


@pytest.mark.parametrize(("change", "words"), [({"depth": 2}, "'depth'"), ({"epochs": 0}, "epochs is 0")])
def test_impossible_changes_are_refused_before_anything_is_trained(change, words, monkeypatch):
    monkeypatch.setattr(search, "_scores", lambda *_: pytest.fail("trained"))
    with pytest.raises(ValueError, match=words):
        search.compare(RUN, channels(), channels(), [{}, change], 1)


def record_of(**changes):
    settings = {"learning_rate": [0.1, 0.1, 0.2, 0.2], "batch_size": 4, "epochs": [1, 1, 2, 2]}
    return pd.DataFrame({"run": "r", "trial": [0, 0, 1, 1], **settings, "value": [1.0, 4.0, 2.0, 2.9], **changes})


def test_the_best_trial_has_the_highest_mean_of_finite_scores():
    first = {"learning_rate": 0.1, "batch_size": 4, "epochs": 1}
    second = {"learning_rate": 0.2, "batch_size": 4, "epochs": 2}
    assert search.best(record_of()) == search.best(record_of(value=1.0)) == first
    assert search.best(record_of(value=[9.0, math.nan, 2.0, 2.9])) == second
    assert search.best(record_of(value=[9.0, math.inf, 2.0, 2.9])) == second


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"run": ["a", "a", "b", "b"]}, "must be of one run"), ({"value": math.nan}, "run r has no finite score")],
)
def test_records_without_a_best_trial_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        search.best(record_of(**changes))
