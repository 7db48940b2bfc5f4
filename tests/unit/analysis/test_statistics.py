"""Intervals and tests, on cases with known answers."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgnn_d2d.analysis.statistics import crossed_interval, holm, interval, mean_draws, t_interval, welch
from tests.strategies import SEEDS, any_array, is_good, refused, result_of, samples

COVERED = 2000
NORMAL = np.random.default_rng(0).normal(10.0, 3.0, 900)


def mean(value):
    return value


def test_t_interval_of_three_numbers():
    low, high = t_interval(np.array([1.0, 2.0, 3.0]))
    assert (high - low) / 2 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)


def test_intervals_of_many_normal_numbers_are_the_textbook_ones():
    for low, high in (t_interval(NORMAL), interval(mean, NORMAL)):
        assert low == pytest.approx(NORMAL.mean() - 1.96 * NORMAL.std() / 30, abs=0.02)
        assert high == pytest.approx(NORMAL.mean() + 1.96 * NORMAL.std() / 30, abs=0.02)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_interval_of_a_mean_is_the_t_interval(n):
    few = NORMAL[:n]
    low, high = t_interval(few)
    assert interval(mean, few) == pytest.approx((low, high), abs=0.05 * (high - low))


def test_the_interval_of_a_ratio():
    low, high = interval(np.divide, 2 * NORMAL, NORMAL[::-1])
    half = 1.96 * 2 * np.sqrt(2) * NORMAL.std() / NORMAL.mean() / 30  # delta method
    assert high - low == pytest.approx(2 * half, rel=0.05)


def test_what_paired_samples_share_leaves_no_width():
    low, high = interval(np.subtract, NORMAL + 1.0, NORMAL, paired=True)
    assert (low, high) == pytest.approx((1.0, 1.0))
    low, high = interval(np.subtract, NORMAL + 1.0, NORMAL)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2) * NORMAL.std() / 30, rel=0.05)


def test_equal_samples_have_an_interval_of_no_width():
    assert interval(mean, np.full(5, 2.0)) == (2.0, 2.0)


def test_draws_of_curves_are_curves():
    """A line with random offsets stays that line in every draw."""
    curves = np.arange(7.0) + NORMAL[:6, np.newaxis]
    (drawn,) = mean_draws(curves)
    np.testing.assert_allclose(np.diff(drawn, axis=1), 1.0)
    assert np.std(drawn[:, 0]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 10])
def test_intervals_over_seeds_cover_as_often_as_they_say(n):
    """Of 2,000 intervals of a mean 94 to 96 % hold the true one, and as many or more of a ratio."""
    generator = np.random.default_rng(n)
    inside = np.zeros(2)
    for _ in range(COVERED):
        first, second = generator.normal(3.0, 0.1, n), generator.normal(2.0, 0.1, n)
        low, high = interval(mean, first)
        ratio_low, ratio_high = interval(np.divide, first, second)
        inside += low <= 3.0 <= high, ratio_low <= 1.5 <= ratio_high
    share = inside / COVERED
    assert 0.94 <= share[0] <= 0.96
    assert share[1] >= 0.94


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 10])
def test_crossed_intervals_cover_at_least_as_often_as_they_say(n):
    generator = np.random.default_rng(n)
    inside = 0
    for _ in range(COVERED):
        seeds, realizations = generator.normal(0, 0.02, (n, 1)), generator.normal(0, 0.3, (1, 300))
        first = 3.0 + seeds + realizations + generator.normal(0, 0.1, (n, 300))
        second = 2.0 + 0.8 * realizations
        low, high = crossed_interval(np.divide, first, second)
        inside += low <= 1.5 <= high
    assert 0.94 <= inside / COVERED <= 0.985


def test_crossed_interval_holds_both_sources_of_variance():
    generator = np.random.default_rng(1)
    seeds, realizations = generator.normal(0, 2.0, (12, 1)), generator.normal(0, 3.0, (1, 400))
    low, high = crossed_interval(mean, seeds + realizations)
    of_seeds = stats.t.ppf(0.975, 11) ** 2 * seeds.var(ddof=1) / 12
    expected = 2 * np.sqrt(of_seeds + 1.96**2 * realizations.var() / 400)
    assert high - low == pytest.approx(expected, rel=0.05)


def test_what_two_methods_share_leaves_no_width():
    common = np.random.default_rng(2).normal(0, 3.0, (1, 200))
    low, high = crossed_interval(np.subtract, common + 1.0, np.repeat(common, 4, axis=0))
    assert (low, high) == pytest.approx((1.0, 1.0))


def test_welch_is_the_textbook_test():
    first, second = NORMAL[:9], NORMAL[9:14] + 1.0
    assert welch(first, second) == stats.ttest_ind(first, second, equal_var=False).pvalue
    assert welch(first, second) == pytest.approx(welch(second, first))
    known = np.array([10.0])
    assert welch(first, known) == welch(known, first) == stats.ttest_1samp(first, 10.0).pvalue
    assert np.isnan(welch(known, known))
    assert (welch(np.full(3, 2.0), known), welch(np.full(3, 10.0), known)) == (0.0, 1.0)


def test_holm_adjusts_stepwise_and_keeps_the_order():
    assert holm(np.array([0.01, 0.02, 0.03, 0.04])).tolist() == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm(np.array([0.9, 0.0001])).tolist() == pytest.approx([0.9, 0.0002])
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]


def test_tests_that_could_not_be_made_do_not_count():
    adjusted = holm(np.array([0.04, np.nan, 0.01]))
    assert adjusted[[0, 2]].tolist() == [0.04, 0.02] and np.isnan(adjusted[1])


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
def test_the_interval_of_a_mean_holds_it_and_moves_with_it(values, shift):
    low, high = interval(mean, values)
    assert low <= values.mean() + 1e-12 and values.mean() <= high + 1e-12
    np.testing.assert_allclose(interval(mean, values + shift), (low + shift, high + shift), atol=1e-9)


@given(parts=st.lists(any_array(), min_size=1, max_size=3), paired=st.booleans())
def test_samples_that_have_no_interval_are_refused(parts, paired):
    if all(is_good(part, 1, 2) for part in parts) and not (paired and len(set(map(len, parts))) > 1):
        return
    refused(lambda: interval(lambda *means: means[0], *parts, paired=paired), "sample")


@given(first=samples(2, 1, 4), second=samples(2, 1, 4), scale=st.sampled_from([0.5, 2.0, 8.0]))
def test_crossed_interval_scales_or_is_refused(first, second, scale):
    low, high = crossed_interval(mean, first)
    slack = 1e-9 * np.abs(first).max() + 1e-300
    assert low <= first.mean() + slack and first.mean() - slack <= high
    width = slack + 1e-12 * max(abs(low), abs(high))
    np.testing.assert_allclose(crossed_interval(mean, scale * first), (scale * low, scale * high), atol=width * 9)
    if first.shape[1] != second.shape[1]:
        refused(lambda: crossed_interval(np.subtract, first, second), "samples", "realizations")


@given(values=any_array())
def test_bad_samples_are_refused_by_every_test(values):
    if not is_good(values, 2):
        refused(lambda: crossed_interval(mean, values), "sample")
        refused(lambda: crossed_interval(np.subtract, np.ones((2, 3)), values), "sample")
    if not is_good(values, 1):
        refused(lambda: welch(values, np.ones(3)), "first")
        refused(lambda: welch(np.ones(3), values), "second")


@given(values=hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1)), seed=SEEDS)
def test_holm_never_lowers_and_follows_permutations(values, seed):
    adjusted = holm(values)
    assert (adjusted >= values).all() and (adjusted <= 1).all()
    assert (adjusted <= np.minimum(1, values * len(values)).max()).all()
    order = np.random.default_rng(seed).permutation(len(values))
    np.testing.assert_allclose(holm(values[order]), adjusted[order])
