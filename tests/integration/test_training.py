"""A training whose process is killed goes on to the same curve; the script leaves nobody's checkpoint but others'."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from qgnn_d2d import channels, settings, training
from qgnn_d2d.analysis import values
from qgnn_d2d.training import Trainer, checkpoint
from tests.runs import ROOT
from tests.unit.training import cases

KILLED = """
import sys
from pathlib import Path
from qgnn_d2d import training
from qgnn_d2d.analysis import values
from tests.unit.training.cases import channels, monitored, run_of
training.train(run_of(epochs=600), channels(), monitored(), checkpoints=Path(sys.argv[1]), checkpoint_seconds=0)
"""


def test_a_killed_training_resumes_to_the_identical_curve(tmp_path):
    run, data = cases.run_of(epochs=600), (cases.channels(), cases.monitored())
    path = tmp_path / f"{run.id}-{Trainer(run, *data).key}.safetensors"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, env=environment)
    deadline = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the training ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    restored = Trainer(run, *data)
    checkpoint.restore(restored, path)
    assert 0 < restored.epoch < 600
    resumed = training.train(run, *data, checkpoints=tmp_path)
    pd.testing.assert_frame_equal(resumed.curves, training.train(run, *data).curves, check_exact=True)


RUN = "rayleigh-stated-gcn"
STUDY = settings.load(
    {
        "study": "s", "seed": 5, "num_seeds": 2, "scenarios": {"rayleigh": {"kind": "rayleigh", "num_links": 4}},
        "splits": {"train": 8, "validation": 8, "test": 8, "evaluation": 8, "pool": 16},
        "training": {"learning_rate": 0.02, "batch_size": 8, "epochs": 2},
        "experiments": {
            "main": [{"model": "gcn"}, {"model": "gcn", "train_size": 9}, {"model": "gcn", "train_draw": [1, 2]}]
        },
    }
)  # fmt: skip


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("train_model", ROOT / "scripts" / "train_model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def job(run=RUN):
    """Draw a run's channels in the working directory; return its job."""
    for path in map(Path, STUDY.trained_from(run)):
        drawn = channels.draw("rayleigh", STUDY.scenarios["rayleigh"], path.stem, STUDY.splits[path.stem], STUDY.seed)
        channels.save(drawn, path)
    return SimpleNamespace(wildcards={"run": run}, input=STUDY.trained_from(run), output=STUDY.trained_files(run))


@pytest.mark.parametrize("run", STUDY.runs)
def test_a_run_that_succeeds_leaves_its_outputs_and_one_checkpoint_of_its_own(script, tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    description, checkpoints = job(run), Path(STUDY.file("checkpoints"))
    checkpoints.mkdir()
    others = {f"{run}-wide-{'0' * 16}.safetensors", f"another-{'0' * 16}.safetensors"}
    for name in others | {f"{run}-{'0' * 16}.safetensors", f"{run}-{'1' * 16}.safetensors"}:
        (checkpoints / name).write_text("of other settings or code")
    script(STUDY, description)
    (own,) = {path.name for path in checkpoints.iterdir()} - others
    assert own.startswith(f"{run}-") and len(list(checkpoints.iterdir())) == 3
    model = training.load_weights(STUDY.runs[run], STUDY.trained(run, "weights.safetensors"))
    curves = pd.read_csv(STUDY.trained(run, "curves.csv"))
    assert model.num_seeds == 2 and set(curves["run"]) == {run} and set(curves["split"]) == {"train", "test"}
    for split in ("test", "evaluation"):
        assert values.load(STUDY.trained(run, f"{split}.nc")).sizes["realization"] == STUDY.splits[split]


def test_a_draw_is_trained_and_scored_on_its_own_rows_of_the_pool(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = STUDY.runs[f"{RUN}-d2"]
    script(STUDY, job(run.id))
    pool = channels.to_channels(channels.load(STUDY.channels("rayleigh", "pool")))
    own = pool.take(slice(8, 16))
    alone = training.train(run, own, {"train": own, "test": own}).curves
    curves = pd.read_csv(STUDY.trained(run.id, "curves.csv"))
    found, expected = (table.query("split == 'train'").reset_index(drop=True) for table in (curves, alone))
    pd.testing.assert_frame_equal(found, expected)


def test_a_run_that_fails_keeps_its_checkpoint(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(training, "save_weights", full)
    with pytest.raises(OSError, match="disk full"):
        script(STUDY, job())
    (path,) = Path(STUDY.file("checkpoints")).iterdir()
    assert path.name.startswith(f"{RUN}-")
