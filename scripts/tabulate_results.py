"""Tabulate the runs of an experiment, and the solvers on the same realizations."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.analysis import tables, values
from qgnn_d2d.io import read_json, write_csv
from qgnn_d2d.report import html, pages
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the table, the paired comparisons and every seed's means on the evaluation split, and the page."""
    inputs, output, experiment = snakemake.input, snakemake.output, snakemake.wildcards.experiment
    manifests = [read_json(path) for path in inputs.manifests]
    scored = {split: values.load_runs(inputs[split]) for split in ("test", "evaluation")}
    solved = {Path(path).stem: values.load(path) for path in inputs.solvers}
    table = tables.results(manifests, scored, solved)
    compared = tables.comparisons(
        manifests, scored["evaluation"], solved["evaluation"], study.select("main", variant="qgnn_informed")
    )
    write_csv(Path(output.comparisons), compared)
    write_csv(Path(output.seeds), values.seed_means(scored["evaluation"]))
    write_csv(Path(output.csv), table)
    html.write(pages.results_page(table, experiment), Path(output.markdown), meaningless=study.meaningless)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
