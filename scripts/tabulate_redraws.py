"""Tabulate what depends on which training realizations were drawn."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.claims import redraws
from qgnn_d2d.io import write_csv
from qgnn_d2d.report import html, pages
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the table and its page."""
    files = {name: snakemake.input.get(name) for name in redraws.inputs(study)}
    table = redraws.table(study, {name: [paths] if isinstance(paths, str) else paths for name, paths in files.items()})
    write_csv(Path(snakemake.output.csv), table)
    html.write(pages.redraws_page(table), Path(snakemake.output.markdown), meaningless=study.meaningless)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
