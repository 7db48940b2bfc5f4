"""What the jobs of a study took, as each of them wrote it beside its record: processor time, wall time, memory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..io import read_json

COLUMNS = ["rule", "job", "process", "seconds", "cpu_seconds", "max_rss_mb"]


def read(folder: Path | str) -> pd.DataFrame:
    """Return what every job took, from a study's folder ``usage``.

    Returns:
        One row per job: rule (its script), job, process (the rule of Snakemake; jobs of one process follow each other),
        seconds, cpu_seconds (user and system, children included, by getrusage) and max_rss_mb (MiB, the largest
        resident set of its process so far).

    Raises:
        ValueError: A file is truncated or foreign; the line names it.
    """
    rows = []
    for path in sorted(Path(folder).rglob("[!.]*.json")):
        job, found = path.relative_to(folder).with_suffix("").as_posix(), read_json(path)
        if set(found) != set(COLUMNS[2:]):
            raise ValueError(f"{path}: keys are {sorted(found)}; they must be {sorted(COLUMNS[2:])}")
        rows.append({"rule": job.partition("/")[0], "job": job, **found})
    return pd.DataFrame(rows, columns=COLUMNS)
