"""The blocks of README and docs, from made-up tables with known answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.claims import judge
from qgnn_d2d.report import readme
from qgnn_d2d.solvers import METHODS, shown_in
from tests.strategies import result_of, samples
from tests.unit.claims.made_up import noisy, pair, scaling, sizes

MOST_COLUMNS = 5


def lines_of(block):
    """Return a block's table lines; none is wider than README and docs allow."""
    lines = [line for line in block.splitlines() if line.startswith("|")]
    assert all(line.count("|") - 1 <= MOST_COLUMNS for line in lines)
    return lines


@pytest.fixture
def results():
    model = {
        "split": "evaluation",
        "metric": "sum_rate",
        "protocol": "stated",
        "kind": "model",
        "low": 3.9,
        "high": 4.1,
    }
    models = [
        {**model, "method": "q", "mean": 4.0, "percent_of_wmmse": 100.0, "percent_of_optimum": 95.0, "parameters": 683},
        {
            **model,
            "method": "g",
            "mean": 2.0,
            "percent_of_wmmse": 50.04,
            "percent_of_optimum": 47.5,
            "parameters": 1233,
        },
        {**model, "method": "r", "mean": 1.0, "protocol": "released"},
        {**model, "method": "t", "mean": 1.0, "split": "test"},
        {**model, "method": "q", "mean": 9.0, "metric": "released_metric"},
    ]
    solver = {**model, "kind": "solver", "mean": 4.0, "percent_of_wmmse": 100.0, "percent_of_optimum": 95.0}
    solvers = [{**solver, "method": name} for name in METHODS]
    solvers[-1] |= {"mean": 4.21, "percent_of_wmmse": 105.26, "percent_of_optimum": 100.0}
    frame = pd.DataFrame(models + solvers).assign(num_realizations=3000)
    return frame.astype({"parameters": "Int64", "num_realizations": "Int64"})


NOISE = pd.DataFrame(
    [
        {"noise": "ideal", "mean": 2.0, "low": 1.9, "high": 2.1, "num_seeds": 3, "num_realizations": 4000},
        {"noise": "wmmse", "mean": 3.0},
        {"noise": "lagos", "training": "unaware", "mitigation": "raw", "percent_of_ideal": 93.51},
        {"noise": "lagos", "training": "aware", "mitigation": "raw", "percent_of_ideal": 95.04},
        {"noise": "p1e-1", "training": "aware", "mitigation": "raw", "percent_of_ideal": 88.0},
    ]
).astype({"num_realizations": "Int64"})
NOISE[["percent_of_ideal_low", "percent_of_ideal_high"]] = [90.0, 97.0]


def test_the_summary_has_a_row_per_method_in_its_words(results):
    block = readme.summary_block(results, {"a QGNN": "q", "WMMSE": "wmmse", "the best": "optimum"})
    assert block.startswith("Weighted sum rate, eq. (2), on 3,000 unseen networks")
    assert lines_of(block)[2:] == [
        "| a QGNN | 683 | 4.00 | 100 |",
        "| WMMSE | – | 4.00 | 100 |",
        "| the best | – | 4.21 | 105 |",
    ]


def test_results_show_each_protocols_own_quantity(results):
    block = readme.results_block(results, "main")
    assert "Experiment `main`, protocol `stated`: weighted sum rate, eq. (2), bps/Hz" in block
    assert "`released`" not in block  # its only run has no value in the protocol's own quantity
    lines = lines_of(block)
    assert lines[2] == "| `q` | 683 | 4.000 [3.900, 4.100] | 100.0 | 95.0 |" and len(lines) == 2 + 2 + len(METHODS)


def test_geometry_is_in_percent_of_the_best_known_value_and_of_the_bound(results):
    certified = results.assign(interference_db=6.98, active_links=4.2)
    rest = {"percent_of_best_found": 98.0, "percent_of_bound": 70.0, "certified_share": 0.85}
    open_ = certified.replace({"method": {"optimum": "best_found"}}).drop(columns="percent_of_optimum").assign(**rest)
    block = readme.geometry_block({"weak": certified, "strong": open_})
    assert "`weak`: 7.0 dB of interference, 4.2 active links, optimum certified in 100 % of 3,000" in block
    assert "`strong`: 7.0 dB of interference, 4.2 active links, optimum certified in 85.0 % of 3,000" in block
    assert "| `q` | 683 | 4.00 [3.90, 4.10] | 95.0 | 95.0 |" in block
    assert "| `q` | 683 | 4.00 [3.90, 4.10] | 98.0 | 70.0 |" in block


def test_informed_networks_are_compared_with_named_runs(results):
    compared = pd.DataFrame(
        [{"method": "q", "reference": "g", "difference": 2.0, "low": 1.0, "high": 3.0, "p_holm": 1e-9}]
    )
    lines = lines_of(readme.informed_block(results, compared, ["q", "g"], {"the GCN": "g"}))
    assert lines[2] == "| `q` | 683 | 100.0 [97.5, 102.5] | +100.00 [+50.00, +150.00], < 0.001 |"
    assert lines[3] == "| `g` | 1,233 | 50.0 [97.6, 102.6] | |"
    assert [line.split("`")[1] for line in lines[4:]] == [method.name for method in shown_in("baselines")]


def test_noise_is_in_percent_of_ideal():
    block = readme.noise_block(NOISE)
    assert block.startswith("Without noise: 2.000 [1.900, 2.100] bps/Hz over 3 seeds, 4,000 realizations.")
    assert lines_of(block)[2:] == [
        "| `lagos` | 93.5 [90.0, 97.0] | | | 95.0 [90.0, 97.0] |",
        "| `p1e-1` | | | | 88.0 [90.0, 97.0] |",
    ]


def test_variants_are_ranked():
    record = pd.DataFrame(
        {"trial": [0, 0, 1, 1], "changes": ["as it starts"] * 2 + ["heads = 2"] * 2, "parameters": [683, 683, 271, 271],
         "seed": [0, 1, 0, 1], "value": [1.0, 3.0, 2.0, 4.0]}
    )  # fmt: skip
    block = readme.choices_block({"a-run": record})
    assert block.startswith("`a-run`, 2 seeds each:")
    assert lines_of(block)[2:] == [
        "| heads = 2 | 271 | 3.0000 | +50.00 | 2.0000, 4.0000 |",
        "| as it starts | 683 | 2.0000 | +0.00 | 1.0000, 3.0000 |",
    ]


def test_findings_are_those_of_the_tables(results):
    judged = judge.judge([pair(), sizes(), scaling(), noisy(90.0)])
    named = {"qgnn": "q", "gcn": "g", "gcn_small": "g", "qgnn_informed": "q", "gcn_informed": "g"}
    block = readme.bullets_block(judged, results, NOISE, named, ["A sentence."])
    counts = pd.Series([claim["verdict"] for claim in judged["claims"]]).value_counts()
    assert all(f"{count} {verdict}" in block.splitlines()[0] for verdict, count in counts.items())
    assert "certified optimum is 5.3 % above WMMSE" in block
    assert (
        "noise of 1 devices, the QGNN keeps 95.0 % of its mean rate or more; without a circuit 88.0 %." in block
    )  # of a device, not of a depolarizing level
    assert "full GCN 50.0 %" in block and "- A sentence.\n" in block
    assert all(line.startswith("- ") and line.endswith(".") for line in block.splitlines())


@given(seconds=samples(1, 1, 5, st.floats(0, 1e5)))
def test_costs_add_up(seconds):
    jobs = pd.DataFrame({"rule": "train_model", "process": "train_main_1", "cpu_seconds": seconds})
    jobs["max_rss_mb"] = 900.0
    jobs.loc[len(jobs)] = ["plot_figure", "plot_figure", 600.0, 2345.0]
    jobs.loc[len(jobs)] = ["plot_figure", "plot_figure", 0.0, 10.0]
    text = readme.cost_block(jobs, {"cpu": "a CPU"})
    assert f"{seconds.sum() / 60 + 10:.0f} minutes of processor time, {seconds.sum() / 60:.0f} of them" in text
    assert f"{len(jobs)} jobs, done by 3 processes" in text and "(a CPU)" in text and "2.3 GiB" in text


# ---------------------------------------------------------------------------------------------------------------------
# Markers


def test_splice_needs_its_markers():
    with pytest.raises(ValueError, match="no markers for block cost"):
        readme.splice("text", {"cost": "x"})


@given(text=st.text("ab<!- \\1\n", max_size=20), block=st.text(max_size=20), there=st.booleans())
def test_blocks_are_put_between_markers_and_nowhere_else(text, block, there):
    whole = f"{text}<!-- begin x -->old<!-- end x -->{text}" if there else text
    found = result_of(lambda: readme.splice(whole, {"x": block}))
    assert (found is not None) == there and readme.marked(whole) == ["x"] * there
    if there:
        assert found == f"{text}<!-- begin x -->\n{block.rstrip()}\n<!-- end x -->{text}"
        assert readme.splice(found, {"x": block}) == found


def test_numbers_of_no_run_are_left_out():
    assert np.isnan(NOISE.loc[1, "percent_of_ideal"]) and "wmmse" not in readme.noise_block(NOISE)
