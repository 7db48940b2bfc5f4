"""A training goes on from its checkpoint as if nothing had happened, and from nobody else's."""

import platform
from dataclasses import replace

import pandas as pd
import pytest
import torch

from qgnn_d2d.io import read_tensors, write_tensors
from qgnn_d2d.settings import MODELS
from qgnn_d2d.training import Trainer, checkpoint, train, trainer
from tests.unit.training.cases import channels, monitored, run_of

RUN = run_of()


def trained(run=RUN, *data, epochs=1, **options):
    found = Trainer(run, *data or (channels(), monitored()), **options)
    for _ in range(epochs):
        found.train_epoch()
    return found


def saved(folder, *arguments, **options):
    path = folder / "state.safetensors"
    checkpoint.save(trained(*arguments, **options), path)
    return path


@pytest.mark.parametrize("stop", [0, 1, 2])
@pytest.mark.parametrize("model", MODELS)
def test_a_restored_training_goes_on_identically(tmp_path, model, stop):
    run = run_of(model, epochs=3, training={"drop_links": 0.2, "running_mean": True} if model == "gcn" else {})
    whole = trained(run, epochs=3)
    second = Trainer(run, channels(), monitored())
    checkpoint.restore(second, saved(tmp_path, run, epochs=stop))
    assert second.epoch == stop
    while second.epoch < 3:
        second.train_epoch()
    pd.testing.assert_frame_equal(second.curves(), whole.curves(), check_exact=True)
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name])


def test_an_interrupted_training_takes_up_its_checkpoint_and_keeps_it(tmp_path, monkeypatch):
    run = run_of("gcn_small", epochs=4)
    undisturbed = train(run, channels(), monitored())
    train_epoch = Trainer.train_epoch

    def interrupted(self):
        if self.epoch == 2:
            raise KeyboardInterrupt
        train_epoch(self)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(run, channels(), monitored(), checkpoints=tmp_path, checkpoint_seconds=0)
    epochs = []
    monkeypatch.setattr(Trainer, "train_epoch", lambda self: epochs.append(self.epoch) or train_epoch(self))
    resumed = train(run, channels(), monitored(), checkpoints=tmp_path)
    assert epochs == [2, 3]
    pd.testing.assert_frame_equal(resumed.curves, undisturbed.curves, check_exact=True)
    assert len(list(tmp_path.iterdir())) == 1


OTHERS = {
    "learning rate": ((RUN.changed({"learning_rate": 0.01}),), {}),
    "model options": ((RUN.changed({"k": 2}),), {}),
    "protocol": ((run_of(protocol="released"),), {}),
    "seed": ((RUN.model_copy(update={"seed": 6}),), {}),
    "name": ((RUN.model_copy(update={"id": "b-run"}),), {}),
    "training data": ((RUN, channels(seed=2), monitored()), {}),
    "noise": ((RUN, replace(channels(), noise_power=0.2), monitored()), {}),
    "test data": ((RUN, channels(), {"train": channels(), "test": channels(seed=2)}), {}),
    "monitored splits": ((RUN, channels(), {"test": channels(seed=1), "train": channels()}), {}),
    "seeds": ((), {"seeds": range(1)}),
    "type": ((), {"dtype": torch.float64}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_checkpoints_of_other_runs_are_refused(tmp_path, other):
    arguments, options = OTHERS[other]
    path = saved(tmp_path, *arguments, epochs=0, **options)
    found = Trainer(RUN, channels(), monitored())
    with pytest.raises(ValueError, match=r"state.safetensors: no checkpoint of run a-run \(key is '.*'; it must be"):
        checkpoint.restore(found, path)
    assert found.epoch == 0


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
    "moments of another shape": (
        put("adam.0.exp_avg", lambda t: t.unsqueeze(0)),
        "adam.0.exp_avg is torch.float32 of shape",
    ),
    "moments of another type": (put("adam.0.exp_avg", torch.Tensor.double), "adam.0.exp_avg is torch.float64"),
    "moments without a number": (put("adam.0.exp_avg_sq", lambda t: t * torch.nan), "all entries finite"),
    "parameters without a number": (put("model.block_angles", lambda t: t / 0), "all entries finite"),
    "other steps": (put("adam.0.step", lambda t: t + 1), "adam.0.step is 4; after epoch 1 it must be 3"),
    "a generator's state cut": (put("generator.model.1", lambda t: t[:-1].clone()), "generator.model.1 is torch.uint8"),
    "no generator's state": (put("generator.stars.0", torch.zeros_like), r"no checkpoint of run a-run \("),
    "an epoch beyond the last": (about(epoch=99), "epoch is 99; it must be an integer from 0 to 2"),
    "an epoch before the first": (about(epoch=-1), "epoch is -1"),
    "an epoch as text": (about(epoch="1"), "epoch is '1'"),
    "another epoch": (about(epoch=2), "adam.0.step is 3; after epoch 2 it must be 6"),
    "epoch 0": (about(epoch=0), r"adam.0.exp_avg.* are none of it"),
    "no records": (about(records=[]), "records are 0; after epoch 1 they must be a list of 4"),
    "text for records": (about(records="none"), "records are a str"),
    "a record missing": (records(lambda r: r[1:]), "records are 3"),
    "a record twice": (records(lambda r: [r[0], *r[:-1]]), "must be"),
    "a record of another split": (records(lambda r: [[0, "tset", r[0][2]], *r[1:]]), r"must be \(0, 'train'\)"),
    "text for a value": (records(lambda r: [[0, "train", ["1", 1.0]], *r[1:]]), "2 finite numbers"),
    "a seed missing": (records(lambda r: [[0, "train", [1.0]], *r[1:]]), "2 finite numbers"),
    "a value that is no number": (records(lambda r: [[0, "train", [1.0, float("nan")]], *r[1:]]), "2 finite numbers"),
    "more than values": (records(lambda r: [[*r[0], 1], *r[1:]]), "2 finite numbers"),
    "no record": (records(lambda r: [7, *r[1:]]), "record 7 must be"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return read_tensors(saved(tmp_path_factory.mktemp("whole")))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_checkpoints_are_refused(tmp_path, whole, damage):
    change, words = DAMAGES[damage]
    path = tmp_path / "state.safetensors"
    write_tensors(path, *change(*whole))
    with pytest.raises(ValueError, match=words) as refusal:
        checkpoint.restore(Trainer(RUN, channels(), monitored()), path)
    assert str(refusal.value).startswith(f"{path}: ") and "\n" not in str(refusal.value)


def test_truncated_checkpoints_are_refused(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"state\.safetensors: not a complete safetensors file"):
        checkpoint.restore(Trainer(RUN, channels(), monitored()), path)


def test_a_checkpoint_is_complete_where_not_every_epoch_is_scored(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "MAX_POINTS", 2)
    run = run_of("gcn_small", epochs=6)
    path = saved(tmp_path, run, epochs=5)
    found = Trainer(run, channels(), monitored())
    checkpoint.restore(found, path)
    assert found.epoch == 5 and [epoch for epoch, _, _ in found.records] == [0, 0, 3, 3]


def test_only_the_own_checkpoint_is_kept(tmp_path):
    names = ["a-run-0123456789abcdef", "a-run-b-0123456789abcdef", "a-run-2"]
    for name in names:
        (tmp_path / f"{name}.safetensors").write_bytes(b"")
    run = run_of("gcn_small")
    train(run, channels(), monitored(), checkpoints=tmp_path)
    key = Trainer(run, channels(), monitored()).key
    assert {path.stem for path in tmp_path.iterdir()} == {f"a-run-{key}", *names[1:]}


def test_a_trained_run_is_not_trained_again(tmp_path, monkeypatch):
    run = run_of("gcn_small")
    first = train(run, channels(), monitored(), checkpoints=tmp_path)
    monkeypatch.setattr(Trainer, "train_epoch", lambda self: pytest.fail("trained again"))
    again = train(run, channels(), monitored(), checkpoints=tmp_path)
    pd.testing.assert_frame_equal(first.curves, again.curves, check_exact=True)
    for name, tensor in first.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name])


@pytest.mark.parametrize(
    ("part", "name", "value"), [(torch, "__version__", "0.0"), (platform, "machine", lambda: "abacus")]
)
def test_the_key_depends_on_torch_and_machine(monkeypatch, part, name, value):
    before = checkpoint.key(RUN, range(2), {})
    assert before == checkpoint.key(RUN, range(2), {})
    monkeypatch.setattr(part, name, value)
    assert checkpoint.key(RUN, range(2), {}) != before


def test_the_key_depends_on_the_circuit():
    """A block of one's own is no code of the library."""
    keys = {checkpoint.key(RUN, range(2), {}, circuit) for circuit in (None, "mine 1", "mine 2")}
    assert len(keys) == 3
    first, second = (Trainer(RUN, channels(), {}) for _ in range(2))
    second.model.engine.ansatz = replace(second.model.engine.ansatz, observables=("X", "Z", "Y"))
    assert first.key != second.key


def test_the_key_depends_on_the_code_of_the_trainer_and_of_the_runs_own_model(monkeypatch):
    keys, asked = set(), []
    for digest in ("a", "b"):
        monkeypatch.setattr(checkpoint, "code_hash", lambda *args, digest=digest: asked.append(args) or digest)
        keys.add(checkpoint.key(RUN, range(2), {}))
    assert len(keys) == 2
    assert asked == [("qgnn_d2d.training.trainer", [RUN.architecture.implementation])] * 2
