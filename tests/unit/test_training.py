"""Training: stacking, resuming, schedules, and what it refuses."""

import os
import platform
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from qgnn_d2d import models, objective, stars
from qgnn_d2d.channels import scenarios
from qgnn_d2d.io import read_tensors, write_tensors
from qgnn_d2d.settings.study import RunSettings, TrainingSettings
from qgnn_d2d.training import trainer as training

ROUNDING = 1e-7  # float64, over the first epochs; batch norm over few nodes amplifies rounding


def settings(model="qgnn", protocol="stated", epochs=2, num_seeds=2, **architecture):
    options = {**models.architecture_options(model), **architecture}
    options = {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}
    return RunSettings(
        "a-run",
        "rayleigh",
        protocol,
        model,
        options,
        TrainingSettings(0.02, 8, epochs),
        seed=5,
        num_seeds=num_seeds,
    )


def channels(count=20, seed=0, links=5):
    return scenarios.to_channels(scenarios.rayleigh(links, count, seed))


def monitored():
    return {"train": channels(), "test": channels(seed=1)}


@pytest.mark.parametrize("protocol", ["stated", "released"])
@pytest.mark.parametrize("model", list(models.MODELS))
def test_first_epochs_of_stacked_seeds_are_those_of_each_seed_alone(model, protocol):
    run = settings(model, protocol, num_seeds=3)

    def curves(seeds):
        trainer = training.Trainer(run, channels(), monitored(), dtype=torch.float64, seeds=seeds)
        for _ in range(2):
            trainer.train_epoch()
        return trainer.curves()

    together = curves(range(3))
    alone = pd.concat([curves(range(s, s + 1)) for s in range(3)])
    keys = ["seed", "epoch", "split"]
    difference = together.set_index(keys)["value"] - alone.set_index(keys)["value"]
    assert len(difference) == 3 * 3 * 2
    assert difference.abs().max() < ROUNDING


def test_curves_start_with_the_untrained_model():
    run = settings(epochs=3)
    result = training.train(run, channels(), monitored())
    assert sorted(result.curves["epoch"].unique()) == [0, 1, 2, 3]
    assert set(result.curves["metric"]) == {"sum_rate"}
    untrained = training.Trainer(run, channels(), monitored())
    first = result.curves.query("epoch == 0 and split == 'test'")["value"].tolist()
    assert first == pytest.approx(untrained.score("test").tolist(), abs=0)


def test_training_improves_the_objective():
    result = training.train(settings("gcn", epochs=15), channels(60), {"train": channels(60)})
    means = result.curves.groupby("epoch")["value"].mean()
    assert means.iloc[-1] > 1.1 * means.iloc[0]


def test_released_protocol_reports_the_released_metric():
    result = training.train(settings("gcn", "released"), channels(), monitored())
    assert set(result.curves["metric"]) == {"released_metric"}
    test = training.cast(channels(seed=1), torch.float32, "cpu")
    power = training.allocate(result.model, test, None)
    expected = objective.released_metric(test.gain, power, test.weight, test.noise_power).mean(dim=1)
    last = result.curves.query("epoch == 2 and split == 'test'")["value"]
    assert last.tolist() == pytest.approx(expected.tolist(), rel=1e-6)


def test_evaluation_stars_are_kept_and_differ_by_seed_and_split():
    run = settings()
    model = models.build("qgnn", seeds=range(2))
    draws = {split: training.evaluation_leaves(run, model, channels(), split) for split in ("train", "test")}
    assert torch.equal(draws["test"], training.evaluation_leaves(run, model, channels(), "test"))
    assert not torch.equal(draws["test"], draws["train"])
    assert not torch.equal(draws["test"][0], draws["test"][1])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("constant", [1, 1, 1]), ("cosine", [1, 0.5, 0.02447]), ("step", [1, 0.8, 0.8])],
)
def test_learning_rate_schedules(schedule, expected):
    settings_ = TrainingSettings(1.0, 1, 10, schedule)
    rates = [training.learning_rate(settings_, epoch) for epoch in (1, 6, 10)]
    assert rates == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("model", list(models.MODELS))
@pytest.mark.parametrize("stop", [0, 1, 2])
def test_a_restored_trainer_goes_on_identically(tmp_path, model, stop):
    run = settings(model, epochs=4)
    whole = training.Trainer(run, channels(), monitored())
    for _ in range(4):
        whole.train_epoch()
    first = training.Trainer(run, channels(), monitored())
    for _ in range(stop):
        first.train_epoch()
    first.save(tmp_path / "state.safetensors")
    second = training.Trainer(run, channels(), monitored())
    second.restore(tmp_path / "state.safetensors")
    while second.epoch < 4:
        second.train_epoch()
    pd.testing.assert_frame_equal(second.curves(), whole.curves(), check_exact=True)
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name])


KILLED = """
import sys
from pathlib import Path
from tests.unit.test_training import channels, monitored, settings
from qgnn_d2d import training
result = training.train(settings(epochs=200), channels(), monitored(), checkpoints=Path(sys.argv[1]))
"""


def test_a_killed_training_resumes_to_the_identical_curve(tmp_path):
    run = settings(epochs=200)
    checkpoint = tmp_path / f"{run.id}-{training.Trainer(run, channels(), monitored()).key}.safetensors"
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, env=environment)
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert process.poll() is None, "the training ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    restored = training.Trainer(run, channels(), monitored())
    restored.restore(checkpoint)
    assert 0 < restored.epoch < 200
    resumed = training.train(run, channels(), monitored(), checkpoints=tmp_path)
    undisturbed = training.train(run, channels(), monitored())
    pd.testing.assert_frame_equal(resumed.curves, undisturbed.curves, check_exact=True)


def saved(folder, run, *data, epochs=1, **options):
    trainer = training.Trainer(run, *data or (channels(), monitored()), **options)
    for _ in range(epochs):
        trainer.train_epoch()
    trainer.save(folder / "state.safetensors")
    return folder / "state.safetensors"


OTHERS = {
    "learning rate": (replace(settings(), training=TrainingSettings(0.01, 8, 2)),),
    "protocol": (settings(protocol="released"),),
    "seed": (replace(settings(), seed=6),),
    "name": (replace(settings(), id="b-run"),),
    "training data": (settings(), channels(seed=2), monitored()),
    "noise": (settings(), replace(channels(), noise_power=0.2), monitored()),
    "test data": (settings(), channels(), {"train": channels(), "test": channels(seed=2)}),
    "what is monitored": (settings(), channels(), {"test": channels(seed=1), "train": channels()}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_checkpoints_of_other_runs_are_refused(tmp_path, other):
    path = saved(tmp_path, *OTHERS[other])
    trainer = training.Trainer(settings(), channels(), monitored())
    with pytest.raises(ValueError, match=r"state.safetensors: no checkpoint of run a-run \(key is '.*'; it must be"):
        trainer.restore(path)
    assert trainer.epoch == 0


def test_checkpoints_of_other_seeds_and_types_are_refused(tmp_path):
    for options in ({"seeds": range(1, 2)}, {"seeds": range(1), "dtype": torch.float64}):
        path = saved(tmp_path, settings(), **options)
        with pytest.raises(ValueError, match="key is"):
            training.Trainer(settings(), channels(), monitored(), seeds=range(1)).restore(path)


def without(start):
    return lambda tensors, about: ({name: t for name, t in tensors.items() if not name.startswith(start)}, about)


def put(name, change):
    return lambda tensors, about: ({**tensors, name: change(tensors.get(name))}, about)


def about(**changes):
    return lambda tensors, metadata: (tensors, {**metadata, **changes})


def records(change):
    return lambda tensors, metadata: (tensors, {**metadata, "records": change(metadata["records"])})


DAMAGES = {
    "no key": (lambda tensors, about: (tensors, {"epoch": 1, "records": about["records"]}), "key is None"),
    "no generators": (without("generator."), r"generator.shuffle.0.* are missing"),
    "no moments": (without("adam."), r"adam.0.exp_avg.* are missing"),
    "no parameter": (without("model.block_angles"), r"model.block_angles.* are missing"),
    "another tensor": (put("model.more", lambda _: torch.zeros(1)), r"model.more.* are none of it"),
    "moments of another shape": (put("adam.0.exp_avg", torch.flatten), "adam.0.exp_avg is torch.float32 of shape"),
    "moments of another type": (put("adam.0.exp_avg", torch.Tensor.double), "adam.0.exp_avg is torch.float64"),
    "moments without a number": (put("adam.0.exp_avg_sq", lambda t: t * torch.nan), "all entries finite"),
    "parameters without a number": (put("model.block_angles", lambda t: t / 0), "all entries finite"),
    "other steps": (put("adam.1.step", lambda t: t + 1), "adam.1.step is 4; after epoch 1 it must be 3"),
    "a generator's state cut": (put("generator.model.1", lambda t: t[:-1].clone()), "generator.model.1 is torch.uint8"),
    "no generator's state": (put("generator.stars.0", torch.zeros_like), r"no checkpoint of run a-run \("),
    "an epoch beyond the last": (about(epoch=99), "epoch is 99; it must be an integer from 0 to 2"),
    "an epoch before the first": (about(epoch=-1), "epoch is -1"),
    "an epoch as text": (about(epoch="1"), "epoch is '1'"),
    "no epoch": (about(epoch=None), "epoch is None"),
    "another epoch": (about(epoch=2), "adam.0.step is 3; after epoch 2 it must be 6"),
    "epoch 0": (about(epoch=0), r"adam.0.exp_avg.* are none of it"),
    "no records": (about(records=[]), "records are 0; after epoch 1 they must be a list of 4"),
    "text for records": (about(records="none"), "records are a str"),
    "a record missing": (records(lambda r: r[1:]), "records are 3"),
    "a record twice": (records(lambda r: [r[0], *r[:-1]]), "must be"),
    "a record of another split": (records(lambda r: [[0, "tset", r[0][2]], *r[1:]]), r"must be \(0, 'train'\)"),
    "text in a record": (records(lambda r: [[0, "train", "12"], *r[1:]]), "2 finite numbers"),
    "text for a value": (records(lambda r: [[0, "train", ["1", 1.0]], *r[1:]]), "2 finite numbers"),
    "a seed missing": (records(lambda r: [[0, "train", [1.0]], *r[1:]]), "2 finite numbers"),
    "a value that is no number": (records(lambda r: [[0, "train", [1.0, float("nan")]], *r[1:]]), "2 finite numbers"),
    "more than values": (records(lambda r: [[*r[0], 1], *r[1:]]), "2 finite numbers"),
    "no record": (records(lambda r: [7, *r[1:]]), "record 7 must be"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_checkpoints_are_refused(tmp_path, damage):
    change, words = DAMAGES[damage]
    path = saved(tmp_path, settings())
    write_tensors(path, *change(*read_tensors(path)))
    with pytest.raises(ValueError, match=words) as refusal:
        training.Trainer(settings(), channels(), monitored()).restore(path)
    assert str(refusal.value).startswith(f"{path}: ") and "\n" not in str(refusal.value)


def test_a_checkpoint_is_complete_where_not_every_epoch_is_scored(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "MAX_POINTS", 2)
    path = saved(tmp_path, settings("gcn", epochs=6), epochs=5)
    trainer = training.Trainer(settings("gcn", epochs=6), channels(), monitored())
    trainer.restore(path)
    assert trainer.epoch == 5 and [epoch for epoch, _, _ in trainer.records] == [0, 0, 3, 3]
    write_tensors(path, read_tensors(path)[0], read_tensors(path)[1] | {"epoch": 4})
    with pytest.raises(ValueError, match="step is 15; after epoch 4 it must be 12"):
        trainer.restore(path)


def test_only_the_own_checkpoint_is_kept(tmp_path):
    names = ["a-run-0123456789abcdef", "a-run-b-0123456789abcdef", "a-run-2"]
    for name in names:
        (tmp_path / f"{name}.safetensors").write_bytes(b"")
    training.train(settings("gcn"), channels(), monitored(), checkpoints=tmp_path)
    key = training.Trainer(settings("gcn"), channels(), monitored()).key
    assert {path.stem for path in tmp_path.iterdir()} == {f"a-run-{key}", *names[1:]}
    training.remove_checkpoints(settings("gcn"), tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(names[1:])


def test_checkpoint_key_depends_on_settings_and_data():
    keys = {
        training.checkpoint_key(settings(), ["a"]),
        training.checkpoint_key(settings(epochs=3), ["a"]),
        training.checkpoint_key(settings(), ["b"]),
    }
    assert len(keys) == 3
    assert training.checkpoint_key(settings(), ["a"]) in keys


@pytest.mark.parametrize(
    ("part", "name", "value"), [(torch, "__version__", "0.0"), (platform, "machine", lambda: "abacus")]
)
def test_checkpoint_key_depends_on_torch_and_machine(monkeypatch, part, name, value):
    before = training.checkpoint_key(settings(), ["a"])
    monkeypatch.setattr(part, name, value)
    assert training.checkpoint_key(settings(), ["a"]) != before


def test_checkpoint_key_depends_on_the_code(monkeypatch, tmp_path):
    keys = set()
    monkeypatch.setattr(training, "__file__", str(tmp_path / "training.py"))
    for name, text in [("training.py", "a"), ("training.py", "b"), ("models/qgnn.py", "a"), ("models/qgnn.py", "b")]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        keys.add(training.checkpoint_key(settings(), ["a"]))
    assert len(keys) == 4


def save(model, run, path):
    training.save_weights(model, run, path)
    training.save_manifest(run, model, path.with_name("manifest.json"), weights=path)


def test_weights_round_trip(tmp_path):
    run = settings()
    result = training.train(run, channels(), monitored())
    path = tmp_path / "weights.safetensors"
    save(result.model, run, path)
    loaded = training.load_weights(run, path)
    test = training.cast(channels(seed=1), torch.float32, "cpu")
    leaves = training.evaluation_leaves(run, loaded, test, "test")
    value = training.mean_metric(run, loaded, test, leaves).tolist()
    assert value == result.curves.query("epoch == 2 and split == 'test'")["value"].tolist()


def test_weights_of_another_architecture_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save(models.build("qgnn", seeds=range(2)), settings(), path)
    training.load_weights(settings(), path)
    with pytest.raises(ValueError, match=r"manifest.json: architecture is .*'layers': 2"):
        training.load_weights(settings(layers=3), path)
    with pytest.raises(ValueError, match="model is 'qgnn'; run a-run needs 'gcn'"):
        training.load_weights(settings("gcn"), path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "b-run"),
        ("protocol", "released"),
        ("seed", 6),
        ("training", TrainingSettings(0.02, 8, 3)),
        ("scenario", "s"),
    ],
)
def test_weights_of_another_run_of_the_same_architecture_are_refused(tmp_path, field, value):
    path = tmp_path / "weights.safetensors"
    save(models.build("qgnn", seeds=range(2)), replace(settings(), **{field: value}), path)
    with pytest.raises(ValueError, match=rf"manifest.json: {field} is .*; run a-run needs"):
        training.load_weights(settings(), path)


def test_weights_that_their_manifest_does_not_describe_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save(models.build("qgnn", seeds=range(2)), settings(), path)
    training.save_weights(models.build("qgnn", seed=1, seeds=range(2)), settings(), path)
    with pytest.raises(ValueError, match=r"weights.safetensors: not the file that .*manifest.json describes"):
        training.load_weights(settings(), path)
    for content in ("{}", '{"settings": 1}', '{"settings": [], "outputs": "x"}'):
        path.with_name("manifest.json").write_text(content)
        with pytest.raises(ValueError, match=r"manifest.json: id is None; run a-run needs 'a-run'"):
            training.load_weights(settings(), path)
    path.with_name("manifest.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"manifest.json: no such file"):
        training.load_weights(settings(), path)


def test_truncated_weights_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save(models.build("qgnn", seeds=range(2)), settings(), path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"weights.safetensors: not a complete safetensors file"):
        training.load_weights(settings(), path)


def test_a_metric_that_is_not_finite_stops_the_run(monkeypatch):
    trainer = training.Trainer(settings(), channels(), monitored())
    with torch.no_grad():
        next(trainer.model.parameters()).fill_(float("nan"))
    with pytest.raises(ValueError, match=r"run a-run: the .* metric is not finite after epoch 1"):
        trainer.train_epoch()


@pytest.mark.parametrize(
    ("field", "value"), [("learning_rate", 0.0), ("batch_size", 0), ("epochs", -1), ("schedule", "linear")]
)
def test_training_settings_out_of_range_are_refused(field, value):
    good = {"learning_rate": 0.1, "batch_size": 4, "epochs": 2, "schedule": "cosine"}
    with pytest.raises(ValueError, match=field):
        TrainingSettings(**{**good, field: value})


@pytest.mark.parametrize("rule", ["strongest", "competitors"])
def test_informed_leaves_belong_to_the_realizations_of_their_batch(rule, monkeypatch):
    run = replace(settings(stars=rule), training=TrainingSettings(0.02, 8, 2, drop_links=0.3))
    trainer = training.Trainer(run, channels(), {})
    seen = []
    monkeypatch.setattr(trainer, "loss", lambda *batch: seen.append(batch) or leaf_loss(trainer))
    trainer.train_epoch()
    for gain, weight, leaves in seen:
        for s in range(run.num_seeds):
            drawn = scenarios.Channels(gain[s], weight[s], trainer.train.noise_power, trainer.train.p_max)
            assert torch.equal(leaves[s], stars.choose(rule, drawn, trainer.model.k, torch.Generator()))


def test_links_are_left_out_of_training_realizations_only(monkeypatch):
    run = replace(settings("gcn"), training=TrainingSettings(0.02, 8, 3, drop_links=0.25))
    data = channels(400)
    trainer = training.Trainer(run, data, {"train": data})
    seen = []
    monkeypatch.setattr(trainer, "loss", lambda *batch: seen.append(batch) or leaf_loss(trainer))
    monkeypatch.setattr(trainer, "_score", lambda: None)
    trainer.train_epoch()
    gain, weight = (torch.cat(parts, dim=1) for parts in list(zip(*seen, strict=True))[:2])
    absent = weight == 0
    assert abs(absent.double().mean() - 0.25) < 5 * (0.25 * 0.75 / absent.numel()) ** 0.5
    assert (absent[0] != absent[1]).any()  # every seed leaves out its own
    for s in range(run.num_seeds):
        present = ~absent[s]
        pairs = present.unsqueeze(-1) & present.unsqueeze(-2)
        assert ((gain[s] > 0) == pairs).all()
        original = {round(value.item(), 6) for value in data.weight.float().flatten()}
        assert {round(value.item(), 6) for value in weight[s][present]} <= original
    assert (trainer.monitored["train"].weight > 0).all()


def test_settings_without_augmentation_do_not_mention_it():
    run = settings()
    assert "drop_links" not in run.as_dict()["training"]
    dropping = run.changed({"drop_links": 0.1})
    assert dropping.as_dict()["training"]["drop_links"] == 0.1
    assert RunSettings.from_dict(dropping.as_dict()) == dropping and RunSettings.from_dict(run.as_dict()) == run


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, float("nan")])
def test_impossible_shares_of_left_out_links_are_refused(value):
    with pytest.raises(ValueError, match="drop_links is"):
        TrainingSettings(0.1, 8, 2, drop_links=value)


def leaf_loss(trainer):
    return sum(parameter.sum() for parameter in trainer.model.parameters())


def test_long_curves_are_scored_at_most_so_often():
    epochs = 2 * training.MAX_POINTS + 1
    result = training.train(settings("gcn", epochs=epochs), channels(4), {"test": channels(2)})
    scored = sorted(result.curves["epoch"].unique())
    assert scored == [*range(0, epochs, 2), epochs]


def test_a_schedule_by_gradient_step_falls_within_an_epoch():
    per_step = TrainingSettings(1.0, 32, 2, "cosine_step")
    rates = [training.learning_rate(per_step, epoch, part) for epoch in (1, 2) for part in (0.0, 0.5)]
    assert rates == pytest.approx([(1 + np.cos(np.pi * x / 4)) / 2 for x in range(4)])
