"""Compare a full run's numbers with the committed ones; a miss ends in exit 1, with the rows that differ."""

import os
from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.artifact import compare as verification
from qgnn_d2d.io import write_whole


def verify(results: Path, reference: Path, lock: Path, csv: Path, markdown: Path) -> tuple[str, int]:
    """Compare, and write the comparison, whatever comes out.

    Args:
        results: The study's results.
        reference: The committed numbers.
        lock: The lock file of the environment.
        csv: CSV file to write: every comparison.
        markdown: Markdown file to write: the counts, and the rows that need a look.

    Returns:
        The same for a terminal, and the number of misses.
    """
    changes = verification.machine_changes(verification.load_machine(reference), verification.machine(results, lock))
    table = verification.compare(verification.load(reference), verification.snapshot(results), same_machine=not changes)
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))
    text = verification.markdown(table, changes)
    write_whole(markdown, lambda partial: partial.write_text(text, encoding="utf-8"))
    return verification.report(table, changes), verification.missed(table)


def main(snakemake: Any, terminal: int) -> None:
    """Map Snakemake's job to arguments; say in the log and on the terminal how it came out."""
    params = snakemake.params
    text, misses = verify(
        Path(params.csv).parent,
        Path(params.reference),
        Path(params.lock),
        Path(params.csv),
        Path(params.markdown),
    )
    print(text)
    # Of a failed job Snakemake shows the log, so there the last line will do.
    shown = f"verify: {text.splitlines()[-1]}" if misses else f"\n{text}"
    os.write(terminal, f"{shown}\n".encode())
    if misses:
        raise SystemExit(1)


if "snakemake" in globals():
    stderr = os.dup(2)  # before it goes to the log
    run(lambda job: main(job, stderr), globals()["snakemake"])
