"""The smoke study as a whole: it ran, it has nothing left to do, and each of its jobs says what it did.

What its files hold is tested by the DAG itself: the rule check_outputs runs tests/outputs.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from qgnn_d2d import settings
from qgnn_d2d.artifact import usage
from tests import runs
from tests.runs import ROOT, SMOKE

STUDY = settings.read(SMOKE)
RESULTS = Path(STUDY.results)
NOT_IN_ALL = ("tune_model", "try_choices", "run_hardware", "verify", "provenance")


def test_the_study_tested_its_own_outputs(smoke):
    assert json.loads((smoke / STUDY.file("checked.json")).read_text(encoding="utf-8"))["passed"] > len(STUDY.runs)


def test_the_smoke_study_ran_without_a_network(smoke):
    if not runs.offline():
        pytest.skip("this machine permits no network namespace (unshare --net)")
    assert runs.connects() and not runs.connects(runs.offline())  # what the fixture started it with


def test_only_the_papers_study_writes_to_figures(smoke):
    assert (smoke / STUDY.figures).is_dir() and not (smoke / "figures").exists()


def test_a_second_run_has_nothing_to_do(smoke_copy, snakemake):
    again = snakemake(smoke_copy, "--cores", "1", "--configfile", str(SMOKE))
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of all that the workflow is made of, whose code may be edited."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("config", "profiles", "scripts", "src", "workflow"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    return folder


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        ("training/trainer.py", "# edited", set()),
        ("figures/fig2.py", "EDITED = 1", {"plot_figure", "check_outputs"}),
        ("training/trainer.py", "EDITED = 1", {f"train_{group}" for group in STUDY.groups}),
    ],
)
def test_an_edit_of_the_code_repeats_the_jobs_that_it_concerns(smoke_copy, checkout, file, line, expected):
    path = checkout / "src" / "qgnn_d2d" / file
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{line}\n", encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--snakefile", str(checkout / "Snakefile")]
    command += ["--configfile", str(checkout / "config" / "smoke.yaml"), "--directory", str(smoke_copy)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    path.write_text(text, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-3000:]
    jobs = set(re.findall(r"(?m)^(\w+) +\d+$", done.stdout)) - {"all", "total"}
    assert jobs == expected if "plot_figure" in expected or not expected else jobs >= expected
    assert ("Nothing to be done" in done.stdout + done.stderr) == (not expected)


def test_every_job_wrote_a_log_a_record_and_what_it_took(smoke):
    jobs = {
        folder: {path.relative_to(smoke / RESULTS / folder).with_suffix("") for path in paths if path.is_file()}
        for folder in ("logs", "provenance", "usage")
        if (paths := (smoke / RESULTS / folder).rglob("*.*"))
    }
    assert jobs["logs"] == jobs["provenance"] == jobs["usage"]
    assert {path.parts[0] for path in jobs["logs"]} == set(runs.rules()) - set(NOT_IN_ALL)
    took = usage.read(smoke / RESULTS / "usage")
    assert (took[["seconds", "cpu_seconds"]] >= 0).all(axis=None) and took["cpu_seconds"].sum() > 0
    assert (took["max_rss_mb"] > 10).all()


def test_hardware_path_runs_in_local_testing_mode(smoke_copy, snakemake):
    done = snakemake(smoke_copy, "hardware", "--cores", "1", "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    table = pd.read_csv(smoke_copy / STUDY.file("hardware", f"{STUDY.config.noise.hardware.backend}.csv"))
    assert table["seed"].tolist() == list(range(STUDY.config.num_seeds))
    assert (table["value"] > 0).all() and (table["value"] != table["ideal"]).all()
