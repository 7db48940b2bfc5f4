"""Plot qubits, gates and depth of star circuits against the number of leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.figures import circuits
from qgnn_d2d.figures.style import save
from qgnn_d2d.io import read_csv, write_whole


def plot_resources(table: Path, images: Sequence[Path], csv: Path) -> None:
    """Plot the counts and write them beside the figure.

    Args:
        table: What `count_resources` wrote.
        images: Files to write, each in the format of its suffix.
        csv: CSV file to write.
    """
    data = read_csv(table)
    figure = circuits.resource_counts(data)
    for path in images:
        save(figure, path)
    write_whole(csv, lambda partial: data.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output = snakemake.output
    plot_resources(Path(snakemake.input[0]), [Path(output.pdf), Path(output.png)], Path(output.csv))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
