"""Draw the channel realizations of one split of one scenario."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d import channel_files, scenarios


def generate_channels(name: str, scenario: Mapping[str, Any], split: str, size: int, seed: int, path: Path) -> None:
    """Draw and save one split.

    Args:
        name: The scenario's name, which its random stream is named after.
        scenario: kind, parameters and draw_seed, as in `study.Study.scenarios`.
        split: Name of the split.
        size: Number of realizations.
        seed: The study's seed.
        path: NetCDF file to write.
    """
    scenarios.save(channel_files.draw(name, scenario, split, size, seed), path)


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    wildcards, params = snakemake.wildcards, snakemake.params
    generate_channels(
        wildcards.scenario,
        params.scenario,
        wildcards.split,
        params.size,
        params.seed,
        Path(snakemake.output[0]),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
