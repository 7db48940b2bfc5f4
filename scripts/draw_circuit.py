"""Draw the circuit of one star: Fig. 1."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d.figures import circuits
from qgnn_d2d.figures.style import save
from qgnn_d2d.quantum import ansatz


def draw_circuit(k: int, entangling_layers: int, paths: list[Path]) -> None:
    """Draw the star of the paper's layer.

    Args:
        k: Leaves.
        entangling_layers: Strongly entangling layers in a block.
        paths: Files to write, each in the format of its suffix.
    """
    figure = circuits.circuit(ansatz.qgcl(entangling_layers), k)
    for path in paths:
        save(figure, path)


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    draw_circuit(snakemake.params.k, snakemake.params.entangling_layers, [Path(path) for path in snakemake.output])


if "snakemake" in globals():
    run(main, globals()["snakemake"])
