"""A trained QGNN on noisy devices: its sum rate exact, with shots, mitigated; and the check against Aer's shots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
import xarray as xr
from scipy import stats

from ..channels import Channels
from ..models.qgnn import QGNN
from ..objective import QUANTITIES
from ..quantum.estimators import AerEstimator, Estimator, RuntimeEstimator, exact, hardware_line, mitigated, sampled
from ..quantum.hardware import devices
from ..quantum.mitigation import MITIGATIONS
from ..random_streams import torch_generator
from ..settings import NoiseModel, RunSettings
from . import evaluation

TRAININGS = ("unaware", "aware")
"""Trained on an ideal device, or on the device that it runs on (raw exact expectation values)."""

AWARE_MITIGATION = "raw"
"""A noise-aware network has seen raw values in training; mitigated ones would be foreign to it."""


def noisy_estimator(
    model: QGNN, noise: NoiseModel, mitigation: str, shots: int | None = None, seed: Sequence[str | int] = ()
) -> Estimator:
    """Return what measures a model's stars on a device.

    Args:
        model: Whose circuit it is.
        noise: The noise model.
        mitigation: A key of `MITIGATIONS`.
        shots: Measurements per expectation value (and per noise scale factor); None for exact ones.
        seed: Address of the shots' random stream: a seed, then names.
    """
    line = devices.line_for(noise)
    generator = None if shots is None else torch_generator(int(seed[0]), *seed[1:])

    def build(fold: int) -> Estimator:
        estimator = exact(model.engine.ansatz, line, idle=noise.idle, fold=fold)
        if shots is None or generator is None:
            return estimator
        return sampled(estimator, shots, generator)

    return mitigated(build, MITIGATIONS[mitigation], line)


def sum_rates(
    run: RunSettings, model: QGNN, channels: Channels, split: str, estimator: Estimator | None
) -> xr.DataArray:
    """Return eq. (2) per copy and realization, with the model's stars measured by ``estimator`` (None: as trained)."""
    model.estimator = estimator
    try:
        return evaluation.evaluate(run, model, channels, split)["sum_rate"]
    finally:
        model.estimator = None


def noise_rows(
    name: str, noise: NoiseModel, models: Mapping[str, tuple[RunSettings, QGNN]], channels: Channels, split: str
) -> pd.DataFrame:
    """Evaluate trained models on a device with exact expectation values.

    Args:
        name: The noise model's name.
        noise: What it is.
        models: A key of `TRAININGS` to run and model.
        channels: N realizations, float64.
        split: Their split.

    Returns:
        One row per training, mitigation and seed: noise, training, run, mitigation, seed, metric, unit,
        num_realizations, value. The training `ideal` is the unaware model on an ideal device.
    """
    parts = [_ideal_rows(name, models, channels, split)]
    for training, (run, model) in models.items():
        for mitigation in MITIGATIONS if training == "unaware" else (AWARE_MITIGATION,):
            estimator = noisy_estimator(model, noise, mitigation)
            means = sum_rates(run, model, channels, split, estimator).mean("realization").values
            parts.append(_rows(means, len(channels), noise=name, training=training, run=run.id, mitigation=mitigation))
    return pd.concat(parts, ignore_index=True)


def shot_rows(
    name: str,
    noise: NoiseModel,
    models: Mapping[str, tuple[RunSettings, QGNN]],
    channels: Channels,
    split: str,
    shots: Iterable[int],
) -> pd.DataFrame:
    """Evaluate trained models on a device with numbers of shots, drawn from the exact law.

    Returns:
        The columns of `noise_rows` and shots: measurements per expectation value and noise scale factor; `ideal`
        has none.
    """
    parts = [_ideal_rows(name, models, channels, split)]
    for training, (run, model) in models.items():
        for mitigation in MITIGATIONS if training == "unaware" else (AWARE_MITIGATION,):
            for number in shots:
                stream = (run.seed, "shots", name, training, mitigation, number)
                estimator = noisy_estimator(model, noise, mitigation, number, stream)
                means = sum_rates(run, model, channels, split, estimator).mean("realization").values
                rows = _rows(means, len(channels), noise=name, training=training, run=run.id, mitigation=mitigation)
                parts.append(rows.assign(shots=number))
    return pd.concat(parts, ignore_index=True)


def _ideal_rows(
    name: str, models: Mapping[str, tuple[RunSettings, QGNN]], channels: Channels, split: str
) -> pd.DataFrame:
    run, model = models["unaware"]
    means = sum_rates(run, model, channels, split, None).mean("realization").values
    return _rows(means, len(channels), noise=name, training="ideal", run=run.id, mitigation="none")


def _rows(values: np.ndarray, num_realizations: int, **labels: str) -> pd.DataFrame:
    frame = pd.DataFrame(labels | {"seed": range(len(values))})
    return frame.assign(
        metric="sum_rate", unit=QUANTITIES["sum_rate"].unit, num_realizations=num_realizations, value=values
    )


def aer_rows(
    name: str,
    noise: NoiseModel,
    run: RunSettings,
    model: QGNN,
    channels: Channels,
    split: str,
    *,
    shots: int,
    repeats: int,
) -> pd.DataFrame:
    """Run a model's stars on Aer with real shots, and compare with the law that the engine's shots are drawn from.

    Every star that Aer measures is also computed by the engine from the same angles; z = (measured - expected) /
    (standard error) of all of them has mean square 1 if the law is right. The mean sum rate is compared with
    ``repeats`` draws of the engine's shots on the same realizations.

    Args:
        name: The noise model's name.
        noise: What it is.
        run: The run.
        model: Its model, all seeds.
        channels: The realizations of the subset.
        split: Their split.
        shots: Per expectation value and noise scale factor.
        repeats: Draws of the engine.

    Returns:
        One row per mitigation: noise, mitigation, shots, num_realizations, num_values (expectation values that Aer
        measured), mean_square_z, p_value (two-sided, chi square), aer (mean sum rate), engine, engine_deviation
        (standard deviation over draws), rate_z.
    """
    line, idle = devices.line_for(noise), noise.idle
    star = model.engine.ansatz
    rows = []
    for mitigation, what in MITIGATIONS.items():
        squares: list[np.ndarray] = []

        def build(fold: int, squares: list[np.ndarray] = squares, mitigation: str = mitigation) -> Estimator:
            seed = int(torch_generator(run.seed, "aer", name, mitigation, fold).initial_seed() % 2**31)
            aer = AerEstimator(star, line, idle=idle, fold=fold, shots=shots, seed=seed)
            return _compared(aer, exact(star, line, idle=idle, fold=fold), shots, squares)

        measured = float(sum_rates(run, model, channels, split, mitigated(build, what, line)).mean())
        drawn = [
            float(
                sum_rates(
                    run,
                    model,
                    channels,
                    split,
                    noisy_estimator(model, noise, mitigation, shots, (run.seed, "aer law", name, mitigation, i)),
                ).mean()
            )
            for i in range(repeats)
        ]
        values = np.concatenate(squares)
        below = stats.chi2.cdf(values.sum(), len(values))
        deviation = float(np.std(drawn, ddof=1))
        rows.append(
            {
                "noise": name,
                "mitigation": mitigation,
                "shots": shots,
                "num_realizations": len(channels),
                "num_values": len(values),
                "mean_square_z": values.mean(),
                "p_value": 2 * min(below, 1 - below),
                "aer": measured,
                "engine": float(np.mean(drawn)),
                "engine_deviation": deviation,
                "rate_z": (measured - np.mean(drawn)) / deviation,
            }
        )
    return pd.DataFrame(rows)


def _compared(estimator: Estimator, reference: Estimator, shots: int, squares: list[np.ndarray]) -> Estimator:
    """Pass an estimator's values on, and keep the squares of their distances from the reference in standard errors."""

    def estimate(
        weights: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        values = estimator(weights, center, leaves, edges)
        angles = [argument.double() for argument in (weights, center, leaves, edges)]
        expected = reference(*angles)
        squares.append(((values - expected) ** 2 * shots / (1 - expected**2)).numpy().ravel())
        return values

    return estimate


def hardware_rows(
    backend: str, run: RunSettings, model: QGNN, channels: Channels, split: str, *, shots: int, mitigation: str
) -> pd.DataFrame:
    """Measure a model's stars through Qiskit Runtime, all jobs in one batch.

    A layer's stars of all seeds and realizations are one job per noise scale factor.

    Args:
        backend: See `execution.hardware_line`.
        run: The run.
        model: Its model, all seeds.
        channels: The realizations.
        split: Their split.
        shots: Per expectation value and noise scale factor.
        mitigation: A key of `MITIGATIONS`.

    Returns:
        One row per seed: backend, center_qubit, leaf_qubit, edge_qubit, run, mitigation, shots, seed, metric, unit,
        num_realizations, value, ideal (the same on an ideal device).
    """
    from qiskit_ibm_runtime import Batch

    device, line = hardware_line(backend)
    star = model.engine.ansatz
    with Batch(backend=device) as batch:

        def build(fold: int) -> Estimator:
            return RuntimeEstimator(star, device, line, batch, shots=shots, fold=fold)

        estimator = mitigated(build, MITIGATIONS[mitigation], line)
        measured = sum_rates(run, model, channels, split, estimator).mean("realization").values
    ideal = sum_rates(run, model, channels, split, None).mean("realization").values
    rows = _rows(measured, len(channels), backend=backend, run=run.id, mitigation=mitigation)
    qubits = {f"{role}_qubit": qubit for role, qubit in zip(devices.ROLES, line.qubits, strict=True)}
    return rows.assign(shots=shots, ideal=ideal, **qubits)
