"""The chain from results back to what they were made of: followed without a gap, or refused by name."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.artifact import crate, records
from qgnn_d2d.io import sha256, write_json
from tests.strategies import result_of

CITATION = yaml.safe_load((Path(__file__).parents[3] / "CITATION.cff").read_text(encoding="utf-8"))
RESULTS = Path("results/s")


JOBS = {
    "draw/train": ([], "results/s/channels/train.nc"),
    "train/a": (["results/s/channels/train.nc"], "results/s/training/a/weights.safetensors"),
    "plot": (["results/s/training/a/weights.safetensors"], "figures/fig.png"),
    "tune/a": (["results/s/channels/train.nc"], "results/s/tuning/a.csv"),
}


FIGURE = "figures/fig.png"
LEAD_TO_THE_FIGURE = ["draw/train", "plot", "train/a"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def write_study(root):
    """Write a study of three jobs, one behind the other, and one aside; return its records."""
    results, made = root / RESULTS, {}
    write_json(results / "config.json", {"study": "s"})
    for job, (inputs, output) in JOBS.items():
        for path in (root / output, results / crate.place(output, RESULTS)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(output)
        made[job] = {
            "rule": job.partition("/")[0],
            "script": {"path": "scripts/x.py", "sha256": "1" * 64},
            "library": {"path": "src/qgnn_d2d", "sha256": "2" * 64, "version": "0.1.0"},
            "config": {"files": [], "sha256": sha256(results / "config.json")},
            "environment": {"lock_sha256": "3" * 64},
            "machine": {"cpu": "x"},
            "inputs": {path: sha256(root / path) for path in inputs},
            "outputs": {output: sha256(root / output)},
        }
        write_json(results / "provenance" / f"{job}.json", made[job])
    return made


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The study in the working directory; returns its records."""
    monkeypatch.chdir(tmp_path)
    return write_study(tmp_path)


def graph(found, jobs):
    content = crate.metadata(RESULTS, found, jobs, RESULTS / "config.json", CITATION)
    return {entity["@id"]: entity for entity in content["@graph"]}


def test_the_jobs_that_lead_to_a_file_are_found(study):
    assert crate.lineage(["figures/fig.png"], study) == ["draw/train", "plot", "train/a"]
    assert crate.lineage([], study) == []


def test_the_record_of_a_rule_that_had_another_name_does_not_matter(study):
    study["plot_before"] = study["plot"] | {"outputs": {"figures/fig.png": "0" * 64}}
    assert crate.lineage(["figures/fig.png"], study) == ["draw/train", "plot", "train/a"]


def test_an_edited_result_is_refused(study):
    Path("figures/fig.png").write_text("prettier")
    with pytest.raises(ValueError, match=r"figures/fig.png: no record names its content; repeat"):
        crate.lineage(["figures/fig.png"], study)


def test_a_gap_in_the_chain_is_refused(study):
    study["draw/train"]["outputs"]["results/s/channels/train.nc"] = "0" * 64  # drawn anew since
    with pytest.raises(ValueError, match=r"train.nc: no record names what train/a read; repeat"):
        crate.lineage(["figures/fig.png"], study)


@pytest.mark.parametrize("change", [lambda path: path.write_text("x"), lambda path: path.unlink()])
def test_a_changed_or_missing_file_between_is_refused(study, change):
    change(RESULTS / "training" / "a" / "weights.safetensors")
    with pytest.raises(ValueError, match=r"weights.safetensors: missing, or not what its job wrote"):
        graph(study, crate.lineage(["figures/fig.png"], study))


def test_every_job_is_an_action_with_script_inputs_and_outputs(study):
    entities = graph(study, crate.lineage(["figures/fig.png"], study))
    action = entities["#train/a"]
    assert action["@type"] == "CreateAction"
    assert action["object"] == [{"@id": "channels/train.nc"}, {"@id": "config.json"}]
    assert action["result"] == {"@id": "training/a/weights.safetensors"}
    assert [entities[item["@id"]]["name"] for item in action["instrument"]] == ["scripts/x.py", "src/qgnn_d2d"]
    assert entities["provenance/train/a.json"]["about"] == {"@id": "#train/a"}
    assert entities["figures/fig.png"]["sha256"] == sha256("figures/fig.png")
    assert entities["#plot"]["result"] == {"@id": "figures/fig.png"}
    assert "tuning/a.csv" not in entities
    parts = {part["@id"] for part in entities["./"]["hasPart"]}
    assert parts == {name for name, entity in entities.items() if entity["@type"] == "File"}


def test_a_file_from_elsewhere_is_named_with_its_content(study):
    study["draw/train"]["inputs"] = {"data/mine.npz": "4" * 64}
    jobs = crate.lineage(["figures/fig.png"], study)
    assert jobs == LEAD_TO_THE_FIGURE
    entities = graph(study, jobs)
    source = entities[entities["#draw/train"]["object"][0]["@id"]]
    assert (source["@type"], source["name"], source["sha256"]) == ("CreativeWork", "data/mine.npz", "4" * 64)


def test_a_job_under_another_config_does_not_claim_this_one(study):
    study["plot"]["config"]["sha256"] = "0" * 64
    assert graph(study, ["plot"])["#plot"]["object"] == {"@id": "training/a/weights.safetensors"}


def test_what_jobs_do_not_have_in_common_is_counted(study):
    assert crate.summary(study, study) == "4 jobs, by one config, library, lock and machine"
    study["plot"] |= {"library": {**study["plot"]["library"], "sha256": "4" * 64}, "machine": {"cpu": "y"}}
    assert crate.summary(study, study) == "4 jobs, by 2 states of the library and 2 machines"
    assert crate.summary(study, ["draw/train", "train/a"]) == "2 jobs, by one config, library, lock and machine"


def test_the_metadata_repeat_and_have_the_citations_date(study):
    first, second = (graph(study, ["draw/train"]) for _ in range(2))
    assert first == second and list(first) == list(second)
    assert first["./"]["datePublished"] == str(CITATION["date-released"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The study's folder and its records."""
    root = tmp_path_factory.mktemp("study")
    return root, write_study(root)


def entries(record):
    """Return the place of every entry of a record, however deep."""
    found = []
    for key, value in record.items():
        found.append((key,))
        if isinstance(value, dict):
            found += [(key, *rest) for rest in entries(value)]
    return found


def damaged(data, record):
    """Return a record with an entry lost, renamed, or of another value."""
    record = copy.deepcopy(record)
    files = [place for place in entries(record) if place[0] in ("inputs", "outputs")]  # the chain: more often
    *place, key = data.draw(st.sampled_from([(), *entries(record), *files * 4])) or (None,)
    if key is None:  # the whole record
        return data.draw(JSON)
    inner = record
    for step in place:
        inner = inner[step]
    kind = data.draw(st.sampled_from(["lost", "renamed", "value"]))
    value = inner.pop(key)
    if kind == "renamed":
        inner[data.draw(st.text(max_size=3))] = value
    elif kind == "value":
        inner[key] = data.draw(JSON | st.sampled_from([[value], {"x": value}, None]))
    return record


@given(data=st.data(), job=st.sampled_from(sorted(JOBS)))
def test_damaged_records_are_refused_by_name_and_no_chain_has_a_gap(data, job, finished):
    root, written = finished
    folder = root / RESULTS / "provenance"
    for name, record in written.items():
        write_json(folder / f"{name}.json", damaged(data, record) if name == job else record)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        try:
            loaded = records.load_records(folder)
        except ValueError as error:
            assert str(folder / f"{job}.json") in str(error) and "\n" not in str(error), repr(str(error))
            return
        # It has the form of a record: what follows uses it, or says what is missing in one line.
        for _, path in JOBS.values():
            result_of(lambda path=path: records.check_inputs({path: sha256(path)}, folder))
        jobs = result_of(lambda: crate.lineage([FIGURE], loaded))
        if jobs is None:
            assert job in LEAD_TO_THE_FIGURE
            return
        assert jobs == LEAD_TO_THE_FIGURE or loaded[job]["inputs"] != written[job]["inputs"]
        assert "jobs, by " in crate.summary(loaded, jobs)
        made = result_of(lambda: described(loaded, jobs))
        assert made is None or len(made) == len(jobs)


def described(found, jobs):
    """Return the actions of the crate of the study in the working directory."""
    made = crate.metadata(RESULTS, found, jobs, RESULTS / "config.json", CITATION)
    return [entity for entity in made["@graph"] if entity["@type"] == "CreateAction"]


def test_records_as_they_were_written_lead_to_the_figure(finished):
    root, written = finished
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        for name, record in written.items():
            write_json(RESULTS / "provenance" / f"{name}.json", record)
        loaded = records.load_records(RESULTS / "provenance")
        records.check_inputs({FIGURE: sha256(FIGURE)}, RESULTS / "provenance")
        assert loaded == written and crate.lineage([FIGURE], loaded) == LEAD_TO_THE_FIGURE
        assert len(described(loaded, LEAD_TO_THE_FIGURE)) == 3
