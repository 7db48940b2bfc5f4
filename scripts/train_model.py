"""Train all seeds of one run."""

import sys
from pathlib import Path
from typing import Any

from _job import run as run_job

from qgnn_d2d import scenarios, training
from qgnn_d2d.files import sha256, write_json, write_whole
from qgnn_d2d.study import RunSettings


def train_model(
    run: RunSettings, train: Path, test: Path, checkpoints: Path, curves: Path, weights: Path, manifest: Path
) -> None:
    """Train a run, scored on its training and test sets; an interrupted training goes on from its checkpoint.

    Args:
        run: The run.
        train: Training channels.
        test: Test channels.
        checkpoints: Folder of the checkpoint, which is removed at the end.
        curves: CSV file to write.
        weights: Safetensors file to write.
        manifest: JSON file to write: settings, metric, parameters, hashes of curves and weights.
    """
    monitored = {
        split: scenarios.to_channels(scenarios.load(path)) for split, path in [("train", train), ("test", test)]
    }
    if run.train_size is not None:
        monitored["train"] = monitored["train"].take(slice(run.train_size))
    trained = training.train(run, monitored["train"], monitored, checkpoints=checkpoints, progress=sys.stderr)
    write_whole(curves, lambda partial: trained.curves.to_csv(partial, index=False))
    training.save_weights(trained.model, run, weights)
    content = {
        "settings": run.as_dict(),
        "metric": training.METRICS[run.protocol][0],
        "num_parameters": trained.model.num_parameters,
        "outputs": {"curves": sha256(curves), "weights": sha256(weights)},
    }
    write_json(manifest, content)
    training.remove_checkpoints(run, checkpoints)


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output = snakemake.output
    train_model(
        RunSettings.from_dict(snakemake.params.settings),
        *map(Path, snakemake.input.channels),
        Path(snakemake.params.checkpoints),
        Path(output.curves),
        Path(output.weights),
        Path(output.manifest),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
