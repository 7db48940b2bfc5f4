"""The chain from results back to what they were made of."""

from pathlib import Path

import pytest
import yaml

from qgnn_d2d.artifact import crate
from qgnn_d2d.io import sha256, write_json

CITATION = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8"))
RESULTS = Path("results/s")


JOBS = {
    "draw/train": ([], "results/s/channels/train.nc"),
    "train/a": (["results/s/channels/train.nc"], "results/s/training/a/weights.safetensors"),
    "plot": (["results/s/training/a/weights.safetensors"], "figures/fig.png"),
    "tune/a": (["results/s/channels/train.nc"], "results/s/tuning/a.csv"),
}


def write_study(root):
    """Write a study of three jobs, one behind the other, and one aside; return its records."""
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
        write_json(results / "provenance" / f"{job}.json", records[job])
    return records


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The study in the working directory; returns its records."""
    monkeypatch.chdir(tmp_path)
    return write_study(tmp_path)


def graph(records, jobs):
    content = crate.metadata(RESULTS, records, jobs, RESULTS / "config.json", CITATION)
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
