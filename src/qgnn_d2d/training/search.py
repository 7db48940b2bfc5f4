"""The searches, scored on validation only.

`search` looks for learning rate, batch size and epochs, with the same trials for every run. `compare` tries listed
changes of anything else, for the networks on informed stars.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np
import pandas as pd
import torch
from scipy.stats import qmc
from tqdm import tqdm

from ..channels.scenarios import Channels
from ..checks import require_count, require_positive
from ..settings.study import RunSettings
from .trainer import Trainer, cast, evaluation_leaves, mean_metric


def trials(count: int, seed: int, space: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the settings to try: a scrambled Sobol sequence over the space.

    Args:
        count: Number of trials, best a power of two.
        seed: Scrambling seed; the trials depend on nothing else, so every run gets the same ones.
        space: ``learning_rate`` [lowest, highest], spread logarithmically; ``batch_size`` and ``epochs``, lists to
            choose from.

    Returns:
        One dict of the three settings per trial.

    Raises:
        ValueError: ``count`` or ``seed`` is out of range, the learning rates are no two numbers above 0 in order, or
            there is nothing to choose from.
    """
    require_count("trials", count)
    require_count("seed", seed, minimum=0)
    lowest, highest = space["learning_rate"]
    for rate in (lowest, highest):
        require_positive("learning_rate to search", rate)
    if lowest > highest or highest / lowest == math.inf:
        raise ValueError(
            f"learning_rate to search is {[lowest, highest]}; the lowest one must come first, and their ratio be finite"
        )
    for name in ("batch_size", "epochs"):
        if not space[name]:
            raise ValueError(f"{name} to search is empty; at least one value is needed")
    points = qmc.Sobol(d=3, scramble=True, rng=np.random.default_rng(seed)).random(count)
    return [
        {
            "learning_rate": float(f"{lowest * (highest / lowest) ** point[0]:.3g}"),
            "batch_size": space["batch_size"][int(point[1] * len(space["batch_size"]))],
            "epochs": space["epochs"][int(point[2] * len(space["epochs"]))],
        }
        for point in points
    ]


def search(
    run: RunSettings,
    train: Channels,
    validation: Channels,
    space: Mapping[str, Any],
    *,
    progress: TextIO | None = None,
) -> pd.DataFrame:
    """Train every trial and score it on the validation split after its last epoch.

    Args:
        run: The run to tune; its own training settings count for the schedule only.
        train: Training realizations.
        validation: Validation realizations.
        space: As in `trials`, with ``trials`` and ``num_seeds`` beside.
        progress: Where the progress bar goes; None shows none.

    Returns:
        Record (run, trial, learning_rate, batch_size, epochs, seed, metric, value), one row per trial and seed.

    Raises:
        ValueError: A setting is out of range.
    """
    torch.set_num_threads(run.num_threads)
    rows = []
    settings = trials(space["trials"], run.seed, space)
    for index, trial in enumerate(tqdm(settings, desc=f"tuning {run.id}", file=progress, disable=progress is None)):
        candidate = dataclasses.replace(
            run, training=dataclasses.replace(run.training, **trial), num_seeds=space["num_seeds"]
        )
        scores, _ = _scores(candidate, train, validation)
        rows += [{"run": run.id, "trial": index, **trial, **score} for score in scores]
    return pd.DataFrame(rows)


def _scores(candidate: RunSettings, train: Channels, validation: Channels) -> tuple[list[dict[str, Any]], int]:
    """Train a candidate; return every seed's validation score after the last epoch, and the number of parameters."""
    trainer = Trainer(candidate, train, {})
    while trainer.epoch < candidate.training.epochs:
        trainer.train_epoch()
    data = cast(validation, torch.float32, candidate.device)
    leaves = evaluation_leaves(candidate, trainer.model, data, "validation")
    values = mean_metric(candidate, trainer.model, data, leaves).tolist()
    scores = [{"seed": seed, "metric": trainer.metric_name, "value": value} for seed, value in enumerate(values)]
    return scores, trainer.model.num_parameters["total"]


def compare(
    run: RunSettings,
    train: Channels,
    validation: Channels,
    trials: Sequence[Mapping[str, Any]],
    num_seeds: int,
    *,
    progress: TextIO | None = None,
) -> pd.DataFrame:
    """Train listed variants of a run and score them on the validation split after their last epoch.

    Args:
        run: The run.
        train: Training realizations.
        validation: Validation realizations.
        trials: Every variant's changes (see `RunSettings.changed`).
        num_seeds: Seeds per variant.
        progress: Where the progress bar goes; None shows none.

    Returns:
        Record (run, trial, changes, parameters, seed, metric, value), one row per variant and seed; ``changes`` is the
        trial as text.

    Raises:
        ValueError: A setting is unknown or out of range.
    """
    torch.set_num_threads(run.num_threads)
    candidates = [dataclasses.replace(run.changed(trial), num_seeds=num_seeds) for trial in trials]
    rows = []
    for index, candidate in enumerate(tqdm(candidates, desc=run.id, file=progress, disable=progress is None)):
        scores, parameters = _scores(candidate, train, validation)
        about = {"run": run.id, "trial": index, "changes": change_text(trials[index]), "parameters": parameters}
        rows += [{**about, **score} for score in scores]
    return pd.DataFrame(rows)


def change_text(changes: Mapping[str, Any]) -> str:
    """Return changes as text: ``heads = 2, epochs = 400``; ``as it starts`` for none."""
    return ", ".join(f"{name} = {value}" for name, value in changes.items()) or "as it starts"


def best(record: pd.DataFrame) -> dict[str, Any]:
    """Return the settings of the trial with the highest mean over seeds (the first one among equals).

    Args:
        record: What `search` returns, for one run.

    Raises:
        ValueError: The record holds several runs, or no trial with finite scores only.
    """
    if record["run"].nunique() != 1:
        raise ValueError(f"record has runs {sorted(record['run'].unique())}: must be of one run")
    means = record.groupby("trial")["value"].agg(lambda values: values.mean(skipna=False))
    means = means[np.isfinite(means)]  # a trial of which one seed failed is none to choose
    if means.empty:
        raise ValueError(f"record of run {record['run'].iloc[0]} has no finite score")
    row = record[record["trial"] == means.idxmax()].iloc[0]
    return {
        "learning_rate": float(row["learning_rate"]),
        "batch_size": int(row["batch_size"]),
        "epochs": int(row["epochs"]),
    }
