"""Intervals, all of them: one level, one set of formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
NUM_RESAMPLES = 4999

Samples = NDArray[np.float64]


def t_interval(values: Samples) -> tuple[float, float]:
    """Return the 95 % t interval of a mean: mean ± t(n - 1) s / sqrt(n).

    Args:
        values: (n,) independent samples, n at least 2.

    Example:
        >>> [round(end, 3) for end in t_interval(np.array([1.0, 2.0, 3.0]))]
        [-0.484, 4.484]
    """
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


def bootstrap_interval(statistic: Callable[..., Any], *samples: Samples, paired: bool = False) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a statistic of means of independent samples.

    Args:
        statistic: Maps one mean per sample to a number; applied to arrays of resampled means.
        *samples: (n,) each, n at least 2. The generator is fixed.
        paired: Resample all samples together (entry i of each belongs to seed i), not independently of one another.
    """
    if all(np.ptp(sample) == 0 for sample in samples):
        value = float(statistic(*(sample.mean() for sample in samples)))
        return value, value
    result = stats.bootstrap(
        samples,
        lambda *parts, axis=-1: statistic(*(part.mean(axis=axis) for part in parts)),
        n_resamples=NUM_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        paired=paired,
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
