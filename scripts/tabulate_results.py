"""Tabulate the runs of a table, and the solvers on the same realizations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.analysis import evaluation, tables
from qgnn_d2d.io import read_json, write_whole
from qgnn_d2d.report import html as report
from qgnn_d2d.training.trainer import METRICS


def tabulate_results(
    name: str,
    manifests: Sequence[Path],
    models: Sequence[Path],
    solvers: Sequence[Path],
    csv: Path,
    markdown: Path,
    comparisons: Path,
    against: Sequence[str],
) -> None:
    """Write a results table.

    Args:
        name: The table's name: a scenario, or the name that swept runs give.
        manifests: Its runs' manifests.
        models: Its runs' values, one file per split, named after the split.
        solvers: Its solvers' values, likewise.
        csv: CSV file to write.
        markdown: Markdown file to write; beside it goes the HTML page.
        comparisons: CSV file to write: paired comparisons on the evaluation split.
        against: Runs that the others are compared with, besides WMMSE, the optimum and the GCN.
    """
    runs = [read_json(path) for path in manifests]
    scored, solved = ({path.stem: evaluation.load(path) for path in paths} for paths in (models, solvers))
    table = tables.results(runs, scored, solved)
    metrics = {protocol: metric for protocol, (metric, _) in METRICS.items()}
    compared = tables.comparisons(runs, scored["evaluation"], solved["evaluation"], metrics, against)
    write_whole(comparisons, lambda partial: compared.to_csv(partial, index=False))
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))
    report.write(tables.markdown(table, name), markdown)


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    inputs = snakemake.input
    tabulate_results(
        snakemake.wildcards.table,
        [Path(path) for path in inputs.manifests],
        [Path(path) for path in inputs.models],
        [Path(path) for path in inputs.solvers],
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
        Path(snakemake.output.comparisons),
        snakemake.params.against,
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
