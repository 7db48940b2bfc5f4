"""The cluster profile fits the DAG, and every rule asks for what was measured. `make test-slurm` runs it on a Slurm."""

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "workflow" / "profiles"
PROFILE = yaml.safe_load((PROFILES / "slurm" / "config.yaml").read_text(encoding="utf-8"))
RULES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))]
LOAD_TOLERANCE = 1.1  # processor seconds per thread and second: sampled at other moments than the wall clock
THREADS_OF_TORCH = 'config["torch"]["threads"]'


def measure_resources():
    spec = importlib.util.spec_from_file_location("measure_resources", ROOT / "scripts" / "measure_resources.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DECLARED = {rule: values for text in RULES for rule, values in measure_resources().declared(text).items()}


def threads(rule):
    value = DECLARED[rule]["threads"]
    if value == THREADS_OF_TORCH:
        return yaml.safe_load((ROOT / "config" / "paper.yaml").read_text(encoding="utf-8"))["torch"]["threads"]
    return int(value)


@pytest.mark.parametrize("rule", DECLARED)
def test_every_rule_declares_threads_memory_and_time(rule):
    assert set(DECLARED[rule]) == {"threads", "mem_mb", "runtime"}
    assert threads(rule) <= PROFILE["cores"]
    assert int(DECLARED[rule]["mem_mb"]) > 0 and int(DECLARED[rule]["runtime"]) > 0


def test_the_reference_run_stayed_within_what_the_rules_ask_for():
    jobs = pd.read_csv(ROOT / "results" / "reference" / "jobs.csv")
    jobs = jobs[jobs["rule"].isin(DECLARED)]
    assert len(jobs) > 0
    asked = jobs["rule"].map(DECLARED)
    assert (jobs["seconds"] <= 60 * asked.map(lambda values: int(values["runtime"]))).all()
    if "max_rss_mb" in jobs:  # a reference from before these columns has seconds only
        assert (jobs["max_rss_mb"].fillna(0) <= asked.map(lambda values: int(values["mem_mb"]))).all()
        processors = jobs["rule"].map(threads)
        assert (jobs["cpu_seconds"].fillna(0) <= LOAD_TOLERANCE * processors * jobs["seconds"]).all()


def test_resources_are_derived_from_benchmarks_and_written_into_the_rules(tmp_path):
    module = measure_resources()
    for name, memory, seconds in (("slow/a", 600.0, 560.0), ("slow/b", 500.0, 10.0), ("quick", 280.0, 2.0)):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n{seconds}\t{memory}\t1.0\n", encoding="utf-8")
    table = module.measured([tmp_path])
    assert table.loc["slow"].tolist() == [2, 600.0, 560.0]
    body = '    threads: 1\n    resources:\n        mem_mb=9000,\n        runtime=90,\n    script:\n        "x"\n\n\n'
    text = "# first\n" + "".join(f"rule {name}:\n{body}" for name in ("slow", "quick", "unmeasured"))
    values = {name: module.needed(row.max_rss_mb, row.seconds) for name, row in table.iterrows()}
    found = module.declared(module.rewritten(text, values))
    assert found["slow"] == {"threads": "1", "mem_mb": "2000", "runtime": "40"}
    assert found["quick"] == {"threads": "1", "mem_mb": "1500", "runtime": "5"}
    assert found["unmeasured"] == {"threads": "1", "mem_mb": "9000", "runtime": "90"}


@pytest.mark.slow
@pytest.mark.parametrize("config", ["smoke", "paper"])
def test_no_path_leaves_a_group_and_comes_back(snakemake, tmp_path, config):
    """Else the group and the rule between its jobs would wait for each other."""
    done = snakemake(tmp_path, "--rulegraph", "dot", "--configfile", str(ROOT / "config" / f"{config}.yaml"))
    assert done.returncode == 0, done.stderr[-3000:]
    names = dict(re.findall(r'(?m)^\s*(\d+)\[label = "(\w+)"', done.stdout))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(?m)^\s*(\d+) -> (\d+)", done.stdout)}
    assert ("generate_channels", "train_model") in edges
    assert set(PROFILE["groups"]) <= set(DECLARED)
    assert set(PROFILE["groups"].values()) == set(PROFILE["group-components"])

    def group(rule):
        return PROFILE["groups"].get(rule, rule)

    contracted = {(group(a), group(b)) for a, b in edges if group(a) != group(b)}
    while contracted:  # take away what depends on nothing, until nothing or a circle is left
        free = {a for a, _ in contracted} - {b for _, b in contracted}
        assert free, f"a circle: {sorted(contracted)}"
        contracted = {(a, b) for a, b in contracted if a not in free}


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["local", "slurm"])
def test_profiles_are_accepted(snakemake, tmp_path, profile):
    done = snakemake(
        tmp_path, "--dry-run", "--profile", str(PROFILES / profile),
        "--configfile", str(ROOT / "config" / "smoke.yaml"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "train_model" in done.stdout
