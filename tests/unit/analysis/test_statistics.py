"""Intervals and tests, on cases with known answers."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgnn_d2d.analysis.statistics import (
    bootstrap_interval,
    crossed_interval,
    crossed_percent_interval,
    holm,
    t_interval,
    wilcoxon,
)
from tests.strategies import FINITE, SEEDS, any_array, is_good, refused, result_of, samples

NORMAL = np.random.default_rng(0).normal(10.0, 3.0, 900)


def mean(value):
    return value


def test_t_interval_of_three_numbers():
    low, high = t_interval(np.array([1.0, 2.0, 3.0]))
    assert (high - low) / 2 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)


def test_intervals_of_many_normal_numbers_are_the_textbook_ones():
    for low, high in (t_interval(NORMAL), bootstrap_interval(mean, NORMAL)):
        assert low == pytest.approx(NORMAL.mean() - 1.96 * NORMAL.std() / 30, abs=0.02)
        assert high == pytest.approx(NORMAL.mean() + 1.96 * NORMAL.std() / 30, abs=0.02)


def test_bootstrap_of_a_ratio():
    low, high = bootstrap_interval(lambda a, b: a / b, 2 * NORMAL, NORMAL)
    half = 1.96 * 2 * np.sqrt(2) * NORMAL.std() / NORMAL.mean() / 30  # delta method
    assert high - low == pytest.approx(2 * half, rel=0.05)


def test_equal_samples_have_an_interval_of_no_width():
    assert bootstrap_interval(mean, np.full(5, 2.0)) == (2.0, 2.0)


def test_crossed_interval_holds_both_sources_of_variance():
    generator = np.random.default_rng(1)
    seeds, realizations = generator.normal(0, 2.0, (12, 1)), generator.normal(0, 3.0, (1, 400))
    low, high = crossed_interval(seeds + realizations)
    expected = 2 * 1.96 * np.sqrt(seeds.var() / 12 + realizations.var() / 400)
    assert high - low == pytest.approx(expected, rel=0.1)


def test_what_two_methods_share_leaves_no_width():
    common = np.random.default_rng(2).normal(0, 3.0, (1, 200))
    low, high = crossed_interval(common + 1.0, np.repeat(common, 4, axis=0))
    assert (low, high) == pytest.approx((1.0, 1.0))


def test_a_percentage_has_the_variance_of_seeds_and_of_the_ratio():
    generator = np.random.default_rng(3)
    reference = generator.uniform(1, 3, 500)
    seeds, ratio = generator.normal(0, 0.1, (9, 1)), generator.normal(0.8, 0.2, (1, 500))
    values = (ratio + seeds) * reference
    low, high = crossed_percent_interval(values, reference)
    of_ratio = values.mean(axis=0) / reference.mean() - values.mean() / reference.mean() ** 2 * reference
    expected = 100 * 2 * 1.96 * np.sqrt(seeds.var() / 9 + of_ratio.var() / 500)
    assert high - low == pytest.approx(expected, rel=0.1)
    assert low < 100 * values.mean() / reference.mean() < high


def test_a_percentage_of_itself_has_no_width_and_of_other_sizes_is_refused():
    reference = np.random.default_rng(4).uniform(0, 3, 50)
    assert crossed_percent_interval(reference[np.newaxis], reference) == pytest.approx((100, 100))
    with pytest.raises(ValueError, match="reference has 49 realizations; it must have 50, as values"):
        crossed_percent_interval(reference[np.newaxis], reference[1:])


def test_wilcoxon_of_textbook_samples():
    first = np.array([125, 115, 130, 140, 140, 115, 140, 125, 140, 135.0])
    second = np.array([110, 122, 125, 120, 140, 124, 123, 137, 135, 145.0])
    p_value, effect = wilcoxon(first, second)  # W+ = 27, W- = 18, n = 9 after one zero difference
    assert effect == pytest.approx(9 / 45)
    assert p_value == pytest.approx(0.652, abs=0.06)
    assert wilcoxon(first, first) == (1.0, 0.0)
    assert wilcoxon(second, first)[1] == -effect


def test_holm_adjusts_stepwise_and_keeps_the_order():
    assert holm(np.array([0.01, 0.02, 0.03, 0.04])).tolist() == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm(np.array([0.9, 0.0001])).tolist() == pytest.approx([0.9, 0.0002])
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]


# ---------------------------------------------------------------------------------------------------------------------
# Any numbers


@given(values=any_array() | samples(1))
def test_t_interval_is_centered_and_finite_or_refused(values):
    found = result_of(lambda: t_interval(values))
    assert (found is not None) == is_good(values, 1, 2)
    if found is None or np.abs(values.astype(float)).max() > 1e100:
        return
    spread = np.ptp(values.astype(float))
    if not 0 < spread < 1e-100:  # the reference's squares would vanish
        constant = (values.mean(),) * 2
        expected = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values)) if spread else constant
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(values).max() + 1e-300)


@given(values=samples(1, 2, 4, st.sampled_from([-1.0, 0.0, 2.0, 5.0])), shift=st.integers(-3, 3))
def test_bootstrap_of_a_mean_lies_within_the_samples_and_moves_with_them(values, shift):
    low, high = bootstrap_interval(mean, values)
    assert values.min() - 1e-12 <= low <= high <= values.max() + 1e-12
    np.testing.assert_allclose(bootstrap_interval(mean, values + shift), (low + shift, high + shift), atol=1e-9)


@given(parts=st.lists(any_array(), min_size=1, max_size=3), paired=st.booleans())
def test_samples_that_cannot_be_resampled_are_refused(parts, paired):
    if all(is_good(part, 1, 2) for part in parts) and not (paired and len(set(map(len, parts))) > 1):
        return
    refused(lambda: bootstrap_interval(lambda *means: means[0], *parts, paired=paired), "sample")


@given(first=samples(2, 1, 4), second=samples(2, 1, 4), scale=st.sampled_from([0.5, 2.0, 8.0]))
def test_crossed_interval_scales_and_bounds_or_is_refused(first, second, scale):
    low, high = crossed_interval(first)
    slack = 1e-9 * np.abs(first).max() + 1e-300
    assert first.min() - slack <= low <= high <= first.max() + slack
    np.testing.assert_allclose(crossed_interval(scale * first), (scale * low, scale * high), atol=slack * 9)
    if first.shape[1] == second.shape[1]:
        low, high = crossed_interval(first, second)
        assert first.min() - second.max() - 1 <= low <= high <= first.max() - second.min() + 1
    else:
        refused(lambda: crossed_interval(first, second), "second", "realizations")


@given(values=any_array())
def test_bad_samples_are_refused_by_every_test(values):
    if not is_good(values, 2):
        refused(lambda: crossed_interval(values), "first")
        refused(lambda: crossed_interval(np.ones((2, 3)), values), "second")
    if not is_good(values, 1):
        refused(lambda: wilcoxon(values, np.ones(3)), "first")
        refused(lambda: wilcoxon(np.ones(3), values), "second")
    if not is_good(values, 1) or (values < 0).any() or (values > 1).any():
        refused(lambda: holm(values), "p_values")


@given(pair=st.integers(1, 6).flatmap(lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=FINITE)] * 2)))
def test_wilcoxon_is_antisymmetric(pair):
    p_value, effect = wilcoxon(*pair)
    back, opposite = wilcoxon(*pair[::-1])
    assert 0 <= p_value <= 1 and -1 <= effect <= 1
    assert p_value == pytest.approx(back) and effect == pytest.approx(-opposite)


@given(values=hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1)), seed=SEEDS)
def test_holm_never_lowers_and_follows_permutations(values, seed):
    adjusted = holm(values)
    assert (adjusted >= values).all() and (adjusted <= 1).all()
    assert (adjusted <= np.minimum(1, values * len(values)).max()).all()
    order = np.random.default_rng(seed).permutation(len(values))
    np.testing.assert_allclose(holm(values[order]), adjusted[order])
