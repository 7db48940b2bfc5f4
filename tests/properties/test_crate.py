"""Records of jobs are data: what is damaged ends in one line that names the record, never in a chain with a gap."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import crate, provenance
from qgnn_d2d.files import sha256, write_json
from tests.properties.helpers import covers, result_of
from tests.runs import ROOT

RESULTS = "results/s"
FIGURE = "figures/fig.png"
JOBS = {
    "draw/train": ([], f"{RESULTS}/channels/train.nc"),
    "train/a": ([f"{RESULTS}/channels/train.nc"], f"{RESULTS}/training/a.csv"),
    "plot": ([f"{RESULTS}/training/a.csv"], FIGURE),
    "tune/a": ([f"{RESULTS}/channels/train.nc"], f"{RESULTS}/tuning/a.csv"),
}
LEAD_TO_THE_FIGURE = ["draw/train", "plot", "train/a"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of three jobs, one behind the other, and one aside; returns its folder and its records."""
    root = tmp_path_factory.mktemp("study")
    results, records = root / RESULTS, {}
    write_json(results / "config.json", {"study": "s"})
    for job, (inputs, output) in JOBS.items():
        for path in (root / output, results / crate.place(output, RESULTS)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(output)
        records[job] = {
            "rule": job.partition("/")[0],
            "script": {"path": "scripts/x.py", "sha256": "1" * 64},
            "library": {"path": "src/qgnn_d2d", "sha256": "2" * 64, "version": "0.1.0"},
            "config": {"files": [], "sha256": sha256(results / "config.json")},
            "environment": {"lock_sha256": "3" * 64},
            "machine": {"cpu": "x"},
            "inputs": {path: sha256(root / path) for path in inputs},
            "outputs": {output: sha256(root / output)},
        }
    return root, records


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


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


@covers(provenance.load_records, provenance.check_inputs, crate.lineage, crate.summary, crate.metadata)
@given(data=st.data(), job=st.sampled_from(sorted(JOBS)))
def test_damaged_records_are_refused_by_name_and_no_chain_has_a_gap(data, job, study, citation):
    root, records = study
    folder = root / RESULTS / "provenance"
    for name, record in records.items():
        write_json(folder / f"{name}.json", damaged(data, record) if name == job else record)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        try:
            loaded = provenance.load_records(folder)
        except ValueError as error:
            assert str(folder / f"{job}.json") in str(error) and "\n" not in str(error), repr(str(error))
            return
        # It has the form of a record: what follows uses it, or says what is missing in one line.
        for _, path in JOBS.values():
            result_of(lambda path=path: provenance.check_inputs({path: sha256(path)}, folder))
        jobs = result_of(lambda: crate.lineage([FIGURE], loaded))
        if jobs is None:
            assert job in LEAD_TO_THE_FIGURE
            return
        assert jobs == LEAD_TO_THE_FIGURE or loaded[job]["inputs"] != records[job]["inputs"]
        assert "jobs, by " in crate.summary(loaded, jobs)
        made = result_of(lambda: described(loaded, jobs, citation))
        assert made is None or len(made) == len(jobs)


def described(records, jobs, citation):
    """Return the actions of the crate of the study in the working directory."""
    made = crate.metadata(Path(RESULTS), records, jobs, Path(RESULTS, "config.json"), citation)
    return [entity for entity in made["@graph"] if entity["@type"] == "CreateAction"]


def test_records_as_they_were_written_lead_to_the_figure(study, citation):
    root, records = study
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        for name, record in records.items():
            write_json(Path(RESULTS, "provenance", f"{name}.json"), record)
        loaded = provenance.load_records(Path(RESULTS, "provenance"))
        provenance.check_inputs({FIGURE: sha256(FIGURE)}, Path(RESULTS, "provenance"))
        assert loaded == records and crate.lineage([FIGURE], loaded) == LEAD_TO_THE_FIGURE
        assert len(described(loaded, LEAD_TO_THE_FIGURE, citation)) == 3
