"""Solvers and trained models, realization by realization."""

from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import torch

from qgnn_d2d import objective
from qgnn_d2d.analysis import evaluation
from qgnn_d2d.objective import QUANTITIES
from qgnn_d2d.solvers import METHODS
from qgnn_d2d.training import Trainer
from tests.unit.analysis.cases import channels, model_of, run

RTOL_FLOAT32 = 1e-5


@pytest.fixture(scope="module")
def networks():
    return channels(6)


@pytest.fixture(scope="module")
def solved(networks):
    return evaluation.solve(networks)


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=lambda quantity: quantity.name)
def test_solvers_are_scored_in_every_quantity(quantity, networks, solved):
    assert list(solved["solver"].values) == list(METHODS)
    for solver in METHODS:
        power = torch.tensor(solved[quantity.solver_power].sel(solver=solver).values)
        expected = quantity.values(networks.gain, power, networks.weight, networks.noise_power)
        np.testing.assert_allclose(solved[quantity.name].sel(solver=solver), expected)
    assert solved[quantity.name].attrs == {"units": quantity.unit, "long_name": quantity.label}


@pytest.mark.parametrize("quantity", [one for one in QUANTITIES.values() if one.bound], ids=lambda one: one.name)
def test_a_quantity_is_of_the_powers_that_were_solved_for_it(quantity, solved):
    best, bound = solved[quantity.name].sel(solver="optimum"), solved[quantity.bound]
    assert (best <= bound).all()
    assert (solved[quantity.name] <= bound * (1 + 1e-9)).all()
    np.testing.assert_allclose(best, bound, rtol=1e-5)


def test_a_file_of_solvers_has_its_variables_in_one_order(solved):
    """The reference's hashes are of files."""
    powers, bounds = ["power", "released_power"], ["upper_bound", "released_upper_bound"]
    assert list(solved.data_vars) == [*powers, *bounds, "sum_rate", "released_wmmse_rate", "released_metric"]


def test_the_public_metric_has_powers_of_its_own(networks, solved):
    power = torch.tensor(solved["power"].sel(solver="optimum").values)
    of_other_powers = objective.released_metric(networks.gain, power, networks.weight, networks.noise_power)
    assert float(solved["released_metric"].sel(solver="optimum").mean()) > of_other_powers.mean()


def test_an_optimum_that_is_not_certified_is_refused(monkeypatch, networks):
    def uncertain(*arguments, **options):
        best = METHODS["optimum"].function(*arguments, **options)
        return replace(best, certified=torch.tensor([True, False, True, False, True, True]))

    doubtful = SimpleNamespace(function=uncertain, options=METHODS["optimum"].options, certified=True)
    monkeypatch.setattr(evaluation, "METHODS", MappingProxyType({"optimum": doubtful}))
    with pytest.raises(ValueError, match=r"^2 of 6 realizations have no optimum certified to 1e-06$"):
        evaluation.solve(networks)


def test_nats_are_left_out_where_they_have_no_meaning():
    assert "released_wmmse_rate" not in evaluation.solve(channels(2, p_max=2.0))


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
def test_evaluation_repeats_the_points_of_the_curve(model, networks):
    settings = run(model)
    trainer = Trainer(settings, networks, {"train": networks, "test": channels(5, seed=1)})
    scored = evaluation.evaluate(settings, trainer.model.eval(), channels(5, seed=1), "test")
    assert scored["run"].values.tolist() == ["a-run"] * 2 and scored["seed"].values.tolist() == [0, 1]
    np.testing.assert_allclose(scored["sum_rate"].mean("realization"), trainer.score("test"), rtol=RTOL_FLOAT32)


def test_models_are_evaluated_in_every_quantity_that_is_maximized(networks):
    settings = run("gcn")
    scored = evaluation.evaluate(settings, model_of(settings, networks), networks, "test")
    assert list(scored.data_vars) == [name for name, quantity in QUANTITIES.items() if quantity.bound]
