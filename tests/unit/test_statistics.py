"""Intervals and tests, on cases with known answers."""

import numpy as np
import pytest

from qgnn_d2d.analysis.statistics import bootstrap_interval, crossed_interval, holm, t_interval, wilcoxon

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
