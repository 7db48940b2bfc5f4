"""Plot the ablations: leaves, layers, training size, leaf rule."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run as run_job

from qgnn_d2d.figures import ablation
from qgnn_d2d.figures.style import save
from qgnn_d2d.io import read_csv, write_whole
from qgnn_d2d.training.trainer import METRICS


def plot_ablation(
    tables: Mapping[str, Path], point: str, resources: Path, figures: Mapping[str, Sequence[Path]]
) -> None:
    """Plot the figures and write the plotted points beside each.

    Args:
        tables: What a table is of (grid, released, sizes, leaves, point) to its CSV file.
        point: Id of the run at the paper's point, in the table ``point``.
        resources: What count_resources wrote.
        figures: Figure name to its files, each in the format of its suffix.
    """
    loaded = {name: _own_quantity(read_csv(path)) for name, path in tables.items()}
    counts = read_csv(resources)
    costs = counts[(counts["circuit"] == "qgcl") & (counts["layout"] == "reuse")].set_index("k")["two_qubit_gates"]
    grid = pd.concat([loaded["grid"], loaded["released"]], ignore_index=True)
    grid["qubits"] = 2 * grid["k"] + 1
    grid["two_qubit_gates"] = grid["k"].map(costs)
    at_point = loaded["point"][loaded["point"]["method"] == point]
    sizes = pd.concat([loaded["sizes"], at_point, loaded["leaves"][loaded["leaves"]["kind"] == "model"]])
    drawn = {
        "ablation_k": (grid, ablation.ablation_lines(grid, "k")),
        "ablation_l": (grid, ablation.ablation_lines(grid, "layers")),
        "ablation_grid": (grid, ablation.ablation_grid(grid)),
        "training_size": (sizes, ablation.training_sizes(sizes)),
    }
    for name, (data, figure) in drawn.items():
        for path in figures[name]:
            if path.suffix == ".csv":
                write_whole(path, lambda partial, data=data: data.to_csv(partial, index=False))
            else:
                save(figure, path)


def _own_quantity(table: pd.DataFrame) -> pd.DataFrame:
    """The evaluation set's rows, models in the quantity of their protocol, solvers in that of the table's models."""
    rows = table[table["split"] == "evaluation"]
    metrics = {protocol: metric for protocol, (metric, _) in METRICS.items()}
    protocols = rows.loc[rows["kind"] == "model", "protocol"].unique()
    return rows[(rows["metric"] == rows["protocol"].map(metrics)) & rows["protocol"].isin(protocols)]


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    inputs, params = snakemake.input, snakemake.params
    plot_ablation(
        {name: Path(inputs[name]) for name in ("grid", "released", "sizes", "leaves", "point")},
        params.point,
        Path(inputs.resources),
        {name: [Path(path) for path in snakemake.output if Path(path).stem == name] for name in params.figures},
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
