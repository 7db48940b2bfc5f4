"""What every script does around its work: log, record, one line for an error; and what it costs to start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qgnn_d2d.artifact import usage
from qgnn_d2d.io import sha256
from tests.runs import disk

ROOT = Path(__file__).parents[3]
HEAVY = ["torch", "pandas", "xarray", "matplotlib", "pennylane", "qiskit", "scipy", "numpy"]
CONFIG = {
    "study": "s",
    "seed": 1,
    "num_seeds": 1,
    "splits": dict.fromkeys(["train", "validation", "test", "evaluation"], 2),
    "scenarios": {"rayleigh": {"kind": "rayleigh", "num_links": 3}},
    "training": {"learning_rate": 0.1, "batch_size": 1, "epochs": 1},
    "experiments": {"main": [{"model": "gcn"}]},
}
# A job as Snakemake describes it, in a study's folder; it ends with the exit code and line that Snakemake would see.
JOB = f"""
import json, os, sys, types
from pathlib import Path
sys.path.insert(0, sys.argv[1] + "/scripts")
from _job import run

def main(study, job):
    print("x" * int(sys.argv[3]), flush=True)
    assert study.name == "s" and list(study.runs) == ["rayleigh-stated-gcn"]
    if Path("broken").exists():
        raise ValueError("two\\nlines")
    Path("out.json").write_text(json.dumps([name for name in {HEAVY} if name in sys.modules]))
    Path("in.csv").write_text("replaced while the job works")

run(main, types.SimpleNamespace(
    rule="train_model", log=["results/s/logs/train_model/a.log"], wildcards={{}}, params={{}}, threads=1,
    input=["in.csv"], output=["out.json", "results/s/provenance/train_model/a.json"], config=json.loads(sys.argv[2]),
))
"""


@pytest.fixture
def job(tmp_path):
    """What runs the job in a folder of its own, or in another one; and the job's record."""

    def run(folder=tmp_path, printed=10, config=CONFIG):
        (folder / "results" / "s" / "logs" / "train_model").mkdir(parents=True, exist_ok=True)
        (folder / "in.csv").write_text("0")
        command = [sys.executable, "-c", JOB, str(ROOT), json.dumps(config), str(printed)]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run, tmp_path / "results" / "s" / "provenance" / "train_model" / "a.json"


def test_a_record_has_the_inputs_as_the_work_began_with_them_and_the_outputs_as_it_left_them(job, tmp_path):
    run, record = job
    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    content = json.loads(record.read_text(encoding="utf-8"))
    (tmp_path / "before.csv").write_text("0")
    assert content["inputs"] == {"in.csv": sha256(tmp_path / "before.csv")} != {"in.csv": sha256(tmp_path / "in.csv")}
    assert content["outputs"] == {"out.json": sha256(tmp_path / "out.json")}
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == []  # nothing heavy was loaded


def test_an_error_is_one_line_its_traceback_is_in_the_log_and_no_record_is_left(job, tmp_path):
    run, record = job
    record.parent.mkdir(parents=True)
    record.touch()  # of a former run
    (tmp_path / "broken").touch()
    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "train_model/a: two lines\n")
    log = (tmp_path / "results" / "s" / "logs" / "train_model" / "a.log").read_text(encoding="utf-8")
    assert log.startswith("x" * 10 + "\nTraceback")
    assert not record.exists()


def test_a_mistake_in_the_config_is_one_line(job):
    done = job[0](config={**CONFIG, "num_seeds": 0})
    assert (done.returncode, done.stderr) == (1, "train_model/a: num_seeds is 0; it must be at least 1\n")


def test_a_log_on_a_full_disk_is_named(job, tmp_path):
    with disk(tmp_path, "64k") as mounted:
        if mounted is None:
            pytest.skip("this machine permits no mounts in a namespace (unshare --mount)")
        done = job[0](mounted.path, printed=100_000)
    assert done.returncode != 0
    assert done.stderr == "train_model/a: results/s/logs/train_model/a.log: not written (No space left on device)\n"


PARTS = """
import json, sys, types
sys.path.insert(0, sys.argv[1] + "/scripts")
from _job import run_each

def main(study, part):
    name = part.wildcards["run"]
    print(name, part.params["settings"], list(part.input))
    assert part.params["code"] == "hash"
    if name == "bad":
        raise ValueError(f"{name} is bad")
    open(part.output[0], "w").close()

run_each(main, types.SimpleNamespace(
    rule="train_main_1", log=[f"results/s/logs/train_model/{name}.log" for name in ("a", "bad", "c")], threads=1,
    params=types.SimpleNamespace(settings={"a": "rate 1", "bad": "rate 2", "c": "rate 3"}, code="hash"),
    config=json.loads(sys.argv[2]),
), "run", lambda study, name: ["in.csv"], lambda study, name: [f"{name}.out"])
"""


def test_the_parts_of_a_job_have_logs_and_records_of_their_own_and_one_that_fails_is_named(tmp_path):
    (tmp_path / "results" / "s" / "logs" / "train_model").mkdir(parents=True)
    (tmp_path / "in.csv").write_text("0")
    command = [sys.executable, "-c", PARTS, str(ROOT), json.dumps(CONFIG)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "train_model/bad: bad is bad\n")
    folder = tmp_path / "results" / "s"
    assert (folder / "logs" / "train_model" / "a.log").read_text() == "a rate 1 ['in.csv']\n"
    assert (folder / "logs" / "train_model" / "bad.log").read_text().startswith("bad rate 2 ['in.csv']\nTraceback")
    assert not (folder / "logs" / "train_model" / "c.log").exists()  # what follows is not begun
    records = {path.stem: json.loads(path.read_text()) for path in (folder / "provenance").rglob("*.json")}
    assert set(records) == {"a"} and records["a"]["rule"] == "train_model"
    assert records["a"]["wildcards"] == {"run": "a"} and list(records["a"]["outputs"]) == ["a.out"]
    (took,) = usage.read(folder / "usage").to_dict("records")
    assert (took["rule"], took["job"], took["process"]) == ("train_model", "train_model/a", "train_main_1")
    assert took["cpu_seconds"] > 0 and took["max_rss_mb"] > 10


TRAINING = """
import json, sys, types, warnings
sys.path.insert(0, sys.argv[1] + "/scripts")
import _job
from tqdm import tqdm

def main(study, job):
    print("begins", flush=True)
    for epoch in tqdm(range(500), desc="a-run", file=_job.Progress(), mininterval=0.0):
        if epoch == 300:
            print("a warning", file=sys.stderr, flush=True)
        if epoch == 400:
            raise ValueError("the metric is not finite")

_job.run(main, types.SimpleNamespace(
    rule="train_model", log=["results/s/logs/train_model/a.log"], wildcards={}, params={}, threads=1,
    input=[], output=[], config=json.loads(sys.argv[2]),
))
"""


def test_the_log_of_a_failed_training_has_its_last_progress_and_ends_in_the_cause(tmp_path):
    log = tmp_path / "results" / "s" / "logs" / "train_model" / "a.log"
    log.parent.mkdir(parents=True)
    command = [sys.executable, "-c", TRAINING, str(ROOT), json.dumps(CONFIG)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "begins" and lines[-1] == "ValueError: the metric is not finite"
    progress = [line for line in lines if line.startswith("a-run:")]
    assert [place in line for place, line in zip((" 0/500", "300/500", "400/500"), progress, strict=True)] == [True] * 3
    assert lines[1:5] == [*progress[:2], "a warning", progress[2]] and lines[5].startswith("Traceback")


def test_progress_on_a_pipe_is_written_line_by_line():
    code = "import sys; sys.path.insert(0, 'scripts'); from _job import Progress; p = Progress()"
    code += "; p.write('\\r1'); p.write('\\r2')"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == "1\n2\n"
