"""Intervals and paired tests, all of them: one level, one set of formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..checks import require_samples

CONFIDENCE = 0.95
NUM_DRAWS = 9999

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


def mean_draws(*samples: Samples, paired: bool = False) -> list[Samples]:
    """Return draws of the means that samples of independent rows leave possible: (NUM_DRAWS, ...) for each.

    A draw of a mean is mean + s t(n - 1) / sqrt(n), with the same variance and covariances as the rows have,
    so the quantiles of the draws of one mean are its t interval. Of rows that are curves, whole curves are drawn.
    Source: generalized pivotal quantities, Weerahandi, J. Am. Stat. Assoc. 88, 1993.

    Args:
        *samples: (n, ...) each, n at least 2, or 1 for a sample without scatter. The generator is fixed.
        paired: Row i of all samples belongs to seed i; otherwise samples are independent of one another.

    Raises:
        ValueError: A sample has no row, or an entry that is not finite, or paired samples are of different sizes.
    """
    for sample in samples:
        require_samples("sample", sample, ndim=max(1, np.ndim(sample)))
    if paired and len({len(sample) for sample in samples}) > 1:
        raise ValueError(f"samples have {[len(sample) for sample in samples]} rows; paired ones must have as many")
    generator = np.random.default_rng(0)
    found, weights = [], None
    for sample in samples:
        if weights is None or not paired:
            weights = _t_weights(len(sample), generator)
        mean = sample.mean(axis=0)
        found.append(mean + np.tensordot(weights, sample - mean, axes=1))
    return found


def _t_weights(n: int, generator: np.random.Generator) -> Samples:
    """Return the weights that turn the deviations of n rows into draws of their mean's: (NUM_DRAWS, n)."""
    return np.zeros((NUM_DRAWS, 1)) if n == 1 else _t_draws(n, n, generator) / np.sqrt(n * (n - 1))


def _t_draws(n: int, size: int, generator: np.random.Generator) -> Samples:
    """Return draws of ``size`` numbers that share the scale of a t distribution of n - 1 degrees: (NUM_DRAWS, size)."""
    spread = np.sqrt(generator.chisquare(n - 1, NUM_DRAWS) / (n - 1))
    return generator.standard_normal((NUM_DRAWS, size)) / spread[:, np.newaxis]


def interval_of(draws: Samples) -> tuple[float, float]:
    """Return the 95 % interval of (n,) draws: their quantiles at 2.5 and 97.5 %, each a value that was drawn."""
    ends = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], method="nearest")
    return float(ends[0]), float(ends[1])


def interval(statistic: Callable[..., Any], *samples: Samples, paired: bool = False) -> tuple[float, float]:
    """Return the 95 % interval of a statistic of the means of (n,) samples over seeds, by `mean_draws`.

    For one mean it is the t interval, but for the scatter of the draws.

    Args:
        statistic: Maps one mean per sample to a number; applied to arrays of drawn means.
        *samples: (n,) each, n at least 2.
        paired: Entry i of each sample belongs to seed i.

    Raises:
        ValueError: A sample has fewer than 2 entries, or see `mean_draws`.

    Example:
        >>> low, high = interval(np.divide, np.array([2.0, 2.2, 1.8]), np.array([1.0, 1.0, 1.0]))
        >>> abs(low - t_interval(np.array([2.0, 2.2, 1.8]))[0]) < 0.02
        True
    """
    for sample in samples:
        require_samples("sample", sample, minimum=2)
    return interval_of(np.asarray(statistic(*mean_draws(*samples, paired=paired))))


def crossed_interval(statistic: Callable[..., Any], *samples: Samples, paired: bool = False) -> tuple[float, float]:
    """Return the 95 % interval of a statistic of grand means over seeds and realizations.

    Seeds (rows) and realizations (columns, the same for all samples) are crossed: a draw of a grand mean is one over
    the seeds (`mean_draws`) plus a deviation over the realizations, which all samples share. So it holds the
    uncertainty of the trainings and of the set that they are scored on. What single scores scatter by beyond that
    counts in both, which makes the interval slightly too wide, never too narrow.

    Args:
        statistic: Maps one mean per sample to a number; applied to arrays of drawn means.
        *samples: (S, N) each; one row for a solver.
        paired: Row i of all samples belongs to seed i.

    Raises:
        ValueError: A sample has other dimensions, no entry or one that is not finite, or samples of different N.

    Example:
        >>> crossed_interval(np.subtract, np.full((3, 5), 3.0), np.full((1, 5), 1.0))
        (2.0, 2.0)
    """
    for sample in samples:
        require_samples("sample", sample, ndim=2)
    sizes = {sample.shape[1] for sample in samples}
    if len(sizes) > 1:
        raise ValueError(f"samples have {sorted(sizes)} realizations; they must be scored on the same ones")
    seeds = mean_draws(*(sample.mean(axis=1) for sample in samples), paired=paired)
    realizations = np.stack([sample.mean(axis=0) for sample in samples], axis=1)  # (N, samples)
    drawn = np.zeros((1, len(samples)))
    if (n := len(realizations)) > 1:
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(realizations, rowvar=False)) / n)
        root = vectors @ np.diag(np.sqrt(values.clip(min=0))) @ vectors.T  # of the means' covariance
        drawn = _t_draws(n, len(samples), np.random.default_rng(1)) @ root
    return interval_of(np.asarray(statistic(*(own + drawn[:, i] for i, own in enumerate(seeds)))))


def welch(first: Samples, second: Samples) -> float:
    """Return the p value of Welch's two-sided t test of the means of two samples over seeds.

    One entry is a known number, as a solver's mean on the same realizations: then it is the one-sample t test. With
    fewer than 2 entries on both sides there is no test: NaN. Samples without any scatter differ for sure, or not at
    all.

    Raises:
        ValueError: A sample is empty or has an entry that is not finite.

    Example:
        >>> round(welch(np.array([1.0, 2.0, 3.0]), np.array([2.0])), 3), round(welch(np.arange(9.0), np.ones(1)), 2)
        (1.0, 0.01)
    """
    require_samples("first", first)
    require_samples("second", second)
    many, few = (first, second) if len(first) >= len(second) else (second, first)
    if len(many) < 2:
        return float("nan")
    if np.ptp(many) == 0 and np.ptp(few) == 0:
        return float(many[0] == few[0])
    if len(few) == 1:
        return float(stats.ttest_1samp(many, few[0]).pvalue)
    return float(stats.ttest_ind(many, few, equal_var=False).pvalue)


def holm(p_values: Samples) -> Samples:
    """Return Holm's step-down adjusted p values: the i-th smallest of m becomes max over j <= i of (m - j + 1) p_j.

    None becomes larger than 1.

    Tests that could not be made, NaN, stay so and do not count.

    Raises:
        ValueError: A p value is not from 0 to 1.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
        [0.03, 0.06, 0.06]
    """
    made = ~np.isnan(p_values)
    adjusted = np.full_like(p_values, np.nan)
    if made.any():
        require_samples("p_values", p_values[made], low=0, high=1)
        order = np.flatnonzero(made)[np.argsort(p_values[made])]
        steps = np.minimum(1.0, (len(order) - np.arange(len(order))) * p_values[order])
        adjusted[order] = np.maximum.accumulate(steps)
    return adjusted
