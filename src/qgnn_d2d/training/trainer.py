"""Training: all seeds of a run together, one point per epoch, resumable at any epoch.

The loss of seed s is minus the mean objective over its batch, and the losses of all seeds are summed, so that each
seed's gradient is its own. Adam works element by element: a seed trains here as it would alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TextIO, TypeVar

import numpy as np
import torch
from tqdm import tqdm

from .. import models, stars
from ..channels import Channels
from ..models import PowerModel
from ..models.kernels import computed_by, kernel_of
from ..objective import trained_quantity
from ..random_streams import torch_generator
from ..settings import RunSettings
from ..settings.training import RUNNING
from . import checkpoint
from .inference import cast, evaluation_leaves, kernel_inputs, kernel_mean, mean_metric
from .schedule import learning_rate

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
T = TypeVar("T")

MAX_POINTS = 200  # of a curve, besides the untrained model


@dataclass(frozen=True)
class TrainedRun:
    """What training yields.

    Attributes:
        curves: Tidy table (run, seed, epoch, split, metric, value); epoch 0 is the untrained model. Splits are the
            monitored ones, and `RUNNING` from epoch 1 on where the run records running means.
        model: The model after its last epoch, in evaluation mode.
    """

    curves: pd.DataFrame
    model: PowerModel


def _with_gradients(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function record gradients whatever mode the caller has set."""

    @wraps(function)
    def recording(*args: P.args, **kwargs: P.kwargs) -> T:
        with torch.inference_mode(False), torch.enable_grad():
            return function(*args, **kwargs)

    return recording


def _require_mixable(run: RunSettings, model: PowerModel, channels: Channels) -> None:
    """Require that padding cannot influence a training."""
    if channels.sizes is None:
        return
    if not model.mixes_sizes:
        raise ValueError(f"run {run.id}: model is {run.model!r}, which is trained on networks of one size only")
    if run.protocol != "stated":
        raise ValueError(f"run {run.id}: protocol is {run.protocol!r}; for networks of several sizes it must be stated")


class Trainer:
    """Trains the seeds of one run; its whole state can be saved and restored between epochs.

    Args:
        run: The run.
        train: Training realizations.
        monitored: Split name to realizations that are scored after every epoch (``train`` itself may be one).
        dtype: Of parameters and channels.
        seeds: The seeds to train; all of the run's by default.
        compiled: Whether compiled kernels may compute the model; False: torch alone, the reference.

    Attributes:
        kernel: What computes powers and gradients; None: torch.
        trained: What Adam steps: the model's parameters, or the kernel's vector of all of them.
    """

    @_with_gradients
    def __init__(
        self,
        run: RunSettings,
        train: Channels,
        monitored: dict[str, Channels],
        *,
        dtype: torch.dtype = torch.float32,
        seeds: range | None = None,
        compiled: bool = True,
    ) -> None:
        self.run = run
        self.seeds = range(run.num_seeds) if seeds is None else seeds
        self.train = cast(train, dtype, run.device)
        self.monitored = {split: cast(data, dtype, run.device) for split, data in monitored.items()}
        self.model = models.build(
            run.model,
            run.architecture,
            seed=run.seed,
            seeds=self.seeds,
            dtype=dtype,
            device=run.device,
            compiled=compiled,
        )
        for data in (self.train, *self.monitored.values()):
            _require_mixable(run, self.model, data)
        self.model.features.fit(
            self.train.gain, self.train.weight, self.train.noise_power, self.train.p_max,
            None if self.train.sizes is None else self.train.real,
        )  # fmt: skip
        self.quantity = trained_quantity(run.protocol)
        self.kernel = kernel_of(self.model)
        rate = run.training.learning_rate
        self.trained = list(self.model.parameters()) if self.kernel is None else [self.kernel.vector]
        fused = computed_by(self.model) != "torch"  # one loop per parameter; torch alone keeps torch's default
        self.optimizer = torch.optim.Adam(self.trained, lr=rate, fused=fused or None)
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
        self._scored = {
            split: kernel_inputs(self.model, data, self.leaves[split], self.quantity)
            for split, data in self.monitored.items()
        }
        self.epoch = 0
        self.records: list[tuple[int, str, list[float]]] = []
        self._score()

    def _select(self, leaves: torch.Tensor | None) -> torch.Tensor | None:
        return None if leaves is None else leaves[list(self.seeds)]

    def score(self, split: str) -> torch.Tensor:
        """Return the mean metric of every seed on a monitored split: (S,)."""
        inputs = self._scored[split]
        if inputs is not None:
            return kernel_mean(self.model, inputs)
        return mean_metric(self.run, self.model, self.monitored[split], self.leaves[split])

    def is_scored(self, epoch: int) -> bool:
        """Whether the curve has a point after ``epoch``: every one has, or MAX_POINTS where there are many epochs."""
        epochs = self.run.training.epochs
        return epoch % max(1, epochs // MAX_POINTS) == 0 or epoch == epochs

    def recorded(self, epoch: int) -> list[str]:
        """Return what the curves have after ``epoch``: monitored splits, and `RUNNING` where the run asks for it."""
        running = [RUNNING] if epoch and self.monitored and self.run.training.running_mean else []
        return [*self.monitored, *running] if self.is_scored(epoch) else []

    def _score(self, running: torch.Tensor | None = None) -> None:
        """Record the monitored splits, and the means over the epoch's batches (S,)."""
        for split in self.recorded(self.epoch):
            means = running if split == RUNNING else self.score(split)
            assert means is not None
            values = means.double().tolist()
            if not np.isfinite(values).all():
                raise ValueError(f"run {self.run.id}: the {split} metric is not finite after epoch {self.epoch}")
            self.records.append((self.epoch, split, values))

    @_with_gradients
    def train_epoch(self) -> None:
        """Train one epoch on freshly drawn stars, then score the monitored splits."""
        training = self.run.training
        gains, weights, leaves = self._draw()
        self.model.train()
        train, inputs, count = self.train, None, len(self.train)
        total = torch.zeros(len(self.seeds), dtype=torch.float64, device=train.gain.device)
        if self.kernel is not None:
            inputs = self.kernel.inputs(gains, weights, train.noise_power, train.p_max, leaves, self.quantity)
        for start in range(0, count, training.batch_size):
            stop = min(count, start + training.batch_size)
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(training, self.epoch + 1, start / count)
            if self.kernel is not None and inputs is not None:
                total += torch.from_numpy(self.kernel.run(inputs, start, stop, gradients=True)[0])
            else:
                part = (slice(None), slice(start, stop))
                chosen = None if leaves is None else leaves[..., start:stop, :, :]
                self.optimizer.zero_grad()
                means = self.means(gains[part], weights[part], chosen)
                (-means.sum()).backward()
                total += means.detach() * (stop - start)
            self.optimizer.step()
        self.epoch += 1
        self._score(total / count)

    def _draw(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Return one epoch's gains (S, N, M, M), weights (S, N, M), leaves (S, L or 1, N, M, k), in each seed's order.

        Links are left out with the run's probability: no weight, no interference caused, none received.
        """
        train, drop_links = self.train, self.run.training.drop_links
        orders = torch.stack([torch.randperm(len(train), generator=g) for g in self.generators["shuffle"]])
        gain, weight = train.gain[orders], train.weight[orders]
        if drop_links is not None:
            size, single = weight.shape[1:], torch.float32  # whatever torch's default is
            draws = [torch.rand(size, generator=g, dtype=single) for g in self.generators["drop"]]
            kept = (torch.stack(draws) >= drop_links).to(weight)
            gain, weight = gain * kept.unsqueeze(-1) * kept.unsqueeze(-2), weight * kept
        if self.model.k is None:
            others = None if train.sizes is None else stars.all_others(train)[orders].unsqueeze(1).to(gain.device)
            return gain, weight, others
        if self.model.stars == "random" and train.num_links > 1 and train.sizes is None:  # reads no channels
            sets = (self.model.num_sets, len(train))
            own = [stars.sample(train.num_links, self.model.k, g, sets) for g in self.generators["stars"]]
            return gain, weight, torch.stack(own).to(gain.device)
        sizes = None if train.sizes is None else train.sizes[orders].flatten()
        drawn = Channels(gain.flatten(0, 1), weight.flatten(0, 1), train.noise_power, train.p_max, sizes)
        streams, num_sets = self.generators["stars"], self.model.num_sets
        leaves = stars.choose(self.model.stars, drawn, self.model.k, *streams, num_sets=num_sets)
        return gain, weight, leaves.unflatten(1, weight.shape[:2]).transpose(0, 1).to(gain.device)

    def means(self, gain: torch.Tensor, weight: torch.Tensor, leaves: torch.Tensor | None) -> torch.Tensor:
        """Return the objective's mean over each seed's batch (S, B, ...): (S,)."""
        power = self.model(gain, weight, self.train.noise_power, self.train.p_max, leaves)
        return self.quantity.values(gain, power, weight, self.train.noise_power).mean(dim=1)

    def curves(self) -> pd.DataFrame:
        """Return the tidy curves so far."""
        import pandas as pd

        return pd.DataFrame(
            [
                (self.run.id, seed, epoch, split, self.quantity.name, value)
                for epoch, split, values in self.records
                for seed, value in zip(self.seeds, values, strict=False)
            ],
            columns=["run", "seed", "epoch", "split", "metric", "value"],
        )

    @cached_property
    def key(self) -> str:
        """What a checkpoint belongs to: a hash of all that the curve depends on, and of what it shows."""
        data = {"train": self.train, **{f"monitored {split}": channels for split, channels in self.monitored.items()}}
        return checkpoint.key(self.run, self.seeds, data, self.model.circuit)


@_with_gradients
def train(
    run: RunSettings,
    train_channels: Channels,
    monitored: dict[str, Channels],
    *,
    checkpoints: Path | None = None,
    checkpoint_seconds: float = 20.0,
    progress: TextIO | None = None,
) -> TrainedRun:
    """Train a run to its last epoch, taking up its checkpoint if there is one; one of another version is removed.

    Args:
        run: The run.
        train_channels: Training realizations.
        monitored: Split name to realizations that are scored after every epoch.
        checkpoints: Folder of the checkpoint, which stays: a run whose settings, data and code are the same is not
            trained again. None keeps none.
        checkpoint_seconds: How often the checkpoint is rewritten; it is after the last epoch, too.
        progress: Where the progress bar goes; None shows none.

    Returns:
        Curves and trained model.

    Raises:
        ValueError: A metric stops being finite, or the checkpoint is no file of this run.
    """
    torch.set_num_threads(run.num_threads)
    trainer = Trainer(run, train_channels, monitored)
    path = None if checkpoints is None else checkpoints / f"{run.id}-{trainer.key}.safetensors"
    if path is not None:
        checkpoint.remove_others(run, path)
        if path.exists():
            checkpoint.restore(trainer, path)
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
        saved = time.monotonic()
        while trainer.epoch < epochs:
            trainer.train_epoch()
            if path is not None and (trainer.epoch == epochs or time.monotonic() - saved >= checkpoint_seconds):
                checkpoint.save(trainer, path)
                saved = time.monotonic()
            last = trainer.records[-len(trainer.recorded(epochs)) :]
            scores = {split: f"{np.mean(values):.3f}" for _, split, values in last}
            bar.set_postfix(scores, refresh=False)
            bar.update()
    trainer.model.eval()
    return TrainedRun(trainer.curves(), trainer.model)
