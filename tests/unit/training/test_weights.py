import dataclasses

import pytest
import torch

from qgnn_d2d import models
from qgnn_d2d.io import read_json, read_tensors, write_json, write_tensors
from qgnn_d2d.quantum.ansatz import ANSATZE, build
from qgnn_d2d.quantum.engine.transfer import identity
from qgnn_d2d.settings import MODELS, RunSettings, Training
from qgnn_d2d.training import cast, evaluation_leaves, load_weights, save_manifest, save_weights, train
from qgnn_d2d.training.inference import mean_metric
from qgnn_d2d.training.weights import check_manifest
from tests.runs import ROOT
from tests.unit.training.cases import channels, monitored, run_of

REFERENCE = ROOT / "results" / "reference" / "training"


def save(run, folder, seed=0):
    """Write weights and manifest of an untrained model; return the weights' path."""
    model = models.build(run.model, run.architecture, seed=seed, seeds=range(run.num_seeds))
    path = folder / "weights.safetensors"
    save_weights(model, run, path)
    save_manifest(run, model, path.with_name("manifest.json"), weights=path)
    return path


@pytest.mark.parametrize("model", MODELS)
def test_loaded_weights_allocate_as_the_trained_model_did(tmp_path, model):
    run = run_of(model, epochs=1)
    result = train(run, channels(), monitored())
    path = tmp_path / "weights.safetensors"
    save_weights(result.model, run, path)
    save_manifest(run, result.model, tmp_path / "manifest.json", weights=path)
    loaded = load_weights(run, path)
    test = cast(channels(seed=1), torch.float32, "cpu")
    value = mean_metric(run, loaded, test, evaluation_leaves(run, loaded, test, "test")).tolist()
    assert value == result.curves.query("epoch == 1 and split == 'test'")["value"].tolist()


def test_the_manifest_says_what_the_run_is(tmp_path):
    run = run_of("gcn", "released")
    manifest = read_json(save(run, tmp_path).with_name("manifest.json"))
    assert RunSettings.from_dict(manifest["settings"]) == run
    assert manifest["metric"] == "released_metric" and manifest["num_parameters"]["total"] == 1233
    assert list(manifest["outputs"]) == ["weights"] and manifest["computed_by"] == "kernel"
    _, metadata = read_tensors(tmp_path / "weights.safetensors")
    architecture = run.as_dict()["architecture"]
    assert metadata == {"model": "gcn", "architecture": architecture, "num_seeds": 2, "circuit": None}


@pytest.mark.parametrize("model", MODELS)
def test_the_header_says_whose_circuit_the_weights_are_of(tmp_path, model):
    save(run_of(model), tmp_path)
    _, header = read_tensors(tmp_path / "weights.safetensors")
    circuit = {"qgnn_released": "qgcl_ancilla", "qgnn": "qgcl", "qgnn_informed": "qgcl"}.get(model)
    assert header["circuit"] == (circuit and identity(build(circuit)))


def with_header(path, run, change):
    """Write weights with another header, and a manifest that describes them."""
    write_tensors(path, read_tensors(path)[0], change(read_tensors(path)[1]))
    save_manifest(run, models.build(run.model, run.architecture), path.with_name("manifest.json"), weights=path)


def without(name):
    return lambda header: {key: value for key, value in header.items() if key != name}


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
@pytest.mark.parametrize("name", ["model", "circuit"])
def test_weights_whose_header_does_not_say_whose_they_are_are_refused(tmp_path, model, name):
    path = save(run_of(model), tmp_path)
    with_header(path, run_of(model), without(name))
    with pytest.raises(ValueError, match=rf"^.*weights.safetensors: its header has no {name}; .* trained again$"):
        load_weights(run_of(model), path)


def test_weights_of_another_circuit_are_refused_in_a_line_with_both(tmp_path, monkeypatch):
    path, own = save(run_of(), tmp_path), identity(build("qgcl"))
    with_header(path, run_of(), lambda header: header | {"circuit": "qgcl 0123456789abcdef"})
    line = f"weights of circuit qgcl 0123456789abcdef; run a-run needs circuit {own}$"
    with pytest.raises(ValueError, match=rf"^.*weights\.safetensors: {line}"):
        load_weights(run_of(), path)
    path = save(run_of(), tmp_path)
    edited = dataclasses.replace(build("qgcl"), observables=("X", "Z", "Y"))
    monkeypatch.setitem(ANSATZE, "qgcl", lambda entangling_layers: edited)
    with pytest.raises(ValueError, match=rf"weights of circuit {own}; run a-run needs circuit {identity(edited)}$"):
        load_weights(run_of(), path)


def test_a_header_of_another_model_is_refused(tmp_path):
    path = save(run_of("gcn"), tmp_path)
    with_header(path, run_of("gcn"), lambda header: header | {"model": "gcn_small"})
    with pytest.raises(ValueError, match=r"weights of model gcn_small; run a-run needs model gcn$"):
        load_weights(run_of("gcn"), path)


def test_the_committed_weights_are_those_of_the_librarys_circuits():
    runs = [RunSettings.from_dict(read_json(path)["settings"]) for path in REFERENCE.glob("*/manifest.json")]
    names = {"qgnn_released": "qgcl_ancilla"}
    for run in runs:
        name = names.get(run.model, getattr(run.architecture, "circuit", None))
        _, header = read_tensors(REFERENCE / run.id / "weights.safetensors")
        assert header["circuit"] == (name and identity(build(name, run.architecture.entangling_layers))), run.id
    assert len(runs) > 50


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "b-run"), ("protocol", "released"), ("seed", 6), ("scenario", "s"), ("num_seeds", 3), ("train_size", 3),
     ("training", Training(learning_rate=0.02, batch_size=8, epochs=3)), ("architecture", MODELS["qgnn"](layers=3))],
)  # fmt: skip
def test_weights_of_another_run_are_refused(tmp_path, field, value):
    path = save(run_of().model_copy(update={field: value}), tmp_path)
    with pytest.raises(ValueError, match=rf"manifest.json: {field} is .*; run a-run needs"):
        load_weights(run_of(), path)


def test_weights_from_before_an_option_was_there_are_those_of_its_default(tmp_path):
    path = save(run_of(), tmp_path)
    manifest = path.with_name("manifest.json")
    content = read_json(manifest)
    del content["settings"]["train_draw"]
    write_json(manifest, content)
    load_weights(run_of(), path)
    drawn = run_of().model_copy(update={"train_size": 4, "train_draw": 1})
    with pytest.raises(ValueError, match=r"train_size is None; run a-run needs 4"):
        load_weights(drawn, path)


def test_weights_of_another_model_are_refused(tmp_path):
    with pytest.raises(ValueError, match="model is 'qgnn'; run a-run needs 'gcn'"):
        load_weights(run_of("gcn"), save(run_of(), tmp_path))


def test_weights_that_their_manifest_does_not_describe_are_refused(tmp_path):
    path = save(run_of(), tmp_path)
    save_weights(models.build("qgnn", seed=1, seeds=range(2)), run_of(), path)
    with pytest.raises(ValueError, match=r"weights.safetensors: not the file that .*manifest.json describes"):
        load_weights(run_of(), path)
    with pytest.raises(ValueError, match=r"weights.safetensors: not the file"):
        check_manifest(run_of(), path.with_name("manifest.json"), curves=path)
    for content in ("{}", '{"settings": 1}', '{"settings": [], "outputs": "x"}'):
        path.with_name("manifest.json").write_text(content)
        with pytest.raises(ValueError, match=r"manifest.json: id is None; run a-run needs 'a-run'"):
            load_weights(run_of(), path)
    path.with_name("manifest.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"manifest.json: no such file"):
        load_weights(run_of(), path)


DAMAGES = {
    "not finite": (lambda t: {**t, "readout.bias": t["readout.bias"] / 0}, "readout.bias .* all entries finite"),
    "another type": (lambda t: {**t, "readout.bias": t["readout.bias"].double()}, "has dtype torch.float64"),
    "another shape": (lambda t: {**t, "readout.bias": t["readout.bias"][:1].clone()}, "weights do not fit run a-run"),
    "one missing": (lambda t: {name: t[name] for name in t if name != "readout.bias"}, "weights do not fit run a-run"),
    "one more": (lambda t: {**t, "more": torch.ones(1)}, "weights do not fit run a-run"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_weights_are_refused_whatever_their_manifest_says(tmp_path, damage):
    change, words = DAMAGES[damage]
    path = save(run_of(), tmp_path)
    write_tensors(path, change(read_tensors(path)[0]), read_tensors(path)[1])
    save_manifest(run_of(), models.build("qgnn"), path.with_name("manifest.json"), weights=path)
    with pytest.raises(ValueError, match=rf"weights\.safetensors: .*{words}") as refusal:
        load_weights(run_of(), path)
    assert "\n" not in str(refusal.value)


def test_truncated_weights_are_refused(tmp_path):
    path = save(run_of(), tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"weights.safetensors: not a complete safetensors file"):
        load_weights(run_of(), path)
