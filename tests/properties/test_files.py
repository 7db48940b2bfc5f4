"""Files from elsewhere are data: what is damaged or foreign ends in one line that names the file."""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import io as files
from qgnn_d2d import models
from qgnn_d2d.analysis import evaluation
from qgnn_d2d.artifact import compare as verification
from qgnn_d2d.artifact import crate
from qgnn_d2d.artifact import records as provenance
from qgnn_d2d.channels import scenarios
from qgnn_d2d.report import html as report
from qgnn_d2d.settings import configuration
from qgnn_d2d.settings.study import RunSettings, TrainingSettings, filled
from qgnn_d2d.training import trainer as training
from tests.properties.helpers import ANY_FLOAT, JUNK, ODD, covers, refused, result_of

OPTIONS = models.architecture_options("gcn") | {"message_widths": [2, 2], "update_width": 2, "iterations": 1}
RUN = RunSettings("a", "s", "stated", "gcn", OPTIONS, TrainingSettings(0.1, 2, 1), 5, 2)

MODEL = models.build("gcn", OPTIONS, seeds=range(2))

CSV = "run,seed,epoch,split,metric,value\n" + "".join(
    f"a,{seed},{epoch},{split},sum_rate,{seed + epoch / 7}\n"
    for seed in (0, 1)
    for epoch in (0, 1)
    for split in ("train", "test")
)
CLAIMS = json.dumps(
    {
        "claims": [
            {
                "id": "C1",
                "verdict": "reproduced",
                "measurements": [
                    {
                        "protocol": "stated",
                        "models": "a",
                        "value": 1.0,
                        "low": 0.5,
                        "high": "inf",
                        "verdict": "reproduced",
                    }
                ],
            }
        ]
    }
)


NAMES = {}
"""Checkpoints' names that were given, and what to."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Good files of every kind."""
    folder = tmp_path_factory.mktemp("files")
    scenarios.save(scenarios.rayleigh(3, 2, seed=1), folder / "channels.nc")
    evaluation.save(evaluation.solve(scenarios.to_channels(scenarios.rayleigh(2, 2, seed=1))), folder / "solved.nc")
    training.save_weights(MODEL, RUN, folder / "weights.safetensors")
    trainer().save(folder / "checkpoint.safetensors")
    for name, text in {"curves.csv": CSV, "claims.json": CLAIMS}.items():
        (folder / name).write_text(text, encoding="utf-8")
    describe(folder / "weights.safetensors")
    return folder


def describe(weights):
    """Write the manifest of the run's weights."""
    training.save_manifest(RUN, MODEL, weights.with_name("manifest.json"), weights=weights)


def trainer(epochs=1):
    """A training of an epoch."""
    channels = scenarios.to_channels(scenarios.rayleigh(3, 4, seed=1))
    started = training.Trainer(RUN, channels, {"train": channels})
    for _ in range(epochs):
        started.train_epoch()
    return started


def _checkpoint(path):
    restored = trainer(epochs=0)
    restored.restore(path)
    return restored


def _weights(path):
    if path.is_file():
        describe(path)  # so that nothing but the weights' content tells them apart
    return training.load_weights(RUN, path)


def _claims(path):
    return verification._read_claims(path)


READERS = {
    "channels.nc": scenarios.load,
    "solved.nc": evaluation.load,
    "weights.safetensors": _weights,
    "checkpoint.safetensors": _checkpoint,
    "curves.csv": lambda path: files.read_csv(path, ["run", "value"]),
    "manifest.json": files.read_json,
    "claims.json": _claims,
}


def usable(name, content):
    """Hold what the readers promise of everything that they return."""
    if name == "channels.nc":
        assert np.isfinite(content["gain"]).all() and (content["gain"] >= 0).all() and content.attrs["p_max"] > 0
        scenarios.to_channels(content)
    elif name == "solved.nc":
        assert np.isfinite(content["sum_rate"]).all() and evaluation.summarize(content)["mean"].notna().all()
    elif name == "weights.safetensors":
        assert all(torch.isfinite(values).all() for values in content.state_dict().values())
    elif name == "checkpoint.safetensors":
        assert content.epoch == 1 and np.isfinite(content.curves()["value"]).all() and len(content.curves()) == 4
        assert all(torch.isfinite(values).all() for values in content.model.state_dict().values())
    elif name == "curves.csv":
        assert {"run", "value"} <= set(content)
    else:
        assert isinstance(content, dict | pd.DataFrame)


def read(name, path):
    """Read a file; None where it is refused in one line that names it."""
    try:
        content = READERS[name](path)
    except ValueError as error:
        assert str(path) in str(error) and "\n" not in str(error), repr(str(error))
        return None
    usable(name, content)
    return content


READ = (
    files.require_file,
    scenarios.load,
    evaluation.load,
    files.read_tensors,
    files.read_csv,
    files.read_json,
    training.load_weights,
)


@covers(*READ)
@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_damaged_files_are_refused_by_name(name, data, folder):
    content = bytearray((folder / name).read_bytes())
    kind = data.draw(st.sampled_from(["bytes", "bits", "cut", "zeros", "insert", "twice", "other"]))
    at = data.draw(st.integers(0, len(content) - 1))
    if kind == "bytes":
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
            content[place] = data.draw(st.integers(0, 255))
    elif kind == "bits":
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        content = content[:at]
    elif kind == "zeros":
        content[at : at + 16] = bytes(len(content[at : at + 16]))
    elif kind == "insert":
        content[at:at] = data.draw(st.binary(min_size=1, max_size=8))
    elif kind == "twice":
        content = content * 2
    else:
        content = bytearray(data.draw(st.binary(max_size=64)))
    path = folder / f"damaged-{name}"
    path.write_bytes(content)
    read(name, path)


@covers(*READ)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_missing(name, folder, tmp_path):
    usable(name, READERS[name](folder / name))
    if name == "claims.json":
        return
    for path in (tmp_path / "nobody", tmp_path):
        with pytest.raises(FileNotFoundError, match="no such file"):
            READERS[name](path)


@covers(*READ)
@pytest.mark.parametrize("name", READERS)
@given(label=st.text(min_size=1, max_size=5))
def test_files_of_any_name_are_read_or_refused_in_one_line(name, label, folder):
    path = folder / f"named{label.replace('/', ' ')}{name}"
    try:
        path.write_bytes((folder / name).read_bytes())
    except (ValueError, OSError):  # the system takes no such name
        refused(lambda: READERS[name](path))
        return
    if str(path).isprintable():
        usable(name, READERS[name](path))
    elif result_of(lambda: READERS[name](path)) is None:
        refused(lambda: READERS[name](path), "file name is", "it must be UTF-8 without control characters")


@covers(evaluation.load, evaluation.save, evaluation.summarize, evaluation.seed_means, files.write_netcdf)
@given(
    copies=st.integers(1, 3),
    count=st.integers(1, 4),
    value=ODD | st.floats(0, 10),
    kind=st.sampled_from(["run", "solver"]),
    change=st.sampled_from([None, "rename", "units", "dims", "dtype", "names"]),
)
def test_evaluations_come_back_or_are_refused(copies, count, value, kind, change, folder):
    import xarray as xr

    first, names = (
        ("copy", {"run": ["a"] * copies, "seed": range(copies)})
        if kind == "run"
        else ("solver", {"solver": [f"s{i}" for i in range(copies)]})
    )
    dataset = xr.Dataset(coords={name: (first, list(values)) for name, values in names.items()})
    values = np.arange(copies * count, dtype=float).reshape(copies, count)
    values[0, 0] = value
    dataset["sum_rate"] = ((first, "realization"), values, {"units": "bps/Hz"})
    path = folder / "evaluation.nc"
    if not np.isfinite(value):
        refused(lambda: evaluation.save(dataset, path), str(path), "sum_rate")
        dataset.to_netcdf(path, engine="h5netcdf")
        refused(lambda: evaluation.load(path), str(path), "sum_rate")
        return
    if change == "rename":
        dataset = dataset.rename({"sum_rate": "rate"})
    elif change == "units":
        dataset["sum_rate"].attrs["units"] = "nats"
    elif change == "dims":
        dataset = dataset.rename({"realization": "link"})
    elif change == "dtype":
        dataset["sum_rate"] = dataset["sum_rate"].astype(str)
    elif change == "names":
        dataset = dataset.drop_vars(list(names))
    dataset.to_netcdf(path, engine="h5netcdf")
    found = result_of(lambda: evaluation.load(path))
    assert (found is not None) == (change is None)
    if found is not None:
        evaluation.save(found, path)
        assert evaluation.load(path).equals(dataset)
        table = evaluation.seed_means(found)["value"] if kind == "run" else evaluation.summarize(found)["mean"]
        np.testing.assert_allclose(table, values.mean(axis=1))


@covers(training.load_weights, training.save_weights)
@given(data=st.data(), value=ODD | st.floats(width=32), seeds=st.integers(1, 3))
def test_saved_weights_come_back_or_are_refused(data, value, seeds, folder):
    path = folder / "saved.safetensors"
    model = models.build("gcn", OPTIONS, seeds=range(seeds))
    chosen = data.draw(st.sampled_from(list(model.state_dict().values())))
    with np.errstate(over="ignore"):
        chosen.view(-1)[0] = float(np.float32(value))
    training.save_weights(model, RUN, path)
    describe(path)
    found = read("weights.safetensors", path)
    assert (found is None) == (seeds != RUN.num_seeds or not bool(torch.isfinite(chosen).all()))
    if found is not None:
        torch.testing.assert_close(dict(found.state_dict()), dict(model.state_dict()), rtol=0, atol=0)


@covers(training.checkpoint_key)
@given(changes=st.tuples(*[st.integers(1, 2)] * 4), hashes=st.lists(st.sampled_from(["a", "b", "ab", ""]), max_size=3))
def test_checkpoints_have_one_name_per_settings_and_data(changes, hashes):
    epochs, batch_size, seed, num_seeds = changes
    run = RunSettings("a", "s", "stated", "gcn", OPTIONS, TrainingSettings(0.1, batch_size, epochs), seed, num_seeds)
    key = training.checkpoint_key(run, hashes)
    assert len(key) == 16 and key == training.checkpoint_key(run, list(hashes))
    assert NAMES.setdefault(key, (changes, hashes)) == (changes, hashes)


@covers(training.load_weights, files.read_tensors, files.write_tensors)
@given(
    data=st.data(),
    value=ODD,
    change=st.sampled_from(["rename", "drop", "shape", "dtype", "value", "metadata", "no metadata", "more"]),
)
def test_foreign_weights_are_refused_by_name(data, value, change, folder):
    tensors, metadata = files.read_tensors(folder / "weights.safetensors")
    name = data.draw(st.sampled_from(sorted(tensors)))
    path = folder / "foreign.safetensors"
    bad = True
    if change == "rename":
        tensors["other"] = tensors.pop(name)
    elif change == "drop":
        del tensors[name]
    elif change == "shape":
        tensors[name] = tensors[name].flatten()[:-1].clone()
    elif change == "dtype":
        tensors[name] = tensors[name].to(data.draw(st.sampled_from([torch.float64, torch.float16, torch.int32])))
    elif change == "value":
        with np.errstate(over="ignore"):
            tensors[name].view(-1)[0] = float(np.float32(value))
        bad = not torch.isfinite(tensors[name]).all()
    elif change == "metadata":
        metadata[data.draw(st.sampled_from(sorted(metadata)))] = data.draw(st.none() | st.integers(5, 9) | st.text())
        bad = False  # the manifest says whose weights they are
    elif change == "more":
        tensors["other"] = torch.zeros(1)
    if change == "no metadata":
        safetensors.torch.save_file(tensors, path, metadata={"model": "no JSON ["})
    else:
        files.write_tensors(path, tensors, metadata)
    assert (read("weights.safetensors", path) is None) == bad


@covers(training.check_manifest, training.save_manifest)
@given(
    data=st.data(),
    part=st.sampled_from(["settings", "outputs"]),
    value=JUNK.filter(lambda value: isinstance(value, None | bool | int | str | list | dict)),
)
def test_manifests_of_other_content_are_refused_by_name(data, part, value, folder):
    weights, path = folder / "weights.safetensors", folder / "other-manifest.json"
    training.save_manifest(RUN, MODEL, path, weights=weights)
    training.check_manifest(RUN, path, weights=weights)
    manifest = files.read_json(path)
    name = data.draw(st.sampled_from([None, *sorted(manifest[part])]))
    if (manifest[part] if name is None else manifest[part][name]) == value:
        return
    files.write_json(path, manifest | {part: value if name is None else manifest[part] | {name: value}})
    refused(lambda: training.check_manifest(RUN, path, weights=weights), str(path))


CHECKPOINT = {
    "key": st.text(),
    "epoch": st.integers(-2, 3),
    "records": st.lists(st.lists(JUNK, max_size=3), max_size=3),
}


@given(data=st.data(), name=st.sampled_from(list(CHECKPOINT)), drop=st.booleans())
def test_checkpoints_of_other_content_are_refused_by_name(data, name, drop, folder):
    tensors, metadata = files.read_tensors(folder / "checkpoint.safetensors")
    value = data.draw(CHECKPOINT[name] | st.none() | st.booleans() | ANY_FLOAT | st.text(max_size=5))
    path = folder / "foreign-checkpoint.safetensors"
    if drop:
        tensors.pop(data.draw(st.sampled_from(sorted(tensors))))
        files.write_tensors(path, tensors, metadata)
    else:
        changed = result_of(lambda: json.loads(json.dumps({**metadata, name: value}, default=str)))
        if changed == metadata and type(changed[name]) is type(metadata[name]):
            return
        files.write_tensors(path, tensors, changed)
    refused(lambda: _checkpoint(path), str(path), "run a")


@covers(training.remove_checkpoints)
@given(names=st.lists(st.sampled_from(["a", "ab", "a-b", "[a]", "a-0123456789abcdef"]), unique=True))
def test_only_a_runs_own_checkpoints_are_removed(names, folder):
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    for name in names:
        (checkpoints / f"{name}-0123456789abcdef.safetensors").write_bytes(b"")
    training.remove_checkpoints(RUN, checkpoints)
    assert {path.stem.removesuffix("-0123456789abcdef") for path in checkpoints.iterdir()} == {*names} - {"a"}
    for path in checkpoints.iterdir():
        path.unlink()


# ---------------------------------------------------------------------------------------------------------------------
# Configs, paths, pages


SCHEMA = {
    "type": "object",
    "properties": {
        "a": {"type": "integer", "minimum": 1},
        "b": {"type": "string"},
        "c": {"type": "array", "items": {"type": "number"}, "minItems": 1},
    },
    "additionalProperties": False,
    "required": ["a"],
}


@covers(configuration.check_schema)
@given(
    config=st.dictionaries(st.sampled_from(["a", "b", "c", "d", 7, None]), JUNK | st.lists(ANY_FLOAT, max_size=2))
    | JUNK
)
def test_configs_of_any_values_fit_or_are_refused(config):
    if result_of(lambda: configuration.check_schema(config, SCHEMA) or True):
        assert type(config["a"]) is int and config["a"] >= 1 and set(config) <= {"a", "b", "c"}
        assert all(np.isfinite(config.get("c", [0.0])))


@covers(configuration.check_keys)
@given(text=st.text(max_size=60) | st.text("ab:{}[],&*- \n", max_size=40))
def test_any_text_has_its_keys_checked_or_is_none_of_yaml(text):
    result_of(lambda: configuration.check_keys(text))


@covers(filled)
@given(template=st.text("ab{}.!:0", max_size=12), names=st.dictionaries(st.sampled_from("ab"), st.integers(0, 9)))
def test_templates_are_filled_or_refused(template, names):
    found = result_of(lambda: filled("id", template, names))
    if found is not None:
        assert "{" not in found and "}" not in found
        assert found == template.format(**names)


@covers(provenance.record_path, crate.place)
@given(parts=st.lists(st.sampled_from(["results", "paper", "logs", "a", "b.log", "..", "/"]), max_size=6))
def test_paths_are_placed_or_refused(parts):
    found = result_of(lambda: provenance.record_path(Path(*parts)))
    good = len(parts) > 3 and parts[0] == "results" and "/" not in parts and parts[2] == "logs"
    assert found is None or (found.suffix == ".json" and found.parts[2] == "provenance")
    assert found is not None or not good
    if parts:
        path = Path(*parts)
        place = Path(crate.place(path, "results/paper"))
        is_result = path.parts[:2] == ("results", "paper")
        assert place == (Path(*path.parts[2:]) if is_result else path)


@covers(report.page, report.write)
@given(text=st.text(max_size=60), name=st.sampled_from(["a.md", "deep/b.md"]))
def test_any_text_is_a_page(text, name, folder):
    page = report.page(f"# Title\n\n{text}")
    assert page.startswith("<!doctype html>") and "<title>Title</title>" in page and "<script" not in page.lower()
    try:
        report.write(f"# Title\n\n{text}", folder / name)
    except UnicodeEncodeError:
        return
    assert (folder / name).with_suffix(".html").read_bytes().decode() == page
