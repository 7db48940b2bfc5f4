"""A killed workflow goes on to the same numbers; a bad file stops it in one line and leaves nothing half-written."""

import copy
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from qgnn_d2d import configuration, scenarios, training

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
RUN, STUDY = "rayleigh-stated-qgnn", "faults"
RESULTS = Path("results") / STUDY
CURVES = RESULTS / "training" / RUN / "curves.csv"
PATIENCE = 180  # seconds until something is wrong


@pytest.fixture
def study(tmp_path):
    """A study of one run that trains for some seconds; returns (folder, config, config file)."""
    config = yaml.safe_load((ROOT / "config" / "smoke.yaml").read_text(encoding="utf-8"))
    config = copy.deepcopy(config) | {"study": STUDY, "figures": {}, "claims": [], "tuned": {}}
    config["tuning"].pop("runs")
    for part in ("noise", "ablation", "scale"):  # they name runs that are not here
        config.pop(part)
    training_settings = {"learning_rate": 0.01, "batch_size": 4, "epochs": 150}
    config["runs"] = [
        {"id": RUN, "scenario": "rayleigh", "protocol": "stated", "model": "qgnn", "training": training_settings}
    ]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path, config, file


def start(folder, file):
    """Start Snakemake in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")}
    return subprocess.Popen(
        [*command, str(CURVES), "--configfile", str(file), "--directory", str(folder)],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def test_a_killed_workflow_goes_on_to_the_identical_curve(study, snakemake):
    folder, config, file = study
    process = start(folder, file)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not list((folder / RESULTS / "checkpoints").glob("*.safetensors")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list((folder / RESULTS / "checkpoints").glob("*.safetensors")) and not (folder / CURVES).exists()

    locked = snakemake(folder, "--cores", "1", str(CURVES), "--configfile", str(file))
    if locked.returncode != 0:  # the kill left the directory locked, and Snakemake says how to unlock it
        assert "--unlock" in locked.stdout + locked.stderr
        assert snakemake(folder, "--unlock", "--configfile", str(file)).returncode == 0
        again = snakemake(folder, "--cores", "1", str(CURVES), "--configfile", str(file))
        assert again.returncode == 0, again.stderr[-3000:]
    log = (folder / RESULTS / "logs" / "train_model" / f"{RUN}.log").read_text(encoding="utf-8")
    assert "  0%" not in log  # it went on from its checkpoint
    assert not list((folder / RESULTS / "checkpoints").iterdir())

    run = configuration.load(config)[0].runs[RUN]
    channels = {
        split: scenarios.to_channels(scenarios.load(folder / RESULTS / "channels" / "rayleigh" / f"{split}.nc"))
        for split in ("train", "test")
    }
    undisturbed = training.train(run, channels["train"], channels).curves
    pd.testing.assert_frame_equal(pd.read_csv(folder / CURVES), undisturbed, check_exact=True)


def test_a_truncated_channel_file_stops_the_rule_in_one_line(study, snakemake):
    folder, _, file = study
    train = RESULTS / "channels" / "rayleigh" / "train.nc"
    made = snakemake(folder, "--cores", "1", str(train), "--configfile", str(file))
    assert made.returncode == 0, made.stderr[-3000:]
    content = (folder / train).read_bytes()
    (folder / train).write_bytes(content[: len(content) // 2])
    stopped = snakemake(folder, "--cores", "1", str(CURVES), "--configfile", str(file))
    assert stopped.returncode != 0
    lines = [line for line in (stopped.stdout + stopped.stderr).splitlines() if line.startswith("train_model: ")]
    assert len(lines) == 1 and "train.nc: not a complete NetCDF-4 file" in lines[0]
    assert not (folder / CURVES).exists()
    assert not list((folder / "results").rglob("*.partial*"))
