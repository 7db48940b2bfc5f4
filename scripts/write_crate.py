"""Describe a finished study as an RO-Crate: what each of its files was made of, by the jobs' records."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from _job import run

from qgnn_d2d import crate
from qgnn_d2d.files import read_json, write_json, write_whole


def write_crate(
    files: Sequence[str], results: Path, settings: Mapping[str, Any], citation: Path, config: Path, metadata: Path
) -> None:
    """Write the config and the crate's metadata; figures that lie elsewhere are copied into the crate.

    Args:
        files: Figures, tables and claims, relative to the repository.
        results: The study's results, which are the crate's root.
        settings: The study's config as loaded.
        citation: CITATION.cff.
        config: JSON file to write: the settings.
        metadata: JSON file to write.
    """
    folder = results / "provenance"
    records = {
        path.relative_to(folder).with_suffix("").as_posix(): read_json(path) for path in sorted(folder.rglob("*.json"))
    }
    jobs = crate.lineage(files, records)
    for path in files:
        copy = results / crate.place(path, results)
        if copy != Path(path):
            write_whole(copy, lambda partial, path=path: shutil.copyfile(path, partial))
    write_json(config, settings)
    content = crate.metadata(results, records, jobs, config, yaml.safe_load(citation.read_text(encoding="utf-8")))
    write_json(metadata, content)
    print(f"{len(jobs)} jobs; left out, as the study does not need them: {sorted(records.keys() - set(jobs))}")


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    write_crate(
        snakemake.input.files,
        Path(snakemake.output.metadata).parent,
        snakemake.params.config,
        Path(snakemake.input.citation),
        Path(snakemake.output.config),
        Path(snakemake.output.metadata),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
