"""Per-realization evaluation and the tables, on made-up numbers with known answers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from qgnn_d2d import objective
from qgnn_d2d.analysis import evaluation, tables
from qgnn_d2d.channels import scenarios
from qgnn_d2d.training import trainer as training
from tests.unit.test_training import channels, monitored, settings

RTOL_FLOAT32 = 1e-5


def test_solvers_are_scored_in_every_quantity():
    data = channels(7)
    solved = evaluation.solve(data)
    assert list(solved["solver"].values) == list(evaluation.METHODS)
    power = torch.tensor(solved["power"].sel(solver="wmmse").values)
    expected = objective.weighted_sum_rate(data.gain, power, data.weight, data.noise_power)
    np.testing.assert_allclose(solved["sum_rate"].sel(solver="wmmse"), expected)
    released = torch.tensor(solved["released_power"].sel(solver="wmmse_multistart").values)
    expected = objective.released_metric(data.gain, released, data.weight, data.noise_power)
    np.testing.assert_allclose(solved["released_metric"].sel(solver="wmmse_multistart"), expected)
    of_other_powers = objective.released_metric(data.gain, power, data.weight, data.noise_power)
    assert expected.mean() > of_other_powers.mean()  # solved for the metric it is scored in
    assert set(evaluation.UNITS) <= set(solved.data_vars)


def test_an_optimum_that_is_not_certified_is_refused(monkeypatch):
    def uncertain(*arguments, **options):
        best = optimum(*arguments, **options)
        return replace(best, certified=torch.tensor([True, False, True, False]))

    optimum = evaluation.optimum
    monkeypatch.setattr(evaluation, "optimum", uncertain)
    with pytest.raises(ValueError, match=r"^2 of 4 realizations have no optimum certified to 1e-06$"):
        evaluation.solve(channels(4))


def test_nats_line_is_left_out_where_it_has_no_meaning():
    data = scenarios.to_channels(scenarios.geometric(4, 3, 0))
    assert data.p_max != 1
    assert "released_wmmse_rate" not in evaluation.solve(data)


def test_evaluation_repeats_the_last_point_of_the_curve():
    run = settings()
    result = training.train(run, channels(), monitored())
    scored = evaluation.evaluate(run, result.model, channels(seed=1), "test")
    last = result.curves.query("epoch == 2 and split == 'test'")["value"]
    np.testing.assert_allclose(scored["sum_rate"].mean("realization"), last, rtol=RTOL_FLOAT32)


def test_values_that_are_not_finite_are_not_saved(tmp_path):
    dataset = xr.Dataset({"sum_rate": ("realization", [1.0, np.nan])})
    with pytest.raises(ValueError, match="sum_rate has values that are not finite"):
        evaluation.save(dataset, tmp_path / "x.nc")
    assert not list(tmp_path.iterdir())


def test_mean_curves_have_t_intervals():
    rows = [("r", seed, 0, "test", "sum_rate", value) for seed, value in enumerate([1.0, 2.0, 3.0])]
    curves = pd.DataFrame(rows, columns=["run", "seed", "epoch", "split", "metric", "value"])
    point = tables.mean_curves(curves).iloc[0]
    assert point["mean"] == 2.0
    assert point["high"] - 2.0 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    with pytest.raises(ValueError, match="curves of r have values that are not finite"):
        tables.mean_curves(curves.assign(value=np.nan))


def test_percentages_compare_the_same_quantity():
    run = settings()
    result = training.train(run, channels(), monitored())
    manifest = {"settings": run.as_dict(), "num_parameters": result.model.num_parameters}
    solved = evaluation.solve(channels(seed=1))
    scored = evaluation.evaluate(run, result.model, channels(seed=1), "test")
    table = tables.results([manifest], {"test": scored}, {"test": solved})
    for metric in ("sum_rate", "released_metric"):
        row = table[(table["method"] == "a-run") & (table["metric"] == metric)].iloc[0]
        expected = 100 * scored[metric].mean() / solved[metric].sel(solver="wmmse").mean()
        assert row["percent_of_wmmse"] == pytest.approx(float(expected))
        assert row["low"] <= row["mean"] <= row["high"]
    assert table[table["metric"] == "released_wmmse_rate"]["kind"].eq("solver").all()


def test_comparisons_are_paired_and_adjusted():
    runs = [settings(), settings("gcn")]
    manifests = [{"settings": {**run.as_dict(), "id": run.model}} for run in runs]
    generator = np.random.default_rng(0)
    solved = xr.Dataset(
        {"sum_rate": (("solver", "realization"), generator.random((3, 40)), {"units": "bps/Hz"})},
        coords={"solver": list(tables.REFERENCES)},
    )
    wmmse = solved["sum_rate"].sel(solver="wmmse").values
    values = np.stack([wmmse + 1.0, wmmse + 1.0, wmmse, wmmse])  # the QGNN's two seeds, then the GCN's
    scored = xr.Dataset(
        {"sum_rate": (("copy", "realization"), values)}, coords={"run": ("copy", ["qgnn"] * 2 + ["gcn"] * 2)}
    )
    table = tables.comparisons(manifests, scored, solved, {"stated": "sum_rate"}).set_index(["method", "reference"])
    assert table.index.tolist() == [
        *(("qgnn", reference) for reference in (*tables.REFERENCES, "gcn")),
        *(("gcn", reference) for reference in tables.REFERENCES),
    ]
    for reference in ("wmmse", "gcn"):
        row = table.loc[("qgnn", reference)]
        assert (row["difference"], row["low"], row["high"]) == pytest.approx((1.0, 1.0, 1.0))
        assert row["effect_size"] == 1.0
        assert row["p_value"] < row["p_holm"] < 1e-5
    assert table.loc[("gcn", "wmmse"), "p_value"] == 1.0
    both = tables.comparisons(manifests, scored, solved, {"stated": "sum_rate"}, against=["qgnn", "elsewhere"])
    references = both.groupby("method")["reference"].apply(list).to_dict()
    assert references == {"qgnn": [*tables.REFERENCES, "gcn"], "gcn": [*tables.REFERENCES, "qgnn"]}
