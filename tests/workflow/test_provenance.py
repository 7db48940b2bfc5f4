"""What the smoke study leaves behind: records, the same bits from another run, a crate that its validator accepts."""

import json
import os
import subprocess
import sysconfig
from importlib.resources import files
from pathlib import Path

import pytest
import requests_cache
from requests_cache.models import CachedRequest, CachedResponse

from qgnn_d2d import settings
from qgnn_d2d.io import sha256
from tests.runs import ABOUT_THE_RUN, ROOT, SMOKE, compare

RESULTS = Path("results") / "smoke"
# A part of the study with random draws, both kinds of models and the solvers.
REPEATED = [
    "training/rayleigh-stated-qgnn/curves.csv",
    "training/rayleigh-released-gcn/curves.csv",
    "solvers/rayleigh/summary.csv",
]
STUDY = settings.read(SMOKE)
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
VALIDATOR = Path(sysconfig.get_path("scripts")) / "rocrate-validator"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_job_has_a_record_of_its_files(smoke):
    logs = {path.relative_to(smoke / RESULTS / "logs") for path in (smoke / RESULTS / "logs").rglob("*.log")}
    folder = smoke / RESULTS / "provenance"
    assert {path.relative_to(folder).with_suffix(".log") for path in folder.rglob("*.json")} == logs
    for path in folder.rglob("*.json"):
        record = read(path)
        assert record["rule"] == path.relative_to(folder).parts[0].removesuffix(".json")
        assert record["config"]["files"] == ["config/smoke.yaml"] and record["study"] == "smoke"
        assert record["outputs"] == {name: sha256(smoke / name) for name in record["outputs"]}
        for place in (ROOT, smoke, Path.home()):
            assert f"{place}/" not in path.read_text(encoding="utf-8")
    assert len({read(path)["config"]["sha256"] for path in folder.rglob("*.json")}) == 1


def test_runs_on_one_and_on_two_cores_give_the_same_bits(smoke, snakemake, tmp_path):
    targets = [str(RESULTS / name) for name in REPEATED]
    done = snakemake(tmp_path, *targets, "--cores", "1", "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    compared = compare(smoke / RESULTS, tmp_path / RESULTS)
    assert not compared.different and not compared.equal
    made = [path.relative_to(tmp_path / RESULTS) for path in (tmp_path / RESULTS).rglob("*.*") if path.is_file()]
    made = [name for name in made if name.parts[0] not in ABOUT_THE_RUN]
    assert sorted(made) == compared.same  # records, with all outputs' hashes, among it
    asked = {name.split("/")[1] for name in REPEATED}
    trained = {run for group in STUDY.groups.values() if asked & {*group} for run in group}
    assert {name.parts[1] for name in made if name.parts[0] == "training"} == trained
    assert sum(name.suffix == ".safetensors" for name in made) == 2 * len(trained)  # weights, and last checkpoints


def test_a_record_names_a_config_of_any_name(snakemake, tmp_path):
    config = tmp_path / "my c:2, 'x'.yaml"
    config.write_text(SMOKE.read_text(encoding="utf-8").replace("paper.yaml", str(SMOKE.with_name("paper.yaml"))))
    target = RESULTS / "channels" / "rayleigh" / "train.nc"
    done = snakemake(tmp_path, str(target), "--cores", "1", "--configfile", str(config))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    record = tmp_path / RESULTS / "provenance" / "generate_channels" / "rayleigh.json"
    assert read(record)["config"]["files"] == [config.name]


@pytest.fixture(scope="module")
def crate(smoke_copy, snakemake):
    """The smoke study's crate; returns its root."""
    done = snakemake(smoke_copy, "provenance", "--cores", "1", "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return smoke_copy / RESULTS


def test_a_crate_is_compared_with_its_files_whenever_it_is_asked_for(crate, smoke_copy, snakemake):
    metadata, record = crate / "ro-crate-metadata.json", crate / "provenance" / "solve_baselines" / "rayleigh.json"
    made = metadata.read_bytes()

    def describe():
        return snakemake(smoke_copy, "provenance", "--cores", "1", "--configfile", str(SMOKE))

    def changed(path, content):
        """Change a file, but not its time, and describe the study; return what that printed."""
        before, times = path.read_bytes(), path.stat()
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        try:
            done = describe()
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert done.returncode != 0 and not metadata.exists()
        return done.stdout + done.stderr

    weights, table = crate / "training" / "rayleigh-stated-qgnn" / "weights.safetensors", crate / "convergence.csv"
    assert "weights.safetensors: missing, or not what its job wrote" in changed(weights, weights.read_bytes() + b"x")
    assert "convergence.csv: changed since the job tabulate_convergence wrote it" in changed(table, b"run\n1\n")
    assert "rayleigh.json: not the record of a job" in changed(record, b"{}")
    metadata.write_text("{}", encoding="utf-8")
    assert describe().returncode == 0
    assert metadata.read_bytes() == made


@pytest.fixture
def validate(tmp_path):
    """Run the validator without network: it finds the one page that it would load, the context, in its cache."""
    cache = tmp_path / "cache"
    # The rocrate package has the context of RO-Crate 1.3, where all terms used here mean the same as in 1.1.
    response = CachedResponse(
        status_code=200,
        url=CONTEXT,
        content=files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes(),
        headers={"Content-Type": "application/ld+json"},
        request=CachedRequest(method="GET", url=CONTEXT),
    )
    with requests_cache.CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.cache.save_response(response)

    def run(folder, *options):
        command = [str(VALIDATOR), "--no-interactive", "--disable-color", "validate", "--offline", "--cache-path"]
        command += [str(cache), "--requirement-severity", "required", "--output-format", "json", *options, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("profile", ["ro-crate-1.1", "process-run-crate-0.5"])
def test_the_crate_is_accepted_by_its_validator(crate, validate, profile):
    code, output = validate(crate, "--profile-identifier", profile)
    assert code == 0, output[-4000:]
    assert '"passed": true' in output


def test_the_validator_refuses_a_crate_that_lacks_something(crate, validate, tmp_path):
    content = read(crate / "ro-crate-metadata.json")
    lacking = {"Dataset": "datePublished", "CreateAction": "instrument"}
    for entity in content["@graph"]:
        entity.pop(lacking.get(entity["@type"]), None)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ro-crate-metadata.json").write_text(json.dumps(content), encoding="utf-8")
    code, output = validate(tmp_path / "broken", "--metadata-only", "--profile-identifier", "process-run-crate-0.5")
    assert code != 0 and '"passed": false' in output
    assert all(f"`{key}`" in output or f" {key} " in output for key in lacking.values()), output[-4000:]


def test_the_crate_holds_figures_tables_claims_and_what_made_them(crate):
    graph = {entity["@id"]: entity for entity in read(crate / "ro-crate-metadata.json")["@graph"]}
    figures = [f"figures/{path.name}" for path in (crate / "figures").iterdir()]
    tables = [f"tables/{path.name}" for path in (crate / "tables").iterdir()]
    for name in [*figures, *tables, "claims.json", "claims.md", "config.json"]:
        assert graph[name]["sha256"] == sha256(crate / name)
    results = [part["@id"] for part in graph["./"]["hasPart"]]
    assert all((crate / name).is_file() for name in results)
    training = graph["#train_model/rayleigh-stated-qgnn"]
    assert {"@id": "training/rayleigh-stated-qgnn/weights.safetensors"} in training["result"]
    assert {"@id": "channels/rayleigh/train.nc"} in training["object"] and {"@id": "config.json"} in training["object"]
    record = read(crate / "provenance" / "train_model" / "rayleigh-stated-qgnn.json")
    assert record["config"]["sha256"] == graph["config.json"]["sha256"]
