"""Training: all seeds of a run together, one point per epoch, resumable at any epoch.

The loss of seed s is minus the mean objective over its batch, and the losses of all seeds are summed, so that each
seed's gradient is its own. Adam works element by element: a seed trains here as it would alone.
"""

from __future__ import annotations

import glob
import hashlib
import json
import math
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from .. import models, objective, stars
from ..channels.scenarios import Channels
from ..checks import require_count
from ..io import read_json, read_tensors, sha256, write_json, write_tensors
from ..models import PowerModel
from ..random_streams import torch_generator
from ..settings.study import RunSettings, TrainingSettings

MAX_POINTS = 200  # of a curve, besides the untrained model
KEY_LENGTH = 16  # hexadecimal digits of a checkpoint's key
EVALUATION_CHUNK = 25  # realizations per forward pass in evaluation, fewer beyond 10 links: small enough for the cache

Metric = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float], torch.Tensor]
METRICS: dict[str, tuple[str, Metric]] = {
    "stated": ("sum_rate", objective.weighted_sum_rate),
    "released": ("released_metric", objective.released_metric),
}
"""Protocol to the name and the function of the quantity that its models are trained on and reported in."""

_STEP_EPOCHS, _STEP_FACTOR = 5, 0.8  # the public code's StepLR


@dataclass(frozen=True)
class TrainedRun:
    """What training yields.

    Attributes:
        curves: Tidy table (run, seed, epoch, split, metric, value); epoch 0 is the untrained model.
        model: The model after its last epoch, in evaluation mode.
    """

    curves: pd.DataFrame
    model: PowerModel


def learning_rate(training: TrainingSettings, epoch: int, part: float = 0.0) -> float:
    """Return the learning rate in ``epoch`` (1 is the first), after ``part`` of its gradient steps (0 to 1).

    Example:
        >>> learning_rate(TrainingSettings(0.1, 32, 10, "step"), 6)
        0.08000000000000002
    """
    if training.schedule == "cosine":
        return training.learning_rate * (1 + math.cos(math.pi * (epoch - 1) / training.epochs)) / 2
    if training.schedule == "cosine_step":
        return training.learning_rate * (1 + math.cos(math.pi * (epoch - 1 + part) / training.epochs)) / 2
    if training.schedule == "step":
        return training.learning_rate * _STEP_FACTOR ** ((epoch - 1) // _STEP_EPOCHS)
    return training.learning_rate


def evaluation_leaves(run: RunSettings, model: PowerModel, channels: Channels, split: str) -> torch.Tensor | None:
    """Choose the stars of a split for every seed, once: (S, N, M, k); None for models without stars."""
    if model.k is None:
        return None
    draws = [
        stars.choose(model.stars, channels, model.k, torch_generator(run.seed, "stars", split, s))
        for s in range(run.num_seeds)
    ]
    return torch.stack(draws)


@torch.no_grad()
def allocate(model: PowerModel, channels: Channels, leaves: torch.Tensor | None) -> torch.Tensor:
    """Return the powers of every seed's model on every realization.

    Args:
        model: Put into evaluation mode here.
        channels: N realizations of M links.
        leaves: (S, N, M, k) or None.

    Returns:
        (S, N, M) transmit powers.

    Raises:
        ValueError: A leaf is none of the M links, or a shape or type does not fit (see `PowerModel.forward`).
    """
    if leaves is not None and leaves.numel():
        first, last = int(leaves.min()), int(leaves.max())
        if first < 0 or last >= channels.num_links:
            raise ValueError(f"leaves are from {first} to {last}; they must be from 0 to {channels.num_links - 1}")
    model.eval()
    seeds, powers = model.num_seeds, []
    chunk = max(1, min(EVALUATION_CHUNK, EVALUATION_CHUNK * 10**2 // channels.num_links**2))
    for start in range(0, len(channels), chunk):
        part = slice(start, start + chunk)
        gain = channels.gain[part].expand(seeds, -1, -1, -1)
        weight = channels.weight[part].expand(seeds, -1, -1)
        chosen = None if leaves is None else leaves[:, part].to(gain.device)
        powers.append(model(gain, weight, channels.noise_power, channels.p_max, chosen))
    return torch.cat(powers, dim=1)


def mean_metric(run: RunSettings, model: PowerModel, channels: Channels, leaves: torch.Tensor | None) -> torch.Tensor:
    """Return every seed's mean over the realizations of the quantity that the run's protocol reports: (S,)."""
    _, metric = METRICS[run.protocol]
    power = allocate(model, channels, leaves)
    return metric(channels.gain, power, channels.weight, channels.noise_power).mean(dim=1)


class Trainer:
    """Trains the seeds of one run; its whole state can be saved and restored between epochs.

    Args:
        run: The run.
        train: Training realizations.
        monitored: Split name to realizations that are scored after every epoch (``train`` itself may be one).
        dtype: Of parameters and channels.
        seeds: The seeds to train; all of the run's by default.
    """

    def __init__(
        self,
        run: RunSettings,
        train: Channels,
        monitored: dict[str, Channels],
        *,
        dtype: torch.dtype = torch.float32,
        seeds: range | None = None,
    ) -> None:
        self.run = run
        self.seeds = range(run.num_seeds) if seeds is None else seeds
        self.train = cast(train, dtype, run.device)
        self.monitored = {split: cast(data, dtype, run.device) for split, data in monitored.items()}
        self.model = models.build(
            run.model, run.architecture, seed=run.seed, seeds=self.seeds, dtype=dtype, device=run.device
        )
        self.model.features.fit(self.train.gain, self.train.weight, self.train.noise_power, self.train.p_max)
        self.metric_name, self.metric = METRICS[run.protocol]
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=run.training.learning_rate)
        self.generators = {
            name: [torch_generator(run.seed, name, s) for s in self.seeds] for name in ("shuffle", "stars")
        }
        if run.training.drop_links is not None:
            self.generators["drop"] = [torch_generator(run.seed, "drop", s) for s in self.seeds]
        self.generators["model"] = list(self.model.generators)
        self.leaves = {
            split: self._select(evaluation_leaves(run, self.model, data, split))
            for split, data in self.monitored.items()
        }
        self.epoch = 0
        self.records: list[tuple[int, str, list[float]]] = []
        self._score()

    def _select(self, leaves: torch.Tensor | None) -> torch.Tensor | None:
        return None if leaves is None else leaves[list(self.seeds)]

    def score(self, split: str) -> torch.Tensor:
        """Return the mean metric of every seed on a monitored split: (S,)."""
        return mean_metric(self.run, self.model, self.monitored[split], self.leaves[split])

    def _is_scored(self, epoch: int) -> bool:
        """Whether the curve has a point after ``epoch``: every one has, or MAX_POINTS where there are many epochs."""
        epochs = self.run.training.epochs
        return epoch % max(1, epochs // MAX_POINTS) == 0 or epoch == epochs

    def _score(self) -> None:
        """Record the monitored splits."""
        if not self._is_scored(self.epoch):
            return
        for split in self.monitored:
            values = self.score(split).double().tolist()
            if not np.isfinite(values).all():
                raise ValueError(f"run {self.run.id}: the {split} metric is not finite after epoch {self.epoch}")
            self.records.append((self.epoch, split, values))

    def train_epoch(self) -> None:
        """Train one epoch on freshly drawn stars, then score the monitored splits."""
        training = self.run.training
        orders = [torch.randperm(len(self.train), generator=g) for g in self.generators["shuffle"]]
        drawn = [self._without_some_links(self.train.take(order), i) for i, order in enumerate(orders)]
        gains, weights = (torch.stack([getattr(c, name) for c in drawn]) for name in ("gain", "weight"))
        leaves = None
        if self.model.k is not None:
            chosen = [
                stars.choose(self.model.stars, channels, self.model.k, g)
                for channels, g in zip(drawn, self.generators["stars"], strict=True)
            ]
            leaves = torch.stack(chosen).to(gains.device)
        self.model.train()
        count = len(self.train)
        for start in range(0, count, training.batch_size):
            part = (slice(None), slice(start, start + training.batch_size))  # (S, B)
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(training, self.epoch + 1, start / count)
            self.optimizer.zero_grad()
            self.loss(gains[part], weights[part], None if leaves is None else leaves[part]).backward()
            self.optimizer.step()
        self.epoch += 1
        self._score()

    def _without_some_links(self, channels: Channels, index: int) -> Channels:
        """Leave links out with the run's probability: an absent link has no weight, is not heard and hears nobody."""
        drop_links = self.run.training.drop_links
        if drop_links is None:
            return channels
        draws = torch.rand(channels.weight.shape, generator=self.generators["drop"][index])
        kept = (draws >= drop_links).to(channels.weight)
        return Channels(
            channels.gain * kept.unsqueeze(-1) * kept.unsqueeze(-2),
            channels.weight * kept,
            channels.noise_power,
            channels.p_max,
        )

    def loss(self, gain: torch.Tensor, weight: torch.Tensor, leaves: torch.Tensor | None) -> torch.Tensor:
        """Return minus the objective, averaged over each seed's batch (S, B, ...) and summed over the seeds."""
        power = self.model(gain, weight, self.train.noise_power, self.train.p_max, leaves)
        return -self.metric(gain, power, weight, self.train.noise_power).mean(dim=1).sum()

    def curves(self) -> pd.DataFrame:
        """Return the tidy curves so far."""
        return pd.DataFrame(
            [
                (self.run.id, seed, epoch, split, self.metric_name, value)
                for epoch, split, values in self.records
                for seed, value in zip(self.seeds, values, strict=False)
            ],
            columns=["run", "seed", "epoch", "split", "metric", "value"],
        )

    @cached_property
    def key(self) -> str:
        """What a checkpoint belongs to: a hash of all that the curve depends on, and of what it shows."""
        data = {"train": self.train, **{f"monitored {split}": channels for split, channels in self.monitored.items()}}
        return checkpoint_key(self.run, [f"{self.seeds}", *(f"{name} {_digest(c)}" for name, c in data.items())])

    def _state(self) -> dict[str, torch.Tensor]:
        """Return all tensors that the next epoch depends on: parameters, Adam's moments, generators."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": tensor for name, tensor in state.items()}
        for name, generators in self.generators.items():
            tensors |= {f"generator.{name}.{i}": generator.get_state() for i, generator in enumerate(generators)}
        return tensors

    def save(self, path: Path) -> None:
        """Write everything that the next epoch depends on, and the curves so far."""
        write_tensors(path, self._state(), {"key": self.key, "epoch": self.epoch, "records": self.records})

    def restore(self, path: Path) -> None:
        """Take up the state that `save` wrote.

        Raises:
            ValueError: The file is truncated or foreign, or of another run: of other settings, data or seeds, or of
                other code. The line names it.
        """
        tensors, metadata = read_tensors(path)
        try:
            records = self._checked(tensors, metadata)
            self._take_up(tensors)
        except (ValueError, RuntimeError) as error:  # RuntimeError: a generator knows its state by its content only
            raise ValueError(f"{path}: no checkpoint of run {self.run.id} ({' '.join(str(error).split())})") from error
        self.epoch, self.records = metadata["epoch"], records

    def _checked(
        self, tensors: dict[str, torch.Tensor], metadata: dict[str, Any]
    ) -> list[tuple[int, str, list[float]]]:
        """Return a checkpoint's records; raise a ValueError unless all of it is what this trainer would write."""
        if metadata.get("key") != self.key:
            raise ValueError(
                f"key is {metadata.get('key')!r}; it must be {self.key!r}, of these settings, data and code"
            )
        epoch: Any = metadata.get("epoch")
        require_count("epoch", epoch, minimum=0, maximum=self.run.training.epochs)
        expected = {name: own for name, own in self._state().items() if not name.startswith("adam.")}
        steps = torch.tensor(float(epoch * math.ceil(len(self.train) / self.run.training.batch_size)))
        for index, parameter in enumerate(self.model.parameters() if epoch else ()):
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
        points = [(e, split) for e in range(epoch + 1) if self._is_scored(e) for split in self.monitored]
        records = metadata.get("records")
        if not isinstance(records, list) or len(records) != len(points):
            number = len(records) if isinstance(records, list) else f"a {type(records).__name__}"
            raise ValueError(f"records are {number}; after epoch {epoch} they must be a list of {len(points)}")
        for point, record in zip(points, records, strict=True):
            if not isinstance(record, list) or record[:2] != [*point] or not self._are_values(record[2:]):
                raise ValueError(f"record {record!r:.80} must be {point} and {len(self.seeds)} finite numbers")
        return [(*point, values) for point, (_, _, values) in zip(points, records, strict=True)]

    def _are_values(self, found: list[Any]) -> bool:
        """Whether a record ends in one list with a finite number per seed."""
        return [type(values) for values in found] == [list] and [
            type(value) is float and math.isfinite(value) for value in found[0]
        ] == [True] * len(self.seeds)

    def _take_up(self, tensors: dict[str, torch.Tensor]) -> None:
        own: dict[str, dict[str, torch.Tensor]] = {"model": {}, "adam": {}, "generator": {}}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            own[kind][rest] = tensor
        for stream, generators in self.generators.items():
            for i, generator in enumerate(generators):
                generator.set_state(own["generator"][f"{stream}.{i}"])
        self.model.load_state_dict(own["model"])
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in own["adam"].items():
            index, _, moment = name.partition(".")
            moments.setdefault(int(index), {})[moment] = tensor
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})


def _digest(channels: Channels) -> str:
    """Return the SHA-256 of channels: type, shape, entries, noise and largest amplitude."""
    about = (channels.gain.dtype, tuple(channels.gain.shape), channels.noise_power, channels.p_max)
    digest = hashlib.sha256(repr(about).encode())
    for values in (channels.gain, channels.weight):
        digest.update(values.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()


def cast(channels: Channels, dtype: torch.dtype, device: str) -> Channels:
    """Return the channels in another dtype on another device."""
    return Channels(
        channels.gain.to(device, dtype),
        channels.weight.to(device, dtype),
        channels.noise_power,
        channels.p_max,
    )


def checkpoint_key(run: RunSettings, data_hashes: list[str]) -> str:
    """Return what a run's checkpoint goes by, in its name and inside: a hash of settings, data, code and versions."""
    code = [sha256(path) for path in sorted(Path(__file__).parents[1].rglob("*.py"))]
    content = json.dumps([run.as_dict(), data_hashes, code, torch.__version__, platform.machine()], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:KEY_LENGTH]


def train(
    run: RunSettings,
    train_channels: Channels,
    monitored: dict[str, Channels],
    *,
    checkpoints: Path | None = None,
    progress: TextIO | None = None,
) -> TrainedRun:
    """Train a run to its last epoch, taking up its checkpoint if there is one; one of another version is removed.

    Args:
        run: The run.
        train_channels: Training realizations.
        monitored: Split name to realizations that are scored after every epoch.
        checkpoints: Folder of the checkpoint, which is rewritten after every epoch and stays (`remove_checkpoints`);
            None keeps none.
        progress: Where the progress bar goes; None shows none.

    Returns:
        Curves and trained model.

    Raises:
        ValueError: A metric stops being finite, or the checkpoint is no file of this run.
    """
    torch.set_num_threads(run.num_threads)
    trainer = Trainer(run, train_channels, monitored)
    checkpoint = None if checkpoints is None else checkpoints / f"{run.id}-{trainer.key}.safetensors"
    if checkpoint is not None:
        remove_checkpoints(run, checkpoint.parent, besides=checkpoint)
        if checkpoint.exists():
            trainer.restore(checkpoint)
    epochs = run.training.epochs
    with tqdm(
        total=epochs,
        initial=trainer.epoch,
        desc=run.id,
        unit="epoch",
        file=progress,
        disable=progress is None,
        mininterval=2.0,
    ) as bar:
        while trainer.epoch < epochs:
            trainer.train_epoch()
            if checkpoint is not None:
                trainer.save(checkpoint)
            bar.update()
            bar.set_postfix(
                {f"{split}": f"{np.mean(values):.3f}" for _, split, values in trainer.records[-len(monitored) :]}
            )
    trainer.model.eval()
    return TrainedRun(trainer.curves(), trainer.model)


def remove_checkpoints(run: RunSettings, checkpoints: Path, *, besides: Path | None = None) -> None:
    """Remove a run's checkpoints, of whatever settings, data and code, ``besides`` one of them."""
    for path in checkpoints.glob(f"{glob.escape(run.id)}-{'?' * KEY_LENGTH}.safetensors"):
        if path != besides:
            path.unlink(missing_ok=True)


def save_weights(model: PowerModel, run: RunSettings, path: Path | str) -> None:
    """Write a model's parameters and buffers as safetensors, with model name and architecture in the header.

    `load_weights` needs the run's manifest beside them (`save_manifest`).
    """
    write_tensors(
        path,
        model.state_dict(),
        {"model": run.model, "architecture": run.architecture, "num_seeds": model.num_seeds},
    )


def save_manifest(run: RunSettings, model: PowerModel, path: Path | str, **outputs: Path) -> None:
    """Write what a trained run is: settings, metric, parameters, and hashes of its outputs, by name."""
    content = {
        "settings": run.as_dict(),
        "metric": METRICS[run.protocol][0],
        "num_parameters": model.num_parameters,
        "outputs": {name: sha256(output) for name, output in outputs.items()},
    }
    write_json(path, content)


def check_manifest(run: RunSettings, path: Path | str, **outputs: Path) -> None:
    """Require that a manifest is one of the run, and describes these outputs.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, of other settings, or describes other outputs; the line names it or the output.
    """
    manifest = read_json(path)
    settings, hashes = (
        part if isinstance(part := manifest.get(name), dict) else {} for name in ("settings", "outputs")
    )
    for name, value in json.loads(json.dumps(run.as_dict())).items():
        if settings.get(name) != value:
            raise ValueError(f"{path}: {name} is {settings.get(name)!r}; run {run.id} needs {value!r}")
    for name, output in outputs.items():
        if hashes.get(name) != sha256(output):
            raise ValueError(f"{output}: not the file that {path} describes")


def load_weights(run: RunSettings, path: Path | str) -> PowerModel:
    """Rebuild a run's trained model.

    Args:
        run: The run.
        path: Its weights; the manifest beside them (``manifest.json``) says whose they are.

    Raises:
        FileNotFoundError: There is no such file, or no manifest.
        ValueError: The weights are those of another run (see `check_manifest`), the file is no weights file, or has
            weights of another type or that are not finite; the line names it.
    """
    tensors, _ = read_tensors(path)
    check_manifest(run, Path(path).with_name("manifest.json"), weights=Path(path))
    model = models.build(run.model, run.architecture, seed=run.seed, seeds=range(run.num_seeds), device=run.device)
    for name, own in model.state_dict().items():
        found = tensors.get(name, own)
        if found.dtype != own.dtype or not torch.isfinite(found).all():
            raise ValueError(f"{path}: {name} has dtype {found.dtype}; it must be {own.dtype}, all entries finite")
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{path}: weights do not fit run {run.id} ({' '.join(str(error).split())})") from error
    return model.eval()
