"""Solve a scenario's training, test and evaluation sets with every method."""

from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d import channels
from qgnn_d2d.analysis import solving, values
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write powers and rates per split, and the means of all splits."""
    scenario, means = snakemake.wildcards.scenario, []
    files = {split: Path(snakemake.input[split]) for split in ("train", "test", "evaluation")}
    for split, realizations in channels.read(study, scenario, files).items():
        dataset = solving.solve(realizations, study.scenarios[scenario].optimum)
        values.save(dataset.assign_attrs(split=split), Path(snakemake.output[split]))
        means.append(values.summarize(dataset).assign(split=split))
    write_csv(Path(snakemake.output.summary), pd.concat(means, ignore_index=True))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
