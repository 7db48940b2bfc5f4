"""The script that trains a run: its checkpoints are gone when it succeeds, and nobody else's."""

import importlib.util
from pathlib import Path

import pytest

from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.channels import scenarios
from qgnn_d2d.settings.study import Study
from qgnn_d2d.training import trainer as training
from tests.unit.test_training import settings

ROOT = Path(__file__).parents[2]
SCENARIO = {"kind": "rayleigh", "parameters": {"num_links": 4}, "draw_seed": None}
STUDY = Study("s", 5, {settings("gcn").scenario: SCENARIO}, {"train": 8, "test": 8})


@pytest.fixture
def train_model(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("train_model", ROOT / "scripts" / "train_model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.train_model


@pytest.fixture
def paths(tmp_path):
    """Channels and checkpoints that former trainings left; returns the script's paths."""
    for split, size in STUDY.splits.items():
        scenarios.save(
            channel_files.draw(*next(iter(STUDY.scenarios.items())), split, size, 5), tmp_path / f"{split}.nc"
        )
    (tmp_path / "checkpoints").mkdir()
    outputs = {"curves": "curves.csv", "weights": "weights.safetensors", "manifest": "manifest.json"}
    inputs = {"train": "train.nc", "test": "test.nc", "checkpoints": "checkpoints"}
    return {key: tmp_path / name for key, name in (inputs | outputs).items()}


def left(paths):
    return {path.name for path in paths["checkpoints"].iterdir()}


def test_a_run_that_succeeds_leaves_no_checkpoint_of_its_own(train_model, paths):
    run = settings("gcn", epochs=2)
    others = {f"{run.id}-wide-{'0' * 16}.safetensors", f"another-{'0' * 16}.safetensors"}
    for name in others | {f"{run.id}-{'0' * 16}.safetensors", f"{run.id}-{'1' * 16}.safetensors"}:
        (paths["checkpoints"] / name).write_text("of other settings or code")
    train_model(STUDY, run, **paths)
    assert left(paths) == others
    assert all(paths[key].exists() for key in ("curves", "weights", "manifest"))


def test_a_run_that_fails_keeps_its_checkpoint(train_model, paths, monkeypatch):
    run = settings("gcn", epochs=2)

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(training, "save_weights", full)
    with pytest.raises(OSError, match="disk full"):
        train_model(STUDY, run, **paths)
    (name,) = left(paths)
    assert name.startswith(f"{run.id}-")
