"""Derive each rule's memory and run time from what Snakemake measured, and write them into the default profile.

    python scripts/measure_resources.py [--write] [folder of benchmarks ...]        (make measure)

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

ROOT = Path(__file__).resolve().parents[1]
PROFILE = ROOT / "profiles" / "default" / "config.yaml"
RULES = ROOT / "workflow" / "rules"
MEMORY_HEADROOM = 1.5  # other libraries and machines; peaks between two of Snakemake's samples
SNAKEMAKE_MB = 1000  # of the two Snakemake processes around the script in a Slurm job: 870 measured
MEMORY_STEP_MB = 250
TIME_HEADROOM = 4  # slower machines
TIME_STEP_MINUTES = 5
QUEUED = ("run_hardware",)  # waits for a device: its time is no matter of measurement

Resources = dict[str, dict[str, int]]
"""Rule to ``mem_mb`` and ``runtime`` (minutes)."""


def measured(folders: Sequence[Path]) -> pd.DataFrame:
    """Return what each rule took at most.

    Args:
        folders: Snakemake's benchmark files, in a folder or a file per rule.

    Returns:
        Indexed by rule: jobs, max_rss_mb, seconds.
    """
    rows = [
        {"rule": path.relative_to(folder).parts[0].removesuffix(".tsv"), "max_rss_mb": memory, "seconds": seconds}
        for folder in folders
        for path in sorted(folder.rglob("*.tsv"))
        for memory, seconds in pd.read_csv(path, sep="\t")[["max_rss", "s"]].itertuples(index=False)
    ]
    table = pd.DataFrame(rows, columns=["rule", "max_rss_mb", "seconds"]).dropna()  # too short to be sampled
    return table.groupby("rule").agg(
        jobs=("rule", "size"), max_rss_mb=("max_rss_mb", "max"), seconds=("seconds", "max")
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
    """Return the rules that have a script: those whose jobs need resources."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.smk"))]
    blocks = [block for text in texts for block in re.split(r"(?m)^rule ", text)[1:]]
    return [block.partition(":")[0] for block in blocks if "script:" in block]


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
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "results" / "paper" / "benchmarks"])
    arguments = parser.parse_args()
    table = measured(arguments.folders)
    if table.empty:
        parser.error(f"no benchmarks in {', '.join(map(str, arguments.folders))}: they come with a full run")
    text = PROFILE.read_text(encoding="utf-8")
    before, after = declared(text), Resources()
    for rule in rules():
        after[rule] = dict(before.get(rule, {}))
        if rule not in table.index:
            print(f"{rule}: not measured; {after[rule] or 'nothing declared'}")
            continue
        jobs, memory, seconds = table.loc[rule]
        kept = {name: after[rule][name] for name in ("runtime",) if rule in QUEUED and name in after[rule]}
        after[rule] = needed(memory, seconds) | kept
        found = f"{jobs:.0f} jobs, at most {memory:.0f} MB and {seconds:.0f} s"
        print(f"{rule}: {found}; {before.get(rule, 'nothing declared')} -> {after[rule]}")
    if arguments.write:
        PROFILE.write_text(
            rewritten(text, {rule: values for rule, values in after.items() if values}), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
