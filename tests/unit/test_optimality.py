"""Gaps to the certified optimum, on made-up values with known answers."""

import numpy as np
import pytest
import xarray as xr
from qgnn_d2d.settings.configuration import PANEL_PROTOCOLS

from qgnn_d2d.analysis import optimality
from qgnn_d2d.analysis.evaluation import METHODS, OPTIMUM_GAP
from qgnn_d2d.analysis.statistics import t_interval
from qgnn_d2d.figures import optimality as figure
from qgnn_d2d.figures.style import PALETTE, model_colors

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


def made_up():
    """Return three runs' and all solvers' values, panels, and what legends say of the runs."""
    factors = {"a": [1.0, 0.5], "thin-a": [0.9, 0.9], "b": [0.0]}
    copies = [name for name, values in factors.items() for _ in values]
    values = np.concatenate([np.outer(values, OPTIMUM) for values in factors.values()])
    dims = ("copy", "realization")
    models = xr.Dataset(
        {name: (dims, values) for name in ("sum_rate", "released_metric")}, coords={"run": ("copy", copies)}
    )
    solved = np.stack([OPTIMUM if name in ("optimum", "wmmse_multistart") else 0.8 * OPTIMUM for name in METHODS])
    solvers = xr.Dataset(
        {name: (("solver", "realization"), solved) for name in ("sum_rate", "released_metric")}
        | {name: ("realization", UPPER) for name in ("upper_bound", "released_upper_bound")},
        coords={"solver": list(METHODS)},
    )
    panels = {"left": ["a"], "thin": ["thin-a"], "right": ["b"]}
    runs = {"a": ("qgnn", "k = 3"), "thin-a": ("qgnn", "k = 9"), "b": ("own", "")}
    return models, solvers, panels, {run: {"model": model, "about": text} for run, (model, text) in runs.items()}


def test_the_figure_has_every_solver_and_the_configured_runs():
    data = optimality.share_data(*made_up(), {"qgnn": "QGNN"})
    for protocol, runs in {"stated": ["a", "thin-a"], "released": ["b"]}.items():
        methods = data[data["panel"] == protocol]["method"].drop_duplicates().tolist()
        assert methods == [*optimality.SOLVERS, *runs]
    assert set(PANEL_PROTOCOLS.values()) == {"stated", "released"}
    labels = data.drop_duplicates("method").set_index("method")["label"]
    assert labels[["a", "thin-a", "b"]].tolist() == ["QGNN", "QGNN, k = 9", "own"]
    assert (data.groupby(["panel", "method"])["share"].apply(lambda share: share.is_monotonic_increasing)).all()
    figure.gap_shares(data)


def test_a_models_share_is_over_seeds_and_realizations():
    data = optimality.share_data(*made_up(), {}).set_index(["panel", "method"])
    a = data.loc["stated", "a"]
    (at_optimum, below) = positions(1, 60)
    assert a["share"].iloc[[at_optimum, below]].tolist() == [0.5, 1.0]  # one of two seeds is at the optimum
    assert (a["low"].iloc[at_optimum], a["high"].iloc[at_optimum]) == t_interval(np.array([1.0, 0.0]))
    assert (a["num_seeds"] == 2).all() and (a["num_realizations"] == len(OPTIMUM)).all()
    assert data.loc["stated", "wmmse_multistart"]["share"].eq(1).all()
    single = data.loc["released", "b"]
    assert single["share"].iloc[[0, -2, -1]].tolist() == [0, 0, 1] and single["low"].isna().all()


def test_a_run_without_values_is_named():
    models, solvers, _, runs = made_up()
    with pytest.raises(ValueError, match="run c has no values"):
        optimality.share_data(models, solvers, {"left": ["c"]}, runs | {"c": runs["a"]}, {})


def test_a_model_has_one_color_in_every_figure():
    assert model_colors(["gcn"])["gcn"] == model_colors(["own", "gcn", "qgnn"])["gcn"] == PALETTE[1]
    assert list(model_colors(["own", "gcn", "gcn"])) == ["gcn", "own"]
