"""Draw the channel realizations of one split of one scenario."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.channels import files as channel_files
from qgnn_d2d.channels import scenarios


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments, draw and save."""
    wildcards, params = snakemake.wildcards, snakemake.params
    drawn = channel_files.draw(wildcards.scenario, params.scenario, wildcards.split, params.size, params.seed)
    scenarios.save(drawn, Path(snakemake.output[0]))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
