"""Compile the kernels of a study's models, which Numba does when they are first called: half a minute, kept on disk."""

from pathlib import Path
from typing import Any

import numba
from _job import run

from qgnn_d2d import channels
from qgnn_d2d.compiled import DIGEST
from qgnn_d2d.io import write_json
from qgnn_d2d.settings import Study
from qgnn_d2d.settings.scenario import Rayleigh
from qgnn_d2d.training import Trainer

REALIZATIONS = 2


def main(study: Study, snakemake: Any) -> None:
    """Train one run of every model for one epoch."""
    for settings in {settings.model: settings for settings in study.runs.values()}.values():
        small = settings.changed({"epochs": 1, "batch_size": REALIZATIONS}).model_copy(update={"num_seeds": 1})
        like = Rayleigh(num_links=study.scenarios[small.scenario].num_links)  # only shapes and types count
        data = channels.to_channels(channels.realizations(like, REALIZATIONS, study.seed))
        Trainer(small, data, {"train": data}).train_epoch()
    write_json(Path(snakemake.output[0]), {"numba": numba.__version__, "sources": DIGEST})


if "snakemake" in globals():
    run(main, globals()["snakemake"])
