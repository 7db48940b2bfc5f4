"""Measure a trained QGNN's stars through Qiskit Runtime, on a real device or in its local testing mode."""

from pathlib import Path
from typing import Any

import torch
from _job import run as run_job

from qgnn_d2d import channels, training
from qgnn_d2d.analysis import device_noise
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the sum rate of the first realizations, measured."""
    inputs, hardware = snakemake.input, study.config.noise.hardware
    run = study.runs[study.config.noise.run]
    torch.set_num_threads(run.num_threads)
    realizations = channels.read(study, run.scenario, {"test": Path(inputs.channels)})["test"]
    model = training.load_weights(run, inputs.weights)
    table = device_noise.hardware_rows(
        hardware.backend, run, model, realizations.take(slice(hardware.realizations)), "test",
        shots=hardware.shots, mitigation=hardware.mitigation,
    )  # fmt: skip
    write_csv(Path(snakemake.output[0]), table)


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
