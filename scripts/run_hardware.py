"""Measure a trained QGNN's stars through Qiskit Runtime, on a real device or in its local testing mode."""

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


def run_hardware(
    study: Study, settings: Mapping[str, Any], run: RunSettings, weights: Path, channels: Path, csv: Path
) -> None:
    """Write the sum rate of the first realizations, measured.

    Args:
        study: The study, which says what the channels must be.
        settings: backend, realizations, seeds, shots, mitigation.
        run: The run.
        weights: Its weights.
        channels: The test channels.
        csv: CSV file to write.
    """
    torch.set_num_threads(run.num_threads)
    realizations = channel_files.read(study, run.scenario, {"test": channels})["test"]
    table = device_study.hardware_rows(
        settings["backend"],
        run,
        training.load_weights(run, weights),
        realizations.take(slice(settings["realizations"])),
        "test",
        shots=settings["shots"],
        mitigation=settings["mitigation"],
    )
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    run_hardware(
        configuration.load(snakemake.config)[0],
        snakemake.params.settings,
        RunSettings.from_dict(snakemake.params.run),
        Path(snakemake.input.weights),
        Path(snakemake.input.channels),
        Path(snakemake.output[0]),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
