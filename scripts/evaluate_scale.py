"""Evaluate trained models and solvers on networks of another number of links."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch
from _job import run as run_job

from qgnn_d2d import training
from qgnn_d2d.analysis import scaling
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write every seed's mean sum rate, and the solvers'."""
    scale = study.config.scale
    runs = [study.runs[name] for name in scale.runs]
    torch.set_num_threads(runs[0].num_threads)
    name, num_links = runs[0].scenario, int(snakemake.wildcards.links)
    channels = scaling.draw(name, study.scenarios[name], num_links, scale.realizations, study.seed)
    rows = [
        scaling.model_rows(run, training.load_weights(run, path), channels)
        for run, path in zip(runs, snakemake.input.weights, strict=True)
    ]
    optimum = study.scenarios[name].optimum
    rows.append(scaling.solver_rows(channels, scale.max_boxes, optimum.gap if optimum else None))
    write_csv(Path(snakemake.output.csv), pd.concat(rows, ignore_index=True))


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
