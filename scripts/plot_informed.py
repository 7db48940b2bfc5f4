"""Plot informed stars: leaf choice, number of parameters, device noise."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run as run_job

from qgnn_d2d.figures.informed import informed_stars
from qgnn_d2d.figures.style import save
from qgnn_d2d.io import read_csv, write_whole


def plot_informed(
    tables: Mapping[str, Path],
    mains: Sequence[str],
    ideal: str,
    devices: Mapping[str, str],
    images: Sequence[Path],
    csv: Path,
) -> None:
    """Plot the figure and write the plotted points beside it.

    Args:
        tables: What a table is of (leaves, sizes, noise, and main, the scenario's own) to its CSV file.
        mains: Ids of the runs of the main table that belong to the sizes and, where they have stars, to the leaves.
        ideal: Id of the run whose copies were trained under noise.
        devices: Id of a run under noise to its device.
        images: Files to write, each in the format of its suffix.
        csv: CSV file to write.
    """
    loaded = {name: _evaluated(read_csv(path)) for name, path in tables.items()}
    main = loaded["main"].set_index("method", drop=False)
    models = {name: table[table["kind"] == "model"] for name, table in loaded.items()}
    own = main.loc[list(mains)]
    leaves = pd.concat([models["leaves"], own[own["stars"].notna()]], ignore_index=True)
    sizes = pd.concat([models["sizes"], own], ignore_index=True)
    at_ideal = main.loc[ideal, "mean"]
    noise = models["noise"].assign(
        device=models["noise"]["method"].map(devices),
        percent_of_ideal=100 * models["noise"]["mean"] / at_ideal,
        percent_low=100 * models["noise"]["low"] / at_ideal,
        percent_high=100 * models["noise"]["high"] / at_ideal,
    )
    solvers = main[main["kind"] == "solver"]
    figure = informed_stars(leaves, sizes, noise, solvers["percent_of_wmmse"].to_dict())
    for path in images:
        save(figure, path)
    parts = {"leaves": leaves, "sizes": sizes, "noise": noise, "baselines": solvers}
    plotted = pd.concat([part.assign(panel=panel) for panel, part in parts.items()], ignore_index=True)
    write_whole(csv, lambda partial: plotted.to_csv(partial, index=False))


def _evaluated(table: pd.DataFrame) -> pd.DataFrame:
    """The evaluation set's rows in eq. (2), of what was trained on it."""
    chosen = (table["split"] == "evaluation") & (table["metric"] == "sum_rate") & (table["protocol"] == "stated")
    return table[chosen]


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    plot_informed(
        {name: Path(inputs[name]) for name in ("leaves", "sizes", "noise", "main")},
        params.mains,
        params.ideal,
        params.devices,
        [Path(output.pdf), Path(output.png)],
        Path(output.csv),
    )


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
