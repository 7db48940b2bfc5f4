"""Solve a scenario's test and evaluation sets with every solver."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d.analysis import evaluation
from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.io import write_whole
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import Study


def solve_baselines(
    study: Study, scenario: str, channels: Mapping[str, Path], solved: Mapping[str, Path], summary: Path
) -> None:
    """Write powers and rates per split, and the means of all splits.

    Args:
        study: The study, which says what the channels must be.
        scenario: The scenario's name.
        channels: Split to its channel file.
        solved: Split to the NetCDF file to write.
        summary: CSV file to write (solver, metric, unit, num_realizations, mean, split).
    """
    means = []
    for split, realizations in channel_files.read(study, scenario, channels).items():
        dataset = evaluation.solve(realizations)
        evaluation.save(dataset.assign_attrs(split=split), solved[split])
        means.append(evaluation.summarize(dataset).assign(split=split))
    table = pd.concat(means, ignore_index=True)
    write_whole(summary, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    splits = ("test", "evaluation")
    solve_baselines(
        configuration.load(snakemake.config)[0],
        snakemake.wildcards.scenario,
        {split: Path(snakemake.input[split]) for split in splits},
        {split: Path(snakemake.output[split]) for split in splits},
        Path(snakemake.output.summary),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
