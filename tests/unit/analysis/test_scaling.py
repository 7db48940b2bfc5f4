"""Trained networks on networks of other sizes, on made-up channels and untrained weights."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import channels as library
from qgnn_d2d import models, solvers
from qgnn_d2d.analysis import evaluation, scaling, values
from qgnn_d2d.analysis.tables import scaling_summary
from qgnn_d2d.channels import Channels
from qgnn_d2d.models import qgnn  # noqa: F401 (PennyLane, before the first test's time is taken)
from qgnn_d2d.objective import QUANTITIES
from qgnn_d2d.settings import SCENARIOS, RunSettings
from qgnn_d2d.settings.scenario import Geometric, Rayleigh
from qgnn_d2d.solvers import METHODS, OPTIMUM_GAP, shown_in
from qgnn_d2d.training import allocate, cast, evaluation_leaves
from tests.strategies import refused
from tests.unit.models.cases import relabelled

SCENARIO = Rayleigh(num_links=10)
SEED = 7
ATOL_FLOAT32 = 1e-6
SOLVERS = [method.name for method in shown_in("scale")]
SMALL = {"gcn": {"message_widths": [3, 2], "update_width": 2, "iterations": 1}}


def run_of(model, num_seeds=2, **options):
    return RunSettings.from_dict({
        "id": "r", "scenario": "rayleigh", "protocol": "stated", "model": model,
        "architecture": {**SMALL.get(model, {}), **options}, "seed": SEED, "num_seeds": num_seeds,
        "training": {"learning_rate": 0.01, "batch_size": 8, "epochs": 1},
    })  # fmt: skip


def model_of(run):
    return models.build(run.model, run.architecture, seed=run.seed, seeds=range(run.num_seeds)).eval()


def draw(num_links, num_realizations=4):
    return scaling.draw("rayleigh", SCENARIO, num_links, num_realizations, SEED)


def model_rows(run, model, channels):
    rows = scaling.evaluate([(run, model)], [10], channels, gap=None).rows
    return rows[rows["kind"] == "model"]


def solver_rows(channels, max_boxes=10_000, gap=OPTIMUM_GAP):
    return scaling.evaluate([], [], channels, max_boxes=max_boxes, gap=gap).rows


def test_channels_of_other_sizes_are_new_ones():
    ten, twenty = draw(10), draw(20)
    assert ten.gain.shape == (4, 10, 10) and twenty.gain.shape == (4, 20, 20)
    assert torch.equal(draw(10).gain, ten.gain)
    known = {float(value) for value in torch.cat([ten.gain.flatten(), twenty.gain.flatten()])}
    assert len(known) == 4 * 100 + 4 * 400
    for split in ("train", "validation", "test", "evaluation"):
        dataset = library.draw("rayleigh", SCENARIO, split, 4, SEED)
        assert known.isdisjoint(np.asarray(dataset["gain"].values).ravel().tolist())


@given(
    kind=st.sampled_from(sorted(SCENARIOS)), num_links=st.integers(-1, 6), size=st.integers(-1, 3),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_channels_of_any_size_are_drawn_or_refused(kind, num_links, size, seed):
    required = {"num_links": 3, "path": "h.npy", "quantity": "gain", "noise_power": 1.0, "p_max": 1.0}
    options = {"public_draws": {"draw_seed": 1}, "file": required}
    scenario = SCENARIOS[kind](**options.get(kind, {}))
    if not scenario.resizable or num_links < 2 or size < 1:
        refused(lambda: scaling.draw("x", scenario, num_links, size, seed))
    else:
        drawn = scaling.draw("x", scenario, num_links, size, seed)
        assert drawn.gain.shape == (size, num_links, num_links) and (drawn.gain >= 0).all()


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
def test_rows_are_the_means_of_the_evaluation(model):
    run = run_of(model)
    trained, channels = model_of(run), draw(10)
    rows = model_rows(run, trained, channels)
    expected = evaluation.evaluate(run, trained, channels, "scale-10")["sum_rate"].mean("realization")
    assert rows["value"].to_numpy() == pytest.approx(expected.values)
    assert rows["seed"].tolist() == [0, 1] and list(rows.columns) == list(scaling.COLUMNS)
    assert rows["trained_at"].tolist() == [10, 10]


def test_a_star_takes_all_others_where_there_are_fewer_than_k():
    run = run_of("qgnn", k=9)
    leaves = evaluation_leaves(run, model_of(run), draw(5), "scale-5")
    assert leaves.shape == (2, 2, 4, 5, 4)
    assert (
        leaves.sort(dim=-1).values[0, :, 0] == torch.tensor([[j for j in range(5) if j != m] for m in range(5)])
    ).all()
    exactly = run_of("qgnn", k=4)  # the same weights: they do not depend on k
    values = [model_rows(r, model_of(r), draw(5))["value"].tolist() for r in (run, exactly)]
    assert values[0] == values[1] and np.isfinite(values[0]).all()


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
@pytest.mark.parametrize("num_links", [5, 20])
def test_relabelled_links_get_relabelled_powers(model, num_links):
    run = run_of(model)
    trained, data = model_of(run), cast(draw(num_links), torch.float32, "cpu")
    order = torch.randperm(num_links, generator=torch.Generator().manual_seed(0))
    turned = Channels(data.gain[:, order][:, :, order], data.weight[:, order], data.noise_power, data.p_max)
    leaves = evaluation_leaves(run, trained, data, "x")
    power, other = allocate(trained, data, leaves), allocate(trained, turned, relabelled(leaves, order))
    assert torch.allclose(power[..., order], other, atol=ATOL_FLOAT32)


@pytest.mark.parametrize("num_links", [10, 20, 60])
def test_powers_do_not_depend_on_how_many_realizations_are_computed_at_once(num_links):
    run = run_of("gcn")
    trained, data = model_of(run), cast(draw(num_links, 30), torch.float32, "cpu")
    alone = torch.cat([allocate(trained, data.take([i]), None) for i in range(30)], dim=1)
    assert torch.allclose(allocate(trained, data, None), alone, atol=ATOL_FLOAT32)


def test_small_networks_have_a_certified_optimum():
    rows = solver_rows(draw(5), max_boxes=10_000).set_index("method")
    assert rows.index.tolist() == SOLVERS
    best = rows.loc["optimum"]
    assert best["certified_share"] == 1 and best["value"] <= best["upper_bound"]
    assert best["upper_bound"] <= best["value"] * (1 + OPTIMUM_GAP)
    assert (rows["value"] <= best["upper_bound"]).all()


def test_what_is_not_certified_is_no_optimum():
    rows = solver_rows(draw(16, 3), max_boxes=1, gap=1e-8).set_index("method")
    best = rows.loc["optimum"]
    assert np.isnan(best["value"]) and best["certified_share"] < 1 and np.isfinite(best["upper_bound"])
    assert best["num_realizations"] < 3 and rows.loc["wmmse", "num_realizations"] == 3  # the others were not tried


def test_without_an_optimum_there_is_no_row_of_it():
    with_one = solver_rows(draw(5), max_boxes=10_000)
    without = solver_rows(draw(5), max_boxes=10_000, gap=None)
    pd.testing.assert_frame_equal(without[list(scaling.COLUMNS)], with_one[with_one["method"] != "optimum"])


def test_none_is_tried_after_a_batch_with_one_that_is_not_certified():
    channels, optimum = draw(10, 12), METHODS["optimum"].function
    boxes = optimum(channels.gain, channels.weight, channels.noise_power, channels.p_max, gap=1e-6).boxes
    easiest = boxes.argsort()
    order = [*easiest[:4].tolist(), int(easiest[-1]), *easiest[4:-1].tolist()]  # batches 1, 1, 2, 4, the hardest in it
    limit = int(boxes[easiest[:8]].max())
    assert boxes.max() > 2 * limit
    best = solver_rows(channels.take(order), limit, gap=1e-6).set_index("method").loc["optimum"]
    assert best["num_realizations"] == 8 and best["certified_share"] == 7 / 8
    assert np.isnan(best["value"]) and np.isfinite(best["upper_bound"])


def test_bad_limits_are_refused():
    with pytest.raises(ValueError, match="max_boxes is 0"):
        solver_rows(draw(5), max_boxes=0)
    with pytest.raises(ValueError, match=r"shape \(0, 5, 5\); it must be .* not empty"):
        draw(5, 0)


@pytest.mark.parametrize("reference", [["wmmse"], ["wmmse", "wmmse_single"]])
def test_hundred_percent_is_the_better_solver_in_each_realization(reference):
    channels, run = scaling.draw("g", Geometric(), 10, 8, SEED), run_of("gcn")
    found = scaling.evaluate([(run, model_of(run))], [10], channels, reference, gap=None)
    network = channels.gain, channels.weight, channels.noise_power, channels.p_max
    powers = [METHODS[name].solve(*network) for name in reference]
    rates = np.stack([values.score(channels, power, QUANTITIES["sum_rate"]) for power in powers])
    hundred = found.values[values.HUNDRED].values
    assert hundred == pytest.approx(rates.max(axis=0))
    assert len(set(rates.argmax(axis=0))) == len(reference)  # each is the better one somewhere
    rows = found.rows
    assert rows["percent_of_wmmse"].to_numpy() == pytest.approx(100 * rows["value"].to_numpy() / hundred.mean())
    assert set(rows["reference"]) == {", ".join(reference)}
    assert found.values["sum_rate"].mean("realization").values == pytest.approx(rows["value"][:2].to_numpy())


def test_at_constant_density_the_area_grows_with_the_links():
    scenario = Geometric(area_edge=200.0)
    assert scenario.resized(40).area_edge == 200 and scenario.resized(40).num_links == 40
    for links, edge in ((10, 200.0), (40, 400.0)):
        resized = scenario.resized(links, constant_density=True)
        assert resized.area_edge == pytest.approx(edge)
        assert resized == scenario.model_copy(update={"num_links": links, "area_edge": resized.area_edge})
    dense, sparse = (scaling.draw("g", scenario, 40, 8, SEED, constant_density=kept) for kept in (False, True))
    cross = [drawn.gain[:, ~torch.eye(40, dtype=bool)].median() for drawn in (dense, sparse)]
    assert cross[1] < cross[0] / 4  # twice as far: a quarter of the power, or less
    refused(lambda: scaling.draw("r", Rayleigh(), 20, 2, SEED, constant_density=True), "r: kind is 'rayleigh'")


def test_methods_are_left_off_beyond_their_limit(monkeypatch):
    limited = {**METHODS, "wmmse_multistart": replace(METHODS["wmmse_multistart"], max_links=4)}
    monkeypatch.setattr(solvers, "METHODS", limited)
    assert solver_rows(draw(5), 1000)["method"].tolist() == ["wmmse", "wmmse_single", "best_single_link", "optimum"]


def test_other_sizes_are_averaged_over_seeds():
    rows = [
        (5, "a", "model", 0, 50.0), (5, "a", "model", 1, 100.0), (5, "wmmse", "solver", None, 98.0),
        (9, "a", "model", 0, 50.0), (9, "wmmse", "solver", None, 100.0),
    ]  # fmt: skip
    columns = ["num_links", "method", "kind", "seed", "percent_of_wmmse"]
    table = pd.DataFrame(rows, columns=columns).reindex(columns=list(scaling.COLUMNS))
    found = scaling_summary(table).set_index(["num_links", "method"])
    assert found.loc[(5, "a"), "percent_of_wmmse"] == 75 and found.loc[(5, "a"), "num_seeds"] == 2
    assert found.loc[(5, "a"), "low"] < 75 < found.loc[(5, "a"), "high"]
    assert found.loc[(9, "a"), "percent_of_wmmse"] == 50 and np.isnan(found.loc[(9, "a"), "low"])
    assert found.loc[(5, "wmmse"), "percent_of_wmmse"] == 98
