"""What depends on which training realizations were drawn: final values, and the verdicts of C1 to C7 but C5.

Draw 0 is the split `train`, on which all other runs are trained; its runs' first seeds are taken, as many as the other
draws have. C5 is not judged: the certified optimum of the other draws' training sets is not computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..analysis import values
from ..analysis.variance import components, percentages
from ..objective import trained_quantity
from ..report.markdown import number
from ..settings import Study
from . import curves, pairs
from .claim import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, Samples, evaluated, measure, verdict

MODEL, VARIANCE, CLAIM = "model", "variance", "claim"
_COLUMNS = ["kind", "name", "part", "draw", "num_seeds", "num_realizations", "mean", "low", "high", "raw", "verdict"]


def inputs(study: Study) -> dict[str, list[str]]:
    """Return the files that the table is made from, of a study with redraws."""
    return pairs.files_of(study, [run for runs in study.redraws.values() for run in runs])


def table(study: Study, files: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Tabulate final values, components of variance and verdicts by draw.

    Args:
        study: A study with redraws (`Study.redraws`).
        files: Those that `inputs` names.

    Returns:
        Rows of three kinds, with num_seeds (of each draw) and num_realizations. ``model``: the mean of the run ``name``
        on the evaluation set in percent of WMMSE's, by draw, with its 95 % interval over seeds and realizations.
        ``variance``: the component ``part`` (`variance.SOURCES`) of the run's percentages, with its interval; raw is
        the estimate, and the mean is 0 where that is below. ``claim``: value, interval and verdict of the claim
        ``name`` on the pair ``part``, by draw.
    """
    rows = [*_of_models(study, files), *_of_claims(study, files)]
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"draw": "Int64"})


def _of_models(study: Study, files: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of final values and of their variance."""
    scored, solved = evaluated(study, files["evaluated"]), values.load(files["solved"][0])
    for base, runs in study.redraws.items():
        line = solved[trained_quantity(study.runs[base].protocol).name].sel(solver="wmmse").values
        size = study.runs[runs[-1]].num_seeds
        drawn = np.stack([scored[run][:size] for run in runs])  # (D, S, N)
        sizes = {"num_seeds": size, "num_realizations": drawn.shape[-1]}
        for draw, own in zip(_draws(study, runs), drawn, strict=True):
            found = measure(_percent, own, line[np.newaxis])
            ends = {"mean": found.value, "low": found.low, "high": found.high}
            yield {"kind": MODEL, "name": base, "draw": draw, **sizes, **ends}
        for source, one in components(percentages(drawn, line)).items():
            ends = {"mean": one.variance, "low": one.low, "high": one.high, "raw": one.raw}
            yield {"kind": VARIANCE, "name": base, "part": source, **sizes, **ends}


def _percent(value: Samples, reference: Samples) -> Samples:
    return 100 * value / reference


def _draws(study: Study, runs: Sequence[str]) -> list[int]:
    return [study.runs[run].train_draw or 0 for run in runs]


def _of_claims(study: Study, files: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the claims, on the pairs of which both runs have the same draws."""
    for pair in study.config.claims:
        redraws = [study.redraws.get(run, []) for run in (pair.qgnn, pair.gcn)]
        draws, *others = (_draws(study, runs) for runs in redraws)
        sizes = {study.runs[runs[-1]].num_seeds for runs in redraws if runs}
        if not draws or others != [draws] or len(sizes) > 1:
            continue
        chosen = [
            pair.model_copy(update={"qgnn": qgnn, "gcn": gcn, "gcn_small": None})
            for qgnn, gcn in zip(*redraws, strict=True)
        ]
        (size,) = sizes
        unknown = {"train": math.nan, "test": math.nan}
        items = [replace(item, optimum=unknown) for item in pairs.of_files(study, chosen, files, size)]
        for claim in curves.CLAIMS:
            found = [claim.measure(item) for item in items]
            verdicts = [verdict(claim, measured) for measured in found]
            if set(verdicts) == {NOT_TESTABLE}:
                continue
            for draw, measured, reached in zip(draws, found, verdicts, strict=True):
                yield {
                    "kind": CLAIM, "name": claim.id, "part": f"{items[0].protocol}, {pair.models}", "draw": draw,
                    "num_seeds": size, "num_realizations": items[0].qgnn.evaluation.shape[1], "mean": measured.value,
                    "low": measured.low, "high": measured.high, "verdict": reached,
                }  # fmt: skip


def with_sentences(judged: Mapping[str, Any], redraws: pd.DataFrame) -> dict[str, Any]:
    """Return what `judge.judge` returns with a sentence per claim, ``redraws``: whether the draw changes its verdict.

    Args:
        judged: The claims.
        redraws: What `table` returns.
    """
    rows = redraws[redraws["kind"] == CLAIM]
    found = []
    for claim in judged["claims"]:
        primary = [f"{item['protocol']}, {item['models']}" for item in claim["measurements"] if item["primary"]]
        own = rows[(rows["name"] == claim["id"]) & rows["part"].isin(primary)]
        found.append({**claim, "redraws": sentence(own[own["part"] == own["part"].iloc[0]])} if len(own) else claim)
    return {**judged, "claims": found}


def sentence(rows: pd.DataFrame) -> str:
    """Say whether a claim's verdict depends on the draw, from its rows on one pair."""
    count, verdicts = len(rows), rows["verdict"].value_counts(sort=False)
    reached = ", ".join(f"{name} for {number(times)}" for name, times in verdicts.items())
    same = f"is the same for {count} of {count} draws" if len(verdicts) == 1 else "changes with the draw"
    if len(verdicts) > 1:
        opposite = {REPRODUCED, NOT_REPRODUCED} <= set(verdicts.index)
        reached += "; some draws give opposite verdicts" if opposite else "; no two draws give opposite verdicts"
    low, high = (number(float(end)) for end in (rows["mean"].min(), rows["mean"].max()))
    return (
        f"With the training realizations drawn {count} times and {rows['num_seeds'].iloc[0]} seeds each, the verdict "
        f"{same} ({reached}); the value is {low if low == high else f'{low} to {high}'}."
    )
