"""Measure and judge the paper's claims."""

from pathlib import Path
from typing import Any

from _job import run

from qgnn_d2d import claims
from qgnn_d2d.claims import judge, page, redraws
from qgnn_d2d.io import read_csv, write_json
from qgnn_d2d.report import html
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write the verdicts, on all claims or the one that is asked for, as JSON and as a page."""
    asked = snakemake.wildcards.get("claim")
    found = {name: snakemake.input.get(name) for name in claims.inputs(study, asked)}
    files = {name: [paths] if isinstance(paths, str) else paths for name, paths in found.items()}
    judged = judge.judge(judge.evidence(study, files), [claim for claim in judge.CLAIMS if asked in (None, claim.id)])
    if redrawn := snakemake.input.get("redraws"):
        judged = redraws.with_sentences(judged, read_csv(redrawn[0]))
    write_json(Path(snakemake.output.json), judged)
    html.write(page.page(judged), Path(snakemake.output.markdown), meaningless=study.meaningless)


if "snakemake" in globals():
    run(main, globals()["snakemake"])
