"""Time inference against the number of links, and measure its memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _job import run as run_job

from qgnn_d2d.analysis import scaling as scale
from qgnn_d2d.io import write_whole
from qgnn_d2d.settings.study import RunSettings


def time_inference(
    runs: Sequence[RunSettings],
    weights: Sequence[Path],
    scenario: Mapping[str, Any],
    links: Sequence[int],
    repeats: int,
    csv: Path,
) -> None:
    """Write seconds and memory of every run at every number of links.

    Args:
        runs: Trained runs of one scenario.
        weights: Their weights, in the same order.
        scenario: The scenario: kind and parameters.
        links: Numbers of links.
        repeats: Inferences per measurement.
        csv: CSV file to write.
    """
    rows = [
        scale.inference_row(run, path, run.scenario, scenario, num_links, repeats)
        for run, path in zip(runs, weights, strict=True)
        for num_links in links
    ]
    table = scale.inference_table(rows)
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    params = snakemake.params
    time_inference(
        [RunSettings.from_dict(settings) for settings in params.runs],
        [Path(path) for path in snakemake.input.weights],
        params.scenario,
        params.links,
        params.repeats,
        Path(snakemake.output.csv),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
