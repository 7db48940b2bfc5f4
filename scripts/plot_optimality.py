"""Plot how far models and solvers stay below the certified optimum."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from _job import run

from qgnn_d2d.analysis import evaluation
from qgnn_d2d.analysis.optimality import share_data
from qgnn_d2d.figures import optimality
from qgnn_d2d.figures.style import LABELS, save
from qgnn_d2d.io import write_whole


def plot_optimality(
    models: Sequence[Path],
    solvers: Path,
    panels: Mapping[str, Sequence[str]],
    runs: Mapping[str, Mapping[str, Any]],
    images: Sequence[Path],
    csv: Path,
) -> None:
    """Plot the figure and write the plotted points beside it.

    Args:
        models: Values of the runs' tables.
        solvers: Values of the solvers.
        panels: Panel to run ids, from the config.
        runs: Run id to model and its architecture in short.
        images: Files to write, each in the format of its suffix.
        csv: CSV file to write.
    """
    scored = xr.concat([evaluation.load(path) for path in models], "copy")
    data = share_data(scored, evaluation.load(solvers), panels, runs, LABELS)
    figure = optimality.gap_shares(data)
    for path in images:
        save(figure, path)
    write_whole(csv, lambda partial: data.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output = snakemake.output
    plot_optimality(
        [Path(path) for path in snakemake.input.models],
        Path(snakemake.input.solvers),
        snakemake.params.panels,
        snakemake.params.runs,
        [Path(output.pdf), Path(output.png)],
        Path(output.csv),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
