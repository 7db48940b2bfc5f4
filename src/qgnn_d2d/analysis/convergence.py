"""What training curves say: how fast, how far, and how far apart on training and test sets. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..checks import require_samples
from .statistics import interval, mean_and_interval

SHARE = 0.95  # of the final value
EPOCHS = (4, 10, 50, 100)
"""Epochs at which the table compares all runs; 4 is the one that the paper names."""

_IMPROVEMENT = 1.2  # final over untrained value, below which a training has not converged anywhere

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """A run's curves: points after some epochs, of every seed. Long trainings are not scored after every epoch."""

    epochs: NDArray[np.int64]  # of the points, (P,), the first is 0
    train: Samples  # (S, P)
    test: Samples  # (S, P)


def of_run(run: str, curves: pd.DataFrame) -> Curves:
    """Return a run's curves from tidy ones (see `table`).

    Raises:
        ValueError: The run is missing, or a seed lacks a point that another has, has it twice, or has a value that is
            not finite.
    """
    part = curves[curves["run"] == run]
    if part.empty:
        raise ValueError(f"run {run} has no curves")
    if part.duplicated(["split", "seed", "epoch"]).any():
        raise ValueError(f"curves of run {run} have an epoch twice")
    tables = {str(split): rows.pivot(index="seed", columns="epoch", values="value") for split, rows in
              part.groupby("split")}  # fmt: skip
    for split, values in tables.items():
        what = f"curves of run {run} on {split} (a row per seed, a column per epoch)"
        require_samples(what, values.to_numpy(), ndim=2)
    train, test = tables["train"], tables["test"]
    if list(train.columns) != list(test.columns):
        raise ValueError(f"curves of run {run} are scored after other epochs on train than on test")
    return Curves(train.columns.to_numpy(dtype=np.int64), train.to_numpy(), test.to_numpy())


def epochs_to_share(curves: Samples, epochs: NDArray[np.int64], share: float = SHARE) -> Samples:
    """Return, per seed, the first of the epochs at which a curve has reached ``share`` (above 0) of its final value.

    The curves are (S, P), a point per epoch of ``epochs``. One that ends less than a fifth above its start (a model
    that never left full power, say) has not converged: infinity.

    Example:
        >>> epochs_to_share(np.array([[0.0, 5.0, 9.6, 10.0], [2.0, 0.5, 0.1, 0.1]]), np.array([0, 2, 4, 6])).tolist()
        [4.0, inf]
    """
    first = epochs[(curves >= share * curves[:, -1:]).argmax(axis=1)].astype(float)
    return np.where(curves[:, -1] > _IMPROVEMENT * curves[:, 0], first, np.inf)


def first_epoch_above(curve: Samples, level: float, epochs: NDArray[np.int64]) -> float:
    """Return the first of the epochs from which a curve stays above ``level``; infinity where it ends below.

    Example:
        >>> first_epoch_above(np.array([0.0, 2.0, 0.5, 2.0, 3.0]), 1.0, np.arange(5))
        3.0
    """
    below = np.flatnonzero(curve <= level)
    first = 0 if below.size == 0 else below[-1] + 1
    return float(epochs[first]) if first < len(curve) else float("inf")


def gap(train: Samples, test: Samples) -> Samples:
    """Return |train - test|/train in percent; 0 where a model sends nothing at all."""
    return 100 * np.divide(np.abs(train - test), train, out=np.zeros_like(train, dtype=float), where=train > 0)


def table(manifests: Sequence[Mapping[str, Any]], curves: pd.DataFrame) -> pd.DataFrame:
    """Tabulate parameters and convergence of runs.

    Args:
        manifests: The runs' manifests, in the order of the rows.
        curves: Tidy curves (run, seed, epoch, split, metric, value) of all of them.

    Returns:
        One row per run: its parameters (quantum, classical, all); epochs and seeds; ``epochs_to_95``, the mean over the
        ``seeds_converged`` that improve on the untrained model by a fifth, with its 95 % interval over seeds;
        mean test values after the epochs `EPOCHS` (empty where there is no point) and the last; the last training
        value; and ``gap``, |train - test|/train of the mean curves at the end in percent, with its interval.
    """
    rows = []
    for manifest in manifests:
        settings, parameters = manifest["settings"], manifest["num_parameters"]
        own = of_run(settings["id"], curves)
        train, test = own.train, own.test
        final = mean_and_interval(test[:, -1])
        epochs = epochs_to_share(test, own.epochs)
        converged = epochs[np.isfinite(epochs)]
        rows.append(
            {
                "run": settings["id"],
                "model": settings["model"],
                "protocol": settings["protocol"],
                "quantum_parameters": parameters["quantum"],
                "classical_parameters": parameters["classical"],
                "parameters": parameters["total"],
                "epochs": settings["training"]["epochs"],
                "num_seeds": len(test),
                "seeds_converged": len(converged),
                **_with_interval("epochs_to_95", lambda epochs: epochs, converged),
                **{f"test_after_{n}": _mean_after(n, own) for n in EPOCHS},
                "test_final": final["mean"],
                "test_final_low": final["low"],
                "test_final_high": final["high"],
                "train_final": train[:, -1].mean(),
                **_with_interval("gap", gap, train[:, -1], test[:, -1]),
            }
        )
    return pd.DataFrame(rows)


def _mean_after(epoch: int, curves: Curves) -> float:
    """Return the mean test value after an epoch before the last; NaN where it was not scored."""
    at = np.flatnonzero(curves.epochs[:-1] == epoch)
    return float(curves.test[:, at[0]].mean()) if len(at) else float("nan")


def _with_interval(name: str, statistic: Callable[..., Samples], *samples: Samples) -> dict[str, float]:
    """Return a statistic of means over seeds with its interval, as far as there are seeds enough."""
    num_seeds = len(samples[0])
    value = float(statistic(*(sample.mean() for sample in samples))) if num_seeds else np.nan
    low, high = interval(statistic, *samples, paired=True) if num_seeds > 1 else (np.nan, np.nan)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
