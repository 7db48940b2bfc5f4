"""Summarize the noise study: means over seeds, percent of the ideal device, percent of WMMSE."""

from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d.analysis import tables, values
from qgnn_d2d.io import read_csv, write_csv
from qgnn_d2d.report import html, pages
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the summaries of exact values (evaluation split) and of shots (test split), and the page."""
    inputs, output = snakemake.input, snakemake.output
    solvers = {Path(path).stem: values.load(path)["sum_rate"] for path in inputs.solvers}
    wmmse = {split: float(solved.sel(solver="wmmse").mean()) for split, solved in solvers.items()}
    by = ["noise", "training", "mitigation"]
    exact = tables.noise_summary(pd.concat([read_csv(path) for path in inputs.exact]), wmmse["evaluation"], by)
    shots = tables.noise_summary(pd.concat([read_csv(path) for path in inputs.shots]), wmmse["test"], [*by, "shots"])
    write_csv(Path(output.summary), exact)
    write_csv(Path(output.shots), shots.astype({"shots": "Int64"}))
    page = pages.noise_page(exact, read_csv(inputs.devices))
    html.write(page, Path(output.markdown), meaningless=study.meaningless)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
