"""Trained runs: found, named, loaded; and a validation split that nothing else has seen."""

import shutil

import pytest
import torch

from qgnn_d2d.artifact import trained
from qgnn_d2d.channels import draw_splits
from tests.unit import studied


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return studied.make(tmp_path_factory.mktemp("study"))


def test_runs_that_are_there_are_found_in_the_studys_order(results, tmp_path):
    found = trained.find(results)
    assert list(found.runs) == list(found.study.runs) and found.models == ["gcn_small", "qgnn", "qgnn_released"]
    copy = shutil.copytree(results.parents[1], tmp_path / "copy") / "results" / "mine"
    shutil.rmtree(copy / "training" / studied.RUN)
    assert list(trained.find(copy).runs) == list(found.study.runs)[1:]
    assert trained.find(copy).runs_of("gcn_small")[0] == "rayleigh-released-gcn_small"


def test_a_model_means_the_studys_first_run_of_it(results):
    found = trained.find(results)
    assert found.runs_of("gcn_small")[0] == studied.RUN and len(found.runs_of("gcn_small")) == 4
    assert found.runs_of("gcn_small", "other") == ["other-stated-gcn_small"]
    names = {"gcn_small": studied.RUN} | {name: f"rayleigh-stated-{name}" for name in ("qgnn", "qgnn_released")}
    assert found.first_runs() == names and list(found.first_runs()) == found.models
    assert found.first_runs("other") == {"gcn_small": "other-stated-gcn_small"}


def test_a_run_is_loaded_with_all_seeds(results):
    assert trained.find(results).load(studied.RUN).num_seeds == 6


def test_the_validation_split_is_the_studys(results):
    found = trained.find(results)
    drawn = draw_splits(found.study, "rayleigh", ["validation"])["validation"]
    assert torch.equal(found.validation(studied.RUN).gain, torch.tensor(drawn["gain"].values))
    with pytest.raises(ValueError, match="same realizations in its validation and test splits"):
        found.validation("public-released-gcn_small")


@pytest.mark.parametrize("text", ["", "3", "-1", "1.0", "Best"])
def test_seeds_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="it must be best, all, or from 0 to 2"):
        trained.chosen_seeds(text, 3)


def test_what_is_missing_is_named(results, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="nowhere/training: no such folder"):
        trained.find(tmp_path / "nowhere")
    alone = shutil.copytree(results, tmp_path / "results" / "mine")
    with pytest.raises(FileNotFoundError, match=r"config/mine\.yaml: no such file; the config of the study mine must"):
        trained.find(alone)
    config = results.parents[1] / "config" / "mine.yaml"
    assert trained.find(alone, config).runs
    other = tmp_path / "other.yaml"
    other.write_text(config.read_text(encoding="utf-8").replace("rayleigh:", "another:"), encoding="utf-8")
    shutil.rmtree(alone / "training" / "other-stated-gcn_small")
    shutil.rmtree(alone / "training" / "public-released-gcn_small")
    with pytest.raises(ValueError, match="has none of the runs of"):
        trained.find(alone, other)
    monkeypatch.setattr(trained, "ROOT", tmp_path / "site-packages")
    with pytest.raises(FileNotFoundError, match="the shipped runs are in the repository's results/reference"):
        trained.find()


SHIPPED = trained.find()


@pytest.mark.parametrize("run", SHIPPED.runs)
def test_every_shipped_run_is_one_of_the_config_and_loads(run):
    assert SHIPPED.load(run).num_seeds == SHIPPED.run(run).num_seeds
