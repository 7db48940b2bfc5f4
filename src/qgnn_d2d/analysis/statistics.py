"""Intervals and paired tests, all of them: one level, one set of formulas."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..checks import require_samples

CONFIDENCE = 0.95
NUM_RESAMPLES = 4999
NUM_CROSSED = 1999
_PART = 20  # resamples at a time: few enough for the cache

Samples = NDArray[np.float64]


def t_interval(values: Samples) -> tuple[float, float]:
    """Return the 95 % t interval of the mean of (n,) independent samples: mean ± t(n - 1) s / sqrt(n).

    Raises:
        ValueError: There are fewer than 2 samples, or one is not finite.

    Example:
        >>> [round(end, 3) for end in t_interval(np.array([1.0, 2.0, 3.0]))]
        [-0.484, 4.484]
    """
    require_samples("values", values, minimum=2)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


def mean_and_interval(values: Samples) -> dict[str, float]:
    """Return the mean of (n,) samples and its `t_interval` as low and high, which are NaN for a single sample."""
    low, high = t_interval(values) if len(values) > 1 else (np.nan, np.nan)
    return {"mean": float(values.mean()), "low": low, "high": high}


def bootstrap_interval(statistic: Callable[..., Any], *samples: Samples, paired: bool = False) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a statistic of means of independent samples.

    Args:
        statistic: Maps one mean per sample to a number; applied to arrays of resampled means.
        *samples: (n,) each, n at least 2. The generator is fixed.
        paired: Resample all samples together (entry i of each belongs to seed i), not independently of one another.

    Raises:
        ValueError: A sample has fewer than 2 entries or one that is not finite, or paired samples are of different
            sizes.
    """
    for sample in samples:
        require_samples("sample", sample, minimum=2)
    if paired and len({len(sample) for sample in samples}) > 1:
        raise ValueError(f"samples have sizes {[len(sample) for sample in samples]}; paired ones must be of one size")
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


def crossed_interval(first: Samples, second: Samples | None = None) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a grand mean, or of a difference of two.

    Seeds (rows) and realizations (columns, the same for both) are crossed: each resample draws the seeds of either
    method and the realizations, with replacement, and takes the (difference of the) means of what was drawn. So it
    holds the uncertainty of the trainings and of the set that they are scored on. The generator is fixed.

    Args:
        first: (S, N); one row for a solver.
        second: (S', N), on the same realizations.

    Raises:
        ValueError: An array has other dimensions, no entry or one that is not finite, or the two have different N.

    Example:
        >>> [round(end, 9) for end in crossed_interval(np.full((3, 5), 2.0))]
        [2.0, 2.0]
    """
    require_samples("first", first, ndim=2)
    if second is not None:
        require_samples("second", second, ndim=2)
        if second.shape[1] != first.shape[1]:
            raise ValueError(f"second has shape {second.shape}; it must be of {first.shape[1]} realizations, as first")
    methods = [first] if second is None else [first, second]
    *seeds, realizations = _resamplings(*map(len, methods), first.shape[1])
    means = np.empty(NUM_CROSSED)
    for start in range(0, NUM_CROSSED, _PART):
        part = slice(start, start + _PART)
        drawn = seeds[0][part] @ first
        if second is not None:
            drawn -= seeds[1][part] @ second
        drawn *= realizations[part]
        drawn.sum(axis=1, out=means[part])
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


@lru_cache(maxsize=8)  # a table asks for few sizes, many times; 48 MB for 3000 realizations
def _resamplings(*counts: int) -> list[Samples]:
    """Return the weights that resampling each number of entries with replacement gives them: (NUM_CROSSED, count)."""
    generator = np.random.default_rng(0)
    return [generator.multinomial(n, np.full(n, 1 / n), size=NUM_CROSSED) / n for n in counts]


def wilcoxon(first: Samples, second: Samples) -> tuple[float, float]:
    """Return (p, r) of the two-sided Wilcoxon signed-rank test of paired samples.

    The effect size is the matched-pairs rank-biserial correlation r = (W+ - W-) / (W+ + W-), with W+ and W- the rank
    sums of positive and negative differences (Kerby, 2014): 1 where every difference is positive. Zero differences
    are left out, as in Wilcoxon's paper; without any other, p = 1 and r = 0.

    Raises:
        ValueError: A sample is empty or has an entry that is not finite, or the two have different sizes.

    Example:
        >>> p, r = wilcoxon(np.arange(1.0, 7.0), np.zeros(6))
        >>> p, r
        (0.03125, 1.0)
    """
    require_samples("first", first)
    require_samples("second", second)
    if len(first) != len(second):
        raise ValueError(f"second has {len(second)} samples; it must have {len(first)}, as first")
    difference = first - second
    difference = difference[difference != 0]
    if not len(difference):
        return 1.0, 0.0
    ranks = stats.rankdata(np.abs(difference))
    effect = float((ranks * np.sign(difference)).sum() / ranks.sum())
    return float(stats.wilcoxon(difference).pvalue), effect


def holm(p_values: Samples) -> Samples:
    """Return Holm's step-down adjusted p values: the i-th smallest of m becomes max over j <= i of (m - j + 1) p_j.

    None becomes larger than 1.

    Raises:
        ValueError: There is no p value, or one that is not from 0 to 1.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
        [0.03, 0.06, 0.06]
    """
    require_samples("p_values", p_values, low=0, high=1)
    order = np.argsort(p_values)
    steps = np.minimum(1.0, (len(p_values) - np.arange(len(p_values))) * p_values[order])
    adjusted = np.empty_like(steps)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted
