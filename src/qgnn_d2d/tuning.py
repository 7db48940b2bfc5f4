"""The search for learning rate, batch size and epochs: the same trials for every run, scored on validation only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np
import pandas as pd
import torch
from scipy.stats import qmc
from tqdm import tqdm

from .checks import require_count, require_positive
from .scenarios import Channels
from .study import RunSettings
from .training import Trainer, cast, evaluation_leaves, mean_metric


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
    if lowest > highest:
        raise ValueError(f"learning_rate to search is {[lowest, highest]}; the lowest one must come first")
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
        trainer = Trainer(candidate, train, {})
        while trainer.epoch < candidate.training.epochs:
            trainer.train_epoch()
        data = cast(validation, torch.float32, run.device)
        leaves = evaluation_leaves(candidate, trainer.model, data, "validation")
        scores = mean_metric(candidate, trainer.model, data, leaves)
        rows += [
            {
                "run": run.id,
                "trial": index,
                **trial,
                "seed": seed,
                "metric": trainer.metric_name,
                "value": value,
            }
            for seed, value in enumerate(scores.tolist())
        ]
    return pd.DataFrame(rows)


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
