"""The searches, scored on validation only.

`search` looks for learning rate, batch size and epochs, with the same trials for every run. `compare` tries listed
changes of anything else, for the networks on informed stars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np
import pandas as pd
import torch
from scipy.stats import qmc
from tqdm import tqdm

from ..channels import Channels
from ..settings import RunSettings
from ..settings.search import Tuning
from ..settings.training import Cap
from .inference import score
from .trainer import Trainer


def trials(tuning: Tuning, seed: int) -> list[dict[str, Any]]:
    """Return the settings to try: a scrambled Sobol sequence over the space.

    Args:
        tuning: The space, and how many trials; best a power of two.
        seed: Scrambling seed; the trials depend on nothing else, so every run gets the same ones.

    Returns:
        One dict of learning_rate, batch_size and epochs per trial.
    """
    lowest, highest = tuning.learning_rate
    sizes, epochs = tuning.batch_size, tuning.epochs
    points = qmc.Sobol(d=3, scramble=True, rng=np.random.default_rng(seed)).random(tuning.trials)
    return [
        {
            "learning_rate": float(f"{lowest * (highest / lowest) ** point[0]:.3g}"),
            "batch_size": sizes[int(point[1] * len(sizes))],
            "epochs": epochs[int(point[2] * len(epochs))],
        }
        for point in points
    ]


def search(
    run: RunSettings,
    train: Channels,
    validation: Channels,
    tuning: Tuning,
    *,
    cap: Cap | None = None,
    progress: TextIO | None = None,
) -> pd.DataFrame:
    """Train every trial and score it on the validation split after its last epoch.

    Args:
        run: The run to tune; its own training settings count for the schedule only.
        train: Training realizations.
        validation: Validation realizations.
        tuning: What to try.
        cap: Largest values, for a test of the workflow.
        progress: Where the progress bar goes; None shows none.

    Returns:
        Record (run, trial, learning_rate, batch_size, epochs, seed, metric, value), one row per trial and seed.

    Raises:
        ValueError: A setting is out of range.
    """
    torch.set_num_threads(run.num_threads)
    rows = []
    settings = trials(tuning, run.seed)
    for index, trial in enumerate(tqdm(settings, desc=f"tuning {run.id}", file=progress, disable=progress is None)):
        candidate = _capped(run.changed(trial), cap).model_copy(update={"num_seeds": tuning.num_seeds})
        scores, _ = _scores(candidate, train, validation)
        rows += [{"run": run.id, "trial": index, **trial, **score} for score in scores]
    return pd.DataFrame(rows)


def _capped(run: RunSettings, cap: Cap | None) -> RunSettings:
    """Return a run with no more epochs, and no larger batches, than a cap allows."""
    limits = {} if cap is None else cap.model_dump()
    return run.changed({name: min(getattr(run.training, name), limit) for name, limit in limits.items()})


def _scores(candidate: RunSettings, train: Channels, validation: Channels) -> tuple[list[dict[str, Any]], int]:
    """Train a candidate; return every seed's validation score after the last epoch, and the number of parameters."""
    trainer = Trainer(candidate, train, {})
    while trainer.epoch < candidate.training.epochs:
        trainer.train_epoch()
    values = score(candidate, trainer.model, validation, "validation").tolist()
    scores = [{"seed": seed, "metric": trainer.quantity.name, "value": value} for seed, value in enumerate(values)]
    return scores, trainer.model.num_parameters["total"]


def compare(
    run: RunSettings,
    train: Channels,
    validation: Channels,
    trials: Sequence[Mapping[str, Any]],
    num_seeds: int,
    *,
    cap: Cap | None = None,
    progress: TextIO | None = None,
) -> pd.DataFrame:
    """Train listed variants of a run and score them on the validation split after their last epoch.

    Args:
        run: The run.
        train: Training realizations.
        validation: Validation realizations.
        trials: Every variant's changes (see `RunSettings.changed`).
        num_seeds: Seeds per variant.
        cap: Largest values, for a test of the workflow.
        progress: Where the progress bar goes; None shows none.

    Returns:
        Record (run, trial, changes, parameters, seed, metric, value), one row per variant and seed; ``changes`` is the
        trial as text.

    Raises:
        ValueError: A setting is unknown or out of range.
    """
    torch.set_num_threads(run.num_threads)
    candidates = [_capped(run.changed(trial), cap).model_copy(update={"num_seeds": num_seeds}) for trial in trials]
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
