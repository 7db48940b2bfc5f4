"""Derive each rule's memory and run time from what Snakemake measured, and write them into the rules.

    python scripts/measure_resources.py [--write] [folder of benchmarks ...]        (make measure)

Prints what each rule took at most and what that comes to; with ``--write`` it changes ``mem_mb`` and ``runtime`` in
workflow/rules/. Rules that no folder has a benchmark of are left as they are: those of targets that were not run.
"""

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "workflow" / "rules"
MEMORY_HEADROOM = 1.5  # other libraries and machines; peaks between two of Snakemake's samples
SNAKEMAKE_MB = 1000  # of the two Snakemake processes around the script in a Slurm job: 870 measured
MEMORY_STEP_MB = 250
TIME_HEADROOM = 4  # slower machines
TIME_STEP_MINUTES = 5
QUEUED = ("run_hardware",)  # waits for a device: its time is no matter of measurement


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


def declared(text: str) -> dict[str, dict[str, str]]:
    """Return rule to threads, mem_mb and runtime, as a rules file has them; rules without a script are left out."""
    found = {}
    for block in re.split(r"(?m)^rule ", text)[1:]:
        if "script:" in block:
            values = {
                name: re.search(rf"(?m)^ +{name}[:=] ?(.+?),?$", block) for name in ("threads", "mem_mb", "runtime")
            }
            found[block.partition(":")[0]] = {name: match[1] for name, match in values.items() if match}
    return found


def rewritten(text: str, values: Mapping[str, Mapping[str, int]]) -> str:
    """Return a rules file with other resources.

    Args:
        text: The file.
        values: Rule to ``mem_mb`` and ``runtime``.
    """
    blocks = re.split(r"(?m)^(?=rule )", text)
    for i, block in enumerate(blocks):
        for name, value in values.get(block.removeprefix("rule ").partition(":")[0], {}).items():
            blocks[i] = re.sub(rf"(?m)^( +{name}=)\d+,$", rf"\g<1>{value},", blocks[i])
    return "".join(blocks)


def main() -> None:
    """Print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="change the rules")
    parser.add_argument("folders", nargs="*", type=Path, default=[ROOT / "results" / "paper" / "benchmarks"])
    arguments = parser.parse_args()
    table = measured(arguments.folders)
    if table.empty:
        parser.error(f"no benchmarks in {', '.join(map(str, arguments.folders))}: they come with a full run")
    files = sorted(RULES.glob("*.smk"))
    now = {rule: values for path in files for rule, values in declared(path.read_text(encoding="utf-8")).items()}
    values = {rule: needed(row.max_rss_mb, row.seconds) for rule, row in table.iterrows() if rule in now}
    for rule in set(QUEUED) & set(values):
        values[rule]["runtime"] = int(now[rule]["runtime"])
    for rule, given in now.items():
        if rule in values:
            jobs, memory, seconds = table.loc[rule]
            print(
                f"{rule}: {jobs:.0f} jobs, at most {memory:.0f} MB and {seconds:.0f} s; mem_mb {given['mem_mb']} -> "
                f"{values[rule]['mem_mb']}, runtime {given['runtime']} -> {values[rule]['runtime']}"
            )
        else:
            print(f"{rule}: not measured; mem_mb {given['mem_mb']}, runtime {given['runtime']}")
    if arguments.write:
        for path in files:
            text = path.read_text(encoding="utf-8")
            if rewritten(text, values) != text:
                path.write_text(rewritten(text, values), encoding="utf-8")


if __name__ == "__main__":
    main()
