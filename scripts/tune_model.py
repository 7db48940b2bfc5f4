"""Search learning rate, batch size and epochs of one run on the validation split."""

from pathlib import Path
from typing import Any

from _job import Progress
from _job import run as run_job

from qgnn_d2d import channels
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study
from qgnn_d2d.settings.search import Tuning, untuned
from qgnn_d2d.training import search


def main(study: Study, snakemake: Any) -> None:
    """Write the record of the search."""
    run = untuned(study.runs[snakemake.wildcards.run])
    files = dict(zip((run.training_split, "validation"), map(Path, snakemake.input.channels), strict=True))
    read = channels.read(study, run.scenario, files)
    splits = read[run.training_split].take(run.training_rows), read["validation"]
    tuning = Tuning.model_validate_json(snakemake.params.tuning)
    table = search.search(run, *splits, tuning, cap=study.config.cap, progress=Progress())
    print(f"best: {search.best(table)}")
    write_csv(Path(snakemake.output[0]), table)


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
