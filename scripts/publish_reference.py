"""Commit to a full run: copy its numbers to results/reference/ and write them into the README.

    python scripts/publish_reference.py        (make reference, after make reproduce and make bench)

No rule does this, so that `results/reference/` changes only on purpose.
"""

import json
import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from qgnn_d2d import claims, publication
from qgnn_d2d.files import write_json, write_whole

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
REFERENCE = RESULTS / "reference"
COPIED = (
    "paper/claims.*",
    "paper/tables/*",
    "paper/tuning/*.csv",
    "paper/comparisons/*.csv",
    "paper/noise/*.*",
    "benchmarks/engine.csv",
)


def job_times(benchmarks: Path) -> pd.DataFrame:
    """Return the wall seconds of every job but the search's: rule, job, seconds."""
    rows = [
        (path.relative_to(benchmarks).parts[0].removesuffix(".tsv"), str(path.relative_to(benchmarks)), seconds)
        for path in sorted(benchmarks.rglob("*.tsv"))
        for seconds in pd.read_csv(path, sep="\t")["s"].tolist()
    ]
    jobs = pd.DataFrame(rows, columns=["rule", "job", "seconds"])
    return jobs[jobs["rule"] != "tune_model"]


def machine() -> dict[str, str | int | None]:
    """Return what the numbers were made on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "pennylane", "numpy", "scipy", "snakemake")},
    }


def blocks(reference: Path) -> dict[str, str]:
    """Return the README's blocks, made from the reference numbers alone."""
    jobs = pd.read_csv(reference / "jobs.csv").set_index("rule")["seconds"]
    made_on = json.loads((reference / "machine.json").read_text(encoding="utf-8"))
    return {
        "claims": claims.overview(pd.read_csv(reference / "claims.csv")),
        "results": publication.results_block(pd.read_csv(reference / "tables" / "rayleigh.csv"), "rayleigh"),
        "noise": publication.noise_block(pd.read_csv(reference / "noise" / "summary.csv")),
        "engine": publication.engine_block(pd.read_csv(reference / "engine.csv")),
        "cost": publication.cost_block(jobs, made_on),
    }


def main() -> None:
    """Copy, then write the README."""
    for pattern in COPIED:
        for source in sorted(RESULTS.glob(pattern)):
            target = REFERENCE / source.relative_to(RESULTS / pattern.partition("/")[0])
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    jobs = job_times(RESULTS / "paper" / "benchmarks")
    write_json(REFERENCE / "machine.json", machine())
    write_whole(REFERENCE / "jobs.csv", lambda partial: jobs.to_csv(partial, index=False))
    readme = ROOT / "README.md"
    text = publication.splice(readme.read_text(encoding="utf-8"), blocks(REFERENCE))
    write_whole(readme, lambda partial: partial.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main()
