"""Draw the channel realizations of splits of one scenario."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d import channels
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Draw and save."""
    scenario = snakemake.wildcards.scenario
    for path in map(Path, snakemake.output):
        split = path.stem
        drawn = channels.draw(scenario, study.scenarios[scenario], split, study.splits[split], study.seed)
        channels.save(drawn, path)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
