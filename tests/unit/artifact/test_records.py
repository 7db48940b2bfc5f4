"""Records of jobs: what they hold, and what they must not."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.artifact import crate, records
from qgnn_d2d.io import json_text, sha256, write_json
from tests.strategies import ANY_FLOAT, result_of

CONFIG = {"study": "s", "seed": 3, "splits": {"train": 4}}


@pytest.fixture
def root(tmp_path):
    """A repository with one rule."""
    for name in ("scripts/train_model.py", "src/qgnn_d2d/a.py", "src/qgnn_d2d/models/b.py", "envs/requirements.lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "in.csv").write_text("1")
    return tmp_path


def describe(root, **changes):
    job = {
        "rule": "train_model",
        "wildcards": {"run": "a"},
        "params": {"rate": 0.1, "leaves": (1, 2), "lock": str(root / "envs" / "requirements.lock")},
        "threads": 1,
        "config": CONFIG,
        "input": [root / "in.csv"],
        "log": ["results/s/logs/train_model/a.log"],
    }
    return records.describe(SimpleNamespace(**job | changes), [root / "config" / "paper.yaml", "/else/mine.yaml"], root)


def test_a_record_names_config_versions_processor_threads_seed_and_hashes(root, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    record = describe(root)
    assert record["params"] == {"rate": 0.1, "leaves": [1, 2], "lock": "envs/requirements.lock"}
    assert record["config"]["files"] == ["config/paper.yaml", "mine.yaml"]
    assert (record["study"], record["seed"], record["threads"]) == ("s", 3, 1)
    assert record["inputs"] == {"in.csv": sha256(root / "in.csv")}
    assert record["script"] == {
        "path": "scripts/train_model.py",
        "sha256": sha256(root / "scripts" / "train_model.py"),
    }
    environment, machine = record["environment"], record["machine"]
    assert environment["lock_sha256"] == sha256(root / "envs" / "requirements.lock")
    assert machine["cpu"] and machine["vector_instructions"] and machine["OMP_NUM_THREADS"] == "1"
    assert machine["MKL_NUM_THREADS"] == "3"


def test_a_record_repeats_and_names_no_place_outside_the_repository(root):
    text = json.dumps(describe(root, params={"here": str(root / "x"), "there": Path("/home/me/y"), "odd": {1: 1e999}}))
    assert json.loads(text)["params"] == {"here": "x", "there": "y", "odd": {"1": "inf"}}
    assert str(root) not in text and "/home" not in text and "/else" not in text
    assert describe(root) == describe(root)


@pytest.mark.parametrize(
    ("name", "part"),
    [("src/qgnn_d2d/models/b.py", "library"), ("scripts/train_model.py", "script"), ("in.csv", "inputs")]
)  # fmt: skip
def test_changed_code_or_data_changes_the_record(root, name, part):
    before = describe(root)
    (root / name).write_text("changed")
    after = describe(root)
    assert before[part] != after[part]
    assert {key: value for key, value in before.items() if key != part} == {
        key: value for key, value in after.items() if key != part
    }


def test_a_config_is_hashed_as_it_is_written(tmp_path):
    write_json(tmp_path / "config.json", CONFIG)
    assert records.json_sha256(CONFIG) == sha256(tmp_path / "config.json")


@pytest.fixture
def folder(root, tmp_path):
    """A folder with the records of a job and of one that was renamed."""
    folder = tmp_path / "provenance"
    write_json(folder / "train_model" / "a.json", describe(root) | {"outputs": {"out.csv": "1", "other.csv": "2"}})
    write_json(folder / "renamed.json", describe(root) | {"outputs": {"out.csv": "0"}})
    (folder / ".b.1.partial.json").write_text("{")
    return folder


def test_records_are_found_by_job(folder, tmp_path):
    assert set(records.load_records(folder)) == {"renamed", "train_model/a"}
    assert records.load_records(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "change", [{"outputs": []}, {"outputs": {"a": 1}}, {"rule": None}, {"machine": "x"}, {"config": 3}]
)
def test_what_is_no_record_is_refused_by_name(root, folder, change):
    write_json(folder / "bad.json", describe(root) | {"outputs": {}} | change)
    with pytest.raises(ValueError, match=r"bad.json: not the record of a job"):
        records.load_records(folder)


def test_an_input_must_be_what_its_job_wrote(folder):
    records.check_inputs({"out.csv": "1", "other.csv": "2", "from elsewhere.csv": "3"}, folder)
    records.check_inputs({"out.csv": "0"}, folder)
    with pytest.raises(ValueError, match=r"^out.csv: changed since the job renamed, train_model/a wrote it; delete it"):
        records.check_inputs({"out.csv": "2"}, folder)


@pytest.mark.parametrize("log", ["logs/x.log", "results/s/train.log", "results/s/logs", "/results/s/logs/x.log"])
def test_a_log_elsewhere_has_no_record(log):
    with pytest.raises(ValueError, match=r"not a log in results/<study>/logs"):
        records.beside_log(log, "provenance")


@given(parts=st.lists(st.sampled_from(["results", "paper", "logs", "a", "b.log", "..", "/"]), max_size=6))
def test_paths_are_placed_or_refused(parts):
    found = result_of(lambda: records.beside_log(Path(*parts), "provenance"))
    good = len(parts) > 3 and parts[0] == "results" and "/" not in parts and parts[2] == "logs"
    assert found is None or (found.suffix == ".json" and found.parts[2] == "provenance")
    assert found is not None or not good
    if parts:
        path = Path(*parts)
        place = Path(crate.place(path, "results/paper"))
        assert place == (Path(*path.parts[2:]) if path.parts[:2] == ("results", "paper") else path)


@given(
    config=st.dictionaries(
        st.text(max_size=4),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4) | ANY_FLOAT,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_any_config_has_the_hash_of_its_file_or_is_refused(config, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "config.json"
    if result_of(lambda: json_text(config)) is None:
        return
    try:
        write_json(path, config)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return
    assert records.json_sha256(config) == sha256(path)
