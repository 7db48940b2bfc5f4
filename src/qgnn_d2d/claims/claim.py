"""What a claim, its evidence and a verdict are.

A claim has a range that the paper's words allow (`Claim.allowed`), and is measured on evidence of one kind. A
measurement is "reproduced" where our whole 95 % interval lies in the range, "not reproduced" where the interval and the
range are disjoint, "undecided" where the interval reaches over the range's edge, and "not testable" where there is
nothing to measure.

The claim's own verdict is that of its primary evidence: the paper's models at the paper's point, tuned, in eq. (2)
(`stated`). If that is not "reproduced", but the same models in the public code's quantities (`released`) are, it is
"reproduced only in the released quantities". All other evidence is listed with it. Primary evidence of a scenario
other than the study's first is judged alike, and its verdicts stand in a column of their own.
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
from ..analysis.statistics import crossed_interval, interval
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
    column: str = field(default="", kw_only=True)  # scenario whose column it stands in, of primary pairs elsewhere


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
    """Measure a statistic of the means of samples, with its interval.

    Args:
        statistic: Maps one mean per sample to a number, also array by array.
        *samples: (S,) each, then the interval is over seeds; or (S, N) each, then over seeds and realizations.
        paired: Row i of each sample belongs to seed i.
        note: See `Measurement`.
        **facts: See `Measurement`.
    """
    value = float(statistic(*(sample.mean() for sample in samples)))
    ends = (crossed_interval if samples[0].ndim == 2 else interval)(statistic, *samples, paired=paired)
    return Measurement(value, *ends, note, facts)


def percent_above(value: Samples, reference: Samples) -> Samples:
    """Return by how many percent a value is above a reference."""
    return 100 * (value / reference - 1)


def height(solver: str, metric: str, split: str, baselines: pd.DataFrame) -> float:
    """Return a solver's mean over a split from baselines (solver, metric, split, mean, ...)."""
    return float(baselines.query("solver == @solver and metric == @metric and split == @split")["mean"].item())


def evaluated(study: Study, paths: Sequence[Path | str]) -> dict[str, Samples]:
    """Return run to its values, (S, N), in the quantity that it was trained in.

    The paths are of datasets of `evaluation.evaluate`; a run that is in two of them counts once.
    """
    found = {}
    for path in dict.fromkeys(map(str, paths)):
        dataset = values.load(path)
        for run in dict.fromkeys(map(str, dataset["run"].values)):
            part = dataset.isel(copy=dataset["run"].values == run).sortby("seed")
            found[run] = part[trained_quantity(study.runs[run].protocol).name].values
    return found


def to_the_edge(claim: Claim, measured: Measurement) -> float:
    """Return how far the interval is from changing the verdict, in the quantity's own unit.

    Inside the range: the interval's distance from the nearest edge; outside: from the range. Where the interval reaches
    over an edge: minus the part that would have to go for a verdict. Infinite where the interval has no such end.

    Example:
        >>> claim = Claim("C1", "", "", "", (2.64, 2.70), lambda _: None, Evidence, "fig2", "")
        >>> [round(to_the_edge(claim, Measurement(2.6, low, high)), 3) for low, high in ((2.5, 2.6), (2.5, 2.65))]
        [0.04, -0.01]
    """
    (low, high), inside = claim.allowed, verdict(claim, measured) == REPRODUCED
    ends = measured.low - low, high - measured.high
    if inside:
        return min(ends)
    apart = max(low - measured.high, measured.low - high)
    return apart if apart > 0 else -min(-apart, *(-end for end in ends if end < 0))
