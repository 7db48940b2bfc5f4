"""Count qubits, gates and depth of star circuits, with and without qubit reuse."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.io import write_csv
from qgnn_d2d.quantum import resources
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write what stars cost."""
    settings = study.config.noise.resources
    write_csv(Path(snakemake.output[0]), resources.table(settings.k, settings.device))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
