"""Draw a figure: the table of everything that it shows, then the figure from that table alone."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.figures import FIGURES
from qgnn_d2d.figures.style import mark, save
from qgnn_d2d.io import read_csv, write_csv
from qgnn_d2d.report.html import BANNER
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the table, read it back, and draw it."""
    module, output = FIGURES[snakemake.wildcards.figure], snakemake.output
    files = {name: [Path(path) for path in paths] for name, paths in module.inputs(study).items()}
    write_csv(Path(output.csv), module.data(study, files))
    figure = module.draw(read_csv(Path(output.csv)))
    if study.meaningless:
        mark(figure, BANNER)
    for path in (output.pdf, output.png):
        save(figure, path)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
