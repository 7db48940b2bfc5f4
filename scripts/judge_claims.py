"""Measure and judge the paper's claims."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d import claims
from qgnn_d2d.files import write_whole


def judge_claims(
    pairs: Sequence[Mapping[str, str]],
    curves: Sequence[Path],
    manifests: Sequence[Path],
    baselines: Path,
    target: str,
    csv: Path,
    markdown: Path,
) -> None:
    """Write the claims table.

    Args:
        pairs: From the config: models, protocol, and the run ids qgnn and gcn.
        curves: The runs' curves.
        manifests: The runs' manifests.
        baselines: The solvers' means.
        target: The command that makes the numbers, for the table.
        csv: CSV file to write.
        markdown: Markdown file to write.
    """
    settings = [json.loads(path.read_text(encoding="utf-8")) for path in manifests]
    tables = {
        "curves": pd.concat([pd.read_csv(path) for path in curves]),
        "baselines": pd.read_csv(baselines),
        "parameters": {entry["settings"]["id"]: entry["num_parameters"]["total"] for entry in settings},
    }
    table = claims.judge(
        [claims.evidence(pair["protocol"], pair["models"], pair["qgnn"], pair["gcn"], **tables) for pair in pairs]
    )
    write_whole(csv, lambda partial: table.to_csv(partial, index=False))
    text = claims.markdown(table, target)
    write_whole(markdown, lambda partial: partial.write_text(text, encoding="utf-8"))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    judge_claims(
        snakemake.params.pairs,
        [Path(path) for path in snakemake.input.curves],
        [Path(path) for path in snakemake.input.manifests],
        Path(snakemake.input.baselines[0]),
        snakemake.params.target,
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )


if "snakemake" in globals():
    run(main, globals()["snakemake"])
