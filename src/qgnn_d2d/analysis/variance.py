"""How much of a score's scatter comes from the training realizations drawn, the seed, and the realization scored."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..checks import require_samples
from .statistics import NUM_DRAWS, interval_of

Samples = NDArray[np.float64]

_FACTORS = ("draw", "seed", "realization")
_EFFECTS = [factors for size in (1, 2, 3) for factors in itertools.combinations(range(3), size)]
SOURCES = tuple(" x ".join(_FACTORS[i] for i in factors) if len(factors) < 3 else "rest" for factors in _EFFECTS)
"""Where scatter comes from: the training realizations drawn, the seed, the realization that is scored, what two of
these have together, and the rest."""
WITHIN = "seed within a draw"
"""The sum of seed and draw x seed."""


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

    The model is y[d, s, n] = mean + draw[d] + seed[s] + realization[n] + (draw x seed)[d, s] + (draw x realization)[d,
    n] + (seed x realization)[s, n] + rest[d, s, n]: all effects are random and independent. Seeds are crossed with
    draws, as seed s has the same initial weights and evaluation stars whatever it is trained on; realizations are the
    same for all. What scatters between seeds of one draw is seed plus draw x seed. The estimates are those of the
    method of moments (ANOVA, balanced): mean squares are set equal to their expectations. The intervals replace each
    mean square by what its chi-square distribution leaves possible, as others here do (generalized pivotal quantities,
    `statistics.mean_draws`).

    Source: Searle, Casella and McCulloch, Variance Components, 1992, chapter 4. Why trainings need it: Bouthillier et
    al., Accounting for Variance in Machine Learning Benchmarks, MLSys 2021.

    Args:
        values: (D, S, N): draws of the training realizations, seeds, realizations; at least two of each.

    Returns:
        Source (`SOURCES`), and `WITHIN` for the sum of seed and draw x seed, to component.

    Raises:
        ValueError: There are fewer, or a value is not finite.

    Example:
        >>> draws, realizations = np.array([0.0, 2.0]), np.array([0.0, 10.0])
        >>> found = components(draws[:, None, None] + np.zeros((2, 3, 1)) + realizations)
        >>> {source: round(one.variance, 6) for source, one in found.items() if one.variance > 1e-9}
        {'draw': 2.0, 'realization': 50.0}
    """
    require_samples("values", values, ndim=3)
    sizes = values.shape
    if min(sizes) < 2:
        raise ValueError(f"values have shape {sizes}; at least 2 draws, 2 seeds and 2 realizations are needed")
    effects: dict[tuple[int, ...], Samples] = {(): values.mean(keepdims=True)}
    for factors in _EFFECTS:
        others = tuple(axis for axis in range(3) if axis not in factors)
        parts = (effect for part, effect in effects.items() if set(part) < set(factors))
        effects[factors] = values.mean(axis=others, keepdims=True) - sum(parts)
    degrees = np.array([math.prod(sizes[i] - 1 for i in factors) for factors in _EFFECTS])
    # How often each value of an effect is in the whole, and so its variance in the expectation of a mean square.
    times = np.array([values.size / math.prod(sizes[i] for i in factors) for factors in _EFFECTS])
    squares = times * [np.square(effects[factors]).sum() for factors in _EFFECTS]
    expected = np.array([[set(own) <= set(other) for other in _EFFECTS] for own in _EFFECTS]) * times
    estimates = np.linalg.solve(expected, squares / degrees)
    scatter = np.random.default_rng(0).chisquare(degrees, (NUM_DRAWS, len(degrees)))
    possible = np.linalg.solve(expected, (squares / scatter).T)
    within = [SOURCES.index(name) for name in ("seed", "draw x seed")]
    return {
        source: Component(float(estimate), *interval_of(drawn.clip(min=0)))
        for source, estimate, drawn in zip(
            (*SOURCES, WITHIN),
            (*estimates, estimates[within].sum()),
            (*possible, possible[within].sum(axis=0)),
            strict=True,
        )
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
