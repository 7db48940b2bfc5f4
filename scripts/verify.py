"""Compare a full run's numbers with the committed ones; a miss ends in exit 1, with the rows that differ."""

import os
from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.artifact import compare, machine, reference
from qgnn_d2d.claims import page
from qgnn_d2d.io import read_json, write_csv, write_text
from qgnn_d2d.settings import Study

STUDY = "paper"  # whose numbers are committed
SHOWN = 40  # rows that need a look, on the terminal


def verify(study: Study, committed: Path, lock: Path, csv: Path, markdown: Path) -> tuple[str, str]:
    """Compare, and write the comparison, whatever comes out.

    Args:
        study: A finished study: the committed one, or one that has taken its weights.
        committed: The committed numbers.
        lock: The lock file of the environment.
        csv: CSV file to write: every comparison.
        markdown: Markdown file to write: the claims, the counts, and the rows that need a look.

    Returns:
        The same for a terminal, and what is amiss in one line: empty if nothing is.
    """
    results, same_weights = Path(study.results), study.config.weights == "reference"
    changes = machine.changes(read_json(committed / "machine.json"), reference.machine_of(results, lock))
    known = reference.load(committed)
    table = compare.compare(
        reference.part(known, study) if same_weights else known, reference.snapshot(results),
        same_machine=not changes, same_weights=same_weights,
    )  # fmt: skip
    judged = [read_json(folder / reference.CLAIMS) for folder in (committed, results)]
    write_csv(csv, table)
    texts = [
        f"{page.side_by_side(*judged)}\n{compare.report(table, changes, most, same_weights=same_weights)}"
        for most in (None, SHOWN)
    ]
    write_text(markdown, texts[0])
    return texts[1], compare.conclusion(table) if compare.missed(table) else ""


def main(study: Study, snakemake: Any, terminal: int) -> None:
    """Map the study and Snakemake's job to arguments; say in the log and on the terminal how it came out."""
    if study.name != STUDY and study.config.weights != "reference":
        raise ValueError(f"results/reference holds the numbers of the study {STUDY}; this is the study {study.name}")
    params = snakemake.params
    files = (Path(study.file(f"verification.{suffix}")) for suffix in ("csv", "md"))
    text, amiss = verify(study, Path(params.reference), Path(params.lock), *files)
    print(text)
    # Of a failed job Snakemake shows the log, so there one line will do.
    os.write(terminal, (f"verify: {amiss}\n" if amiss else f"\n{text}").encode())
    if amiss:
        raise SystemExit(1)


if "snakemake" in globals():
    stderr = os.dup(2)  # before it goes to the log
    run(lambda study, job: main(study, job, stderr), globals()["snakemake"])
