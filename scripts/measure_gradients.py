"""Measure gradients of untrained networks over random starts."""

from pathlib import Path
from typing import Any

import torch
from _job import run

from qgnn_d2d import channels
from qgnn_d2d.analysis import gradients
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the table."""
    settings = study.config.gradients
    around = study.runs[settings.run]
    torch.set_num_threads(around.num_threads)
    train = channels.read(study, around.scenario, {"train": Path(snakemake.input.channels)})["train"]
    write_csv(Path(snakemake.output.csv), gradients.table(settings, around, study.noise_models, train))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
