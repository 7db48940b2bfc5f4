"""C9: whether stars make the network scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..io import read_csv
from ..report.markdown import number
from ..settings import Study
from .claim import ANY, Claim, Evidence, Measurement, Samples, measure


@dataclass(frozen=True)
class Scaling(Evidence):
    """One model trained at one number of links and evaluated at others: C9."""

    percent: Mapping[int, Samples]  # links to percent of WMMSE on the same realizations, (S,)
    trained_at: int  # links
    k: int | None  # leaves per star; None for models without stars


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the files that the evidence is read from; None for a study without a scale study."""
    return {"scaled": study.scale_files} if study.config.scale is not None else None


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return one evidence per run of the scale study; the first one is primary."""
    table = pd.concat([read_csv(path) for path in files["scaled"]])
    wmmse = table[table["method"] == "wmmse"].set_index("num_links")["value"]
    found: list[Evidence] = []
    for run in study.config.scale.runs if study.config.scale is not None else []:
        rows = table[table["method"] == run].sort_values(["num_links", "seed"])
        percent = {
            int(links): 100 * part["value"].to_numpy() / wmmse[links] for links, part in rows.groupby("num_links")
        }
        trained_at = study.scenarios[study.runs[run].scenario].num_links
        k = getattr(study.runs[run].architecture, "k", None)
        found.append(Scaling("stated", run, not found, (run,), percent, trained_at, k))
    return found


def _scales(evidence: Scaling) -> Measurement:
    largest = max(evidence.percent)
    means = ", ".join(f"{links}: {number(float(share.mean()))}" for links, share in evidence.percent.items())
    note = f"percent of WMMSE by links: {means}"
    if evidence.k is not None:
        note += f"; {2 * evidence.k + 1} qubits per star, 3 with reset, at any number of links"
    at_home, far = evidence.percent[evidence.trained_at], evidence.percent[largest]
    facts = {"largest": largest, "trained_at": evidence.trained_at}
    return measure(np.subtract, far, at_home, paired=True, note=note, **facts)


CLAIMS = (
    Claim(
        "C9", "stars of k neighbors make it scale efficiently on NISQ devices", "no number",
        "percent of WMMSE at the most links minus that at the training's, without retraining, in points, at least -5",
        (-5.0, ANY), _scales, Scaling, "scale",
        "A star costs the same at any size of the network; from {trained_at} to {largest} links the percentage of "
        "WMMSE changes by {value} points. The paper gives no figure: transfer without retraining is our measure.",
    ),
)  # fmt: skip
