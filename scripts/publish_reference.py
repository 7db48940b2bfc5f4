"""Commit to a full run: copy its numbers to results/reference/ and write them into README.md and docs/informed.md.

    python scripts/publish_reference.py        (make reference, after make reproduce and make bench)

No rule does this, so that `results/reference/` changes only on purpose.
"""

import shutil
from pathlib import Path

import pandas as pd
import yaml

from qgnn_d2d.artifact import compare as verification
from qgnn_d2d.claims import claim as claims
from qgnn_d2d.io import read_csv, read_json, write_json, write_whole
from qgnn_d2d.report import readme as publication

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
REFERENCE = RESULTS / "reference"
COPIED = (
    "paper/claims.json",
    "paper/claims.md",
    "paper/convergence.csv",
    "paper/convergence.md",
    "paper/tables/*.csv",
    "paper/tables/*.md",
    "paper/tuning/*.csv",
    "paper/choices/*.csv",
    "paper/comparisons/*.csv",
    "paper/noise/*.csv",
    "paper/noise/*.md",
    "paper/scale/*.csv",
    "benchmarks/engine.csv",
)


def job_times(benchmarks: Path) -> pd.DataFrame:
    """Return what every job took but the search's: rule, job, seconds, cpu_seconds, max_rss_mb."""
    rows = [
        (path.relative_to(benchmarks).parts[0].removesuffix(".tsv"), str(path.relative_to(benchmarks)), *measured)
        for path in sorted(benchmarks.rglob("*.tsv"))
        for measured in read_csv(path, separator="\t")[["s", "cpu_time", "max_rss"]].itertuples(index=False)
    ]
    jobs = pd.DataFrame(rows, columns=["rule", "job", "seconds", "cpu_seconds", "max_rss_mb"])
    return jobs[~jobs["rule"].isin(["tune_model", "try_choices"])]


def blocks(reference: Path) -> dict[str, dict[str, str]]:
    """Return the generated blocks of every document, made from the reference numbers and the config alone."""
    jobs = read_csv(reference / "jobs.csv")
    judged = read_json(reference / "claims.json")
    made_on = read_json(reference / "machine.json")
    config = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text(encoding="utf-8"))
    table = read_csv(reference / "tables" / "rayleigh.csv")
    compared = read_csv(reference / "comparisons" / "rayleigh.csv")
    records = {run: read_csv(reference / "choices" / f"{run}.csv") for run in config["choices"]["runs"]}
    gcn = next(pair["gcn"] for pair in config["claims"] if pair.get("primary"))
    return {
        "README.md": {
            "claims": claims.overview(judged, publication.training_minutes(jobs)),
            "informed": publication.informed_block(
                table, compared, config["informed"]["mains"], {"the GCN": gcn, "the QGNN": config["informed"]["ideal"]}
            ),
            "informed_claims": claims.beside(judged, config["informed"]["ideal"]),
            "results": publication.results_block(table, "rayleigh"),
            "noise": publication.noise_block(read_csv(reference / "noise" / "summary.csv")),
            "engine": publication.engine_block(read_csv(reference / "engine.csv")),
            "cost": publication.cost_block(jobs, made_on),
        },
        "docs/informed.md": {"choices": publication.choices_block(records)},
    }


def write_reference(results: Path, reference: Path) -> None:
    """Copy a full run's tables, and write what `verification` compares beside them.

    Args:
        results: Folder of the study `paper` and of the benchmarks.
        reference: Folder to write to.
    """
    for pattern in COPIED:
        for source in sorted(results.glob(pattern)):
            target = reference / source.relative_to(results / pattern.partition("/")[0])
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    study = results / "paper"
    for name, table in {**verification.made(study), "jobs.csv": job_times(study / "benchmarks")}.items():
        write_whole(reference / name, lambda partial, table=table: table.to_csv(partial, index=False))
    write_json(reference / "machine.json", verification.machine(study, ROOT / "envs" / "requirements.lock"))


def main() -> None:
    """Write the reference, then the documents."""
    write_reference(RESULTS, REFERENCE)
    for name, parts in blocks(REFERENCE).items():
        document = ROOT / name
        text = publication.splice(document.read_text(encoding="utf-8"), parts)
        write_whole(document, lambda partial, text=text: partial.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main()
