"""Tabulate parameters and convergence of the runs that stand in the scenarios' tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d.analysis import convergence
from qgnn_d2d.io import read_csv, read_json, write_whole
from qgnn_d2d.report import html as report


def tabulate_convergence(manifests: Sequence[Path], curves: Sequence[Path], csv: Path, markdown: Path) -> None:
    """Write the table.

    Args:
        manifests: The runs' manifests, in the order of the rows.
        curves: The runs' curves.
        csv: CSV file to write.
        markdown: Markdown file to write; beside it goes the HTML page.
    """
    table = convergence.table(
        [read_json(path) for path in manifests],
        pd.concat([read_csv(path) for path in curves]),
    )
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))
    report.write(convergence.markdown(table), markdown)


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    tabulate_convergence(
        [Path(path) for path in snakemake.input.manifests],
        [Path(path) for path in snakemake.input.curves],
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
