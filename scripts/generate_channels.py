"""Draw the channel realizations of splits of one scenario, or read them."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d import channels
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Draw and save."""
    files = {path.stem: path for path in map(Path, snakemake.output)}
    for split, drawn in channels.draw_splits(study, snakemake.wildcards.scenario, files).items():
        channels.save(drawn, files[split])


if "snakemake" in globals():
    run(main, globals()["snakemake"])
