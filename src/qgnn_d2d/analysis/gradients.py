"""Gradients of untrained networks: how their variance over random starts depends on the circuit and on noise.

Where the variance falls by a constant factor with every further qubit, there is a barren plateau: from a random start
no gradient can be measured, and training does not begin. Source: McClean et al., Nat. Commun. 9, 4812, 2018; Cerezo et
al., Nat. Commun. 12, 1791, 2021.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ..channels import Channels
from ..settings import NoiseModel, RunSettings
from ..settings.gradients import GradientStudy
from ..training import Trainer, evaluation_leaves
from .statistics import t_interval

COLUMNS = (
    "axis", "k", "layers", "heads", "noise", "start", "start_range", "angles", "qubits", "num_angles", "starts",
    "realizations", "variance", "low", "high", "percent_of_loss",
)  # fmt: skip
AXES = ("k", "layers", "heads", "noise")
"""What varies, one at a time."""
IDEAL = "ideal"
STARTS = ("narrow", "uniform")
"""Where circuit angles start: in the run's `start_range`, or anywhere on the circle."""
ANGLES = ("all", "first layer")
"""The angles over whose variances a mean is taken: all of the circuits', or those of the first layer."""

_CHUNK = 50  # starts at a time: bounds the memory, changes nothing else


@torch.enable_grad()
def gradients(run: RunSettings, channels: Channels) -> tuple[NDArray[np.float64], float]:
    """Return every start's gradient of its loss with respect to its circuit angles, and the mean loss.

    Each start draws all that a seed of the run draws: circuit angles, classical maps, stars. Computed by torch in
    float64, as gradients may be small.

    Args:
        run: A run of a QGNN; its seeds are the starts.
        channels: The realizations over which a start's loss, minus the mean of what the run trains, is taken.

    Returns:
        (S, L, h, A) gradients by layer, head and angle, and the mean of the losses.
    """
    found: list[torch.Tensor] = []
    losses = 0.0
    for first in range(0, run.num_seeds, _CHUNK):
        seeds = range(first, min(run.num_seeds, first + _CHUNK))
        trainer = Trainer(run, channels, {}, dtype=torch.float64, seeds=seeds, compiled=False)
        leaves = evaluation_leaves(run, trainer.model, trainer.train, "gradients")
        assert leaves is not None
        gain = trainer.train.gain.expand(len(seeds), -1, -1, -1)
        weight = trainer.train.weight.expand(len(seeds), -1, -1)
        loss = -trainer.means(gain, weight, leaves[list(seeds)]).sum()
        found += torch.autograd.grad(loss, trainer.model.get_parameter("block_angles"))
        losses += loss.item()
    return torch.cat(found).cpu().numpy(), losses / run.num_seeds


def variance(slopes: NDArray[np.float64]) -> dict[str, float]:
    """Return the variance over starts of (S, ...) gradients, mean over the angles, with its 95 % interval.

    The variance is a mean of squared deviations, one per start, which the interval takes for independent samples. It
    is the t interval of the variance's logarithm, to first order, so that no end is negative.

    Example:
        >>> variance(np.array([[1.0, 2.0], [3.0, 2.0], [2.0, 2.0]]))["variance"]
        0.5
    """
    count = len(slopes)
    deviations = (slopes - slopes.mean(axis=0)) ** 2 * count / (count - 1)
    samples = deviations.reshape(count, -1).mean(axis=1)
    mean, (_, high) = float(samples.mean()), t_interval(samples)
    factor = math.exp((high - mean) / mean) if mean else 1.0
    return {"variance": mean, "low": mean / factor, "high": mean * factor}


def table(
    study: GradientStudy, run: RunSettings, noise_models: Mapping[str, NoiseModel], channels: Channels
) -> pd.DataFrame:
    """Return the variance of the gradient, option by option.

    Args:
        study: What varies.
        run: The run that `study` names.
        noise_models: The study's, by name.
        channels: Its training realizations.

    Returns:
        Per setting two rows for each of `STARTS`, one for each of `ANGLES`: axis (what varies), k, layers, heads,
        noise (`IDEAL` or a name), start, start_range (rad), angles, qubits of a star, num_angles of the network,
        starts, realizations, variance with its 95 % interval (low, high), percent_of_loss (the standard deviation in
        percent of the mean loss).
    """
    batch = channels.take(slice(study.realizations))
    rows = []
    for start, start_range in zip(STARTS, (run.architecture.model_dump()["start_range"], math.pi), strict=True):
        measured: dict[str, list[dict[str, Any]]] = {}  # the point itself lies on every axis
        for axis, name, changes in _settings(study, noise_models):
            varied = run.changed({**changes, "start_range": start_range})
            varied = varied.model_copy(update={"num_seeds": study.starts})
            if varied.text not in measured:
                measured[varied.text] = _measured(varied, batch)
            about = {"axis": axis, "noise": name, "start": start, "start_range": start_range}
            rows += [{**about, **found} for found in measured[varied.text]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _measured(run: RunSettings, channels: Channels) -> list[dict[str, Any]]:
    """Return a row for each of `ANGLES`, without what `table` adds."""
    slopes, loss = gradients(run, channels)
    options = run.architecture.model_dump()
    about = {name: options[name] for name in ("k", "layers", "heads")}
    about |= {"qubits": 2 * options["k"] + 1, "num_angles": slopes[0].size}
    about |= {"starts": len(slopes), "realizations": len(channels)}
    rows = []
    for angles, part in zip(ANGLES, (slopes, slopes[:, :1]), strict=True):
        found = variance(part)
        percent = 100 * math.sqrt(found["variance"]) / abs(loss)
        rows.append({**about, "angles": angles, **found, "percent_of_loss": percent})
    return rows


def _settings(
    study: GradientStudy, noise_models: Mapping[str, NoiseModel]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what varies, the name of the noise, and the options that are changed."""
    for axis in AXES[:-1]:
        yield from ((axis, IDEAL, {axis: value}) for value in getattr(study, axis))
    yield "noise", IDEAL, {}
    yield from (("noise", name, {"noise": noise_models[name]}) for name in study.noise)
