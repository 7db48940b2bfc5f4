"""Derive each rule's memory and run time from what jobs took, and write them into the default profile.

    python scripts/measure_resources.py [--write] [folder of a study's usage ...]        (make measure)

Prints what each rule took at most and what that comes to; with ``--write`` it changes the section ``set-resources`` of
profiles/default/config.yaml. Rules that no folder has a benchmark of keep what they have: those of targets that were
not run.
"""

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import yaml

from qgnn_d2d.artifact import usage

ROOT = Path(__file__).resolve().parents[1]
PROFILE = ROOT / "profiles" / "default" / "config.yaml"
RULES = ROOT / "workflow" / "rules"
MEMORY_HEADROOM = 1.5  # other libraries and machines
SNAKEMAKE_MB = 1000  # of the two Snakemake processes around the script in a Slurm job: 870 measured
MEMORY_STEP_MB = 250
TIME_HEADROOM = 4  # slower machines
TIME_STEP_MINUTES = 5
QUEUED = ("run_hardware",)  # waits for a device: its time is no matter of measurement

Resources = dict[str, dict[str, int]]
"""Rule to ``mem_mb`` and ``runtime`` (minutes)."""


def measured(folders: Sequence[Path]) -> pd.DataFrame:
    """Return what each rule's processes took at most.

    Args:
        folders: Of what `artifact.usage` reads.

    Returns:
        Indexed by rule: processes, max_rss_mb, seconds.
    """
    table = pd.concat([usage.read(folder) for folder in folders])
    table["process"] = table["process"].where(table["process"] != table["rule"], table["job"])  # one job, one process
    whole = table.groupby(["rule", "process"]).agg(max_rss_mb=("max_rss_mb", "max"), seconds=("seconds", "sum"))
    return whole.groupby("rule").agg(
        processes=("seconds", "size"), max_rss_mb=("max_rss_mb", "max"), seconds=("seconds", "max")
    )


def needed(max_rss_mb: float, seconds: float) -> dict[str, int]:
    """Return ``mem_mb`` and ``runtime`` (minutes) for what a rule took at most.

    Example:
        >>> needed(max_rss_mb=600, seconds=560)
        {'mem_mb': 2000, 'runtime': 40}
        >>> needed(max_rss_mb=280, seconds=2)
        {'mem_mb': 1500, 'runtime': 5}
    """
    memory = MEMORY_HEADROOM * max_rss_mb + SNAKEMAKE_MB
    minutes = TIME_HEADROOM * seconds / 60
    return {
        "mem_mb": MEMORY_STEP_MB * math.ceil(memory / MEMORY_STEP_MB),
        "runtime": TIME_STEP_MINUTES * math.ceil(minutes / TIME_STEP_MINUTES),
    }


def rules(folder: Path = RULES) -> list[str]:
    """Return the scripts of the rules, which give their jobs' records their names: what resources are declared for."""
    texts = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.smk")))
    return sorted(set(re.findall(r'"../../scripts/(\w+)\.py"', texts)))


def declared(profile: str) -> Resources:
    """Return the section ``set-resources`` of a profile's text."""
    return yaml.safe_load(profile).get("set-resources") or {}


def rewritten(profile: str, resources: Mapping[str, Mapping[str, int]]) -> str:
    """Return a profile's text with another section ``set-resources``; everything else stays as it is."""
    entries = [
        f"  {rule}: {{{', '.join(f'{name}: {value}' for name, value in values.items())}}}\n"
        for rule, values in sorted(resources.items())
    ]
    section = re.compile(r"(?m)^set-resources:.*\n(?:[ \t].*\n|\n(?=[ \t]))*")
    text = "".join(["set-resources:\n", *entries])
    return section.sub(text, profile, count=1) if section.search(profile) else f"{profile}{text}"


def main() -> None:
    """Print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="change the profile")
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "results" / "paper" / "usage"])
    arguments = parser.parse_args()
    table = measured(arguments.folders)
    if table.empty:
        parser.error(f"nothing in {', '.join(map(str, arguments.folders))}: it comes with a full run")
    text = PROFILE.read_text(encoding="utf-8")
    before, after = declared(text), Resources()
    for rule in rules():
        after[rule] = dict(before.get(rule, {}))
        if rule not in table.index:
            print(f"{rule}: not measured; {after[rule] or 'nothing declared'}")
            continue
        processes, memory, seconds = table.loc[rule]
        kept = {name: after[rule][name] for name in ("runtime",) if rule in QUEUED and name in after[rule]}
        after[rule] = needed(memory, seconds) | kept
        found = f"{processes:.0f} processes, at most {memory:.0f} MB and {seconds:.0f} s"
        print(f"{rule}: {found}; {before.get(rule, 'nothing declared')} -> {after[rule]}")
    if arguments.write:
        PROFILE.write_text(
            rewritten(text, {rule: values for rule, values in after.items() if values}), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
