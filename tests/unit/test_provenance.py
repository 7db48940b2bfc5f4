"""Records of jobs: what they hold, and what they must not."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from qgnn_d2d.artifact import records as provenance
from qgnn_d2d.io import sha256, write_json

ROOT = Path(__file__).parents[2]
NO_NUMBERS = {  # dependencies that draw, read or write what others compute
    "h5py", "tqdm", "matplotlib", "seaborn", "jsonschema", "PyYAML", "pygments", "markdown-it-py", "rocrate",
}  # fmt: skip
CONFIG = {"study": "s", "seed": 3, "splits": {"train": 4}}


@pytest.fixture
def root(tmp_path):
    """A repository with one rule."""
    for name in ("scripts/train_model.py", "src/qgnn_d2d/a.py", "src/qgnn_d2d/models/b.py", "envs/requirements.lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "in.csv").write_text("1")
    return tmp_path


def describe(root, **changes):
    settings = {
        "rule": "train_model",
        "wildcards": {"run": "a"},
        "params": {"rate": 0.1, "leaves": (1, 2), "lock": str(root / "envs" / "requirements.lock")},
        "threads": 1,
        "config": CONFIG,
        "config_files": [root / "config" / "paper.yaml", "/elsewhere/mine.yaml"],
        "inputs": [root / "in.csv"],
        "root": root,
    }
    return provenance.describe(**settings | changes)


def test_a_record_names_config_versions_processor_threads_seed_and_hashes(root, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    record = describe(root)
    assert record["params"] == {"rate": 0.1, "leaves": [1, 2], "lock": "envs/requirements.lock"}
    assert record["config"]["files"] == ["config/paper.yaml", "mine.yaml"]
    assert (record["study"], record["seed"], record["threads"]) == ("s", 3, 1)
    assert record["inputs"] == {"in.csv": sha256(root / "in.csv")}
    assert record["script"] == {
        "path": "scripts/train_model.py",
        "sha256": sha256(root / "scripts" / "train_model.py"),
    }
    environment, machine = record["environment"], record["machine"]
    assert environment["lock_sha256"] == sha256(root / "envs" / "requirements.lock")
    assert machine["cpu"] and machine["vector_instructions"] and machine["OMP_NUM_THREADS"] == "1"
    assert machine["MKL_NUM_THREADS"] == "3"


def test_a_record_has_every_dependency_that_can_change_a_number(root):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dependencies = {re.match(r"[\w.-]+", line)[0] for line in project["dependencies"]}
    assert dependencies >= NO_NUMBERS
    packages = describe(root)["environment"]["packages"]
    assert set(packages) == dependencies - NO_NUMBERS
    assert packages == {name: version(name) for name in packages}


def test_a_record_repeats_and_names_no_place_outside_the_repository(root):
    text = json.dumps(describe(root, params={"here": str(root / "x"), "there": Path("/home/me/y"), "odd": {1: 1e999}}))
    assert json.loads(text)["params"] == {"here": "x", "there": "y", "odd": {"1": "inf"}}
    assert str(root) not in text and "/home" not in text and "elsewhere" not in text
    assert describe(root) == describe(root)


@pytest.mark.parametrize(
    ("name", "part"),
    [("src/qgnn_d2d/models/b.py", "library"), ("scripts/train_model.py", "script"), ("in.csv", "inputs")]
)  # fmt: skip
def test_changed_code_or_data_changes_the_record(root, name, part):
    before = describe(root)
    (root / name).write_text("changed")
    after = describe(root)
    assert before[part] != after[part]
    assert {key: value for key, value in before.items() if key != part} == {
        key: value for key, value in after.items() if key != part
    }


def test_a_config_is_hashed_as_it_is_written(tmp_path):
    write_json(tmp_path / "config.json", CONFIG)
    assert provenance.config_sha256(CONFIG) == sha256(tmp_path / "config.json")


@pytest.fixture
def records(root, tmp_path):
    """A folder with the records of a job and of one that was renamed."""
    folder = tmp_path / "provenance"
    write_json(folder / "train_model" / "a.json", describe(root) | {"outputs": {"out.csv": "1", "other.csv": "2"}})
    write_json(folder / "renamed.json", describe(root) | {"outputs": {"out.csv": "0"}})
    (folder / ".b.1.partial.json").write_text("{")
    return folder


def test_records_are_found_by_job(records, tmp_path):
    assert set(provenance.load_records(records)) == {"renamed", "train_model/a"}
    assert provenance.load_records(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "change", [{"outputs": []}, {"outputs": {"a": 1}}, {"rule": None}, {"machine": "x"}, {"config": 3}]
)
def test_what_is_no_record_is_refused_by_name(root, records, change):
    write_json(records / "bad.json", describe(root) | {"outputs": {}} | change)
    with pytest.raises(ValueError, match=r"bad.json: not the record of a job"):
        provenance.load_records(records)


def test_an_input_must_be_what_its_job_wrote(records):
    provenance.check_inputs({"out.csv": "1", "other.csv": "2", "from elsewhere.csv": "3"}, records)
    provenance.check_inputs({"out.csv": "0"}, records)
    with pytest.raises(ValueError, match=r"^out.csv: changed since the job renamed, train_model/a wrote it; delete it"):
        provenance.check_inputs({"out.csv": "2"}, records)


@pytest.mark.parametrize("log", ["logs/x.log", "results/s/train.log", "results/s/logs", "/results/s/logs/x.log"])
def test_a_log_elsewhere_has_no_record(log):
    with pytest.raises(ValueError, match=r"not a log in results/<study>/logs"):
        provenance.record_path(log)


JOB = """
from pathlib import Path
from types import SimpleNamespace
from _job import run

def main(job):
    if Path("broken").exists():
        raise ValueError("no good")
    Path("out.csv").write_text("1")
    Path("in.csv").write_text("replaced while the job works")

log = "results/s/logs/draw_circuit.log"
run(main, SimpleNamespace(rule="draw_circuit", wildcards={}, params={}, threads=1, config={"study": "s", "seed": 1},
                          input=["in.csv"], output=["out.csv"], log=[log]))
"""


@pytest.fixture
def job(tmp_path):
    """A job in a folder of its own; returns (what runs it, its record)."""
    (tmp_path / "results" / "s" / "logs").mkdir(parents=True)
    (tmp_path / "in.csv").write_text("0")
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "scripts")])

    def run():
        command, environment = [sys.executable, "-c", JOB], os.environ | {"PYTHONPATH": path}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run, tmp_path / "results" / "s" / "provenance" / "draw_circuit.json"


def test_a_record_has_the_inputs_as_the_work_began_with_them_and_the_outputs_as_it_left_them(job, tmp_path):
    run, record = job
    before = sha256(tmp_path / "in.csv")
    assert run().returncode == 0
    content = json.loads(record.read_text(encoding="utf-8"))
    assert content["inputs"] == {"in.csv": before} and before != sha256(tmp_path / "in.csv")
    assert content["outputs"] == {"out.csv": sha256(tmp_path / "out.csv")}


def test_a_job_that_fails_leaves_no_record(job, tmp_path):
    run, record = job
    assert run().returncode == 0 and record.exists()
    (tmp_path / "broken").touch()
    failed = run()
    assert failed.returncode == 1 and failed.stderr == "draw_circuit: no good\n"
    assert not record.exists()
