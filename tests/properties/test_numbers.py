"""Validators, random streams, statistics, convergence and gaps on any input."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgnn_d2d.analysis import convergence, optimality, statistics
from qgnn_d2d.claims import claim as claims
from qgnn_d2d.settings.study import SCHEDULES, TrainingSettings
from qgnn_d2d.training import search as tuning
from qgnn_d2d.training import trainer as training
from tests.properties.helpers import (
    ANY_FLOAT,
    FINITE,
    JUNK,
    ODD,
    SEEDS,
    any_array,
    covers,
    is_good,
    refused,
    result_of,
    samples,
)


def is_plain(value, kinds=(int, float, np.integer, np.floating)):
    return isinstance(value, kinds) and not isinstance(value, bool | np.bool_)


# ---------------------------------------------------------------------------------------------------------------------
# Statistics


@covers(statistics.t_interval)
@given(values=any_array() | samples(1))
def test_t_interval_is_centered_and_finite_or_refused(values):
    found = result_of(lambda: statistics.t_interval(values))
    assert (found is not None) == is_good(values, 1, 2)
    if found is None or np.abs(values.astype(float)).max() > 1e100:
        return
    spread = np.ptp(values.astype(float))
    if not 0 < spread < 1e-100:  # the reference's squares would vanish
        expected = (
            stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
            if spread
            else (values.mean(),) * 2
        )
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(values).max() + 1e-300)


@covers(statistics.bootstrap_interval)
@given(values=samples(1, 2, 4, st.sampled_from([-1.0, 0.0, 2.0, 5.0])), shift=st.integers(-3, 3))
def test_bootstrap_of_a_mean_lies_within_the_samples_and_moves_with_them(values, shift):
    def same(value):
        return value

    low, high = statistics.bootstrap_interval(same, values)
    assert values.min() - 1e-12 <= low <= high <= values.max() + 1e-12
    moved = statistics.bootstrap_interval(same, values + shift)
    np.testing.assert_allclose(moved, (low + shift, high + shift), atol=1e-9)


@covers(statistics.bootstrap_interval)
@given(parts=st.lists(any_array(), max_size=3), paired=st.booleans())
def test_samples_that_cannot_be_resampled_are_refused(parts, paired):
    if parts and all(is_good(part, 1, 2) for part in parts) and not (paired and len(set(map(len, parts))) > 1):
        return
    refused(lambda: statistics.bootstrap_interval(lambda *means: means[0], *parts, paired=paired), "sample")


@covers(statistics.crossed_interval)
@given(first=samples(2, 1, 4), second=samples(2, 1, 4), scale=st.sampled_from([0.5, 2.0, 8.0]))
def test_crossed_interval_scales_and_bounds_or_is_refused(first, second, scale):
    low, high = statistics.crossed_interval(first)
    slack = 1e-9 * np.abs(first).max() + 1e-300
    assert first.min() - slack <= low <= high <= first.max() + slack
    np.testing.assert_allclose(statistics.crossed_interval(scale * first), (scale * low, scale * high), atol=slack * 9)
    if first.shape[1] == second.shape[1]:
        low, high = statistics.crossed_interval(first, second)
        assert first.min() - second.max() - 1 <= low <= high <= first.max() - second.min() + 1
    else:
        refused(lambda: statistics.crossed_interval(first, second), "second", "realizations")


@covers(statistics.crossed_interval, statistics.wilcoxon, statistics.holm)
@given(values=any_array())
def test_bad_samples_are_refused_by_every_test(values):
    if not is_good(values, 2):
        refused(lambda: statistics.crossed_interval(values), "first")
        refused(lambda: statistics.crossed_interval(np.ones((2, 3)), values), "second")
    if not is_good(values, 1):
        refused(lambda: statistics.wilcoxon(values, np.ones(3)), "first")
        refused(lambda: statistics.wilcoxon(np.ones(3), values), "second")
    if not is_good(values, 1) or (values < 0).any() or (values > 1).any():
        refused(lambda: statistics.holm(values), "p_values")


@covers(statistics.wilcoxon)
@given(pair=st.integers(1, 6).flatmap(lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=FINITE)] * 2)))
def test_wilcoxon_is_antisymmetric(pair):
    p_value, effect = statistics.wilcoxon(*pair)
    back, opposite = statistics.wilcoxon(*pair[::-1])
    assert 0 <= p_value <= 1 and -1 <= effect <= 1
    assert p_value == pytest.approx(back) and effect == pytest.approx(-opposite)


@covers(statistics.holm)
@given(values=hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1)), seed=SEEDS)
def test_holm_never_lowers_and_follows_permutations(values, seed):
    adjusted = statistics.holm(values)
    assert (adjusted >= values).all() and (adjusted <= 1).all()
    assert (adjusted <= np.minimum(1, values * len(values)).max()).all()
    order = np.random.default_rng(seed).permutation(len(values))
    np.testing.assert_allclose(statistics.holm(values[order]), adjusted[order])


# ---------------------------------------------------------------------------------------------------------------------
# Curves


@covers(convergence.epochs_to_share)
@given(curves=any_array() | samples(2, 1, 5, st.floats(0, 10)), share=st.sampled_from([0.5, 0.95, 1.0]) | ODD)
def test_epochs_to_share_is_an_epoch_of_the_curve(curves, share):
    found = result_of(lambda: convergence.epochs_to_share(curves, share))
    assert (found is not None) == (is_good(curves, 2) and math.isfinite(share) and share > 0)
    if found is None:
        return
    assert found.shape == curves.shape[:1]
    for curve, epoch in zip(curves, found, strict=True):
        if not np.isinf(epoch) and 0 < share <= 1 and curve[-1] > 0:
            assert curve[int(epoch)] >= share * curve[-1]
            assert (curve[: int(epoch)] < share * curve[-1]).all()


@covers(convergence.first_epoch_above)
@given(curve=any_array() | samples(1), level=ANY_FLOAT)
def test_first_epoch_above_stays_above(curve, level):
    found = result_of(lambda: convergence.first_epoch_above(curve, level))
    assert (found is not None) == (is_good(curve, 1) and math.isfinite(level))
    if found is None:
        return
    if np.isinf(found):
        assert curve[-1] <= level
    else:
        assert (curve[int(found) :] > level).all() and (found == 0 or curve[int(found) - 1] <= level)


@covers(convergence.gap)
@given(train=any_array() | samples(1), test=any_array() | samples(1))
def test_gap_is_a_percentage_of_training(train, test):
    found = result_of(lambda: convergence.gap(train, test))
    finite = all(v.dtype.kind in "fiu" and v.size > 0 and bool(np.isfinite(v).all()) for v in (train, test))
    assert (found is not None) == (finite and train.shape == test.shape)
    if found is not None:
        np.testing.assert_array_equal(np.asarray(found)[train <= 0], 0)
        assert (np.asarray(found) >= 0).all()


def curves_of(values, run="a"):
    """Return the tidy curves of (S, epochs) values on both splits."""
    return pd.DataFrame(
        [
            (run, seed, epoch, split, "sum_rate", value)
            for split in ("train", "test")
            for seed, row in enumerate(values)
            for epoch, value in enumerate(row)
        ],
        columns=["run", "seed", "epoch", "split", "metric", "value"],
    )


@covers(convergence.by_split, claims.scores, claims.last_values)
@given(
    values=samples(2, 1, 4), bad=st.sampled_from([None, "gap", "twice", math.nan, math.inf, "other run"]), seed=SEEDS
)
def test_curves_come_back_by_seed_and_epoch_or_are_refused(values, bad, seed):
    curves = curves_of(values).sample(frac=1, random_state=seed % 1000)
    evaluation = pd.DataFrame({"run": "a", "seed": range(len(values)), "value": values[:, -1]})
    if bad is None:
        for found in convergence.by_split("a", curves).values():
            np.testing.assert_array_equal(found, values)
        scores = claims.scores("a", curves, evaluation.sample(frac=1, random_state=1), {"a": 3})
        np.testing.assert_array_equal(scores.final, values[:, -1])
        np.testing.assert_array_equal(scores.evaluation, values[:, -1])
        refused(lambda: claims.scores("a", curves, evaluation, {}), "run a", "parameter count")
        refused(lambda: claims.last_values("b", evaluation), "run b")
        return
    if bad == "gap" and values.size > 1:
        curves = curves.iloc[1:]
        if values.shape[0] == 1 or values.shape[1] == 1:
            return  # the whole epoch or seed is gone: a shorter curve
    elif bad == "twice":
        curves = pd.concat([curves, curves.iloc[:1]])
    elif isinstance(bad, float):
        curves = curves.assign(value=curves["value"].where(np.arange(len(curves)) != seed % len(curves), bad))
    else:
        curves = curves.assign(run="b")
    refused(lambda: convergence.by_split("a", curves), "run a")


@covers(optimality.gaps, optimality.shares)
@given(values=samples(2, 1, 4, st.floats(0, 100)), bad=ODD, at=st.integers(0, 2), place=st.integers(0, 15))
def test_gaps_are_percentages_and_shares_grow(values, bad, at, place):
    optimum = values.max(axis=0)
    arrays = [values, optimum.copy(), optimum.copy()]
    found = optimality.gaps(*arrays)
    assert (found >= 0).all() and (found <= 100).all()
    assert (found[values == optimum] == 0).all()
    shares = optimality.shares(found)
    assert shares.shape == (len(values), len(optimality.GAPS))
    assert (np.diff(shares) >= 0).all() and (shares[:, -1] == 1).all() and (shares >= 0).all()
    arrays[at].ravel()[place % arrays[at].size] = bad
    if not math.isfinite(bad) or bad < 0:
        refused(lambda: optimality.gaps(*arrays))
        refused(lambda: optimality.shares(np.array([0.0, math.nan])), "gap")
    else:
        changed = result_of(lambda: optimality.gaps(*arrays))
        assert changed is None or np.isfinite(changed).all()


@covers(optimality.gaps, optimality.shares)
@given(values=any_array(), optimum=any_array(), bound=any_array())
def test_gaps_of_any_arrays_are_finite_or_refused(values, optimum, bound):
    found = result_of(lambda: optimality.gaps(values, optimum, bound))
    assert found is None or np.isfinite(found).all()
    shares = result_of(lambda: optimality.shares(values))
    assert shares is None or ((shares >= 0) & (shares <= 1)).all()


# ---------------------------------------------------------------------------------------------------------------------
# Verdicts, schedules, trials


@covers(claims.verdict, claims.overall, claims.number)
@given(value=ANY_FLOAT, low=ANY_FLOAT, high=ANY_FLOAT, index=st.integers(0, len(claims.CLAIMS) - 1))
def test_every_measurement_has_one_verdict(value, low, high, index):
    claim = claims.CLAIMS[index]
    verdict = claims.verdict(claim, claims.Measurement(value, low, high))
    assert verdict in claims.VERDICTS
    if math.isnan(value):
        assert verdict == claims.NOT_TESTABLE
    if verdict == claims.REPRODUCED:
        assert claim.allowed[0] <= low and high <= claim.allowed[1]
    assert claims.overall({"stated": verdict, "released": claims.REPRODUCED}) in (verdict, claims.ONLY_RELEASED)
    assert claims.overall({}) == claims.NOT_TESTABLE
    assert claims.number(value) and "\n" not in claims.number(value)


@covers(claims.wmmse_lines, claims.headroom)
@given(values=st.lists(st.floats(0.1, 10), min_size=4, max_size=4), missing=st.none() | st.integers(0, 5))
def test_lines_are_those_of_the_table_or_refused(values, missing):
    rows = [(s, "sum_rate", split) for s in ("wmmse", "optimum") for split in ("test", "evaluation")]
    table = pd.DataFrame(
        [(*row, value) for row, value in zip(rows, values, strict=True)], columns=["solver", "metric", "split", "mean"]
    )
    assert claims.wmmse_lines("stated", table) == {"test": values[0], "evaluation": values[1]}
    assert claims.headroom("sum_rate", table) == pytest.approx(100 * (values[2] / values[0] - 1))
    refused(lambda: claims.headroom("released_metric", table), "released_metric")
    if missing in (0, 2):
        refused(lambda: claims.headroom("sum_rate", table.drop(missing)), "sum_rate", "test")


@covers(training.learning_rate)
@given(
    rate=st.floats(1e-6, 1.0),
    epochs=st.integers(1, 300),
    part=st.floats(0, 1),
    schedule=st.sampled_from(SCHEDULES),
    data=st.data(),
)
def test_learning_rates_only_fall(rate, epochs, part, schedule, data):
    settings = TrainingSettings(rate, 8, epochs, schedule)
    epoch = data.draw(st.integers(1, epochs))
    now = training.learning_rate(settings, epoch, part)
    assert 0 <= now <= rate * (1 + 1e-12)
    assert training.learning_rate(settings, epoch + 1, part) <= now * (1 + 1e-12) or epoch == epochs


@covers(tuning.change_text)
@given(changes=st.dictionaries(st.text(min_size=1, max_size=5), st.integers() | st.none() | FINITE, max_size=3))
def test_changes_are_told_by_name_and_value(changes):
    text = tuning.change_text(changes)
    assert (
        text == "as it starts" if not changes else all(f"{name} = {value}" in text for name, value in changes.items())
    )


@covers(tuning.trials)
@given(
    count=st.integers(1, 9),
    seed=st.integers(0, 2**40),
    low=st.floats(1e-5, 1e-2),
    high=st.floats(1e-2, 1.0),
    sizes=st.lists(st.integers(1, 64), min_size=1, max_size=4),
    epochs=st.lists(st.integers(1, 9), min_size=1, max_size=3),
)
def test_trials_lie_in_their_space(count, seed, low, high, sizes, epochs):
    space = {"learning_rate": [low, high], "batch_size": sizes, "epochs": epochs}
    found = tuning.trials(count, seed, space)
    assert len(found) == count and found == tuning.trials(count, seed, space)
    for trial in found:
        assert low * 0.99 <= trial["learning_rate"] <= high * 1.01
        assert trial["batch_size"] in sizes and trial["epochs"] in epochs


@covers(tuning.trials)
@given(count=JUNK, low=ANY_FLOAT, high=ANY_FLOAT, sizes=st.lists(st.integers(1, 4), max_size=2))
def test_trials_of_any_space_are_finite_or_refused(count, low, high, sizes):
    if is_plain(count, (int, np.integer)) and count > 1000:
        return
    space = {"learning_rate": [low, high], "batch_size": sizes, "epochs": [1]}
    found = result_of(lambda: tuning.trials(count, 0, space))
    good = is_plain(count, (int, np.integer)) and count > 0 and 0 < low <= high < math.inf and bool(sizes)
    good = good and high / low < math.inf
    assert (found is not None) == good
    for trial in found or []:
        assert math.isfinite(trial["learning_rate"]) and trial["learning_rate"] > 0


@covers(tuning.best)
@given(values=samples(2, 1, 4, FINITE | st.just(math.nan)), second=st.booleans())
def test_the_best_trial_has_the_highest_mean(values, second):
    record = pd.DataFrame(
        [
            ("a", trial, 0.1 * (trial + 1), trial + 1, trial + 2, seed, value)
            for trial, row in enumerate(values)
            for seed, value in enumerate(row)
        ],
        columns=["run", "trial", "learning_rate", "batch_size", "epochs", "seed", "value"],
    )
    if second:
        refused(lambda: tuning.best(pd.concat([record, record.assign(run="b")])), "one run")
        refused(lambda: tuning.best(record.iloc[:0]), "one run")
        return
    whole = np.isfinite(values).all(axis=1)
    if not whole.any():
        refused(lambda: tuning.best(record), "a", "finite")
        return
    means = np.where(whole, values.mean(axis=1), -math.inf)
    chosen = tuning.best(record)["batch_size"] - 1
    assert means[chosen] == pytest.approx(means.max())
