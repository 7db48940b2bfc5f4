"""Trained networks on networks of other sizes, on made-up channels and untrained weights."""

import numpy as np
import pandas as pd
import pytest
import torch

from qgnn_d2d import models, stars
from qgnn_d2d.analysis import evaluation
from qgnn_d2d.analysis import scaling as scale
from qgnn_d2d.channels import scenarios
from qgnn_d2d.channels.scenarios import Channels
from qgnn_d2d.settings.study import RunSettings, TrainingSettings
from qgnn_d2d.solvers.branch_and_bound import optimum
from qgnn_d2d.training import trainer as training

SCENARIO = {"kind": "rayleigh", "parameters": {"num_links": 10, "p_max": 1.0, "noise_power": 0.1}}
SEED = 7
ATOL_FLOAT32 = 1e-6


def run_of(model, num_seeds=2, **options):
    architecture = {**models.architecture_options(model), **options}
    return RunSettings("r", "rayleigh", "stated", model, architecture, TrainingSettings(0.01, 8, 1), SEED, num_seeds)


def model_of(run):
    return models.build(run.model, run.architecture, seed=run.seed, seeds=range(run.num_seeds)).eval()


def draw(num_links, num_realizations=4):
    return scale.draw("rayleigh", SCENARIO, num_links, num_realizations, SEED)


def test_channels_of_other_sizes_are_new_ones():
    ten, twenty = draw(10), draw(20)
    assert ten.gain.shape == (4, 10, 10) and twenty.gain.shape == (4, 20, 20)
    assert torch.equal(draw(10).gain, ten.gain)
    known = {float(value) for value in torch.cat([ten.gain.flatten(), twenty.gain.flatten()])}
    sizes = {"train": 4, "validation": 4, "test": 4, "evaluation": 4}
    split = scenarios.splits("rayleigh", SCENARIO["parameters"], sizes, SEED)
    assert len(known) == 4 * 100 + 4 * 400
    for dataset in split.values():
        assert known.isdisjoint(np.asarray(dataset["gain"].values).ravel().tolist())


def test_draw_refuses_what_has_no_streams():
    with pytest.raises(ValueError, match="kind of scenario x is 'public_draws'"):
        scale.draw("x", {"kind": "public_draws", "parameters": {"num_links": 10}}, 20, 1, SEED)
    with pytest.raises(ValueError, match="num_links is 1"):
        draw(1)


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
def test_rows_are_the_means_of_the_evaluation(model):
    run = run_of(model)
    trained, channels = model_of(run), draw(10)
    rows = scale.model_rows(run, trained, channels)
    expected = evaluation.evaluate(run, trained, channels, "scale-10")["sum_rate"].mean("realization")
    assert rows["value"].to_numpy() == pytest.approx(expected.values)
    assert rows["seed"].tolist() == [0, 1] and list(rows.columns) == list(scale.COLUMNS)


def test_a_star_takes_all_others_where_there_are_fewer_than_k():
    run = run_of("qgnn", k=9)
    leaves = training.evaluation_leaves(run, model_of(run), draw(5), "scale-5")
    assert leaves.shape == (2, 4, 5, 4)
    assert (leaves.sort(dim=-1).values[0, 0] == torch.tensor([[j for j in range(5) if j != m] for m in range(5)])).all()
    exactly = run_of("qgnn", k=4)  # the same weights: they do not depend on k
    values = [scale.model_rows(r, model_of(r), draw(5))["value"].tolist() for r in (run, exactly)]
    assert values[0] == values[1] and np.isfinite(values[0]).all()


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
@pytest.mark.parametrize("num_links", [5, 20])
def test_relabelled_links_get_relabelled_powers(model, num_links):
    run = run_of(model)
    trained, data = model_of(run), training.cast(draw(num_links), torch.float32, "cpu")
    order = torch.randperm(num_links, generator=torch.Generator().manual_seed(0))
    turned = Channels(data.gain[:, order][:, :, order], data.weight[:, order], data.noise_power, data.p_max)
    leaves = training.evaluation_leaves(run, trained, data, "x")
    carried = None if leaves is None else stars.relabel(leaves, order)
    power, other = training.allocate(trained, data, leaves), training.allocate(trained, turned, carried)
    assert torch.allclose(power[..., order], other, atol=ATOL_FLOAT32)


@pytest.mark.parametrize("num_links", [10, 20, 60])
def test_powers_do_not_depend_on_how_many_realizations_are_computed_at_once(num_links):
    run = run_of("gcn")
    trained, data = model_of(run), training.cast(draw(num_links, 30), torch.float32, "cpu")
    alone = torch.cat([training.allocate(trained, data.take([i]), None) for i in range(30)], dim=1)
    assert torch.allclose(training.allocate(trained, data, None), alone, atol=ATOL_FLOAT32)


def test_small_networks_have_a_certified_optimum():
    rows = scale.solver_rows(draw(5), max_boxes=10_000).set_index("method")
    best = rows.loc["optimum"]
    assert best["certified_share"] == 1 and best["value"] <= best["upper_bound"]
    assert best["upper_bound"] <= best["value"] * (1 + evaluation.OPTIMUM_GAP)
    assert (rows["value"] <= best["upper_bound"]).all()


def test_what_is_not_certified_is_no_optimum():
    rows = scale.solver_rows(draw(16, 3), max_boxes=1, gap=1e-8).set_index("method")
    best = rows.loc["optimum"]
    assert np.isnan(best["value"]) and best["certified_share"] < 1 and np.isfinite(best["upper_bound"])
    assert best["num_realizations"] < 3 and rows.loc["wmmse", "num_realizations"] == 3  # the others were not tried


def test_none_is_tried_after_a_batch_with_one_that_is_not_certified():
    channels = draw(10, 12)
    boxes = optimum(channels.gain, channels.weight, channels.noise_power, channels.p_max, gap=1e-6).boxes
    easiest = boxes.argsort()
    order = [*easiest[:4].tolist(), int(easiest[-1]), *easiest[4:-1].tolist()]  # batches 1, 1, 2, 4, the hardest in it
    limit = int(boxes[easiest[:8]].max())
    assert boxes.max() > 2 * limit
    best = scale.solver_rows(channels.take(order), limit, gap=1e-6).set_index("method").loc["optimum"]
    assert best["num_realizations"] == 8 and best["certified_share"] == 7 / 8
    assert np.isnan(best["value"]) and np.isfinite(best["upper_bound"])


def test_bad_limits_are_refused():
    with pytest.raises(ValueError, match="max_boxes is 0"):
        scale.solver_rows(draw(5), max_boxes=0)
    with pytest.raises(ValueError, match="repeats is 0"):
        run = run_of("gcn", num_seeds=1)
        scale.inference_cost(run, model_of(run), draw(5, 1), 0)
    with pytest.raises(ValueError, match="num_realizations is 0"):
        draw(5, 0)


def test_many_starts_are_left_off_beyond_their_limit(monkeypatch):
    monkeypatch.setattr(scale, "MULTISTART_LIMIT", 4)
    assert scale.solver_rows(draw(5), 1000)["method"].tolist() == ["wmmse", "best_single_link", "optimum"]


def test_summary_is_in_percent_of_wmmse_on_the_same_links():
    rows = [
        (5, "a", "model", 0, 1.0), (5, "a", "model", 1, 2.0), (5, "wmmse", "solver", None, 2.0),
        (9, "a", "model", 0, 3.0), (9, "wmmse", "solver", None, 6.0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["num_links", "method", "kind", "seed", "value"]).reindex(
        columns=list(scale.COLUMNS)
    )
    found = scale.summary(table).set_index(["num_links", "method"])
    assert found.loc[(5, "a"), "percent_of_wmmse"] == 75 and found.loc[(5, "a"), "num_seeds"] == 2
    assert found.loc[(5, "a"), "low"] < 75 < found.loc[(5, "a"), "high"]
    assert found.loc[(9, "a"), "percent_of_wmmse"] == 50 and np.isnan(found.loc[(9, "a"), "low"])


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
def test_one_copy_is_seed_0(model):
    run = run_of(model)
    both, channels = model_of(run), draw(10)
    both.features.fit(channels.gain.float(), channels.weight.float(), channels.noise_power, channels.p_max)
    single_run, single = scale.one_copy(run, both)
    assert single.num_seeds == 1 and single_run.num_seeds == 1
    data = Channels(channels.gain.float(), channels.weight.float(), channels.noise_power, channels.p_max)
    leaves = training.evaluation_leaves(run, both, data, "x")
    first = None if leaves is None else leaves[:1]
    power = training.allocate(single, data, first)
    assert torch.allclose(power[0], training.allocate(both, data, leaves)[0], atol=ATOL_FLOAT32)


def test_inference_is_measured_in_a_fresh_process(tmp_path):
    run = run_of("qgnn")
    training.save_weights(model_of(run), run, tmp_path / "w.safetensors")
    training.save_manifest(run, model_of(run), tmp_path / "manifest.json", weights=tmp_path / "w.safetensors")
    row = scale.inference_row(run, tmp_path / "w.safetensors", "rayleigh", SCENARIO, 12, 2)
    assert row["num_links"] == 12 and row["seconds"] > 0 and row["peak_mib"] > row["added_mib"] >= 0
    with pytest.raises(ValueError, match=r"inference of r at 12 links failed: .*missing"):
        scale.inference_row(run, tmp_path / "missing.safetensors", "rayleigh", SCENARIO, 12, 2)
