"""Evaluate the QGNN on one noisy device after the other, exactly and with shots."""

from pathlib import Path
from typing import Any

import torch
from _job import run_each

from qgnn_d2d import channels, training
from qgnn_d2d.analysis import device_noise
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, job: Any) -> None:
    """Write the sum rates of networks trained without the noise and, where there is one, under it."""
    name, (evaluation, test, *weights), (exact, shots) = job.wildcards["noise"], job.input, job.output
    runs = {training_kind: study.runs[run] for training_kind, run in study.noise_runs(name).items()}
    torch.set_num_threads(runs["unaware"].num_threads)
    models = {
        kind: (run, training.load_weights(run, path)) for (kind, run), path in zip(runs.items(), weights, strict=True)
    }
    files = {"evaluation": Path(evaluation), "test": Path(test)}
    read = channels.read(study, runs["unaware"].scenario, files)
    noise = study.noise_models[name]
    table = device_noise.noise_rows(name, noise, models, read["evaluation"], "evaluation")
    write_csv(Path(exact), table)
    table = device_noise.noise_rows(name, noise, models, read["test"], "test", study.config.noise.shots)
    write_csv(Path(shots), table)


if "snakemake" in globals():
    run_each(main, globals()["snakemake"], "noise", Study.noise_inputs, Study.noise_files)
