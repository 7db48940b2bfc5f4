"""What a reference holds, and that its files are whole."""

import gzip
import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import channels, models, settings
from qgnn_d2d.artifact import machine
from qgnn_d2d.artifact import reference as references
from qgnn_d2d.io import read_json, sha256, write_tensors
from qgnn_d2d.settings.scenario import Rayleigh
from qgnn_d2d.training import save_manifest, save_weights
from tests.strategies import result_of
from tests.unit.artifact.conftest import GEOMETRIC, LOCK, VALUES, write_manifest, write_run

SMALL = {
    "study": "small", "seed": 1, "num_seeds": 2, "splits": {"train": 4, "validation": 4, "test": 4, "evaluation": 4},
    "scenarios": {"rayleigh": {"kind": "rayleigh"}}, "experiments": {"main": [{"model": "gcn_small"}]},
    "training": {"learning_rate": 0.01, "batch_size": 4, "epochs": 2},
}  # fmt: skip
COMMITTED = Path(__file__).parents[3] / "results" / "reference"


def test_finals_are_the_last_values_of_every_seed(fresh):
    finals = fresh["finals.csv"].set_index(["run", "seed", "split"])["value"]
    assert len(finals) == 3 * sum(map(len, VALUES.values()))
    assert finals["a-run", 1, "test"] == 2.9 + 2 / 7
    assert finals["a-run", 1, "evaluation"] == pytest.approx(2.9)
    assert fresh["runs.csv"]["run"].tolist() == sorted(VALUES)


def test_a_reference_is_loaded_as_the_study_that_it_was_made_of(committed, fresh):
    assert committed.keys() == fresh.keys()
    for name in committed.keys() - {references.CLAIMS}:
        assert committed[name].values.tolist() == fresh[name].astype(str).replace("nan", "").values.tolist()
    assert "scale/rayleigh/inference.csv" not in fresh  # times


def test_a_checksum_depends_on_the_order_of_realizations(tmp_path):
    dataset, sums = channels.realizations(Rayleigh(num_links=3), 5, 0), []
    for order in ([0, 1, 2, 3, 4], [1, 0, 2, 3, 4]):
        channels.save(dataset.isel(realization=order), tmp_path / "channels" / "rayleigh" / "test.nc")
        frame = references.made(tmp_path)["channels.csv"].set_index("variable")
        sums.append(frame.loc["gain", "checksum"])
        assert frame.loc["noise_power", "checksum"] == 0.1
    assert abs(sums[0] / sums[1] - 1) > 1e-6


def test_what_the_search_draws_is_left_out(tmp_path):
    channels.save(channels.realizations(GEOMETRIC, 2, 0), tmp_path / "channels" / "geometric" / "validation.nc")
    assert references.made(tmp_path)["channels.csv"].empty


def test_hashes_are_of_data_not_of_files(tmp_path):
    weights = {}
    for name, metadata in (("a", {"run": 1, "tool": 2}), ("b", {"tool": 3})):
        folder = tmp_path / name / "training" / "a-run"
        write_run(folder, "a-run", [1.0])
        write_tensors(folder / "weights.safetensors", {"w": torch.arange(6.0).reshape(2, 3)}, metadata)
        write_manifest(folder)
        weights[sha256(folder / "weights.safetensors")] = references.made(tmp_path / name)["runs.csv"][
            "weights_sha256"
        ][0]
    assert len(weights) == 2 and len(set(weights.values())) == 1


def test_outputs_must_be_what_their_manifest_describes(tmp_path):
    folder = tmp_path / "training" / "a-run"
    write_run(folder, "a-run", [1.0, 2.0])
    (folder / "curves.csv").write_text("run\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"curves\.csv: not the file that manifest\.json describes"):
        references.made(tmp_path)


def test_a_reference_names_the_threads_of_its_trainings(results, written):
    assert read_json(written / "machine.json") == references.machine_of(results, LOCK)
    assert references.machine_of(results, LOCK)["threads"] == 1


TRUNCATED = {
    "finals.csv": lambda text: text[:-7],
    "runs.csv": lambda text: text[: text.index(",") + 2],
    "channels.csv": lambda text: "",
    "tables/main.csv": lambda text: text[: text.rindex(",")] + "\n",
    "noise/summary.csv": lambda text: "<html>\n",
    "claims.json": lambda text: text[:-9],
}


@pytest.mark.parametrize("file", TRUNCATED)
def test_truncated_and_foreign_files_are_refused_by_name(reference, file):
    text = (reference / file).read_text(encoding="utf-8")
    (reference / file).write_text(TRUNCATED[file](text), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{file}: ") as caught:
        references.load(reference)
    assert str(reference) in str(caught.value)


def test_missing_files_and_foreign_claims_are_named(reference):
    (reference / "claims.json").write_text('{"claims": [{"id": "C1"}]}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"claims\.json: not a claims file"):
        references.load(reference)
    (reference / "finals.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"finals\.csv"):
        references.load(reference)


def test_the_committed_reference_is_whole():
    loaded = references.load(COMMITTED)
    assert set(read_json(COMMITTED / "machine.json")) == set(machine.describe(LOCK, None))
    assert loaded["claims.json"]["name"].str.fullmatch(r"C\d+").sum() == 10
    assert set(loaded["runs.csv"]["run"]) == set(loaded["finals.csv"]["run"])


STUDY = ("channels/geometric/test.nc", "training/alone", "tables/main.csv", "claims.json")
REFERENCE = ("channels.csv", "runs.csv", "finals.csv", "tables/main.csv", "noise/devices.csv", "claims.json")


def copied(source, target, names):
    """Copy a part of a folder, to be damaged; return the files' contents."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / name).is_dir() else shutil.copyfile)(source / name, target / name)
    return {path: path.read_bytes() for path in sorted(target.rglob("*.*"))}


@pytest.fixture(scope="module")
def damaged(results, written, tmp_path_factory):
    """A part of a study and of a reference: how it is read, its folder, its files' contents."""
    parts = {"study": (references.snapshot, results, STUDY), "reference": (references.load, written, REFERENCE)}
    folders = {what: tmp_path_factory.mktemp(what) for what in parts}
    return {
        what: (read, folders[what], copied(source, folders[what], names))
        for what, (read, source, names) in parts.items()
    }


def put(path, content):
    """Write a file anew: HDF5 may still have the one before open."""
    path.unlink()
    path.write_bytes(content)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # h5netcdf closes what it cannot open
@pytest.mark.parametrize("what", ["study", "reference"])
@given(data=st.data())
def test_damaged_numbers_are_refused_by_name_or_seen(what, data, damaged):
    read, folder, contents = damaged[what]
    path = data.draw(st.sampled_from(list(contents)))
    content = bytearray(contents[path])
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:at]
    else:
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    of_a_training = path.parts[-3] == "training"
    put(path, content)
    try:
        read(folder)
        assert not of_a_training or path.name == "manifest.json"  # whose hashes tell
    except ValueError as error:
        assert str(path) in str(error) or (of_a_training and str(folder) in str(error))
        assert "\n" not in str(error)
    finally:
        put(path, contents[path])


@given(
    entries=st.lists(st.fixed_dictionaries({}, optional={
        "id": st.text(max_size=3), "verdict": st.text(max_size=3) | st.integers(),
        "measurements": st.lists(st.dictionaries(
            st.sampled_from(["protocol", "models", "quantity", "verdict", "value", "low", "high"]),
            st.none() | st.floats() | st.text(max_size=4) | st.just("inf"),
        ), max_size=2),
    }), max_size=2),
)  # fmt: skip
def test_claims_of_any_content_are_read_or_refused(entries, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any-claims.json"
    path.write_text(json.dumps({"claims": entries}), encoding="utf-8")
    found = result_of(lambda: references.read_claims(path))
    if found is not None:
        assert len(found) == sum(1 + len(entry["measurements"]) for entry in entries)


@pytest.mark.parametrize("text", ["", "1", "-inf", "nan", "x"])
def test_columns_are_numbers_or_refused(text):
    column = pd.Series([text], name="mean", dtype=str)
    if text == "x":
        with pytest.raises(ValueError, match=r"^a\.csv: column mean has an entry that is no number"):
            references.floats("a.csv", column)
    else:
        np.testing.assert_equal(references.floats("a.csv", column)[0], float(text or math.nan))


@pytest.fixture
def committed_run(tmp_path):
    """A trained run, and a reference that keeps it."""
    study = settings.load(SMALL)
    (run,) = study.runs.values()
    source = tmp_path / "training" / run.id
    source.mkdir(parents=True)
    (source / "curves.csv").write_text("run,seed\na,0\n", encoding="utf-8")
    model = models.build(run.model, run.architecture, seed=run.seed, seeds=range(run.num_seeds))
    save_weights(model, run, source / "weights.safetensors")
    files = {"curves": source / "curves.csv", "weights": source / "weights.safetensors"}
    save_manifest(run, model, source / "manifest.json", **files)
    references.keep(run.id, tmp_path / "training", tmp_path / "reference")
    return run, source, tmp_path / "reference"


def test_a_kept_run_is_taken_as_it_was(committed_run, tmp_path):
    run, source, reference = committed_run
    references.take(run, reference, tmp_path / "taken")
    assert {path.name for path in source.iterdir()} == {path.name for path in (tmp_path / "taken").iterdir()}
    for path in source.iterdir():
        assert path.read_bytes() == (tmp_path / "taken" / path.name).read_bytes()
    packed = reference / "training" / run.id / "curves.csv.gz"
    before = packed.read_bytes()
    references.keep(run.id, source.parent, reference)
    assert packed.read_bytes() == before


def test_a_run_that_is_not_kept_or_of_other_settings_or_damaged_is_not_taken(committed_run, tmp_path):
    run, _, reference = committed_run
    with pytest.raises(FileNotFoundError, match=r"training/b: no such run; the committed ones are those of config/ch"):
        references.take(run.model_copy(update={"id": "b"}), reference, tmp_path / "taken")
    with pytest.raises(ValueError, match=r"manifest.json: training is .*epochs"):
        references.take(run.changed({"epochs": 9}), reference, tmp_path / "taken")
    packed = reference / "training" / run.id / "curves.csv.gz"
    packed.write_bytes(gzip.compress(b"run,seed\na,1\n"))
    with pytest.raises(ValueError, match=r"curves.csv: not the file that"):
        references.take(run, reference, tmp_path / "taken")
    packed.write_bytes(packed.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"curves.csv.gz: not a complete gzip file"):
        references.take(run, reference, tmp_path / "taken")


def test_a_part_of_the_reference_is_that_of_a_studys_runs_and_experiments(fresh):
    study = SimpleNamespace(runs={"a-run": None, "alone": None}, experiments={"main": ["a-run", "alone"]})
    found = references.part(fresh, study)
    assert fresh.keys() - found.keys() == {"tables/ablation.csv"}
    assert set(found["runs.csv"]["run"]) == set(found["finals.csv"]["run"]) == {"a-run", "alone"}
    assert found["channels.csv"].equals(fresh["channels.csv"])
    with_redraws = fresh | {"redraws.csv": pd.DataFrame({"kind": ["model"]})}
    for redraws, there in (({}, False), ({"a-run": ["a-run", "a-run-d1"]}, True)):
        study.redraws = redraws
        assert ("redraws.csv" in references.part(with_redraws, study)) == there
