"""Compare readings of the paper's numbers with what is possible at all."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d import channels
from qgnn_d2d.claims import readings
from qgnn_d2d.io import read_csv, write_csv
from qgnn_d2d.report import html, pages
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the table and its page."""
    draws = channels.to_channels(channels.load(snakemake.input.draws))
    finals = readings.finals(study, [read_csv(path) for path in snakemake.input.tables])
    table = readings.readings(study, draws, finals)
    write_csv(Path(snakemake.output.csv), table)
    html.write(pages.readings_page(table), Path(snakemake.output.markdown), meaningless=study.meaningless)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
