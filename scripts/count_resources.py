"""Count qubits, gates and depth of star circuits, with and without qubit reuse."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.io import write_whole
from qgnn_d2d.quantum import resources


def count_resources(ks: Sequence[int], device: str, path: Path) -> None:
    """Write what stars cost, as CSV.

    Args:
        ks: Numbers of leaves.
        device: Name of the device whose topology is routed for.
        path: CSV file to write.
    """
    data = resources.table(ks, device)
    write_whole(path, lambda partial: data.to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    count_resources(snakemake.params.ks, snakemake.params.device, Path(snakemake.output[0]))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
