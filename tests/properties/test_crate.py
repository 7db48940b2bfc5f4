"""Records of jobs are data: what is damaged ends in one line that names the record, never in a chain with a gap."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.artifact import crate
from qgnn_d2d.artifact import records as provenance
from qgnn_d2d.io import sha256, write_json
from tests.properties.helpers import covers, result_of
from tests.unit.test_crate import CITATION, JOBS, RESULTS, write_study

FIGURE = "figures/fig.png"
LEAD_TO_THE_FIGURE = ["draw/train", "plot", "train/a"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study's folder and its records."""
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


@covers(provenance.load_records, provenance.check_inputs, crate.lineage, crate.summary, crate.metadata)
@given(data=st.data(), job=st.sampled_from(sorted(JOBS)))
def test_damaged_records_are_refused_by_name_and_no_chain_has_a_gap(data, job, study):
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
        made = result_of(lambda: described(loaded, jobs))
        assert made is None or len(made) == len(jobs)


def described(records, jobs):
    """Return the actions of the crate of the study in the working directory."""
    made = crate.metadata(RESULTS, records, jobs, RESULTS / "config.json", CITATION)
    return [entity for entity in made["@graph"] if entity["@type"] == "CreateAction"]


def test_records_as_they_were_written_lead_to_the_figure(study):
    root, records = study
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        for name, record in records.items():
            write_json(RESULTS / "provenance" / f"{name}.json", record)
        loaded = provenance.load_records(RESULTS / "provenance")
        provenance.check_inputs({FIGURE: sha256(FIGURE)}, RESULTS / "provenance")
        assert loaded == records and crate.lineage([FIGURE], loaded) == LEAD_TO_THE_FIGURE
        assert len(described(loaded, LEAD_TO_THE_FIGURE)) == 3
