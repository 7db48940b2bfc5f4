"""A job that fails says so in one line, with its traceback in the log, whatever happens to the log."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import disk

ROOT = Path(__file__).parents[2]
# A job as Snakemake describes it, whose work is to print; it ends with the exit code and line that Snakemake would see.
JOB = """
import os, sys, types
os.chdir(sys.argv[1])
sys.path.insert(0, sys.argv[2] + "/scripts")
import _job

def work(job):
    print("x" * int(sys.argv[3]), flush=True)
    raise ValueError("two\\nlines")

os.makedirs("results/s/logs", exist_ok=True)
job = types.SimpleNamespace(
    rule="train_model", log=["results/s/logs/a.log"], wildcards={}, params={}, threads=1, input=[], output=[],
    config={"study": "s", "seed": 1},
)
_job.run(work, job)
"""


def run(folder, printed):
    return subprocess.run(
        [sys.executable, "-c", JOB, str(folder), str(ROOT), str(printed)], capture_output=True, text=True, check=False
    )


def test_an_error_is_one_line_and_its_traceback_is_in_the_log(tmp_path):
    done = run(tmp_path, 10)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "train_model: two lines\n")
    log = (tmp_path / "results" / "s" / "logs" / "a.log").read_text(encoding="utf-8")
    assert log.startswith("x" * 10 + "\nTraceback")
    assert not (tmp_path / "results" / "s" / "provenance").exists()


def test_a_log_on_a_full_disk_is_named(tmp_path):
    with disk(tmp_path, "64k") as mounted:
        if mounted is None:
            pytest.skip("this machine permits no mounts in a namespace (unshare --mount)")
        done = run(mounted.path, 100_000)
    assert done.returncode != 0
    assert done.stderr == "train_model: results/s/logs/a.log: not written (No space left on device)\n"
