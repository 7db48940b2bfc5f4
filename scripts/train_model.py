"""Train all seeds of one run."""

import sys
from pathlib import Path
from typing import Any

from _job import run as run_job

from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.io import write_whole
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import RunSettings, Study
from qgnn_d2d.training import trainer as training


def train_model(
    study: Study,
    run: RunSettings,
    train: Path,
    test: Path,
    checkpoints: Path,
    curves: Path,
    weights: Path,
    manifest: Path,
) -> None:
    """Train a run, scored on its training and test sets; an interrupted training goes on from its checkpoint.

    Args:
        study: The study, which says what the channels must be.
        run: The run.
        train: Training channels.
        test: Test channels.
        checkpoints: Folder of the checkpoint, which is removed at the end.
        curves: CSV file to write.
        weights: Safetensors file to write.
        manifest: JSON file to write: settings, metric, parameters, hashes of curves and weights.
    """
    source = channel_files.training_split(run)
    channels = channel_files.read(study, run.scenario, {source: train, "test": test})
    monitored = {"train": channels[source], "test": channels["test"]}
    if run.train_size is not None:
        monitored["train"] = monitored["train"].take(slice(run.train_size))
    trained = training.train(run, monitored["train"], monitored, checkpoints=checkpoints, progress=sys.stderr)
    write_whole(curves, lambda partial: trained.curves.to_csv(partial, index=False))
    training.save_weights(trained.model, run, weights)
    training.save_manifest(run, trained.model, manifest, curves=curves, weights=weights)
    training.remove_checkpoints(run, checkpoints)


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output = snakemake.output
    train_model(
        configuration.load(snakemake.config)[0],
        RunSettings.from_dict(snakemake.params.settings),
        *map(Path, snakemake.input.channels),
        Path(snakemake.params.checkpoints),
        Path(output.curves),
        Path(output.weights),
        Path(output.manifest),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
