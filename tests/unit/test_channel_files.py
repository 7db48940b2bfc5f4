"""Channel files are the ones that the config says, or refused by name."""

from dataclasses import replace

import pytest
import yaml

from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.channels import scenarios
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import Study
from tests.runs import ROOT

KINDS = {
    "rayleigh": {"kind": "rayleigh", "parameters": {"num_links": 4}, "draw_seed": None},
    "geometric": {"kind": "geometric", "parameters": {"num_links": 4, "area_edge": 150.0}, "draw_seed": None},
    "public_draws": {"kind": "public_draws", "parameters": {"num_links": 4}, "draw_seed": 3},
}
STUDY = Study("s", 5, KINDS, {"train": 6, "pool": 9, "test": 4})


def save(path, name="rayleigh", split="train", size=6, seed=5, **changes):
    scenario = {**KINDS[name], "parameters": {**KINDS[name]["parameters"], **changes}}
    scenarios.save(channel_files.draw(name, scenario, split, size, seed), path)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_the_files_of_a_study_are_read(tmp_path, name):
    files = {split: save(tmp_path / f"{split}.nc", name, split, size) for split, size in STUDY.splits.items()}
    read = channel_files.read(STUDY, name, files)
    assert {split: len(channels) for split, channels in read.items()} == STUDY.splits
    for split, path in files.items():
        assert read[split].gain.equal(scenarios.to_channels(scenarios.load(path)).gain)


OTHERS = {
    "too few": ({"size": 3}, "realizations is 3; split train of scenario rayleigh has 6"),
    "too many": ({"size": 7}, "realizations is 7"),
    "other links": ({"num_links": 5}, "links is 5; split train of scenario rayleigh has 4"),
    "other split": ({"split": "test"}, "seed is SeedSequence"),
    "other seed": ({"seed": 6}, "seed is SeedSequence"),
    "other scenario": ({"name": "geometric"}, "scenario is geometric; split train of scenario rayleigh has rayleigh"),
    "public draws": ({"name": "public_draws"}, "scenario is public_draws"),
    "other noise": ({"noise_power": 0.2}, "noise_power is 0.2; split train of scenario rayleigh has 0.1"),
    "other power": ({"p_max": 2.0}, "p_max is 2.0"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_files_are_refused(tmp_path, other):
    changes, words = OTHERS[other]
    path = save(tmp_path / "train.nc", **changes)
    with pytest.raises(ValueError, match=words) as refusal:
        channel_files.read(STUDY, "rayleigh", {"train": path})
    assert str(refusal.value).startswith(f"{path}: ") and "\n" not in str(refusal.value)


def test_a_scenario_of_the_same_kind_and_other_parameters_are_refused(tmp_path):
    twins = replace(STUDY, scenarios={**KINDS, "twin": KINDS["rayleigh"]})
    with pytest.raises(ValueError, match="seed is"):  # its stream is named after it
        channel_files.read(twins, "twin", {"train": save(tmp_path / "a.nc")})
    with pytest.raises(ValueError, match=r"area_edge is 151.0; split train of scenario geometric has 150.0"):
        channel_files.read(STUDY, "geometric", {"train": save(tmp_path / "b.nc", "geometric", area_edge=151.0)})
    with pytest.raises(ValueError, match=r"b.nc: split is train; split pool of scenario public_draws has pool"):
        channel_files.read(STUDY, "public_draws", {"pool": save(tmp_path / "b.nc", "public_draws", size=9)})


@pytest.mark.parametrize("value", ["0.1", [0.1, 0.1]])
def test_attributes_of_another_type_are_refused(tmp_path, value):
    dataset = scenarios.load(save(tmp_path / "a.nc", "geometric"))
    dataset.attrs["bandwidth"] = value
    scenarios.save(dataset, tmp_path / "a.nc")
    with pytest.raises(ValueError, match="bandwidth is"):
        channel_files.read(STUDY, "geometric", {"train": tmp_path / "a.nc"})
    del dataset.attrs["bandwidth"]
    scenarios.save(dataset, tmp_path / "a.nc")
    with pytest.raises(ValueError, match="bandwidth is None"):
        channel_files.read(STUDY, "geometric", {"train": tmp_path / "a.nc"})


def test_numbers_may_round_differently_and_gains_may_be_zero(tmp_path):
    dataset = scenarios.load(save(tmp_path / "a.nc", "geometric"))
    dataset.attrs["noise_power"] *= 1 + 1e-15
    dataset["gain"][:] = 0
    scenarios.save(dataset, tmp_path / "a.nc")
    assert not channel_files.read(STUDY, "geometric", {"train": tmp_path / "a.nc"})["train"].gain.any()


def test_runs_train_on_the_split_that_their_size_is_taken_from():
    study = configuration.load(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text(encoding="utf-8")))[0]
    sources = {channel_files.training_split(run): run.train_size for run in study.runs.values()}
    assert sources["train"] is None and sources["pool"] <= study.splits["pool"]
