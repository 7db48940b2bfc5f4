"""Evaluate all runs of an experiment, realization by realization."""

from pathlib import Path
from typing import Any

import torch
import xarray as xr
from _job import run as run_job

from qgnn_d2d import channels, training
from qgnn_d2d.analysis import evaluation, values
from qgnn_d2d.settings import Study

SPLITS = ("test", "evaluation")


def main(study: Study, snakemake: Any) -> None:
    """Write every seed's quantities on every realization."""
    runs = [study.runs[name] for name in study.experiments[snakemake.wildcards.experiment]]
    torch.set_num_threads(runs[0].num_threads)
    models = [training.load_weights(run, path) for run, path in zip(runs, snakemake.input.weights, strict=True)]
    files = {split: Path(path) for split, path in zip(SPLITS, snakemake.input.channels, strict=True)}
    for split, realizations in channels.read(study, runs[0].scenario, files).items():
        parts = [evaluation.evaluate(run, model, realizations, split) for run, model in zip(runs, models, strict=True)]
        values.save(xr.concat(parts, dim="copy").assign_attrs(split=split), Path(snakemake.output[split]))


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
