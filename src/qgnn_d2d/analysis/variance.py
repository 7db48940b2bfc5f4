"""How much of a score's scatter comes from the training realizations drawn, the seed, and the realization scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..checks import require_samples
from .statistics import NUM_DRAWS, interval_of

Samples = NDArray[np.float64]

SOURCES = ("draw", "seed", "realization", "draw x realization", "rest")
"""Where scatter comes from: the training realizations drawn, the seed (within a draw), the realization that a score is
of, and what draw and realization, or seed and realization, have together."""


@dataclass(frozen=True)
class Component:
    """An estimated variance, in the square of the values' unit."""

    raw: float
    """The estimate, which may come out below 0."""
    low: float
    """Lower end of the 95 % interval; nothing is below 0."""
    high: float
    """Upper end."""

    @property
    def variance(self) -> float:
        """The estimate, and 0 where it came out below."""
        return max(0.0, self.raw)


def components(values: Samples) -> dict[str, Component]:
    """Split the variance of values into its sources.

    The model is y[d, s, n] = mean + draw[d] + seed[d, s] + realization[n] + both[d, n] + rest[d, s, n]: all effects are
    random and independent, seeds are nested in draws, and realizations are crossed with both. The estimates are those
    of the method of moments (ANOVA): mean squares are set equal to their expectations. The intervals replace each mean
    square by what its chi-square distribution leaves possible, as all others here do (generalized pivotal quantities,
    `statistics.mean_draws`).

    Source: Searle, Casella and McCulloch, Variance Components, 1992, chapter 4. Why trainings need it: Bouthillier et
    al., Accounting for Variance in Machine Learning Benchmarks, MLSys 2021.

    Args:
        values: (D, S, N): draws of the training realizations, seeds, realizations; at least two of each.

    Returns:
        Source (`SOURCES`) to component.

    Raises:
        ValueError: There are fewer, or a value is not finite.

    Example:
        >>> draws, realizations = np.array([0.0, 2.0]), np.array([0.0, 10.0])
        >>> found = components(draws[:, None, None] + np.zeros((2, 3, 1)) + realizations)
        >>> {source: round(one.variance, 6) for source, one in found.items()}
        {'draw': 2.0, 'seed': 0.0, 'realization': 50.0, 'draw x realization': 0.0, 'rest': 0.0}
    """
    require_samples("values", values, ndim=3)
    if min(values.shape) < 2:
        raise ValueError(f"values have shape {values.shape}; at least 2 draws, 2 seeds and 2 realizations are needed")
    d, s, n = values.shape
    of_draw, of_seed = values.mean(axis=(1, 2)), values.mean(axis=2)
    of_realization, of_both = values.mean(axis=(0, 1)), values.mean(axis=1)
    grand = of_draw.mean()
    both = of_both - of_draw[:, None] - of_realization + grand
    rest = values - of_seed[:, :, None] - of_both[:, None] + of_draw[:, None, None]
    degrees = np.array([d - 1, d * (s - 1), n - 1, (d - 1) * (n - 1), d * (s - 1) * (n - 1)])
    squares = np.array(
        [
            s * n * np.square(of_draw - grand).sum(),
            n * np.square(of_seed - of_draw[:, None]).sum(),
            d * s * np.square(of_realization - grand).sum(),
            s * np.square(both).sum(),
            np.square(rest).sum(),
        ]
    )
    # A row per mean square: how often its expectation contains each source's variance.
    expected = np.array(
        [[s * n, n, 0, s, 1], [0, n, 0, 0, 1], [0, 0, d * s, s, 1], [0, 0, 0, s, 1], [0, 0, 0, 0, 1]], dtype=float
    )
    estimates = np.linalg.solve(expected, squares / degrees)
    scatter = np.random.default_rng(0).chisquare(degrees, (NUM_DRAWS, len(degrees)))
    possible = np.linalg.solve(expected, (squares / scatter).T).clip(min=0)
    return {
        source: Component(float(estimate), *interval_of(drawn))
        for source, estimate, drawn in zip(SOURCES, estimates, possible, strict=True)
    }


def percentages(values: Samples, reference: Samples) -> Samples:
    """Return single values in percent of a reference's, such that their means are the percentages of the means.

    With the ratio R of the two means, a value v beside the reference's w becomes 100 (v - R w) / mean(w) + 100 R: what
    moves a ratio of means, to first order. What makes a realization good for both alike is so left out.

    Args:
        values: (..., N).
        reference: (N,), of the same realizations.

    Example:
        >>> percentages(np.array([[1.0, 6.0], [2.0, 4.0]]), np.array([2.0, 6.0])).mean(axis=1).tolist()
        [87.5, 75.0]
    """
    height = reference.mean()
    ratio = values.mean() / height
    return np.asarray(100 * (values - ratio * reference) / height + 100 * ratio)
