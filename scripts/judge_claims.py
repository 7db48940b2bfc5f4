"""Measure and judge the paper's claims."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from _job import run

from qgnn_d2d import claims, evaluation
from qgnn_d2d.files import write_whole


def judge_claims(
    pairs: Sequence[Mapping[str, str]],
    curves: Sequence[Path],
    manifests: Sequence[Path],
    evaluated: Path,
    baselines: Path,
    csv: Path,
    markdown: Path,
) -> None:
    """Write the claims table.

    Args:
        pairs: From the config: models, protocol, and the run ids qgnn and gcn.
        curves: The runs' curves.
        manifests: The runs' manifests.
        evaluated: The models' evaluation on the evaluation set.
        baselines: The solvers' means.
        csv: CSV file to write.
        markdown: Markdown file to write.
    """
    settings = [json.loads(path.read_text(encoding="utf-8")) for path in manifests]
    all_curves = pd.concat([pd.read_csv(path) for path in curves])
    means = evaluation.seed_means(xr.load_dataset(evaluated, engine="h5netcdf"))
    solved = pd.read_csv(baselines)
    parameters = {entry["settings"]["id"]: entry["num_parameters"]["total"] for entry in settings}
    metrics = {entry["settings"]["id"]: entry["metric"] for entry in settings}
    own = means[means["metric"] == means["run"].map(metrics)]
    table = claims.judge(
        [
            claims.Evidence(
                pair["protocol"],
                pair["models"],
                claims.scores(pair["qgnn"], all_curves, own, parameters),
                claims.scores(pair["gcn"], all_curves, own, parameters),
                claims.wmmse_lines(pair["protocol"], solved),
            )
            for pair in pairs
        ]
    )
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))
    text = claims.markdown(table)
    write_whole(markdown, lambda partial: partial.write_text(text, encoding="utf-8"))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    judge_claims(
        snakemake.params.pairs,
        [Path(path) for path in snakemake.input.curves],
        [Path(path) for path in snakemake.input.manifests],
        Path(snakemake.input.evaluated[0]),
        Path(snakemake.input.baselines[0]),
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
