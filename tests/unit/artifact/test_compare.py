"""A run against the reference: the rules, on a made-up study."""

import importlib
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import settings
from qgnn_d2d.artifact import compare as comparison
from qgnn_d2d.artifact import reference as references
from qgnn_d2d.artifact.compare import DIFFERS, IDENTICAL, MISSES, MISSING, NEW, WITHIN, compare
from tests.strategies import result_of
from tests.unit.artifact.conftest import EXPERIMENTS, LOCK, VALUES

ROOT = Path(__file__).parents[3]
SINGLE_SEED, AVERAGED = "alone, test, sum_rate", "a-run, test, sum_rate"
T_95 = 4.302653  # Student's t of 3 seeds


def changed(snapshot, path, column, change, **where):
    """Return a snapshot with one column changed in the rows that ``where`` names."""
    frame = snapshot[path].astype({column: object})
    rows = np.logical_and.reduce([frame[key].astype(str) == value for key, value in where.items()])
    assert rows.any()
    frame.loc[rows, column] = frame.loc[rows, column].map(change)
    return snapshot | {path: frame}


def without(snapshot, path, **where):
    frame = snapshot[path]
    ((key, value),) = where.items()
    assert (frame[key] == value).any()
    return snapshot | {path: frame[frame[key] != value]}


def misses(table):
    return table[table["verdict"].isin(MISSES)]


def row(table, what, name):
    return table[(table["what"] == what) & (table["name"] == name)].iloc[0]


def shifted(by):
    return lambda value: repr(float(value) + float(by))


@pytest.mark.parametrize("same_machine", [True, False])
def test_a_run_agrees_with_the_reference_that_was_made_of_it(committed, fresh, same_machine):
    table = compare(committed, fresh, same_machine=same_machine)
    assert set(table["verdict"]) == {IDENTICAL}
    expected = {"channels", "tables", "noise study", "devices", "resources", "scale", "gradients", "claims"}
    expected |= {"curves", "weights", "finals, per seed"} if same_machine else {"finals, mean over seeds"}
    assert set(table["what"]) == expected
    assert not table["name"].str.contains("inference").any()  # times
    assert comparison.conclusion(table) == f"{len(table)} comparisons, no miss"


def test_a_last_digit_is_a_miss_on_the_same_machine_only(committed, fresh):
    where = {"run": "a-run", "seed": "1", "split": "test"}
    fresh = changed(fresh, "finals.csv", "value", shifted(1e-9), **where)
    table = compare(committed, fresh, same_machine=True)
    assert misses(table)["name"].tolist() == ["a-run, test, sum_rate, 1"]
    table = compare(committed, fresh, same_machine=False)
    assert misses(table).empty
    found = row(table, "finals, mean over seeds", AVERAGED)
    assert found["verdict"] == WITHIN and found["difference"] == pytest.approx(1e-9 / 3, rel=1e-3)


@pytest.mark.parametrize("half_widths, verdict", [(2.7, WITHIN), (2.9, DIFFERS)])
def test_means_may_differ_by_their_intervals(committed, fresh, half_widths, verdict):
    found = row(compare(committed, fresh, same_machine=False), "finals, mean over seeds", AVERAGED)
    half_width = (found["reference_high"] - found["reference_low"]) / 2
    assert half_width == pytest.approx(T_95 * np.std(VALUES["a-run"], ddof=1) / math.sqrt(3))
    # Both intervals are equally wide: 2 sqrt(2) half widths.
    fresh = changed(fresh, "finals.csv", "value", shifted(half_widths * half_width), run="a-run", split="test")
    table = compare(committed, fresh, same_machine=False)
    assert row(table, "finals, mean over seeds", AVERAGED)["verdict"] == verdict


@pytest.mark.parametrize("factor, verdict", [(1.019, WITHIN), (1.021, DIFFERS)])
def test_a_single_seed_may_differ_by_two_percent(committed, fresh, factor, verdict):
    fresh = changed(fresh, "finals.csv", "value", lambda value: factor * value, run="alone", split="test")
    table = compare(committed, fresh, same_machine=False)
    assert row(table, "finals, mean over seeds", SINGLE_SEED)["verdict"] == verdict


def test_seeds_that_agree_to_rounding_may_differ_by_rounding(committed, fresh):
    known = changed(committed, "finals.csv", "value", lambda value: "0.8", run="a-run", split="test")
    fresh = changed(fresh, "finals.csv", "value", lambda value: 0.8 + 1e-7, run="a-run", split="test")
    table = compare(known, fresh, same_machine=False)
    assert row(table, "finals, mean over seeds", AVERAGED)["verdict"] == WITHIN


@pytest.mark.parametrize("same_machine", [True, False])
@pytest.mark.parametrize("relative, verdict", [(1e-7, WITHIN), (1e-5, DIFFERS)])
def test_solvers_agree_to_six_digits_everywhere(committed, fresh, same_machine, relative, verdict):
    for path in ("tables/main.csv", "noise/summary.csv"):
        key = {"method": "wmmse"} if "tables" in path else {"noise": "wmmse"}
        fresh = changed(fresh, path, "mean", lambda value: repr(float(value) * (1 + relative)), **key)
    table = compare(committed, fresh, same_machine=same_machine)
    assert row(table, "tables", "main: test, sum_rate, wmmse")["verdict"] == verdict
    assert row(table, "noise study", "summary: wmmse, none, none")["verdict"] == verdict


def test_channels_have_the_same_bits_or_on_another_machine_the_same_checksum(committed, fresh):
    committed, where = committed, {"split": "test", "variable": "gain"}
    rounded = changed(fresh, "channels.csv", "sha256", lambda value: "0" * 64, **where)
    redrawn = changed(rounded, "channels.csv", "checksum", lambda value: value * (1 + 1e-6), **where)
    for found, same_machine, verdict in [
        (rounded, True, DIFFERS),
        (rounded, False, WITHIN),
        (redrawn, False, DIFFERS),
    ]:
        table = compare(committed, found, same_machine=same_machine)
        assert row(table, "channels", "geometric, test, gain")["verdict"] == verdict
        assert (table["verdict"] != IDENTICAL).sum() == 1


@pytest.mark.parametrize("same_machine", [True, False])
def test_a_missing_run_or_seed_is_a_miss_and_a_new_one_is_not(committed, fresh, same_machine):
    lacking = without(without(fresh, "finals.csv", run="a-run"), "runs.csv", run="a-run")
    table = misses(compare(committed, lacking, same_machine=same_machine))
    assert set(table["verdict"]) == {MISSING}
    assert len(table) == (2 + 3 * 3 if same_machine else 3)
    one_less = fresh | {"finals.csv": fresh["finals.csv"].query("run != 'a-run' or seed != 2 or split != 'test'")}
    assert len(misses(compare(committed, one_less, same_machine=same_machine))) == 1
    table = compare(lacking, fresh, same_machine=same_machine)
    assert misses(table).empty and NEW in set(table["verdict"])


def test_a_changed_verdict_is_a_miss_on_the_same_machine_or_with_changed_numbers(committed, fresh):
    name = "C5, stated, QGNN and GCN"
    flipped = changed(fresh, "claims.json", "verdict", lambda value: "undecided", verdict="reproduced")
    nudged = changed(flipped, "claims.json", "value", lambda value: value + 0.3, name=name)
    moved = changed(flipped, "claims.json", "value", lambda value: value + 3.0, name=name)
    for found, same_machine, verdict in [
        (flipped, True, DIFFERS),
        (nudged, False, WITHIN),
        (moved, False, DIFFERS),
    ]:
        table = compare(committed, found, same_machine=same_machine)
        for changed_row in (row(table, "claims", "C5"), row(table, "claims", name)):
            assert changed_row["verdict"] == verdict
            assert changed_row["note"] == "verdict reproduced → undecided"
        assert (table["verdict"] != IDENTICAL).sum() == 2
        assert "reproduced → undecided" in comparison.report(table, ["cpu"])


def test_numbers_that_are_not_finite_are_compared_too(committed, fresh):
    table = compare(committed, fresh, same_machine=False)
    assert row(table, "claims", "C4, stated, QGNN and GCN")["reference"] == math.inf
    assert row(table, "scale", "rayleigh: 20, optimum, sum_rate")["verdict"] == IDENTICAL  # both without a value
    measurable = changed(fresh, "claims.json", "value", lambda value: 1.0, name="C6, stated, QGNN and GCN")
    certified = changed(measurable, "scale/rayleigh/20.csv", "value", lambda value: "5.0", method="optimum")
    reached = changed(certified, "claims.json", "value", lambda value: 99.0, name="C4, stated, QGNN and GCN")
    table = compare(committed, reached, same_machine=False)
    # "never" whose interval begins at epoch 59 agrees with 99.
    assert set(misses(table)["name"]) == {"C6, stated, QGNN and GCN", "rayleigh: 20, optimum, sum_rate"}


def test_devices_resources_and_counts_are_equal(committed, fresh):
    fresh = changed(fresh, "noise/devices.csv", "center_qubit", lambda value: "4.0", noise="lagos")
    fresh = changed(fresh, "tables/main.csv", "num_realizations", lambda value: "3", method="wmmse")
    table = misses(compare(committed, fresh, same_machine=False))
    notes = {"center_qubit 3.0 → 4.0", "num_realizations 2 → 3"}
    assert set(table["note"]) == notes


@pytest.mark.parametrize("same_machine", [True, False])
def test_gradients_agree_to_rounding_on_any_machine(committed, fresh, same_machine):
    within = changed(fresh, "gradients.csv", "variance", lambda value: "4.00001e-06", angles="all")
    assert misses(compare(committed, within, same_machine=same_machine)).empty
    beyond = changed(fresh, "gradients.csv", "variance", lambda value: "4.001e-06", angles="all")
    (name,) = misses(compare(committed, beyond, same_machine=same_machine))["name"]
    assert name == "k, 1, 2, 1, ideal, narrow, all"


def test_two_rows_of_a_name_and_text_for_numbers_are_named(committed, fresh):
    twice = committed | {"finals.csv": pd.concat([committed["finals.csv"]] * 2)}
    with pytest.raises(ValueError, match=r"finals\.csv: two rows for a-run, train, sum_rate, 0"):
        compare(twice, fresh, same_machine=True)
    text = changed(committed, "tables/main.csv", "mean", lambda value: "x", method="wmmse")
    with pytest.raises(ValueError, match=r"tables/main\.csv: column mean has an entry that is no number"):
        compare(text, fresh, same_machine=True)


def test_curves_of_a_run_that_was_renamed_are_not_compared_but_its_weights_are(committed, fresh):
    renamed = changed(committed, "runs.csv", "curves_sha256", lambda value: "", run="a-run")
    table = compare(renamed, fresh, same_machine=True)
    assert set(table["verdict"]) == {IDENTICAL}
    whole = compare(committed, fresh, same_machine=True)
    assert set(whole["name"] + whole["what"]) - set(table["name"] + table["what"]) == {"a-runcurves"}
    others = changed(fresh, "runs.csv", "weights_sha256", lambda value: "0" * 64, run="a-run")
    assert misses(compare(renamed, others, same_machine=True))["what"].tolist() == ["weights"]


def test_a_report_has_the_conclusion_the_counts_and_the_misses(committed, fresh):
    text = comparison.report(compare(committed, fresh, same_machine=True), [])
    assert "On the reference's machine" in text and "no miss." in text
    renamed = changed(committed, "runs.csv", "run", lambda value: "another", run="alone")
    table = compare(renamed, fresh, same_machine=True)
    text = comparison.report(table, ["cpu"])
    assert "On another machine than the reference's (cpu)" in text
    assert "2 of " in text and "docs/troubleshooting.md" in text and len(text.splitlines()) < 30
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    assert ["", "missing", "curves", "another"] in [row[:4] for row in cells]


def test_a_long_report_is_cut(committed, fresh):
    fresh = changed(fresh, "finals.csv", "value", shifted(1.0), split="test")
    many = pd.concat([compare(committed, fresh, same_machine=True)] * 9)
    text = comparison.report(many, [], 40)
    assert "... and 23 more" in text and len(text.splitlines()) < 65
    assert len(comparison.report(many, []).splitlines()) > 65


@pytest.fixture
def script(monkeypatch):
    """The script of the rule `verify`."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("verify")


def study_at(results, weights="trained"):
    config = SimpleNamespace(weights=weights)
    return SimpleNamespace(results=results, config=config, runs=VALUES, experiments=EXPERIMENTS)


def test_the_script_writes_the_comparison_and_says_what_is_amiss(script, results, reference, tmp_path):
    study = study_at(results)
    files = tmp_path / "verification.csv", tmp_path / "verification.md"
    text, amiss = script.verify(study, reference, LOCK, *files)
    assert amiss == "" and "no miss" in text
    curves = reference / "runs.csv"
    curves.write_text(curves.read_text(encoding="utf-8").replace("alone", "another"), encoding="utf-8")
    text, amiss = script.verify(study, reference, LOCK, *files)
    assert amiss in text and amiss.startswith("2 of ")
    assert sorted(pd.read_csv(files[0])["verdict"].unique()) == [IDENTICAL, MISSING, NEW]
    assert files[1].read_text(encoding="utf-8") == text  # few rows: not cut


def test_numbers_of_the_same_weights_agree_to_rounding_and_missing_runs_are_no_miss(committed, fresh):
    for relative, verdict in ((3e-6, WITHIN), (1e-4, DIFFERS)):
        path = "tables/main.csv"
        found = changed(fresh, path, "mean", lambda value: repr(float(value) * (1 + relative)), method="a-run")  # noqa: B023
        table = compare(committed, found, same_machine=False, same_weights=True)
        assert row(table, "tables", "main: test, sum_rate, a-run")["verdict"] == verdict
        shots = changed(fresh, "noise/shots.csv", "mean", lambda value: float(value) + 0.01, noise="lagos")
        assert misses(compare(committed, shots, same_machine=False, same_weights=True)).empty


def test_a_check_needs_no_runs_that_it_has_not(script, results, reference, tmp_path):
    study = study_at(results, "reference")
    more = reference / "runs.csv"
    more.write_text(more.read_text(encoding="utf-8") + "other,1,2\n", encoding="utf-8")
    text, amiss = script.verify(study, reference, LOCK, tmp_path / "a.csv", tmp_path / "a.md")
    assert amiss == "" and "With the reference's weights" in text
    assert "| C5 | x | y | -1.20 [-1.40, -0.100] | -1.20 [-1.40, -0.100] | **reproduced** |" in text
    assert script.verify(study_at(results), reference, LOCK, tmp_path / "a.csv", tmp_path / "a.md")[1]


def test_only_the_papers_study_has_a_reference(script):
    study = settings.read(ROOT / "config" / "smoke.yaml")
    with pytest.raises(ValueError, match=r"^results/reference holds the numbers of the study paper; this is .* smoke$"):
        script.main(study, None, 2)


@pytest.mark.parametrize("same_machine", [True, False])
def test_the_committed_reference_agrees_with_itself(same_machine):
    whole = references.load(ROOT / "results" / "reference")
    table = compare(whole, whole, same_machine=same_machine)
    assert len(table) > 1000 and set(table["verdict"]) == {IDENTICAL}


@given(data=st.data(), same_machine=st.booleans())
def test_any_entry_that_changes_is_judged_or_refused(data, same_machine, committed):
    name = data.draw(st.sampled_from(sorted(committed)))
    frame = committed[name].astype(object)
    column, number = data.draw(st.sampled_from(list(frame))), data.draw(st.integers(0, len(frame) - 1))
    numeric = name == references.CLAIMS and column in ("value", "low", "high")
    frame.loc[frame.index[number], column] = data.draw(st.floats() if numeric else st.text(max_size=4) | st.just("nan"))
    table = result_of(lambda: compare({name: committed[name]}, {name: frame}, same_machine=same_machine))
    if table is not None:
        assert set(table["verdict"]) <= set(comparison.VERDICTS)
        assert str(len(table)) in comparison.conclusion(table)
        assert comparison.conclusion(table) in comparison.report(table, [])


@pytest.mark.parametrize(("by", "verdict"), [(0.5, WITHIN), (9.0, DIFFERS)])
def test_redraws_are_trained_numbers_of_which_every_row_has_an_interval(by, verdict):
    columns = ["kind", "name", "part", "draw", "num_seeds", "num_realizations", "mean", "low", "high", "raw", "verdict"]
    rows = [
        ["model", "a", "", "1", "3", "9", "80.0", "79.0", "81.0", "", ""],
        ["variance", "a", "draw", "", "3", "9", "1.0", "0.0", "2.0", "1.0", ""],
        ["claim", "C4", "stated, x", "1", "3", "9", "inf", "inf", "inf", "", "not reproduced"],
    ]
    before = {"redraws.csv": pd.DataFrame(rows, columns=columns, dtype=str)}
    moved = changed(before, "redraws.csv", "mean", shifted(by), kind="model")
    assert set(compare(before, before, same_machine=True)["verdict"]) == {IDENTICAL}
    table = compare(before, moved, same_machine=False)
    assert row(table, "redraws", "redraws: model, a, 1")["verdict"] == verdict
    assert set(table["verdict"]) == {verdict, IDENTICAL} and len(table) == 3
    assert set(compare(before, moved, same_machine=True)["verdict"]) == {DIFFERS, IDENTICAL}
