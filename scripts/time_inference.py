"""Time inference against the number of links, and measure its memory."""

from pathlib import Path
from typing import Any

import pandas as pd
from _job import run as run_job

from qgnn_d2d.analysis import inference_cost
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write seconds and memory of every run at every number of links."""
    scale = study.config.scale[snakemake.wildcards.scale]
    inference, runs = scale.inference, [study.runs[name] for name in scale.runs]
    rows = [
        inference_cost.inference_row(run, path, study.scenarios[run.scenario], num_links, inference.repeats)
        for run, path in zip(runs, snakemake.input.weights, strict=True)
        for num_links in inference.links
    ]
    write_csv(Path(snakemake.output.csv), pd.DataFrame(rows).astype({"k": "Int64"}))  # no k without stars


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
