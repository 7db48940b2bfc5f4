"""Solvers and trained models, realization by realization."""

import numpy as np
import pytest
import torch
from torch import nn

from qgnn_d2d import objective
from qgnn_d2d.analysis import evaluation, solving
from qgnn_d2d.channels import Channels
from qgnn_d2d.objective import QUANTITIES
from qgnn_d2d.settings.scenario import Optimum
from qgnn_d2d.solvers import METHODS
from qgnn_d2d.training import Trainer
from tests.unit.analysis.cases import channels, model_of, run

RTOL_FLOAT32 = 1e-5


@pytest.fixture(scope="module")
def networks():
    return channels(6)


@pytest.fixture(scope="module")
def solved(networks):
    return solving.solve(networks)


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
    """The records' hashes are of files."""
    powers = ["power", "released_power"]
    bounds = ["upper_bound", "certified", "released_upper_bound", "released_certified"]
    assert list(solved.data_vars) == [*powers, *bounds, "sum_rate", "released_wmmse_rate", "released_metric"]


def test_the_public_metric_has_powers_of_its_own(networks, solved):
    power = torch.tensor(solved["power"].sel(solver="optimum").values)
    of_other_powers = objective.released_metric(networks.gain, power, networks.weight, networks.noise_power)
    assert float(solved["released_metric"].sel(solver="optimum").mean()) > of_other_powers.mean()


def test_what_is_not_certified_keeps_its_powers_and_bounds():
    networks = channels(3, links=6)
    found = solving.solve(networks, Optimum(gap=1e-8, max_boxes=1))
    exact = solving.solve(networks, Optimum(gap=1e-8))
    assert found.attrs.items() >= {"gap": 1e-8, "max_boxes": 1}.items() and exact.attrs["max_boxes"] == 1_000_000
    for one in (quantity for quantity in QUANTITIES.values() if quantity.bound):
        best, bound, certified = found[one.name].sel(solver="optimum"), found[one.bound], found[one.certificate]
        assert exact[one.certificate].all() and certified.dtype == bool
        np.testing.assert_array_equal(certified, bound <= best * (1 + 1e-8))
        assert (best <= exact[one.bound]).all() and (bound >= exact[one.name].sel(solver="optimum")).all()
    assert not found["certified"].all()
    best = found["sum_rate"].where(~found["certified"], drop=True)
    np.testing.assert_array_equal(best.sel(solver="optimum"), best.max("solver"))  # of all methods


def test_without_an_optimum_all_else_is_as_with_one(networks, solved):
    found = solving.solve(networks, False)
    assert found.equals(solved.drop_sel(solver="optimum").drop_vars(
        [name for one in QUANTITIES.values() if one.bound for name in (one.bound, one.certificate)]
    ))  # fmt: skip
    assert found.attrs.keys() == {"p_max", "interference"}


def test_interference_is_that_of_the_median_cross_link():
    gain = torch.tensor([[[9.0, 1.0], [3.0, 9.0]], [[9.0, 2.0], [5.0, 9.0]]], dtype=torch.float64)
    data = Channels(gain, torch.ones(2, 2, dtype=torch.float64), 0.1, 2.0)
    assert solving.solve(data, False).attrs["interference"] == pytest.approx(2.5 * 4 / 0.1)
    alone = Channels(gain[:, :1, :1], torch.ones(2, 1, dtype=torch.float64), 0.1, 2.0)
    assert solving.solve(alone, False).attrs["interference"] == 0


def test_networks_of_several_sizes_are_solved_as_each_alone():
    parts = [channels(2, links=links, seed=links) for links in (2, 3, 5)]
    data = Channels(
        torch.cat([nn.functional.pad(part.gain, (0, 5 - part.num_links) * 2) for part in parts]),
        torch.cat([nn.functional.pad(part.weight, (0, 5 - part.num_links)) for part in parts]),
        parts[0].noise_power, parts[0].p_max, torch.tensor([2, 2, 3, 3, 5, 5]),
    )  # fmt: skip
    together = solving.solve(data)
    for i, part in enumerate(parts):
        own, alone = together.isel(realization=slice(2 * i, 2 * i + 2)), solving.solve(part)
        for name in alone.data_vars:
            found = own[name].values
            if name.endswith("power"):
                assert not found[..., part.num_links :].any()
                found = found[..., : part.num_links]
            np.testing.assert_allclose(found, alone[name].values, rtol=1e-12, err_msg=name)


def test_networks_of_several_sizes_are_evaluated_as_each_alone():
    parts = [channels(3, links=links, seed=links) for links in (3, 5)]
    settings = run("gcn")
    data = Channels(
        torch.cat([nn.functional.pad(part.gain, (0, 5 - part.num_links) * 2) for part in parts]),
        torch.cat([nn.functional.pad(part.weight, (0, 5 - part.num_links)) for part in parts]),
        parts[0].noise_power, parts[0].p_max, torch.tensor([3] * 3 + [5] * 3),
    )  # fmt: skip
    model = model_of(settings, parts[0])
    together = evaluation.evaluate(settings, model, data, "test")
    for i, part in enumerate(parts):
        alone = evaluation.evaluate(settings, model, part, "test")
        for name in alone.data_vars:
            own = together[name].values[:, 3 * i : 3 * i + 3]
            np.testing.assert_allclose(own, alone[name].values, rtol=1e-12, err_msg=name)


def test_nats_are_left_out_where_they_have_no_meaning():
    assert "released_wmmse_rate" not in solving.solve(channels(2, p_max=2.0))


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
