"""The cluster profile fits the DAG, and every rule asks for what was measured. `make test-slurm` runs it on a Slurm."""

import re

import pandas as pd
import pytest
import yaml

from tests.runs import ROOT, SMOKE, rules

PROFILES = ROOT / "workflow" / "profiles"
PROFILE = yaml.safe_load((PROFILES / "slurm" / "config.yaml").read_text(encoding="utf-8"))
MEASURED = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text(encoding="utf-8"))["set-resources"]
START_SECONDS = 5  # of a processor, before a script's clock begins: Python, and what is imported first


def test_every_rule_asks_for_memory_and_time():
    assert set(MEASURED) == set(rules())
    for asked in MEASURED.values():
        assert asked["mem_mb"] > 0 and asked["runtime"] > 0


def test_the_reference_run_stayed_within_what_the_rules_ask_for():
    jobs = pd.read_csv(ROOT / "results" / "reference" / "jobs.csv")
    jobs["process"] = jobs["process"].where(jobs["process"] != jobs["rule"], jobs["job"])
    took = {"seconds": "sum", "cpu_seconds": "sum", "max_rss_mb": "max"}
    processes = jobs.groupby(["rule", "process"]).agg(took).reset_index()
    assert set(processes["rule"]) <= set(MEASURED) and len(processes) > 30
    asked = processes["rule"].map(MEASURED)
    assert (processes["seconds"] <= 60 * asked.map(lambda values: values["runtime"])).all()
    assert (processes["max_rss_mb"] <= asked.map(lambda values: values["mem_mb"])).all()
    assert (processes["cpu_seconds"] <= PROFILE["cores"] * processes["seconds"] + START_SECONDS).all()


def test_no_path_leaves_a_group_and_comes_back(snakemake, tmp_path):
    """Else the group and the rule between its jobs would wait for each other."""
    done = snakemake(tmp_path, "--rulegraph", "dot", "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stderr[-3000:]
    names = dict(re.findall(r'(?m)^\s*(\d+)\[label = "(\w+)"', done.stdout))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(?m)^\s*(\d+) -> (\d+)", done.stdout)}
    assert ("generate_channels", "train_main_1") in edges
    assert set(PROFILE["groups"]) <= set(names.values()) | {"judge_claim"}
    assert set(PROFILE["groups"].values()) == set(PROFILE["group-components"])

    def group(rule):
        return PROFILE["groups"].get(rule, rule)

    contracted = {(group(a), group(b)) for a, b in edges if group(a) != group(b)}
    while contracted:  # take away what depends on nothing, until nothing or a circle is left
        free = {a for a, _ in contracted} - {b for _, b in contracted}
        assert free, f"a circle: {sorted(contracted)}"
        contracted = {(a, b) for a, b in contracted if a not in free}


@pytest.mark.parametrize("profile", ["local", "slurm"])
def test_profiles_are_accepted(snakemake, tmp_path, profile):
    done = snakemake(tmp_path, "--dry-run", "--profile", str(PROFILES / profile), "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "train_main_1" in done.stdout
