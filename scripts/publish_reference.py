"""Commit to a full run: copy its numbers to results/reference/ and write them into the README.

    python scripts/publish_reference.py        (make reference)

No rule does this, so that `results/reference/` changes only on purpose.
"""

import shutil
from pathlib import Path

import pandas as pd

from qgnn_d2d import claims, publication
from qgnn_d2d.files import write_whole

ROOT = Path(__file__).resolve().parents[1]
RESULTS, REFERENCE = ROOT / "results" / "paper", ROOT / "results" / "reference"
COPIED = ("claims.csv", "claims.md", "tables/*.csv", "tables/*.md", "tuning/*.csv")


def job_seconds(benchmarks: Path) -> pd.DataFrame:
    """Return the wall seconds of every job: columns rule, job, seconds."""
    rows = [
        (path.relative_to(benchmarks).parts[0].removesuffix(".tsv"), str(path.relative_to(benchmarks)), seconds)
        for path in sorted(benchmarks.rglob("*.tsv"))
        for seconds in pd.read_csv(path, sep="\t")["s"].tolist()
    ]
    return pd.DataFrame(rows, columns=["rule", "job", "seconds"])


def blocks(reference: Path) -> dict[str, str]:
    """Return the README's blocks, made from the reference numbers alone."""
    jobs = pd.read_csv(reference / "jobs.csv")
    return {
        "claims": claims.markdown(pd.read_csv(reference / "claims.csv"), "make reproduce"),
        "results": publication.results_block(pd.read_csv(reference / "tables" / "rayleigh.csv"), "rayleigh"),
        "cost": publication.cost_block(jobs.set_index("rule")["seconds"]),
    }


def main() -> None:
    """Copy, then write the README."""
    for pattern in COPIED:
        for source in sorted(RESULTS.glob(pattern)):
            target = REFERENCE / source.relative_to(RESULTS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    jobs = job_seconds(RESULTS / "benchmarks")
    jobs = jobs[jobs["rule"] != "tune_model"]
    write_whole(REFERENCE / "jobs.csv", lambda partial: jobs.to_csv(partial, index=False))
    readme = ROOT / "README.md"
    text = publication.splice(readme.read_text(encoding="utf-8"), blocks(REFERENCE))
    write_whole(readme, lambda partial: partial.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main()
