"""Plot sum rate against epoch: Fig. 2."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d.analysis import tables
from qgnn_d2d.figures import fig2
from qgnn_d2d.figures.style import LABELS, save
from qgnn_d2d.io import read_csv, write_whole


def plot_fig2(
    curves: Sequence[Path],
    baselines: Path,
    panels: Mapping[str, Sequence[str]],
    runs: Mapping[str, Mapping[str, Any]],
    images: Sequence[Path],
    csv: Path,
) -> None:
    """Plot a figure and write the plotted points beside it.

    Args:
        curves: The runs' curves.
        baselines: The solvers' means.
        panels: Panel to run ids, from the config.
        runs: Run id to model and its architecture in short.
        images: Files to write, each in the format of its suffix.
        csv: CSV file to write.
    """
    data = tables.curve_data(
        pd.concat([read_csv(path) for path in curves]),
        read_csv(baselines),
        panels,
        runs,
        LABELS,
    )
    figure = fig2.sum_rate_curves(data)
    for path in images:
        save(figure, path)
    write_whole(csv, lambda partial: data.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output = snakemake.output
    plot_fig2(
        [Path(path) for path in snakemake.input.curves],
        Path(snakemake.input.baselines),
        snakemake.params.panels,
        snakemake.params.runs,
        [Path(output.pdf), Path(output.png)],
        Path(output.csv),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
