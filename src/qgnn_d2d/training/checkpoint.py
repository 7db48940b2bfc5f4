"""Checkpoints: the whole state of a training between two epochs, bound to its settings, data and code."""

from __future__ import annotations

import glob
import hashlib
import json
import math
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import torch

from ..channels import Channels
from ..checks import require_count
from ..code_hash import code_hash
from ..io import read_tensors, write_tensors
from ..settings import RunSettings

if TYPE_CHECKING:
    from .trainer import Trainer

_KEY_LENGTH = 16  # hexadecimal digits of a checkpoint's key

Records = list[tuple[int, str, list[float]]]


def key(run: RunSettings, seeds: range, data: dict[str, Channels], circuit: str | None = None) -> str:
    """Return what a checkpoint goes by, in its name and inside: a hash of settings, seeds, data, code and versions.

    ``circuit`` is the model's (`PowerModel.circuit`): its code may be the user's own.
    """
    code = code_hash(f"{__package__}.trainer", [run.architecture.implementation])
    hashes = [f"{seeds}", *(f"{name} {_digest(channels)}" for name, channels in data.items())]
    content = json.dumps(
        [run.as_dict(), hashes, circuit, code, torch.__version__, numba.__version__, platform.machine()], sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()[:_KEY_LENGTH]


def _digest(channels: Channels) -> str:
    """Return the SHA-256 of channels: type, shape, entries, noise and largest amplitude."""
    about = (channels.gain.dtype, tuple(channels.gain.shape), channels.noise_power, channels.p_max)
    digest = hashlib.sha256(repr(about).encode())
    for values in (channels.gain, channels.weight):
        digest.update(values.contiguous().cpu().numpy().tobytes())
    if channels.sizes is not None:
        digest.update(channels.sizes.cpu().numpy().tobytes())
    return digest.hexdigest()


def remove_others(run: RunSettings, path: Path) -> None:
    """Remove a run's checkpoints of other settings, data or code than the one at ``path``."""
    for other in path.parent.glob(f"{glob.escape(run.id)}-{'?' * _KEY_LENGTH}.safetensors"):
        if other != path:
            other.unlink(missing_ok=True)


def save(trainer: Trainer, path: Path) -> None:
    """Write everything that the next epoch depends on, and the curves so far."""
    write_tensors(path, _state(trainer), {"key": trainer.key, "epoch": trainer.epoch, "records": trainer.records})


def restore(trainer: Trainer, path: Path) -> None:
    """Take up the state that `save` wrote.

    Raises:
        ValueError: The file is truncated or foreign, or of another run: of other settings, data or seeds, or of other
            code. The line names it.
    """
    tensors, metadata = read_tensors(path)
    try:
        records = _checked(trainer, tensors, metadata)
        _take_up(trainer, tensors)
    except (ValueError, RuntimeError) as error:  # RuntimeError: a generator knows its state by its content only
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: no checkpoint of run {trainer.run.id} ({reason})") from error
    trainer.epoch, trainer.records = metadata["epoch"], records


def _state(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Return all tensors that the next epoch depends on: parameters, Adam's moments, generators."""
    tensors = {f"model.{name}": tensor for name, tensor in trainer.model.state_dict().items()}
    for index, state in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": tensor for name, tensor in state.items()}
    for name, generators in trainer.generators.items():
        tensors |= {f"generator.{name}.{i}": generator.get_state() for i, generator in enumerate(generators)}
    return tensors


def _checked(trainer: Trainer, tensors: dict[str, torch.Tensor], metadata: dict[str, Any]) -> Records:
    """Return a checkpoint's records; refuse it unless all of it is what this trainer would write."""
    if metadata.get("key") != trainer.key:
        raise ValueError(
            f"key is {metadata.get('key')!r}; it must be {trainer.key!r}, of these settings, data and code"
        )
    training, epoch = trainer.run.training, metadata.get("epoch")
    require_count("epoch", epoch, minimum=0, maximum=training.epochs)
    assert isinstance(epoch, int)
    expected = {name: own for name, own in _state(trainer).items() if not name.startswith("adam.")}
    steps = torch.tensor(float(epoch * math.ceil(len(trainer.train) / training.batch_size)))
    for index, parameter in enumerate(trainer.trained if epoch else ()):
        if not parameter.numel():  # a circuit without angles: Adam keeps nothing of it
            continue
        moments = {"step": steps, "exp_avg": parameter, "exp_avg_sq": parameter}
        expected |= {f"adam.{index}.{name}": own for name, own in moments.items()}
    if tensors.keys() != expected.keys():
        lacking, foreign = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
        raise ValueError(f"tensors {lacking} are missing, {foreign} are none of it")
    for name, own in expected.items():
        found = tensors[name]
        if (found.dtype, found.shape) != (own.dtype, own.shape) or not torch.isfinite(found).all():
            raise ValueError(
                f"{name} is {found.dtype} of shape {tuple(found.shape)}; it must be {own.dtype} of shape "
                f"{tuple(own.shape)}, all entries finite"
            )
        if own is steps and found != steps:
            raise ValueError(f"{name} is {found.item():g}; after epoch {epoch} it must be {steps.item():g}")
    points = [(e, split) for e in range(epoch + 1) for split in trainer.recorded(e)]
    records = metadata.get("records")
    if not isinstance(records, list) or len(records) != len(points):
        number = len(records) if isinstance(records, list) else f"a {type(records).__name__}"
        raise ValueError(f"records are {number}; after epoch {epoch} they must be a list of {len(points)}")
    for point, record in zip(points, records, strict=True):
        if not isinstance(record, list) or record[:2] != [*point] or not _are_values(record[2:], len(trainer.seeds)):
            raise ValueError(f"record {record!r:.80} must be {point} and {len(trainer.seeds)} finite numbers")
    return [(*point, values) for point, (_, _, values) in zip(points, records, strict=True)]


def _are_values(found: list[Any], count: int) -> bool:
    """Whether a record ends in one list with a finite number per seed."""
    return [type(values) for values in found] == [list] and [
        type(value) is float and math.isfinite(value) for value in found[0]
    ] == [True] * count


def _take_up(trainer: Trainer, tensors: dict[str, torch.Tensor]) -> None:
    """Put checked tensors in their places."""
    own: dict[str, dict[str, torch.Tensor]] = {"model": {}, "adam": {}, "generator": {}}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition(".")
        own[kind][rest] = tensor
    for stream, generators in trainer.generators.items():
        for i, generator in enumerate(generators):
            generator.set_state(own["generator"][f"{stream}.{i}"])
    trainer.model.load_state_dict(own["model"])
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in own["adam"].items():
        index, _, moment = name.partition(".")
        moments.setdefault(int(index), {})[moment] = tensor
    trainer.optimizer.load_state_dict({**trainer.optimizer.state_dict(), "state": moments})
