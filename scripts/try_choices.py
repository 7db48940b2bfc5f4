"""Try listed choices for one run on the validation split."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _job import run as run_job

from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.io import write_whole
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import RunSettings, Study
from qgnn_d2d.training import search as tuning


def try_choices(
    study: Study,
    run: RunSettings,
    train: Path,
    validation: Path,
    trials: Sequence[Mapping[str, Any]],
    num_seeds: int,
    record: Path,
) -> None:
    """Write the record of the trials.

    Args:
        study: The study, which says what the channels must be.
        run: The run.
        train: Training channels.
        validation: Validation channels.
        trials: Every trial's changes.
        num_seeds: Seeds per trial.
        record: CSV file to write.
    """
    files = {channel_files.training_split(run): train, "validation": validation}
    splits = channel_files.read(study, run.scenario, files).values()
    table = tuning.compare(run, *splits, trials, num_seeds, progress=sys.stderr)
    print(table.groupby(["trial", "changes"])["value"].mean().sort_values().to_string())
    write_whole(record, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    params = snakemake.params
    try_choices(
        configuration.load(snakemake.config)[0],
        RunSettings.from_dict(params.settings),
        *map(Path, snakemake.input.channels),
        params.trials,
        params.num_seeds,
        Path(snakemake.output[0]),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
