"""Tabulate parameters and convergence of the runs of the experiments that compare models."""

from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d.analysis import convergence
from qgnn_d2d.io import read_csv, read_json, write_csv
from qgnn_d2d.report import html, pages
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the table and its page."""
    inputs, output = snakemake.input, snakemake.output
    curves = pd.concat([read_csv(path) for path in inputs.curves])
    table = convergence.table([read_json(path) for path in inputs.manifests], curves)
    write_csv(Path(output.csv), table)
    html.write(pages.convergence_page(table), Path(output.markdown), meaningless=study.meaningless)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
