"""Measure a trained QGNN's stars through Qiskit Runtime, on a real device or in its local testing mode."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from _job import run as run_job

from qgnn_d2d import device_study, scenarios, training
from qgnn_d2d.files import write_whole
from qgnn_d2d.study import RunSettings


def run_hardware(settings: Mapping[str, Any], run: RunSettings, weights: Path, channels: Path, csv: Path) -> None:
    """Write the sum rate of the first realizations, measured.

    Args:
        settings: backend, realizations, seeds, shots, mitigation.
        run: The run.
        weights: Its weights.
        channels: The test channels.
        csv: CSV file to write.
    """
    torch.set_num_threads(run.num_threads)
    realizations = scenarios.to_channels(scenarios.load(channels)).take(slice(settings["realizations"]))
    table = device_study.hardware_rows(
        settings["backend"],
        run,
        training.load_weights(run, weights),
        realizations,
        "test",
        shots=settings["shots"],
        mitigation=settings["mitigation"],
    )
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    run_hardware(
        snakemake.params.settings,
        RunSettings.from_dict(snakemake.params.run),
        Path(snakemake.input.weights),
        Path(snakemake.input.channels),
        Path(snakemake.output[0]),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
