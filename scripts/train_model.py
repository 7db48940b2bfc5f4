"""Train all seeds of one run; an interrupted training goes on from its checkpoint."""

import sys
from pathlib import Path
from typing import Any

from _job import run as run_job

from qgnn_d2d import channels, training
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study
from qgnn_d2d.training import checkpoint


def main(study: Study, snakemake: Any) -> None:
    """Write curves, weights and manifest; the checkpoint is removed at the end."""
    run, output = study.trainable(snakemake.wildcards.run), snakemake.output
    checkpoints = Path(snakemake.params.checkpoints)
    files = dict(zip((run.training_split, "test"), map(Path, snakemake.input.channels), strict=True))
    read = channels.read(study, run.scenario, files)
    train = read[run.training_split]
    if run.train_size is not None:
        train = train.take(slice(run.train_size))
    monitored = {"train": train, "test": read["test"]}
    seconds = study.config.torch.checkpoint_seconds
    trained = training.train(
        run, train, monitored, checkpoints=checkpoints, checkpoint_seconds=seconds, progress=sys.stderr
    )
    write_csv(Path(output.curves), trained.curves)
    training.save_weights(trained.model, run, Path(output.weights))
    outputs = {name: Path(output[name]) for name in ("curves", "weights")}
    training.save_manifest(run, trained.model, Path(output.manifest), **outputs)
    checkpoint.remove(run, checkpoints)


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
