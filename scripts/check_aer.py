"""Run a stated subset of stars on Aer with real shots, and compare with the engine's law."""

from collections.abc import Mapping
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


def check_aer(
    study: Study,
    name: str,
    noise: Mapping[str, Any],
    run: RunSettings,
    weights: Path,
    channels: Path,
    subset: Mapping[str, int],
    csv: Path,
) -> None:
    """Write the comparison.

    Args:
        study: The study, which says what the channels must be.
        name: The noise model's name.
        noise: Its setting.
        run: The noise-unaware run.
        weights: Its weights.
        channels: The test channels.
        subset: realizations (the first ones), shots, repeats.
        csv: CSV file to write.
    """
    torch.set_num_threads(run.num_threads)
    realizations = channel_files.read(study, run.scenario, {"test": channels})["test"]
    table = device_study.aer_rows(
        name,
        noise,
        run,
        training.load_weights(run, weights),
        realizations.take(slice(subset["realizations"])),
        "test",
        shots=subset["shots"],
        repeats=subset["repeats"],
    )
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    check_aer(
        configuration.load(snakemake.config)[0],
        snakemake.wildcards.noise,
        snakemake.params.noise,
        RunSettings.from_dict(snakemake.params.run),
        Path(snakemake.input.weights),
        Path(snakemake.input.channels),
        snakemake.params.subset,
        Path(snakemake.output[0]),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
