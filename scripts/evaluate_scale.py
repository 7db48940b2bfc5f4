"""Evaluate trained models and solvers on networks of another number of links."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from _job import run as run_job

from qgnn_d2d.analysis import scaling as scale
from qgnn_d2d.io import write_whole
from qgnn_d2d.settings.study import RunSettings
from qgnn_d2d.training import trainer as training


def evaluate_scale(
    runs: Sequence[RunSettings],
    weights: Sequence[Path],
    scenario: Mapping[str, Any],
    num_links: int,
    num_realizations: int,
    max_boxes: int,
    csv: Path,
) -> None:
    """Write every seed's mean sum rate, and the solvers'.

    Args:
        runs: Trained runs of one scenario.
        weights: Their weights, in the same order.
        scenario: The scenario: kind and parameters.
        num_links: Links of the networks to draw.
        num_realizations: Networks to draw.
        max_boxes: Boxes after which the certified optimum is given up.
        csv: CSV file to write.
    """
    torch.set_num_threads(runs[0].num_threads)
    channels = scale.draw(runs[0].scenario, scenario, num_links, num_realizations, runs[0].seed)
    rows = [
        scale.model_rows(run, training.load_weights(run, path), channels)
        for run, path in zip(runs, weights, strict=True)
    ]
    table = pd.concat([*rows, scale.solver_rows(channels, max_boxes)], ignore_index=True)
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    params = snakemake.params
    evaluate_scale(
        [RunSettings.from_dict(settings) for settings in params.runs],
        [Path(path) for path in snakemake.input.weights],
        params.scenario,
        int(snakemake.wildcards.links),
        params.realizations,
        params.max_boxes,
        Path(snakemake.output.csv),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
