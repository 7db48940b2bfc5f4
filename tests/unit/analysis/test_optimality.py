"""Gaps to the certified optimum, on made-up values with known answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.analysis import optimality
from qgnn_d2d.analysis.statistics import t_interval
from qgnn_d2d.solvers import OPTIMUM_GAP
from tests.strategies import ODD, any_array, refused, result_of, samples
from tests.unit.analysis.cases import scored, solved

OPTIMUM = np.array([2.0, 4.0, 1.0, 5.0])
UPPER = OPTIMUM * (1 + 0.5 * OPTIMUM_GAP)


def positions(*percent):
    """Return where in `optimality.GAPS` these gaps stand."""
    return [int(np.argmin(np.abs(np.log(optimality.GAPS / value)))) for value in percent]


def test_gaps_are_percent_of_the_optimum():
    np.testing.assert_allclose(optimality.gaps(np.array([1.0, 3.0, 1.0, 0.0]), OPTIMUM, UPPER), [50, 25, 0, 100])


def test_a_value_between_optimum_and_its_bound_has_no_gap():
    assert (optimality.gaps(UPPER, OPTIMUM, UPPER) == 0).all()


def test_every_allocation_attains_an_optimum_of_zero():
    zero = np.zeros(2)
    assert (optimality.gaps(zero, zero, zero) == 0).all()


@pytest.mark.parametrize("factor", [-0.1, 1.00001])
def test_values_that_cannot_belong_to_the_optimum_are_refused(factor):
    with pytest.raises(ValueError, match="above the certified bound"):
        optimality.gaps(factor * OPTIMUM, OPTIMUM, UPPER)


def test_shares_count_realizations_up_to_each_gap():
    shares = optimality.shares(np.array([[0.0, 0.5, 5.0, 50.0], [100.0, 100.0, 100.0, 100.0]]))
    assert shares.shape == (2, len(optimality.GAPS))
    assert shares[0, positions(1e-4, 0.4, 1, 10, 100)].tolist() == [0.25, 0.25, 0.5, 0.75, 1.0]
    assert shares[1, :-1].max() == 0 and shares[1, -1] == 1
    assert optimality.GAPS[[0, -1]] == pytest.approx([100 * OPTIMUM_GAP, 100])


@pytest.mark.parametrize("quantity", ["sum_rate", "released_metric"])
def test_a_models_share_is_over_seeds_and_realizations(quantity):
    curve = optimality.share_curve(scored({"a": [1.0, 0.5]}, OPTIMUM)[quantity], solved(OPTIMUM))
    at_optimum, below = positions(1, 60)
    assert curve["share"].iloc[[at_optimum, below]].tolist() == [0.5, 1.0]  # one of two seeds is at the optimum
    assert (curve["low"].iloc[at_optimum], curve["high"].iloc[at_optimum]) == t_interval(np.array([1.0, 0.0]))
    assert (curve["num_seeds"] == 2).all() and (curve["num_realizations"] == len(OPTIMUM)).all()
    assert (curve["metric"] == quantity).all() and curve["share"].is_monotonic_increasing


def test_a_single_seed_or_solver_has_no_interval():
    solvers = solved(OPTIMUM, {"wmmse": 1.0})
    assert optimality.share_curve(solvers["sum_rate"].sel(solver=["wmmse"]), solvers)["share"].eq(1).all()
    nothing = optimality.share_curve(scored({"b": [0.0]}, OPTIMUM)["sum_rate"], solvers)
    assert nothing["share"].iloc[[0, -2, -1]].tolist() == [0, 0, 1] and nothing["low"].isna().all()


def test_where_not_all_is_certified_gaps_are_to_the_bound():
    bound = OPTIMUM * [1, 1, 2, 1.25]
    curve = optimality.share_curve(scored({"a": [1.0]}, OPTIMUM)["sum_rate"], solved(OPTIMUM, bound=bound))
    assert curve["share"].iloc[positions(1, 23, 55)].tolist() == [0.5, 0.75, 1.0]
    assert (curve["certified_share"] == 0.5).all()
    exact = optimality.share_curve(scored({"a": [1.0]}, OPTIMUM)["sum_rate"], solved(OPTIMUM))
    assert (exact["share"] == 1).all() and "certified_share" not in exact


def test_gaps_begin_at_the_certificates_width():
    curve = optimality.share_curve(scored({"a": [1.0]}, OPTIMUM)["sum_rate"], solved(OPTIMUM).assign_attrs(gap=1e-3))
    assert curve["gap_percent"].iloc[[0, -1]].tolist() == pytest.approx([0.1, 100])


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
    else:
        with np.errstate(over="ignore"):
            changed = result_of(lambda: optimality.gaps(*arrays))
        assert changed is None or np.isfinite(changed).all()


@given(values=any_array(), optimum=any_array(), bound=any_array())
def test_gaps_of_any_arrays_are_finite_or_refused(values, optimum, bound):
    found = result_of(lambda: optimality.gaps(values, optimum, bound))
    assert found is None or np.isfinite(found).all()
