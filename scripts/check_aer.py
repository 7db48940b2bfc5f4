"""Run a stated subset of stars on Aer with real shots, and compare with the engine's law."""

from pathlib import Path
from typing import Any

import torch
from _job import run as run_job

from qgnn_d2d import channels, training
from qgnn_d2d.analysis import device_noise
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the comparison."""
    name, inputs, subset = snakemake.wildcards.noise, snakemake.input, study.config.noise.aer
    run = study.runs[study.config.noise.run]
    torch.set_num_threads(run.num_threads)
    realizations = channels.read(study, run.scenario, {"test": Path(inputs.channels)})["test"]
    model = training.load_weights(run, inputs.weights)
    table = device_noise.aer_rows(
        name, study.noise_models[name], run, model, realizations.take(slice(subset.realizations)), "test",
        shots=subset.shots, repeats=subset.repeats,
    )  # fmt: skip
    write_csv(Path(snakemake.output[0]), table)


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
