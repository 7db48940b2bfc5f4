"""Tables, blocks of the README and the comparison with a reference, from any numbers."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.analysis import convergence, evaluation, tables
from qgnn_d2d.analysis import device_noise as device_study
from qgnn_d2d.analysis import scaling as scale
from qgnn_d2d.report import readme as publication
from tests.properties.helpers import COUNTS, ODD, SEEDS, covers, refused, result_of, samples
from tests.properties.test_numbers import curves_of

ROOT = Path(__file__).parents[2]


def manifest(run, seeds, epochs):
    return {
        "settings": {
            "id": run,
            "model": run,
            "protocol": "stated",
            "architecture": {"k": 2},
            "num_seeds": seeds,
            "training": {"learning_rate": 0.1, "batch_size": 2, "epochs": epochs, "schedule": "cosine"},
        },
        "num_parameters": {"quantum": 1, "classical": 2, "total": 3},
    }


def datasets(values):
    """Return models' (S, N) values as `evaluation.evaluate` does, and solvers' as `evaluation.solve` does."""
    seeds, count = values.shape
    attributes = {"units": "bps/Hz"}
    scored = xr.Dataset(coords={"run": ("copy", ["gcn"] * seeds), "seed": ("copy", range(seeds))})
    scored["sum_rate"] = (("copy", "realization"), values, attributes)
    best = values.max(axis=0) + 1
    solved = xr.Dataset(coords={"solver": list(tables.REFERENCES)})
    solved["sum_rate"] = (("solver", "realization"), np.stack([best - 0.5, best, best]), attributes)
    assert count == solved.sizes["realization"]
    return scored, solved


@covers(tables.mean_curves, tables.curve_data, convergence.table, convergence.markdown)
@given(values=samples(2, 2, 4, st.floats(0.1, 10)), bad=st.none() | ODD, at=SEEDS)
def test_curves_are_averaged_or_refused(values, bad, at):
    curves = curves_of(values)
    if bad is not None and not math.isfinite(bad):
        curves.loc[at % len(curves), "value"] = bad
        refused(lambda: tables.mean_curves(curves), "a", "finite")
        refused(lambda: convergence.table([manifest("a", *values.shape)], curves), "run a")
        return
    means = tables.mean_curves(curves)
    found = means[means["split"] == "test"].sort_values("epoch")["mean"].to_numpy()
    np.testing.assert_allclose(found, values.mean(axis=0))
    assert (means["low"] <= means["mean"] + 1e-9).all() and (means["mean"] <= means["high"] + 1e-9).all()
    table = convergence.table([manifest("a", *values.shape)], curves)
    assert math.isclose(table["test_final"].iloc[0], values[:, -1].mean()) and table["gap"].iloc[0] == 0
    assert "`a`" in convergence.markdown(table)
    lines = pd.DataFrame(
        [("wmmse", "sum_rate", "bps/Hz", 5, 1.0, "test")],
        columns=["solver", "metric", "unit", "num_realizations", "mean", "split"],
    )
    panels, runs = {"left": ["a"], "right": ["a"]}, {"a": {"model": "gcn", "about": ""}}
    drawn = tables.curve_data(curves, lines, panels, runs, {})
    assert np.isfinite(drawn["mean"]).all()
    refused(lambda: tables.curve_data(curves, lines, {"left": ["b"], "right": []}, {"b": runs["a"]}, {}), "run b")


@covers(tables.results, tables.comparisons, tables.markdown)
@given(values=samples(2, 1, 3, st.floats(0, 10)), bad=st.none() | ODD, at=SEEDS)
def test_results_are_finite_or_refused(values, bad, at):
    scored, solved = datasets(values)
    manifests = [manifest("gcn", len(values), 3)]
    if values.shape[1] < 2:
        return  # solvers' intervals are over realizations
    if bad is not None and not math.isfinite(bad):
        scored["sum_rate"].values.ravel()[at % values.size] = bad
        refused(lambda: tables.results(manifests, {"test": scored}, {"test": solved}))
        refused(lambda: tables.comparisons(manifests, scored, solved, {"stated": "sum_rate"}))
        return
    table = tables.results(manifests, {"test": scored}, {"test": solved})
    row = table[table["method"] == "gcn"].iloc[0]
    assert math.isclose(row["mean"], values.mean(), abs_tol=1e-12) and 0 <= row["percent_of_optimum"] <= 100
    assert "gcn" in tables.markdown(table, "rayleigh")
    compared = tables.comparisons(manifests, scored, solved, {"stated": "sum_rate"})
    assert (compared["difference"] < 0).all() and (compared["p_holm"] >= compared["p_value"]).all()
    assert (compared["low"] <= compared["high"]).all()


@covers(device_study.summary, scale.summary, scale.inference_table)
@given(values=samples(1, 2, 4, st.floats(0.1, 10)), factor=st.floats(0.1, 1.0), wmmse=st.floats(0.5, 20))
def test_percentages_are_of_the_same_seed(values, factor, wmmse):
    common = {"unit": "bps/Hz", "num_realizations": 3, "seed": range(len(values)), "noise": "lagos"}
    ideal = pd.DataFrame({**common, "training": "ideal", "mitigation": "none", "value": values})
    noisy = pd.DataFrame({**common, "training": "unaware", "mitigation": "raw", "value": factor * values})
    table = device_study.summary(
        pd.concat([noisy, ideal.sample(frac=1, random_state=0)]), wmmse, ["noise", "training", "mitigation"]
    )
    row = table[table["noise"] == "lagos"].iloc[0]
    assert math.isclose(row["percent_of_ideal"], 100 * factor) and math.isclose(row["mean"], factor * values.mean())
    rows = pd.DataFrame({"num_links": 5, "method": "a", "kind": "model", "seed": range(len(values)), "value": values})
    other = pd.DataFrame({"num_links": 5, "method": "wmmse", "kind": "solver", "value": [wmmse]})
    whole = pd.concat([rows, other]).reindex(columns=list(scale.COLUMNS))
    found = scale.summary(whole).set_index("method")["percent_of_wmmse"]
    assert math.isclose(found["wmmse"], 100) and math.isclose(found["a"], 100 * values.mean() / wmmse)
    assert scale.inference_table([{"run": "a", "k": None}])["k"].isna().all()


@covers(publication.splice)
@given(text=st.text("ab<!- \\1\n", max_size=20), block=st.text(max_size=20), there=st.booleans())
def test_blocks_are_put_between_markers_and_nowhere_else(text, block, there):
    whole = f"{text}<!-- begin x -->old<!-- end x -->{text}" if there else text
    found = result_of(lambda: publication.splice(whole, {"x": block}))
    assert (found is not None) == there
    if there:
        assert found == f"{text}<!-- begin x -->\n{block.rstrip()}\n<!-- end x -->{text}"
        assert publication.splice(found, {"x": block}) == found


@covers(publication.cost_block, publication.training_minutes, publication.engine_block)
@given(seconds=samples(1, 1, 5, st.floats(0, 1e5)), cores=st.integers(1, 64))
def test_costs_add_up(seconds, cores):
    jobs = pd.DataFrame(
        {
            "rule": "train_model",
            "seconds": seconds,
            "cpu_seconds": seconds,
            "job": [f"train_model/r{i}.tsv" for i in range(len(seconds))],
        }
    )
    text = publication.cost_block(jobs, {"cpu": "x", "cores": cores})
    assert text.startswith(f"{len(seconds)} jobs") and f"{seconds.sum() / 60:.0f} minutes" in text
    minutes = publication.training_minutes(jobs)
    assert math.isclose(sum(minutes.values()), seconds.sum() / 60) and "r0" in minutes
    table = pd.DataFrame({"benchmark": "a", "simulator": "b", "milliseconds": seconds, "ratio": 1.0})
    assert publication.engine_block(table).count("\n") == 2 + len(seconds)


# ---------------------------------------------------------------------------------------------------------------------
# A run against the reference


@covers(evaluation.summarize)
@given(values=samples(2, 1, 3, st.floats(0, 10)))
def test_summaries_are_means(values):
    _, solved = datasets(values)
    np.testing.assert_allclose(evaluation.summarize(solved)["mean"], solved["sum_rate"].values.mean(axis=1))


@covers(evaluation.seed_means)
@given(values=samples(2, 1, 3, st.floats(0, 10)), count=COUNTS)
def test_seed_means_are_means(values, count):
    scored, _ = datasets(values)
    np.testing.assert_allclose(evaluation.seed_means(scored)["value"], values.mean(axis=1))
