"""Evaluate the QGNN on one noisy device, exactly and with shots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from _job import run as run_job

from qgnn_d2d.analysis import device_noise as device_study
from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.io import write_whole
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import RunSettings, Study
from qgnn_d2d.training import trainer as training


def evaluate_noise(
    study: Study,
    name: str,
    noise: Mapping[str, Any],
    runs: Mapping[str, RunSettings],
    weights: Mapping[str, Path],
    channels: Mapping[str, Path],
    shots: Sequence[int],
    exact_csv: Path,
    shots_csv: Path,
) -> None:
    """Write the sum rates of noise-unaware and noise-aware models.

    Args:
        study: The study, which says what the channels must be.
        name: The noise model's name.
        noise: Its setting.
        runs: Training (unaware, aware) to its run, all of one scenario.
        weights: Training to its weights.
        channels: Split to its channel file: evaluation for exact values, test for shots.
        shots: Numbers of shots; none for exact values only.
        exact_csv: CSV file to write.
        shots_csv: CSV file to write.
    """
    torch.set_num_threads(next(iter(runs.values())).num_threads)
    models = {key: (run, training.load_weights(run, weights[key])) for key, run in runs.items()}
    loaded = channel_files.read(study, next(iter(runs.values())).scenario, channels)
    table = device_study.noise_rows(name, noise, models, loaded["evaluation"], "evaluation")
    write_whole(exact_csv, lambda partial: table.to_csv(partial, index=False))
    sampled = device_study.shot_rows(name, noise, models, loaded["test"], "test", shots)
    write_whole(shots_csv, lambda partial: sampled.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    trainings = list(snakemake.params.runs)
    evaluate_noise(
        configuration.load(snakemake.config)[0],
        snakemake.wildcards.noise,
        snakemake.params.noise,
        {key: RunSettings.from_dict(snakemake.params.runs[key]) for key in trainings},
        {key: Path(path) for key, path in zip(trainings, snakemake.input.weights, strict=True)},
        {split: Path(snakemake.input[split]) for split in ("evaluation", "test")},
        snakemake.params.shots,
        Path(snakemake.output.exact),
        Path(snakemake.output.shots),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
