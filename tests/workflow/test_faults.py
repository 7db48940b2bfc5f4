"""What happens at a kill, a full or closed disk, a bad or missing input: one clear line, and the next run goes on.

`make test-faults` kills the whole smoke study, at 20 moments.
"""

import contextlib
import os
import random
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from qgnn_d2d import channels, settings
from qgnn_d2d.io import read_tensors
from qgnn_d2d.training import train
from tests.faults.run import Moment, kill_at, leftovers
from tests.runs import disk, kill, start, tail

RUN, STUDY = "rayleigh-stated-qgnn", "faults"
RESULTS = Path("results") / STUDY
CURVES = RESULTS / "training" / RUN / "curves.csv"
TRAIN = RESULTS / "channels" / "rayleigh" / "train.nc"
MAKE = (str(CURVES), "--cores", "1")
PATIENCE = 180  # seconds until something is wrong
KILLS, SEED = 3, 15246
EPOCHS = 1500  # some seconds
STRIDE = 60  # epochs between two kills, at most; more pass until a slow machine notices


@pytest.fixture
def study(tmp_path):
    """A study of one run that trains for some seconds; returns (folder, config, config file)."""
    return write_study(tmp_path, EPOCHS)


def write_study(folder, epochs):
    config = {
        "study": STUDY, "seed": SEED, "num_seeds": 2, "torch": {"checkpoint_seconds": 0.02},
        "splits": {"train": 24, "validation": 24, "test": 24, "evaluation": 48},
        "scenarios": {"rayleigh": {"kind": "rayleigh"}},
        "training": {"learning_rate": 0.01, "batch_size": 4, "epochs": epochs},
        "experiments": {"main": [{"model": "qgnn"}]},
    }  # fmt: skip
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder, settings.load(config), file


def assert_undisturbed(results, study):
    """Train once more, in this process and in one go: the curve must be the one in ``results``, to the last bit."""
    read = {
        split: channels.to_channels(channels.load(results / "channels" / "rayleigh" / f"{split}.nc"))
        for split in ("train", "test")
    }
    undisturbed = train(study.runs[RUN], read["train"], read).curves
    pd.testing.assert_frame_equal(pd.read_csv(results / CURVES.relative_to(RESULTS)), undisturbed, check_exact=True)


def epochs_done(results):
    """Return the epoch that the run's checkpoint has."""
    for _ in range(100):
        checkpoints = (results / "checkpoints").glob("*.safetensors")
        with contextlib.suppress(FileNotFoundError, ValueError):  # replaced just now
            return max((read_tensors(path)[1]["epoch"] for path in checkpoints), default=0)
    raise AssertionError("no checkpoint can be read")


def one_line(done, start):
    """Return the one line of a failed run that starts so."""
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(start)]
    assert len(lines) == 1, done.stdout[-2000:] + done.stderr[-4000:]
    return lines[0]


def test_a_workflow_killed_again_and_again_goes_on_to_the_identical_curve(study, snakemake, tmp_path):
    folder, config, file = study
    options = ("--configfile", str(file))
    draw = random.Random(SEED)
    epochs = [0]
    for _ in range(KILLS):
        # Beyond what the checkpoint has, so that the training goes on at least for an epoch.
        moment = Moment(epochs[-1] + draw.randint(1, STRIDE), draw.uniform(0, 0.2), EPOCHS - 10)
        found = kill_at(
            moment, lambda: epochs_done(folder / RESULTS), folder, folder / RESULTS, MAKE, options,
            log=tmp_path / "killed.log",
        )  # fmt: skip
        assert found.locked and found.running == [f"Training all seeds of {RUN}"]
        assert moment.progress <= found.progress < EPOCHS and not (folder / CURVES).exists()
        epochs.append(found.progress)
    done = snakemake(folder, *MAKE, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    log = (folder / RESULTS / "logs" / "train_model" / f"{RUN}.log").read_text(encoding="utf-8")
    assert f" {epochs[-1]}/{EPOCHS} " in log and f" {epochs[-1] - 1}/{EPOCHS} " not in log  # it went on from there
    assert not leftovers(folder, folder / RESULTS)
    assert_undisturbed(folder / RESULTS, config)


def test_a_full_disk_then_a_closed_one_stop_the_run_in_one_line_and_nothing_is_lost(study, snakemake):
    folder, config, file = study
    (folder / "results").mkdir()
    with disk(folder / "results", "190k") as mounted:
        if mounted is None:
            pytest.skip("this machine permits no mounts in a namespace (unshare --mount)")
        results = mounted.path / STUDY

        def run():
            return snakemake(folder, *MAKE, "--configfile", str(file), within=mounted.within)

        line = one_line(
            run(), f"train_model/{RUN}: "
        )  # the channels have space, a second checkpoint beside the first has not
        assert ".safetensors: not written (No space left on device)" in line
        assert f"train_model/{RUN}: {RESULTS}/checkpoints/{RUN}" in line
        assert not list(results.rglob("*.partial*")) and not (mounted.path / CURVES.relative_to("results")).exists()
        stopped_at = epochs_done(results)
        assert stopped_at >= 1

        mounted.remount("ro")
        assert one_line(run(), f"{RESULTS}: ") == f"{RESULTS}: results cannot be written there (read-only)"

        mounted.remount("rw,size=5m")
        done = run()
        assert done.returncode == 0, done.stderr[-3000:]
        log = (results / "logs" / "train_model" / f"{RUN}.log").read_text(encoding="utf-8")
        assert f" {stopped_at}/{EPOCHS} " in log
        assert not leftovers(folder, results)
        assert_undisturbed(results, config)


@pytest.mark.parametrize("obstacle", ["file", "file within", "link", "closed folder"])
def test_results_that_cannot_be_written_stop_the_run_before_it_begins(study, snakemake, obstacle):
    folder, _, file = study
    results = folder / "results"
    if obstacle == "file":
        results.write_text("not a folder", encoding="utf-8")
        expected = "results: a file where results need a folder"
    elif obstacle == "file within":
        (folder / RESULTS).mkdir(parents=True)
        (folder / RESULTS / "logs").write_text("not a folder", encoding="utf-8")
        expected = f"{RESULTS}/logs: a file where results need a folder"
    elif obstacle == "link":
        results.symlink_to("nowhere")
        expected = "results: a file where results need a folder"
    else:
        if os.geteuid() == 0:
            pytest.skip("no folder is closed to root; the test of the full disk closes a whole file system")
        results.mkdir(mode=0o500)
        expected = "results: results cannot be written there (read-only)"
    assert one_line(snakemake(folder, *MAKE, "--configfile", str(file)), "results") == expected


def test_an_input_that_is_deleted_in_mid_run_is_named_and_made_again(tmp_path, snakemake):
    folder, config, file = write_study(tmp_path, 3)
    table = str(RESULTS / "tables" / "main.csv")
    options = (table, "--cores", "1", "--latency-wait", "1", "--configfile", str(file))
    log, records = tmp_path / "stopped.log", folder / RESULTS / "provenance"
    deleted = RESULTS / "channels" / "rayleigh" / "test.nc"  # the training reads it, and the solvers
    with open(log, "w", encoding="utf-8") as output:
        process = start(folder, *options, output=output)
        try:
            deadline = time.monotonic() + PATIENCE
            while not list(records.glob("[st]*/*.json")) and time.monotonic() < deadline:  # one of the two has ended
                time.sleep(0.02)
            (folder / deleted).unlink()
            assert process.wait(timeout=PATIENCE) != 0
        finally:
            if process.poll() is None:
                kill(process)
    assert f"{deleted} (missing locally" in tail(log)
    done = snakemake(folder, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    assert not leftovers(folder, folder / RESULTS)
    assert_undisturbed(folder / RESULTS, config)


@pytest.mark.parametrize("recorded", [True, False])
def test_a_truncated_channel_file_stops_the_rule_in_one_line(study, snakemake, recorded):
    folder, _, file = study
    made = snakemake(folder, "--cores", "1", str(TRAIN), "--configfile", str(file))
    assert made.returncode == 0, made.stderr[-3000:]
    content = (folder / TRAIN).read_bytes()
    (folder / TRAIN).write_bytes(content[: len(content) // 2])
    expected = f"{TRAIN}: changed since the job generate_channels/rayleigh wrote it; delete it, and it is made again"
    if not recorded:  # a file from elsewhere
        (folder / RESULTS / "provenance" / "generate_channels" / "rayleigh.json").unlink()
        expected = f"{TRAIN}: not a complete NetCDF-4 file"
    line = one_line(snakemake(folder, *MAKE, "--configfile", str(file)), f"train_model/{RUN}: ")
    assert line.startswith(f"train_model/{RUN}: {expected}")
    assert not (folder / CURVES).exists()
    assert not list((folder / "results").rglob("*.partial*"))


def test_a_result_that_was_edited_or_exchanged_is_not_used_until_it_is_made_again(tmp_path, snakemake):
    folder, _, file = write_study(tmp_path, 3)
    table, solved = folder / RESULTS / "tables" / "main.csv", folder / RESULTS / "solvers" / "rayleigh" / "test.nc"

    def run():
        return snakemake(folder, str(RESULTS / "tables" / "main.csv"), "--cores", "1", "--configfile", str(file))

    assert run().returncode == 0
    before = table.read_bytes()
    table.unlink()
    times = solved.stat()
    solved.write_bytes(solved.with_name("evaluation.nc").read_bytes())  # valid, and of the same rule
    os.utime(solved, ns=(times.st_atime_ns, times.st_mtime_ns))  # by its time, nothing has to be done again
    line = one_line(run(), "tabulate_results/main: ")
    assert f"{solved.relative_to(folder)}: changed since the job solve_baselines/rayleigh wrote it" in line
    assert not table.exists()
    solved.unlink()
    assert run().returncode == 0
    assert table.read_bytes() == before
