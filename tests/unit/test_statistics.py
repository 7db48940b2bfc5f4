"""Intervals, on cases with known answers."""

import numpy as np
import pytest

from qgnn_d2d.statistics import bootstrap_interval, t_interval

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
