"""The cluster profile fits the DAG, and every rule asks for what was measured. `make test-slurm` runs it on a Slurm."""

import re

import pandas as pd
import pytest
import yaml

from tests.runs import ROOT, SMOKE, rules

PROFILES = ROOT / "workflow" / "profiles"
PROFILE = yaml.safe_load((PROFILES / "slurm" / "config.yaml").read_text(encoding="utf-8"))
MEASURED = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text(encoding="utf-8"))["set-resources"]
LOAD_TOLERANCE = 1.1  # processor seconds per second: sampled at other moments than the wall clock


def test_every_rule_asks_for_memory_and_time():
    assert set(MEASURED) == set(rules())
    for asked in MEASURED.values():
        assert asked["mem_mb"] > 0 and asked["runtime"] > 0


def test_the_reference_run_stayed_within_what_the_rules_ask_for():
    jobs = pd.read_csv(ROOT / "results" / "reference" / "jobs.csv")
    jobs = jobs[jobs["rule"].isin(MEASURED)]
    assert len(jobs) > 0
    asked = jobs["rule"].map(MEASURED)
    assert (jobs["seconds"] <= 60 * asked.map(lambda values: values["runtime"])).all()
    assert (jobs["max_rss_mb"].fillna(0) <= asked.map(lambda values: values["mem_mb"])).all()
    assert (jobs["cpu_seconds"].fillna(0) <= LOAD_TOLERANCE * PROFILE["cores"] * jobs["seconds"]).all()


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
