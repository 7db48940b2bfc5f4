"""Try listed choices for one run on the validation split."""

from pathlib import Path
from typing import Any

from _job import Progress
from _job import run as run_job

from qgnn_d2d import channels
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study
from qgnn_d2d.settings.search import Choices
from qgnn_d2d.training import search


def main(study: Study, snakemake: Any) -> None:
    """Write the record of the trials."""
    choices = Choices.model_validate_json(snakemake.params.choices)
    choice = choices.runs[snakemake.wildcards.run]
    run = study.runs[snakemake.wildcards.run].changed(choice.start)
    files = dict(zip((run.training_split, "validation"), map(Path, snakemake.input.channels), strict=True))
    read = channels.read(study, run.scenario, files)
    splits = read[run.training_split].take(run.training_rows), read["validation"]
    table = search.compare(run, *splits, choice.trials, choices.num_seeds, cap=study.config.cap, progress=Progress())
    print(table.groupby(["trial", "changes"])["value"].mean().sort_values().to_string())
    write_csv(Path(snakemake.output[0]), table)


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
