"""What methods reach in percent of others, with intervals."""

import numpy as np
import torch

from qgnn_d2d.analysis import comparison
from qgnn_d2d.analysis.powers import Solved
from tests.unit.analysis import cases


def solved(power, certified=None):
    return Solved(power, 1.0, None if certified is None else np.full(len(power), 9.0), certified)


def test_references_are_rates_and_bounds_where_not_all_is_certified():
    data, power = cases.channels(), torch.ones(4, 4, dtype=torch.float64)
    rate = comparison.rates(data, power)
    all_known = {"wmmse": solved(power), "optimum": solved(power, np.ones(4, bool))}
    found = comparison.references(data, all_known)
    assert found.keys() == {"wmmse", "optimum"} and (found["optimum"] == rate).all()
    found = comparison.references(data, {"optimum": solved(power, np.array([True, True, False, True]))})
    assert found.keys() == {"bound"} and (found["bound"] == 9).all()


def test_percentages_are_of_means_and_one_realization_has_no_interval():
    found = comparison.reached(np.array([[1.0, 2.0], [3.0, 4.0]]), {"wmmse": np.array([5.0, 5.0])})
    assert found["sum_rate"]["mean"] == 2.5 and found["percent_of_wmmse"]["mean"] == 50
    assert found["percent_of_wmmse"]["low"] < 50 < found["percent_of_wmmse"]["high"]
    alone = comparison.reached(np.array([[1.0]]), {"wmmse": np.array([2.0])})
    assert alone["percent_of_wmmse"] == {"mean": 50, "low": None, "high": None}


def test_there_is_no_percentage_of_nothing():
    found = comparison.reached(np.zeros((1, 3)), {"wmmse": np.zeros(3)})
    assert found["percent_of_wmmse"] == {"mean": None, "low": None, "high": None}
