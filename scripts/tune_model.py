"""Search learning rate, batch size and epochs of one run on the validation split."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _job import run as run_job

from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.io import write_whole
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import RunSettings, Study
from qgnn_d2d.training import search as tuning


def tune_model(
    study: Study, run: RunSettings, train: Path, validation: Path, space: Mapping[str, Any], record: Path
) -> None:
    """Write the record of a search.

    Args:
        study: The study, which says what the channels must be.
        run: The run.
        train: Training channels.
        validation: Validation channels.
        space: The config's ``tuning``.
        record: CSV file to write.
    """
    files = {channel_files.training_split(run): train, "validation": validation}
    splits = channel_files.read(study, run.scenario, files).values()
    table = tuning.search(run, *splits, space, progress=sys.stderr)
    print(f"best: {tuning.best(table)}")
    write_whole(record, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    tune_model(
        configuration.load(snakemake.config)[0],
        RunSettings.from_dict(snakemake.params.settings),
        *map(Path, snakemake.input.channels),
        snakemake.params.space,
        Path(snakemake.output[0]),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
