"""Compare a finished study with its jobs' records, and describe it as an RO-Crate: what each file was made of."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from _job import run

from qgnn_d2d.artifact import crate
from qgnn_d2d.artifact.records import load_records
from qgnn_d2d.io import write_json, write_whole
from qgnn_d2d.settings import Study


def write_crate(files: Sequence[str], results: Path, config: Mapping[str, Any], citation: Path) -> str:
    """Write the config and the crate's metadata; figures that lie elsewhere are copied into the crate.

    Args:
        files: Figures, tables and claims, relative to the repository.
        results: The study's results, which are the crate's root.
        config: The study's config as loaded.
        citation: CITATION.cff.

    Returns:
        What the crate holds, in words.
    """
    settings, metadata = results / crate.CONFIG, results / crate.METADATA
    metadata.unlink(missing_ok=True)  # a crate that stands is one that was found right
    records = load_records(results / "provenance")
    jobs = crate.lineage(files, records)
    for path in files:
        copy = results / crate.place(path, results)
        if copy != Path(path):
            write_whole(copy, lambda partial, path=path: shutil.copyfile(path, partial))
    write_json(settings, config)
    content = crate.metadata(results, records, jobs, settings, yaml.safe_load(citation.read_text(encoding="utf-8")))
    write_json(metadata, content)
    unused = sorted(records.keys() - set(jobs))
    return f"{crate.summary(records, jobs)}; left out, as the study does not need them: {', '.join(unused) or 'none'}"


def main(study: Study, snakemake: Any) -> None:
    """Map the study and Snakemake's job to arguments."""
    files, citation = snakemake.input.files, Path(snakemake.input.citation)
    print(write_crate(files, Path(study.results), snakemake.config, citation))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
