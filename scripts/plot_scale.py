"""Plot the sum rate, time and memory against the number of links."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run as run_job

from qgnn_d2d.analysis import scaling as scale
from qgnn_d2d.figures import scale as figures
from qgnn_d2d.figures.style import LABELS, save
from qgnn_d2d.io import read_csv, write_whole


def plot_scale(
    scaled: Sequence[Path],
    inference: Path,
    runs: Mapping[str, Mapping[str, Any]],
    trained_at: int,
    images: Sequence[Path],
    csv: Path,
    inference_csv: Path,
) -> None:
    """Plot the figure and write the plotted points beside it.

    Args:
        scaled: What evaluate_scale wrote, a file per number of links.
        inference: What time_inference wrote.
        runs: Run id to model and its architecture in short, which is shown for models with stars.
        trained_at: Links of the training.
        images: Files to write, each in the format of its suffix.
        csv: CSV file to write: the sum rates.
        inference_csv: CSV file to write: time and memory.
    """
    data = scale.summary(pd.concat([read_csv(path) for path in scaled], ignore_index=True))
    costs = read_csv(inference)
    labels = {
        run: LABELS.get(about["model"], about["model"]) + (f", {about['about']}" if "k =" in about["about"] else "")
        for run, about in runs.items()
    }
    figure = figures.against_links(data, costs, labels, trained_at)
    for path in images:
        save(figure, path)
    write_whole(csv, lambda partial: data.to_csv(partial, index=False))
    write_whole(inference_csv, lambda partial: costs.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    output, params = snakemake.output, snakemake.params
    plot_scale(
        [Path(path) for path in snakemake.input.scaled],
        Path(snakemake.input.inference),
        params.runs,
        params.trained_at,
        [Path(output.pdf), Path(output.png)],
        Path(output.csv),
        Path(output.inference),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
