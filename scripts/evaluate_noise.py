"""Evaluate the QGNN on one noisy device, exactly and with shots."""

from pathlib import Path
from typing import Any

import torch
from _job import run as run_job

from qgnn_d2d import channels, training
from qgnn_d2d.analysis import device_noise
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the sum rates of networks trained without the noise and, where there is one, under it."""
    name, inputs, output = snakemake.wildcards.noise, snakemake.input, snakemake.output
    runs = {training_kind: study.runs[run] for training_kind, run in study.noise_runs(name).items()}
    torch.set_num_threads(runs["unaware"].num_threads)
    models = {
        kind: (run, training.load_weights(run, path))
        for (kind, run), path in zip(runs.items(), inputs.weights, strict=True)
    }
    files = {split: Path(inputs[split]) for split in ("evaluation", "test")}
    read = channels.read(study, runs["unaware"].scenario, files)
    noise = study.noise_models[name]
    exact = device_noise.noise_rows(name, noise, models, read["evaluation"], "evaluation")
    write_csv(Path(output.exact), exact)
    shots = device_noise.noise_rows(name, noise, models, read["test"], "test", study.config.noise.shots)
    write_csv(Path(output.shots), shots)


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
