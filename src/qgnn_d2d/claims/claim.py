"""What a claim, its evidence and a verdict are.

A claim has a range that the paper's words allow (`Claim.allowed`), and is measured on evidence of one kind. A
measurement is "reproduced" where our whole 95 % interval lies in the range, "not reproduced" where the interval and the
range are disjoint, "undecided" where the interval reaches over the range's edge, and "not testable" where there is
nothing to measure.

The claim's own verdict is that of its primary evidence: the paper's models at the paper's point, tuned, in eq. (2)
(`stated`). If that is not "reproduced", but the same models in the public code's quantities (`released`) are, it is
"reproduced only in the released quantities". All other evidence is listed with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..analysis import values
from ..analysis.statistics import bootstrap_interval
from ..objective import trained_quantity
from ..settings import Study

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"
ONLY_RELEASED, NOT_TESTABLE = "reproduced only in the released quantities", "not testable"
VERDICTS = (REPRODUCED, ONLY_RELEASED, UNDECIDED, NOT_REPRODUCED, NOT_TESTABLE)
ANY = math.inf

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What a claim can be measured on."""

    protocol: str
    models: str  # whose models these are and how they were trained, in words
    primary: bool  # whether the claim's own verdict comes from it
    runs: tuple[str, ...]  # the trainings that it rests on


@dataclass(frozen=True)
class Measurement:
    """A number, its 95 % interval over seeds, what to know about it, and numbers or words for the claim's reasons."""

    value: float
    low: float
    high: float
    note: str = ""
    facts: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    ``why`` is what the verdict rests on: a sentence that is true whatever the verdict is, and may name the facts of the
    primary measurement, and its value, low and high.
    """

    id: str
    words: str  # what the paper says, in short
    paper: str  # the paper's number, as text
    quantity: str  # what is measured
    allowed: tuple[float, float]  # lowest and highest value with which the claim holds
    measure: Callable[[Any], Measurement]
    evidence: type[Evidence]  # the kind that it is measured on
    target: str  # the Snakemake target that draws the evidence; `claims` writes the verdict
    why: str


def verdict(claim: Claim, measured: Measurement) -> str:
    """Return a measurement's verdict by the module's rule.

    Example:
        >>> claim = Claim("C1", "", "", "", (2.64, 2.70), lambda _: None, Evidence, "fig2", "")
        >>> verdict(claim, Measurement(2.67, 2.65, 2.69)), verdict(claim, Measurement(2.6, 2.5, 2.65))
        ('reproduced', 'undecided')
    """
    low, high = claim.allowed
    if math.isnan(measured.value):
        return NOT_TESTABLE
    if low <= measured.low and measured.high <= high:
        return REPRODUCED
    return NOT_REPRODUCED if measured.high < low or measured.low > high else UNDECIDED


def overall(primary: Mapping[str, str]) -> str:
    """Return a claim's verdict from those of its primary evidence, by protocol.

    Example:
        >>> overall({"stated": "not reproduced", "released": "reproduced"}), overall({"stated": "undecided"})
        ('reproduced only in the released quantities', 'undecided')
    """
    stated = primary.get("stated", NOT_TESTABLE)
    return ONLY_RELEASED if stated != REPRODUCED and primary.get("released") == REPRODUCED else stated


def measure(
    statistic: Callable[..., Samples], *samples: Samples, paired: bool = False, note: str = "", **facts: Any
) -> Measurement:
    """Measure a statistic of the means of samples over seeds, with its bootstrap interval."""
    value = float(statistic(*(sample.mean() for sample in samples)))
    return Measurement(value, *bootstrap_interval(statistic, *samples, paired=paired), note, facts)


def percent_above(value: Samples, reference: Samples) -> Samples:
    """Return by how many percent a value is above a reference."""
    return 100 * (value / reference - 1)


def height(solver: str, metric: str, split: str, baselines: pd.DataFrame) -> float:
    """Return a solver's mean over a split from baselines (solver, metric, split, mean, ...)."""
    return float(baselines.query("solver == @solver and metric == @metric and split == @split")["mean"].item())


def evaluated(study: Study, paths: Sequence[Path | str]) -> dict[str, Samples]:
    """Return run to its seeds' means, (S,), in the quantity that it was trained in.

    The paths are of datasets of `evaluation.evaluate`; a run that is in two of them counts once.
    """
    means = pd.concat([values.seed_means(values.load(path)) for path in paths])
    own = means["run"].map({name: trained_quantity(run.protocol).name for name, run in study.runs.items()})
    means = means[means["metric"] == own].drop_duplicates(["run", "seed"]).sort_values("seed")
    return {str(run): part.to_numpy() for run, part in means.groupby("run")["value"]}
