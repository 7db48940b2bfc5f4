"""Evaluate trained models and solvers on networks of another number of links."""

from pathlib import Path
from typing import Any

import torch
from _job import run as run_job

from qgnn_d2d import training
from qgnn_d2d.analysis import scaling, values
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write every seed's mean sum rate and the solvers', and the models' sum rates realization by realization."""
    scale, num_links = study.config.scale[snakemake.wildcards.scale], int(snakemake.wildcards.links)
    runs = [study.runs[name] for name in scale.evaluated(num_links)]
    torch.set_num_threads(runs[0].num_threads)
    name = runs[0].scenario
    scenario = study.scenarios[name]
    channels = scaling.draw(
        name, scenario, num_links, scale.realizations, study.seed, constant_density=scale.constant_density
    )
    trained = [(run, training.load_weights(run, path)) for run, path in zip(runs, snakemake.input.weights, strict=True)]
    trained_at = [run.num_links or scenario.num_links for run in runs]
    gap = scenario.optimum.gap if scenario.optimum else None
    scaled = scaling.evaluate(trained, trained_at, channels, scale.reference, scale.max_boxes, gap)
    write_csv(Path(snakemake.output.csv), scaled.rows)
    values.save(scaled.values, Path(snakemake.output.values))


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
