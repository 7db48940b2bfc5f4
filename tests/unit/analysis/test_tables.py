"""The tables, on made-up numbers with known answers."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.analysis import tables
from qgnn_d2d.analysis.statistics import t_interval, welch
from qgnn_d2d.solvers import METHODS
from tests.strategies import ODD, SEEDS, refused, samples
from tests.unit.analysis.cases import manifest, scored, solved

RATES = np.random.default_rng(0).random(40) + 1
REFERENCES = [method.name for method in METHODS.values() if method.is_reference]


def test_every_method_has_a_row_per_split_and_quantity():
    quantities = ("sum_rate", "released_metric", "released_wmmse_rate")
    solvers = {split: solved(RATES, quantities=quantities) for split in ("test", "evaluation")}
    runs = {split: scored({"q": [0.5, 0.7], "g": [0.8]}, RATES) for split in solvers}
    table = tables.results([manifest("q"), manifest("g", "gcn", seeds=1)], runs, solvers)
    counts = table.groupby(["split", "metric"], sort=False).size().to_dict()
    assert counts == {
        (split, name): len(METHODS) + (0 if name == "released_wmmse_rate" else 2)
        for split in ("test", "evaluation")
        for name in quantities
    }
    assert table["method"].tolist()[: 2 + len(METHODS)] == ["q", "g", *METHODS]
    of_solvers = table[table["kind"] == "solver"].drop_duplicates("metric").set_index("metric")["protocol"].to_dict()
    assert of_solvers == {"sum_rate": "stated", "released_metric": "released", "released_wmmse_rate": "released"}


def test_means_intervals_and_percentages_are_those_of_the_values():
    solvers = solved(RATES, {"wmmse": 0.5})
    table = tables.results([manifest("q")], {"test": scored({"q": [0.5, 0.7]}, RATES)}, {"test": solvers})
    row = table[(table["method"] == "q") & (table["metric"] == "sum_rate")].iloc[0]
    seeds = np.array([0.5, 0.7]) * RATES.mean()
    assert row["mean"] == pytest.approx(seeds.mean()) and (row["low"], row["high"]) == pytest.approx(t_interval(seeds))
    assert row["crossed_low"] < row["mean"] < row["crossed_high"] and row["interval_over"] == "seeds"
    assert (row["percent_of_wmmse"], row["percent_of_optimum"]) == pytest.approx((120, 60))
    assert (row["parameters"], row["k"], row["layers"]) == (83, 3, 2)
    solver = table[(table["method"] == "optimum") & (table["metric"] == "sum_rate")].iloc[0]
    assert solver["interval_over"] == "realizations" and (solver["low"], solver["high"]) == t_interval(RATES)


BOUND = RATES * np.where(np.arange(len(RATES)) % 4, 1.0, 1.25)  # three of four realizations are certified


def test_where_not_all_is_certified_percentages_are_of_the_bound():
    solvers, models = {"test": solved(RATES, bound=BOUND)}, {"test": scored({"q": [0.5, 0.7]}, RATES)}
    table = tables.results([manifest("q")], models, solvers)
    assert "percent_of_optimum" not in table and (table["certified_share"] == (BOUND == RATES).mean()).all()
    found = table[table["metric"] == "sum_rate"].set_index("method")
    assert list(found.index[-2:]) == ["best_found", "bound"] and "optimum" not in found.index
    assert found.loc["best_found", "mean"] == RATES.mean() and found.loc["bound", "mean"] == BOUND.mean()
    assert found.loc["q", "percent_of_bound"] == pytest.approx(60 * RATES.mean() / BOUND.mean())
    assert found.loc["bound", "percent_of_bound"] == 100
    assert found.loc["q", "percent_of_best_found"] == pytest.approx(60)
    compared = tables.comparisons([manifest("q")], models["test"], solvers["test"]).set_index("reference")
    assert "optimum" not in compared.index
    assert compared.loc["bound", "difference"] == pytest.approx(0.6 * RATES.mean() - BOUND.mean())


def test_the_interference_and_the_solvers_active_links_are_told():
    solvers, models = {"test": solved(RATES, bound=BOUND)}, {"test": scored({"q": [0.5, 0.7]}, RATES)}
    solvers["test"]["power"][1] = 0.009 * 4.0  # below 1 % of full power
    found = tables.results([manifest("q")], models, solvers).query("metric == 'sum_rate'").set_index("method")
    assert found["interference_db"].to_numpy() == pytest.approx(20)
    counts = [math.nan, 0, 0, *range(2, len(METHODS)), math.nan]  # none for the model and the bound
    np.testing.assert_equal(found["active_links"].to_numpy(float), counts)


def test_every_quantity_has_a_certificate_of_its_own():
    solvers = solved(RATES, bound=BOUND)
    solvers["certified"][:], solvers["upper_bound"][:] = True, RATES
    table = tables.results([manifest("q")], {"test": scored({"q": [0.5]}, RATES)}, {"test": solvers})
    stated, released = (table[table["metric"] == name] for name in ("sum_rate", "released_metric"))
    assert stated["percent_of_optimum"].notna().all() and stated["certified_share"].isna().all()
    assert stated["percent_of_bound"].isna().all()
    assert released["percent_of_optimum"].isna().all() and released["percent_of_bound"].notna().all()


def test_without_an_optimum_its_columns_are_left_out():
    solvers, models = {"test": solved(RATES, optimum=False)}, {"test": scored({"q": [0.5, 0.7]}, RATES)}
    table = tables.results([manifest("q")], models, solvers)
    assert not {"percent_of_optimum", "percent_of_bound", "certified_share"} & set(table)
    assert not {"optimum", "best_found", "bound"} & set(table["method"]) and table["percent_of_wmmse"].notna().all()
    references = tables.comparisons([manifest("q")], models["test"], solvers["test"])["reference"]
    assert set(references) == set(REFERENCES) - {"optimum"}


def test_a_single_seed_has_no_t_interval():
    data = {"test": scored({"q": [0.5]}, RATES)}
    table = tables.results([manifest("q", seeds=1, train_size=300)], data, {"test": solved(RATES)})
    row = table[table["method"] == "q"].iloc[0]
    assert np.isnan(row["low"]) and np.isfinite(row["crossed_low"]) and row["train_size"] == 300
    assert pd.isna(row["train_draw"])


def test_comparisons_are_paired_and_adjusted():
    manifests = [manifest("qgnn"), manifest("gcn", "gcn")]
    solvers = solved(RATES, {"wmmse": 0.8})
    runs = scored({"qgnn": [0.79, 0.81], "gcn": [0.78, 0.82]}, RATES)
    runs["sum_rate"].values[:2] += 1.0
    own = runs["sum_rate"].values.mean(axis=1)
    table = tables.comparisons(manifests, runs, solvers).set_index(["method", "reference"])
    assert table.index.tolist() == [
        *(("qgnn", reference) for reference in (*REFERENCES, "gcn")),
        *(("gcn", reference) for reference in REFERENCES),
    ]
    for reference in ("wmmse", "gcn"):
        row = table.loc[("qgnn", reference)]
        assert row["difference"] == pytest.approx(1.0) and row["low"] < 1.0 < row["high"]
        assert row["p_value"] < row["p_holm"] <= 1
    assert table.loc[("qgnn", "gcn"), "p_value"] == welch(own[:2], own[2:])
    assert table.loc[("qgnn", "wmmse"), "p_value"] == welch(own[:2], np.array([0.8 * RATES.mean()]))
    assert table.loc[("gcn", "wmmse"), "p_value"] == pytest.approx(1.0)


def test_runs_are_compared_with_chosen_runs_of_their_protocol():
    manifests = [manifest("q"), manifest("g", "gcn"), manifest("h", "gcn"), manifest("r", "gcn", "released")]
    runs = scored({name: [0.8, 0.7] for name in "qghr"}, RATES)
    table = tables.comparisons(manifests, runs, solved(RATES), against=["q", "elsewhere"])
    references = table.groupby("method", sort=False)["reference"].apply(list).to_dict()
    with_both = [*REFERENCES, "g", "q"]  # the first GCN, not the second
    assert references == {"q": [*REFERENCES, "g"], "g": [*REFERENCES, "q"], "h": with_both, "r": REFERENCES}
    assert table.drop_duplicates("method")["metric"].tolist() == ["sum_rate"] * 3 + ["released_metric"]


def curves(values, run="r"):
    """The tidy curves of (S, epochs) values on both splits."""
    rows = [
        (run, seed, epoch, split, "sum_rate", value)
        for split in ("train", "test")
        for seed, row in enumerate(values)
        for epoch, value in enumerate(row)
    ]
    return pd.DataFrame(rows, columns=["run", "seed", "epoch", "split", "metric", "value"])


def test_mean_curves_have_t_intervals():
    point = tables.mean_curves(curves([[1.0], [2.0], [3.0]])).iloc[0]
    assert point["mean"] == 2.0 and point["num_seeds"] == 3
    assert point["high"] - 2.0 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)


def noise_rows(values):
    return pd.DataFrame(
        [
            {"noise": "x", "training": training, "mitigation": "raw", "seed": seed, "unit": "bps/Hz",
             "num_realizations": 7, "value": value}
            for training, rates in values.items()
            for seed, value in enumerate(rates)
        ]
    )  # fmt: skip


def test_percent_of_ideal_is_of_the_same_seed():
    rows = noise_rows({"ideal": [1.0, 2.0, 4.0], "unaware": [0.5, 1.0, 2.0], "aware": [1.0, 1.0, 1.0]})
    table = tables.noise_summary(rows.sample(frac=1, random_state=0), 5.0, ["noise", "training", "mitigation"])
    assert table["noise"].tolist() == ["ideal", "wmmse", "x", "x"]
    by = table.set_index("training")
    assert (by.loc["unaware", "percent_of_ideal"], by.loc["unaware", "percent_of_ideal_low"]) == (50, 50)
    assert by.loc["aware", "percent_of_ideal"] == pytest.approx((100 + 50 + 25) / 3)
    assert by.loc["aware", "percent_of_wmmse"] == pytest.approx(20)
    assert by.loc["ideal", "mean"] == pytest.approx(7 / 3)


def test_networks_of_other_sizes_are_in_percent_of_wmmse_on_them():
    common = {"num_links": 5, "k": 3, "num_realizations": 8, "metric": "sum_rate", "unit": "bps/Hz"}
    common |= {"trained_at": 10, "reference": "wmmse"}
    rows = [{**common, "method": "a", "kind": "model", "model": "qgnn", "seed": i, "value": 1.0 + i} for i in range(3)]
    rows.append({**common, "method": "wmmse", "kind": "solver", "value": 4.0, "certified_share": 1.0})
    rows = [{**row, "percent_of_wmmse": 25 * row["value"]} for row in rows]
    table = tables.scaling_summary(pd.DataFrame(rows)).set_index("method")
    assert table["percent_of_wmmse"].to_dict() == {"a": 50, "wmmse": 100}
    assert (table.loc["a", "low"], table.loc["a", "high"]) == t_interval(np.array([25.0, 50.0, 75.0]))
    assert table["num_seeds"].to_dict() == {"a": 3, "wmmse": 0} and np.isnan(table.loc["wmmse", "low"])


# ---------------------------------------------------------------------------------------------------------------------
# Any numbers


@given(values=samples(2, 2, 3, st.floats(0, 10)), bad=st.none() | ODD, at=SEEDS)
def test_results_are_finite_or_refused(values, bad, at):
    runs, solvers = scored({"gcn": [1.0] * len(values)}, values[0]), solved(values.max(axis=0) + 1)
    runs["sum_rate"].values[:] = values
    manifests = [manifest("gcn", "gcn", seeds=len(values))]
    if bad is not None and not math.isfinite(bad):
        runs["sum_rate"].values.ravel()[at % values.size] = bad
        refused(lambda: tables.results(manifests, {"test": runs}, {"test": solvers}))
        refused(lambda: tables.comparisons(manifests, runs, solvers))
        return
    table = tables.results(manifests, {"test": runs}, {"test": solvers})
    row = table[(table["method"] == "gcn") & (table["metric"] == "sum_rate")].iloc[0]
    assert math.isclose(row["mean"], values.mean(), abs_tol=1e-12) and 0 <= row["percent_of_optimum"] <= 100
    compared = tables.comparisons(manifests, runs, solvers).set_index("reference")
    assert compared.loc["optimum", "difference"] < 0 and (compared["p_holm"] >= compared["p_value"]).all()
    assert (compared["low"] <= compared["high"]).all()


@given(values=samples(2, 2, 4, st.floats(0.1, 10)), bad=st.none() | ODD, at=SEEDS)
def test_curves_are_averaged_or_refused(values, bad, at):
    tidy = curves(values)
    if bad is not None and not math.isfinite(bad):
        tidy.loc[at % len(tidy), "value"] = bad
        refused(lambda: tables.mean_curves(tidy), "finite")
        return
    means = tables.mean_curves(tidy)
    found = means[means["split"] == "test"].sort_values("epoch")["mean"].to_numpy()
    np.testing.assert_allclose(found, values.mean(axis=0))
    assert (means["low"] <= means["mean"] + 1e-9).all() and (means["mean"] <= means["high"] + 1e-9).all()


@given(values=samples(1, 2, 4, st.floats(0.1, 10)), factor=st.floats(0.1, 1.0), wmmse=st.floats(0.5, 20))
def test_percentages_scale_with_the_values(values, factor, wmmse):
    rows = noise_rows({"ideal": values, "unaware": factor * values})
    table = tables.noise_summary(rows, wmmse, ["noise", "training", "mitigation"])
    row = table[table["training"] == "unaware"].iloc[0]
    assert math.isclose(row["percent_of_ideal"], 100 * factor) and math.isclose(row["mean"], factor * values.mean())
