"""Evaluate all runs of a table, realization by realization."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from _job import run as run_job

from qgnn_d2d.analysis import evaluation
from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import RunSettings, Study
from qgnn_d2d.training import trainer as training


def evaluate_models(
    study: Study,
    runs: Sequence[RunSettings],
    weights: Sequence[Path],
    channels: Mapping[str, Path],
    scored: Mapping[str, Path],
) -> None:
    """Write every seed's quantities on every realization.

    Args:
        study: The study, which says what the channels must be.
        runs: The table's runs, all of one scenario.
        weights: Their weights, in the same order.
        channels: Split to its channel file.
        scored: Split to the NetCDF file to write.
    """
    torch.set_num_threads(runs[0].num_threads)
    models = [training.load_weights(run, path) for run, path in zip(runs, weights, strict=True)]
    for split, realizations in channel_files.read(study, runs[0].scenario, channels).items():
        parts = [evaluation.evaluate(run, model, realizations, split) for run, model in zip(runs, models, strict=True)]
        evaluation.save(xr.concat(parts, dim="copy").assign_attrs(split=split), scored[split])


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    splits = ("test", "evaluation")
    evaluate_models(
        configuration.load(snakemake.config)[0],
        [RunSettings.from_dict(settings) for settings in snakemake.params.runs],
        [Path(path) for path in snakemake.input.weights],
        {split: Path(path) for split, path in zip(splits, snakemake.input.channels, strict=True)},
        {split: Path(snakemake.output[split]) for split in splits},
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
