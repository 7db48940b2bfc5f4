"""Plot the sum rate by device, and against the level of depolarizing noise."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _job import run as run_job

from qgnn_d2d.figures import noise
from qgnn_d2d.figures.style import save
from qgnn_d2d.io import read_csv, write_whole


def plot_noise(
    summary: Path, devices: Sequence[str], levels: dict[str, float], images: Sequence[Path], csv: Path
) -> None:
    """Plot the figure and write the plotted points beside it.

    Args:
        summary: What tabulate_noise wrote.
        devices: Noise models to show by name.
        levels: Noise models of the sweep to their depolarizing probability.
        images: Files to write, each in the format of its suffix.
        csv: CSV file to write.
    """
    table = read_csv(summary)
    table = table[table["noise"].isin(["ideal", "wmmse", *devices, *levels])]
    data = table.assign(depolarizing=table["noise"].map(levels))
    figure = noise.noise_rates(data)
    for path in images:
        save(figure, path)
    write_whole(csv, lambda partial: data.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output, params = snakemake.output, snakemake.params
    plot_noise(
        Path(snakemake.input.summary),
        params.devices,
        params.levels,
        [Path(output.pdf), Path(output.png)],
        Path(output.csv),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
