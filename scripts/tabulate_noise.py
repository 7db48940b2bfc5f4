"""Summarize the noise study: means over seeds, percent of the ideal device, percent of WMMSE."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run as run_job

from qgnn_d2d.analysis import device_noise as device_study
from qgnn_d2d.analysis import evaluation
from qgnn_d2d.io import read_csv, write_whole
from qgnn_d2d.report import html as report


def tabulate_noise(
    exact: Sequence[Path],
    shots: Sequence[Path],
    solvers: dict[str, Path],
    devices: Path,
    summary_csv: Path,
    shots_csv: Path,
    markdown: Path,
) -> None:
    """Write the summaries.

    Args:
        exact: What evaluate_noise wrote with exact expectation values, on the evaluation split.
        shots: What it wrote with shots, on the test split.
        solvers: Split to the solvers' values.
        devices: What describe_devices wrote.
        summary_csv: CSV file to write.
        shots_csv: CSV file to write.
        markdown: Markdown file to write; beside it goes the HTML page.
    """
    tables = {}
    for split, paths, by in [
        ("evaluation", exact, ["noise", "training", "mitigation"]),
        ("test", shots, ["noise", "training", "mitigation", "shots"]),
    ]:
        solved = evaluation.load(solvers[split])["sum_rate"]
        wmmse = float(solved.sel(solver="wmmse").mean())
        tables[split] = device_study.summary(pd.concat([read_csv(path) for path in paths]), wmmse, by)
    tables["test"] = tables["test"].astype({"shots": "Int64"})
    text = device_study.markdown(tables["evaluation"], read_csv(devices))
    write_whole(summary_csv, lambda partial: tables["evaluation"].to_csv(partial, index=False))
    write_whole(shots_csv, lambda partial: tables["test"].to_csv(partial, index=False))
    report.write(text, markdown)


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    inputs, output = snakemake.input, snakemake.output
    splits = ("test", "evaluation")
    tabulate_noise(
        [Path(path) for path in inputs.exact],
        [Path(path) for path in inputs.shots],
        {split: Path(path) for split, path in zip(splits, inputs.solvers, strict=True)},
        Path(inputs.devices),
        Path(output.summary),
        Path(output.shots),
        Path(output.markdown),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
