import copy
from pathlib import Path

import pytest
import yaml

from qgnn_d2d import models
from qgnn_d2d.channels.scenarios import KINDS
from qgnn_d2d.settings import configuration

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]
CONFIGS = [ROOT / "config" / name for name in ("paper.yaml", "smoke.yaml")]
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
SMOKE = yaml.safe_load(CONFIGS[1].read_text(encoding="utf-8"))

# where in the smoke config, what to put there, and what the line must name and allow
MISTAKES = {
    "unknown key": (["sed"], 1, ["'sed'", "allowed", "seed"]),
    "unknown split": (["splits", "tset"], 1, ["splits", "'tset'", "validation"]),
    "unknown scenario key": (
        ["scenarios", "rayleigh", "noise"],
        1,
        ["scenarios.rayleigh", "'noise'", "noise_power"],
    ),
    "unknown group key": (["runs", 0, "epochs"], 1, ["runs[0]", "'epochs'", "training"]),
    "unknown training key": (["runs", 1, "training", "lr"], 1, ["runs[1].training", "'lr'", "learning_rate"]),
    "unknown architecture key": (["models", "gcn", "depth"], 1, ["models.gcn", "'depth'", "iterations"]),
    "negative noise power": (
        ["scenarios", "rayleigh", "noise_power"],
        -0.1,
        ["noise_power", "-0.1", "above 0"],
    ),
    "zero noise power": (["scenarios", "rayleigh", "noise_power"], 0, ["noise_power", "0", "above 0"]),
    "k below 1": (["models", "qgnn", "k"], 0, ["models.qgnn.k", "0", "at least 1"]),
    "k not below M": (["models", "qgnn", "k"], 10, ["k of run", "10", "from 1 to 9"]),
    "unknown kind": (["scenarios", "rayleigh", "kind"], "rician", ["kind", "'rician'", "geometric"]),
    "unknown scenario": (["runs", 0, "scenario"], "rician", ["scenario", "'rician'", "rayleigh"]),
    "unknown protocol": (["runs", 0, "protocol"], "stted", ["protocol", "'stted'", "stated, released"]),
    "unknown model": (["runs", 0, "model"], "gnc", ["model", "'gnc'", "qgnn"]),
    "unknown model options": (["models", "gnc"], {}, ["models", "'gnc'", "qgnn"]),
    "option of another model": (["models", "gcn", "k"], 3, ["option of model gcn", "'k'", "iterations"]),
    "unknown run in a figure": (["figures", "fig2", "left"], ["nobody"], ["figures.fig2.left", "'nobody'"]),
    "unknown circuit": (["models", "qgnn", "circuit"], "qcl", ["circuit of run", "'qcl'", "qgcl"]),
    "unknown device": (
        ["noise_models", "lagos", "device"],
        "FakeLagos",
        ["noise_models.lagos", "'FakeLagos'", "FakePerth"],
    ),
    "device and level": (["noise_models", "lagos", "depolarizing"], 0.1, ["noise_models.lagos", "either"]),
    "depolarizing above 1": (["noise_models", "p1e-2", "depolarizing"], 1.5, ["noise_models.p1e-2", "1.5"]),
    "unknown noise model in a sweep": (["runs", -1, "sweep", "noise"], ["lago"], ["noise of run", "'lago'", "lagos"]),
    "sweep over no option": (["runs", -1, "sweep", "depth"], [1], [".sweep", "'depth'", "layers"]),
    "sweep not in the id": (["runs", 11, "id"], "{model}-swept", ["run qgnn-swept", "two runs"]),
    "unknown run of the noise study": (["noise", "run"], "nobody", ["noise.run", "'nobody'", "rayleigh-stated-qgnn"]),
    "noise model without an aware run": (["noise", "devices"], ["lagos_idle"], ["noise.aware for lagos_idle"]),
    "unknown mitigation": (["noise", "hardware", "mitigation"], "none", ["mitigation", "'none'", "richardson"]),
    "no shots": (["noise", "shots"], [0], ["noise.shots", "0", "at least 1"]),
    "unknown run in a claim": (["claims", 0, "qgnn"], "nobody", ["claims[0].qgnn", "'nobody'"]),
    "claim across protocols": (
        ["claims", 0, "gcn"],
        "rayleigh-released-gcn",
        ["claims[0].gcn", "'rayleigh-released-gcn'", "rayleigh-stated-gcn"],
    ),
    "two primary pairs": (["claims", 2, "primary"], True, ["claims", "primary"]),
    "one link in scale": (["scale", "links"], [1], ["scale.links", "1", "at least 2"]),
    "scale across scenarios": (
        ["scale", "runs"],
        ["rayleigh-stated-qgnn", "geometric-stated-qgnn"],
        ["scale", "geometric", "rayleigh", "one scenario"],
    ),
    "no realizations of scale": (["scale", "realizations"], 0, ["scale.realizations", "0", "at least 1"]),
    "no boxes": (["scale", "max_boxes"], 0, ["scale.max_boxes", "0", "at least 1"]),
    "unknown run of choices": (
        ["choices", "runs", "nobody"],
        {"start": {}, "trials": [{}]},
        ["choices.runs", "'nobody'"],
    ),
    "choice of another model": (
        ["choices", "runs", "rayleigh-stated-qgnn_informed", "trials"],
        [{"iterations": 2}],
        ["rayleigh-stated-qgnn_informed", "'iterations'", "heads"],
    ),
    "unknown choice": (
        ["choices", "runs", "rayleigh-stated-qgnn_informed", "trials"],
        [{"depth": 2}],
        ["choices.runs.rayleigh-stated-qgnn_informed.trials[0]", "'depth'", "heads"],
    ),
    "unknown table of informed": (
        ["informed", "leaves"],
        "nothing",
        ["informed.leaves", "'nothing'", "informed_leaves"],
    ),
    "unknown scale": (["models", "qgnn_informed", "scale"], "log", ["scale", "'log'", "rate"]),
    "all links left out": (["runs", 5, "training", "drop_links"], 1.0, ["drop_links", "1.0"]),
    "wrong type": (["num_seeds"], "two", ["num_seeds", "'two'", "integer"]),
}


def _mistaken(path, value):
    config = copy.deepcopy(SMOKE)
    place = config
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_fit_the_schema(path):
    configuration.check_schema(yaml.safe_load(path.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_names_key_and_remedy(mistake):
    path, value, words = MISTAKES[mistake]
    config = _mistaken(path, value)
    with pytest.raises(ValueError) as caught:
        configuration.check_schema(config, SCHEMA)
        configuration.load(config)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "mistake",
    ["unknown key", "unknown scenario key", "negative noise power", "k below 1", "k not below M",
     "unknown scenario", "unknown model", "unknown protocol"],
)  # fmt: skip
def test_snakemake_stops_with_that_line(mistake, snakemake, tmp_path):
    path, value, words = MISTAKES[mistake]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(_mistaken(path, value)), encoding="utf-8")
    done = snakemake(tmp_path, "--dry-run", "--configfile", str(file))
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip().startswith("config:")]
    assert len(lines) == 1
    assert all(word in lines[0] for word in words)
    assert "Traceback" not in done.stderr


def test_an_untuned_run_can_be_tuned_but_not_trained(snakemake, tmp_path):
    config = copy.deepcopy(SMOKE)
    del config["tuned"]["rayleigh-stated-qgnn"]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    stopped = snakemake(tmp_path, "--dry-run", "--configfile", str(file))
    assert stopped.returncode != 0
    assert "run rayleigh-stated-qgnn stand neither under tuned" in stopped.stdout + stopped.stderr
    assert snakemake(tmp_path, "--dry-run", "tune", "--configfile", str(file)).returncode == 0


def test_the_smoke_study_has_the_papers_scenarios_models_and_figures():
    paper = yaml.safe_load(CONFIGS[0].read_text(encoding="utf-8"))
    for key in ("scenarios", "models"):
        assert SMOKE[key] == paper[key]
    for name, settings in SMOKE["noise_models"].items():
        assert paper["noise_models"][name] == settings
    assert SMOKE["noise"].keys() == paper["noise"].keys()
    assert SMOKE["figures"]["fig2"] == paper["figures"]["fig2"]
    assert SMOKE["figures"].keys() == paper["figures"].keys()


def test_networks_of_other_sizes_need_streams_of_their_own():
    config = copy.deepcopy(SMOKE)
    config["runs"][4]["protocol"] = "stated"
    config["runs"][4]["tuned_as"] = "rayleigh-stated-{model}"
    config["scale"]["runs"] = ["public_draws-stated-gcn_released"]
    with pytest.raises(ValueError, match=r"scale\.runs is 'public_draws'; it must be one of: rayleigh, geometric"):
        configuration.load(config)


def test_a_study_without_scale_has_no_such_figure(snakemake, tmp_path):
    config = copy.deepcopy(SMOKE)
    del config["scale"]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    done = snakemake(tmp_path, "--dry-run", "--quiet", "--configfile", str(file))
    assert done.returncode == 0 and "plot_scale" not in done.stdout, done.stdout + done.stderr


def test_the_papers_dag_builds(snakemake, tmp_path):
    done = snakemake(tmp_path, "--dry-run", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


def test_snakemake_lint_is_clean(snakemake, tmp_path):
    done = snakemake(tmp_path, "--lint", "--configfile", str(CONFIGS[1]))
    assert done.returncode == 0, done.stdout + done.stderr


def test_schema_describes_every_key_and_allows_no_others():
    def check(node, path):
        for name, child in node.get("properties", {}).items():
            if "$ref" not in child and child is not SCHEMA["$defs"]["scenario"]["properties"].get(name):
                assert child.get("description"), f"{path}.{name}"
            check(child, f"{path}.{name}")
        if "properties" in node and path != "$defs.scenario":  # its kinds' own definitions close it
            assert node.get("additionalProperties") is False, path

    check(SCHEMA, "")
    for name, definition in SCHEMA["$defs"].items():
        check(definition, f"$defs.{name}")


def test_schema_knows_the_librarys_kinds_and_options():
    assert SCHEMA["$defs"]["scenario"]["properties"]["kind"]["enum"] == list(KINDS)
    options = {option for name in models.MODELS for option in models.architecture_options(name)}
    assert set(SCHEMA["$defs"]["architecture"]["properties"]) == options
    changes = SCHEMA["$defs"]["changes"]["properties"]
    assert set(changes) <= options | set(SCHEMA["$defs"]["training"]["properties"])
    assert set(SCHEMA["$defs"]["group"]["properties"]["sweep"]["properties"]) == options | {"train_size"}


def test_readme_lists_every_key():
    readme = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    listed = [line.split("`")[1] for line in readme.splitlines() if line.startswith("| `")]
    assert listed == list(SCHEMA["properties"])
