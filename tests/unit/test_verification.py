"""A run against the reference: the rules on a made-up study, whose reference `make reference`'s own function writes."""

import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from qgnn_d2d.artifact import compare as verification
from qgnn_d2d.channels import scenarios
from qgnn_d2d.io import sha256, write_json, write_tensors

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "envs" / "requirements.lock"
VALUES = {"a-run": [2.8, 2.9, 3.1], "alone": [1.5], "swept": [2.0, 2.2, 2.3]}
TABLES = {"a-run": "rayleigh", "alone": "rayleigh", "swept": "ablation"}
SINGLE_SEED, AVERAGED = "alone, test, sum_rate", "a-run, test, sum_rate"


def script(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)


def write_run(folder, run, values):
    rows = [
        {"run": run, "seed": seed, "epoch": epoch, "split": split, "metric": "sum_rate", "value": value + epoch / 7}
        for seed, value in enumerate(values)
        for epoch in (0, 1, 2)
        for split in ("train", "test")
    ]
    write_csv(folder / "curves.csv", rows)
    write_tensors(folder / "weights.safetensors", {"a": torch.ones(2), "b": torch.zeros(len(values), 2)}, {"run": run})
    manifest = {
        "metric": "sum_rate",
        "settings": {"id": run, "num_threads": 1},
        "outputs": {"curves": sha256(folder / "curves.csv"), "weights": sha256(folder / "weights.safetensors")},
    }
    write_json(folder / "manifest.json", manifest)


def write_evaluation(path, runs):
    copies = [(run, seed, value) for run in runs for seed, value in enumerate(VALUES[run])]
    names, seeds, values = (list(column) for column in zip(*copies, strict=True))
    rates = np.array(values)[:, np.newaxis] + np.array([-0.1, 0.1])
    path.parent.mkdir(parents=True)
    xr.Dataset(
        {metric: (("copy", "realization"), rates, {"units": "bps/Hz"}) for metric in ("sum_rate", "released_metric")},
        coords={"run": ("copy", names), "seed": ("copy", seeds)},
    ).to_netcdf(path, engine="h5netcdf")


def measurement(protocol, verdict, value, low, high):
    return {
        "protocol": protocol,
        "models": "QGNN and GCN",
        "verdict": verdict,
        "value": value,
        "low": low,
        "high": high,
    }


def table_row(method, kind, mean, low, high):
    where = {"split": "test", "metric": "sum_rate", "num_realizations": 2}
    return {"method": method, "kind": kind, "num_seeds": 3, "mean": mean, "low": low, "high": high} | where


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder like results/, with everything that a reference holds."""
    folder = tmp_path_factory.mktemp("results")
    study = folder / "paper"
    for seed, split in enumerate(["train", "test", "pool"]):
        scenarios.save(scenarios.geometric(3, 2, seed), study / "channels" / "geometric" / f"{split}.nc")
    for run, values in VALUES.items():
        write_run(study / "training" / run, run, values)
    for table in set(TABLES.values()):
        runs = [run for run in VALUES if TABLES[run] == table]
        write_evaluation(study / "evaluation" / table / "evaluation.nc", runs)
        model = table_row(runs[0], "model", 2.9, 2.5, 3.3)
        write_csv(study / "tables" / f"{table}.csv", [model, table_row("wmmse", "solver", 3.6, 3.5, 3.7)])
    noisy = {"noise": "lagos", "training": "unaware", "mitigation": "raw", "mean": 2.7, "low": 2.6, "high": 2.8}
    wmmse = {"noise": "wmmse", "training": "none", "mitigation": "none", "mean": 3.6}
    write_csv(study / "noise" / "summary.csv", [wmmse, noisy])
    write_csv(study / "noise" / "shots.csv", [wmmse, noisy | {"shots": 128}, noisy | {"shots": 256}])
    write_csv(study / "noise" / "devices.csv", [{"noise": "lagos", "center_qubit": 3}, {"noise": "p1"}])
    write_csv(study / "noise" / "resources.csv", [{"circuit": "qgcl", "k": 1, "layout": "line", "device": None}])
    at_20 = {"num_links": 20, "metric": "sum_rate"}
    model = at_20 | {"method": "a-run", "kind": "model", "k": 3}
    optimum = at_20 | {"method": "optimum", "kind": "solver"}  # not certified: no value
    write_csv(study / "scale" / "20.csv", [model | {"seed": s, "value": 4 + s} for s in range(3)] + [optimum])
    write_csv(study / "scale" / "inference.csv", [{"seconds": 1.0}])
    claims = [
        {"id": "C5", "verdict": "reproduced", "measurements": [measurement("stated", "reproduced", -1.2, -1.4, -0.1)]},
        {"id": "C4", "verdict": "undecided", "measurements": [measurement("stated", "undecided", "inf", 59.0, "inf")]},
        {"id": "C6", "verdict": "not testable", "measurements": [measurement("stated", "not testable", *["nan"] * 3)]},
    ]
    write_json(study / "claims.json", {"claims": claims})
    (study / "benchmarks").mkdir()
    (study / "benchmarks" / "verify.tsv").write_text("s\tcpu_time\tmax_rss\n1.0\t1.0\t1.0\n", encoding="utf-8")
    return folder


@pytest.fixture
def reference(results, tmp_path, monkeypatch):
    """What `make reference` writes of it."""
    script("publish_reference", monkeypatch).write_reference(results, tmp_path / "reference")
    return tmp_path / "reference"


@pytest.fixture(scope="module")
def fresh(results):
    return verification.snapshot(results / "paper")


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
    return table[table["verdict"].isin(verification.MISSES)]


def row(table, what, name):
    return table[(table["what"] == what) & (table["name"] == name)].iloc[0]


def shifted(by):
    return lambda value: repr(float(value) + float(by))


@pytest.mark.parametrize("same_machine", [True, False])
def test_a_run_agrees_with_the_reference_that_was_made_of_it(reference, fresh, same_machine):
    table = verification.compare(verification.load(reference), fresh, same_machine=same_machine)
    assert set(table["verdict"]) == {verification.IDENTICAL}
    expected = {"channels", "tables", "noise study", "devices", "resources", "scale", "claims"}
    expected |= {"curves", "weights", "finals, per seed"} if same_machine else {"finals, mean over seeds"}
    assert set(table["what"]) == expected
    assert not table["name"].str.contains("inference").any()  # times
    assert verification.conclusion(table) == f"{len(table)} comparisons, no miss"


def test_finals_are_the_last_values_of_every_seed(fresh):
    finals = fresh["finals.csv"].set_index(["run", "seed", "split"])["value"]
    assert len(finals) == 3 * sum(map(len, VALUES.values()))
    assert finals["a-run", 1, "test"] == 2.9 + 2 / 7
    assert finals["a-run", 1, "evaluation"] == pytest.approx(2.9)
    assert fresh["runs.csv"]["run"].tolist() == sorted(VALUES)


def test_a_last_digit_is_a_miss_on_the_same_machine_only(reference, fresh):
    where = {"run": "a-run", "seed": "1", "split": "test"}
    fresh = changed(fresh, "finals.csv", "value", shifted(1e-9), **where)
    table = verification.compare(verification.load(reference), fresh, same_machine=True)
    assert misses(table)["name"].tolist() == ["a-run, test, sum_rate, 1"]
    table = verification.compare(verification.load(reference), fresh, same_machine=False)
    assert misses(table).empty
    found = row(table, "finals, mean over seeds", AVERAGED)
    assert found["verdict"] == verification.WITHIN and found["difference"] == pytest.approx(1e-9 / 3, rel=1e-3)


@pytest.mark.parametrize("half_widths, verdict", [(2.7, verification.WITHIN), (2.9, verification.DIFFERS)])
def test_means_may_differ_by_their_intervals(reference, fresh, half_widths, verdict):
    loaded = verification.load(reference)
    found = row(verification.compare(loaded, fresh, same_machine=False), "finals, mean over seeds", AVERAGED)
    half_width = (found["reference_high"] - found["reference_low"]) / 2
    assert half_width == pytest.approx(4.302653 * np.std(VALUES["a-run"], ddof=1) / math.sqrt(3))
    # Both intervals are equally wide: 2 sqrt(2) half widths.
    fresh = changed(fresh, "finals.csv", "value", shifted(half_widths * half_width), run="a-run", split="test")
    table = verification.compare(loaded, fresh, same_machine=False)
    assert row(table, "finals, mean over seeds", AVERAGED)["verdict"] == verdict


@pytest.mark.parametrize("factor, verdict", [(1.019, verification.WITHIN), (1.021, verification.DIFFERS)])
def test_a_single_seed_may_differ_by_two_percent(reference, fresh, factor, verdict):
    fresh = changed(fresh, "finals.csv", "value", lambda value: factor * value, run="alone", split="test")
    table = verification.compare(verification.load(reference), fresh, same_machine=False)
    assert row(table, "finals, mean over seeds", SINGLE_SEED)["verdict"] == verdict


def test_seeds_that_agree_to_rounding_may_differ_by_rounding(reference, fresh):
    loaded = changed(
        verification.load(reference), "finals.csv", "value", lambda value: "0.8", run="a-run", split="test"
    )
    fresh = changed(fresh, "finals.csv", "value", lambda value: 0.8 + 1e-7, run="a-run", split="test")
    table = verification.compare(loaded, fresh, same_machine=False)
    assert row(table, "finals, mean over seeds", AVERAGED)["verdict"] == verification.WITHIN


@pytest.mark.parametrize("same_machine", [True, False])
@pytest.mark.parametrize("relative, verdict", [(1e-7, verification.WITHIN), (1e-5, verification.DIFFERS)])
def test_solvers_agree_to_six_digits_everywhere(reference, fresh, same_machine, relative, verdict):
    for path in ("tables/rayleigh.csv", "noise/summary.csv"):
        key = {"method": "wmmse"} if "tables" in path else {"noise": "wmmse"}
        fresh = changed(fresh, path, "mean", lambda value: repr(float(value) * (1 + relative)), **key)
    table = verification.compare(verification.load(reference), fresh, same_machine=same_machine)
    assert row(table, "tables", "rayleigh: test, sum_rate, wmmse")["verdict"] == verdict
    assert row(table, "noise study", "summary: wmmse, none, none")["verdict"] == verdict


def test_channels_have_the_same_bits_or_on_another_machine_the_same_checksum(reference, fresh):
    loaded, where = verification.load(reference), {"split": "test", "variable": "gain"}
    rounded = changed(fresh, "channels.csv", "sha256", lambda value: "0" * 64, **where)
    redrawn = changed(rounded, "channels.csv", "checksum", lambda value: value * (1 + 1e-6), **where)
    for found, same_machine, verdict in [
        (rounded, True, verification.DIFFERS),
        (rounded, False, verification.WITHIN),
        (redrawn, False, verification.DIFFERS),
    ]:
        table = verification.compare(loaded, found, same_machine=same_machine)
        assert row(table, "channels", "geometric, test, gain")["verdict"] == verdict
        assert (table["verdict"] != verification.IDENTICAL).sum() == 1


def test_a_checksum_sees_the_order_of_realizations(tmp_path):
    dataset = scenarios.rayleigh(3, 5, 0)
    sums = []
    for order in ([0, 1, 2, 3, 4], [1, 0, 2, 3, 4]):
        scenarios.save(dataset.isel(realization=order), tmp_path / "channels" / "rayleigh" / "test.nc")
        frame = verification.made(tmp_path)["channels.csv"].set_index("variable")
        sums.append(frame.loc["gain", "checksum"])
        assert frame.loc["noise_power", "checksum"] == 0.1
    assert abs(sums[0] / sums[1] - 1) > 1e-6


@pytest.mark.parametrize("same_machine", [True, False])
def test_a_missing_run_or_seed_is_a_miss_and_a_new_one_is_not(reference, fresh, same_machine):
    loaded = verification.load(reference)
    lacking = without(without(fresh, "finals.csv", run="a-run"), "runs.csv", run="a-run")
    table = misses(verification.compare(loaded, lacking, same_machine=same_machine))
    assert set(table["verdict"]) == {verification.MISSING}
    assert len(table) == (2 + 3 * 3 if same_machine else 3)
    one_less = fresh | {"finals.csv": fresh["finals.csv"].query("run != 'a-run' or seed != 2 or split != 'test'")}
    assert len(misses(verification.compare(loaded, one_less, same_machine=same_machine))) == 1
    table = verification.compare(lacking, fresh, same_machine=same_machine)
    assert misses(table).empty and verification.NEW in set(table["verdict"])


def test_what_the_search_draws_is_left_out(results, fresh, tmp_path):
    scenarios.save(scenarios.geometric(3, 2, 0), tmp_path / "channels" / "geometric" / "validation.nc")
    assert verification.made(tmp_path)["channels.csv"].empty


def test_a_changed_verdict_is_a_miss_on_the_same_machine_or_with_changed_numbers(reference, fresh):
    loaded = verification.load(reference)
    name = "C5, stated, QGNN and GCN"
    flipped = changed(fresh, "claims.json", "verdict", lambda value: "undecided", verdict="reproduced")
    nudged = changed(flipped, "claims.json", "value", lambda value: value + 0.3, name=name)
    moved = changed(flipped, "claims.json", "value", lambda value: value + 3.0, name=name)
    for found, same_machine, verdict in [
        (flipped, True, verification.DIFFERS),
        (nudged, False, verification.WITHIN),
        (moved, False, verification.DIFFERS),
    ]:
        table = verification.compare(loaded, found, same_machine=same_machine)
        for changed_row in (row(table, "claims", "C5"), row(table, "claims", name)):
            assert changed_row["verdict"] == verdict
            assert changed_row["note"] == "verdict reproduced → undecided"
        assert (table["verdict"] != verification.IDENTICAL).sum() == 2
        assert "reproduced → undecided" in verification.report(table, ["cpu"])


def test_numbers_that_are_not_finite_are_compared_too(reference, fresh):
    loaded = verification.load(reference)
    table = verification.compare(loaded, fresh, same_machine=False)
    assert row(table, "claims", "C4, stated, QGNN and GCN")["reference"] == math.inf
    assert row(table, "scale", "20, optimum, sum_rate")["verdict"] == verification.IDENTICAL  # both without a value
    measurable = changed(fresh, "claims.json", "value", lambda value: 1.0, name="C6, stated, QGNN and GCN")
    certified = changed(measurable, "scale/20.csv", "value", lambda value: "5.0", method="optimum")
    reached = changed(certified, "claims.json", "value", lambda value: 99.0, name="C4, stated, QGNN and GCN")
    table = verification.compare(loaded, reached, same_machine=False)
    # "never" whose interval begins at epoch 59 agrees with 99.
    assert set(misses(table)["name"]) == {"C6, stated, QGNN and GCN", "20, optimum, sum_rate"}


def test_devices_resources_and_counts_are_equal(reference, fresh):
    fresh = changed(fresh, "noise/devices.csv", "center_qubit", lambda value: "4.0", noise="lagos")
    fresh = changed(fresh, "tables/rayleigh.csv", "num_realizations", lambda value: "3", method="wmmse")
    table = misses(verification.compare(verification.load(reference), fresh, same_machine=False))
    notes = {"center_qubit 3.0 → 4.0", "num_realizations 2 → 3"}
    assert set(table["note"]) == notes


TRUNCATED = {
    "finals.csv": lambda text: text[:-7],
    "runs.csv": lambda text: text[: text.index(",") + 2],
    "channels.csv": lambda text: "",
    "tables/rayleigh.csv": lambda text: text[: text.rindex(",")] + "\n",
    "noise/summary.csv": lambda text: "<html>\n",
    "claims.json": lambda text: text[:-9],
}


@pytest.mark.parametrize("file", TRUNCATED)
def test_a_truncated_or_foreign_file_is_named(reference, file):
    text = (reference / file).read_text(encoding="utf-8")
    (reference / file).write_text(TRUNCATED[file](text), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{file}: ") as caught:
        verification.load(reference)
    assert str(reference) in str(caught.value)


def test_other_faults_of_a_reference_are_named(reference, fresh):
    loaded = verification.load(reference)
    twice = loaded | {"finals.csv": pd.concat([loaded["finals.csv"]] * 2)}
    with pytest.raises(ValueError, match=r"finals\.csv: two rows for a-run, train, sum_rate, 0"):
        verification.compare(twice, fresh, same_machine=True)
    text = changed(loaded, "tables/rayleigh.csv", "mean", lambda value: "x", method="wmmse")
    with pytest.raises(ValueError, match=r"tables/rayleigh\.csv: column mean has an entry that is no number"):
        verification.compare(text, fresh, same_machine=True)
    (reference / "claims.json").write_text('{"claims": [{"id": "C1"}]}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"claims\.json: not a claims file"):
        verification.load(reference)
    (reference / "finals.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"finals\.csv"):
        verification.load(reference)


def test_outputs_must_be_what_their_manifest_describes(tmp_path):
    folder = tmp_path / "training" / "a-run"
    write_run(folder, "a-run", [1.0, 2.0])
    (folder / "curves.csv").write_text("run\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"curves\.csv: not the file that manifest\.json describes"):
        verification.made(tmp_path)


def test_hashes_are_of_data_not_of_files(tmp_path):
    weights = {}
    for name, metadata in (("a", {"run": 1, "tool": 2}), ("b", {"tool": 3})):
        folder = tmp_path / name / "training" / "a-run"
        write_run(folder, "a-run", [1.0])
        write_tensors(folder / "weights.safetensors", {"w": torch.arange(6.0).reshape(2, 3)}, metadata)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        manifest["outputs"]["weights"] = sha256(folder / "weights.safetensors")
        write_json(folder / "manifest.json", manifest)
        weights[manifest["outputs"]["weights"]] = verification.made(tmp_path / name)["runs.csv"]["weights_sha256"][0]
    assert len(weights) == 2 and len(set(weights.values())) == 1


def test_machines_are_told_apart(results):
    here = verification.machine(results / "paper", LOCK)
    assert here["threads"] == 1 and here["cpu"] and here["packages"]["torch"]
    assert verification.machine_changes(here, here) == []
    assert verification.machine_changes(here, here | {"cores": 128, "platform": "other"}) == []
    other = here | {"packages": {**here["packages"], "torch": "1.0"}, "vector_instructions": "other"}
    assert verification.machine_changes(here, other) == ["vector_instructions", "packages"]
    assert verification.machine_changes({"cpu": here["cpu"]}, here)  # a reference of an older kind


def test_the_script_writes_the_comparison_and_counts_misses(results, reference, tmp_path, monkeypatch):
    verify = script("verify", monkeypatch).verify
    files = tmp_path / "verification.csv", tmp_path / "verification.md"
    text, count = verify(results / "paper", reference, LOCK, *files)
    assert count == 0 and "On the reference's machine" in text and text.endswith("no miss.")
    curves = reference / "runs.csv"
    curves.write_text(curves.read_text(encoding="utf-8").replace("alone", "another"), encoding="utf-8")
    text, count = verify(results / "paper", reference, LOCK, *files)
    assert count == 2 and "another" in text and "docs/troubleshooting.md" in text
    table = pd.read_csv(files[0])
    assert sorted(table["verdict"].unique()) == [verification.IDENTICAL, verification.MISSING, verification.NEW]
    assert "| missing | curves | another |" in files[1].read_text(encoding="utf-8")
    assert len(text.splitlines()) < 30


def test_a_long_report_is_cut(reference, fresh):
    fresh = changed(fresh, "finals.csv", "value", shifted(1.0), split="test")
    loaded = verification.load(reference)
    many = pd.concat([verification.compare(loaded, fresh, same_machine=True)] * 9)
    text = verification.report(many, [])
    assert "... and 23 more" in text and len(text.splitlines()) < 65


@pytest.mark.parametrize("same_machine", [True, False])
def test_the_committed_reference_is_whole_and_agrees_with_itself(same_machine):
    folder = ROOT / "results" / "reference"
    loaded = verification.load(folder)
    table = verification.compare(loaded, verification.load(folder), same_machine=same_machine)
    assert len(table) > 1000 and set(table["verdict"]) == {verification.IDENTICAL}
    assert table.loc[table["what"] == "claims", "name"].str.fullmatch(r"C\d+").sum() == 10
    assert set(verification.load_machine(folder)) == set(verification.machine(folder, LOCK))
