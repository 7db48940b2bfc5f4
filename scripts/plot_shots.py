"""Plot the sum rate against the number of shots, and Aer's shots against the law."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run as run_job

from qgnn_d2d.figures import noise
from qgnn_d2d.figures.style import save
from qgnn_d2d.io import read_csv, write_whole


def plot_shots(
    summary: Path, aer: Sequence[Path], devices: Sequence[str], images: Sequence[Path], csv: Path, aer_csv: Path
) -> None:
    """Plot the figure and write the plotted points beside it.

    Args:
        summary: What tabulate_noise wrote for shots.
        aer: What check_aer wrote, one file per device.
        devices: Noise models to show.
        images: Files to write, each in the format of its suffix.
        csv: CSV file to write: the curves.
        aer_csv: CSV file to write: the comparison with Aer.
    """
    table = read_csv(summary)
    data = table[table["noise"].isin(["ideal", "wmmse", *devices])]
    checked = pd.concat([read_csv(path) for path in aer], ignore_index=True)
    figure = noise.shot_rates(data, checked)
    for path in images:
        save(figure, path)
    write_whole(csv, lambda partial: data.to_csv(partial, index=False))
    write_whole(aer_csv, lambda partial: checked.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output = snakemake.output
    plot_shots(
        Path(snakemake.input.summary),
        [Path(path) for path in snakemake.input.aer],
        snakemake.params.devices,
        [Path(output.pdf), Path(output.png)],
        Path(output.csv),
        Path(output.aer),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
