"""A trained QGNN on noisy devices: its sum rate exact, with shots, mitigated; and the check against Aer's shots."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr
from scipy import stats

from ..channels import Channels
from ..checks import require_choice, shown
from ..models.qgnn import QGNN
from ..objective import QUANTITIES
from ..quantum.estimators import AerEstimator, Estimator, RuntimeEstimator, exact, hardware_line, mitigated, sampled
from ..quantum.hardware import devices
from ..quantum.mitigation import MITIGATIONS
from ..random_streams import torch_generator
from ..settings import NoiseModel, RunSettings
from . import evaluation

AWARE_MITIGATION = "raw"
"""A noise-aware network has seen raw values in training; mitigated ones would be foreign to it."""


def noisy_estimator(
    model: QGNN, noise: NoiseModel, mitigation: str, shots: tuple[int, torch.Generator] | None = None
) -> Estimator:
    """Return what measures a model's stars on a device, mitigated by a key of `MITIGATIONS`.

    ``shots`` are measurements per expectation value (and noise scale factor), and their generator; None: exact values.

    Raises:
        ValueError: An unknown mitigation, or shots that are no such pair.
    """
    require_choice("mitigation", mitigation, MITIGATIONS)
    drawn: object = shots
    if drawn is not None and not (isinstance(drawn, tuple) and len(drawn) == 2):
        raise ValueError(f"shots are {shown(drawn)}; they must be their number and a torch.Generator, or None")
    line = devices.line_for(noise)

    def build(fold: int) -> Estimator:
        estimator = exact(model.engine.ansatz, line, idle=noise.idle, fold=fold)
        return estimator if shots is None else sampled(estimator, *shots)

    return mitigated(build, MITIGATIONS[mitigation], line, model.engine.ansatz)


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
    name: str,
    noise: NoiseModel,
    models: Mapping[str, tuple[RunSettings, QGNN]],
    channels: Channels,
    split: str,
    shots: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Evaluate trained models on a device, with exact expectation values or with shots drawn from the exact law.

    Args:
        name: The noise model's name, which is part of the shots' random streams.
        noise: The noise model.
        models: ``unaware`` (trained on an ideal device), and perhaps ``aware`` (trained on the device that it runs on,
            with raw exact expectation values), to run and model.
        channels: N realizations, float64.
        split: Name of their split, which fixes the stars.
        shots: Numbers of measurements per expectation value and noise scale factor; None for exact values.

    Returns:
        One row per training, mitigation, number of shots and seed: noise, training, run, mitigation, seed, metric,
        unit, num_realizations, value and, where they were asked for, shots. The training `ideal` is the unaware model
        on an ideal device; it has no shots.
    """
    run, model = models["unaware"]
    parts = [_rows(sum_rates(run, model, channels, split, None), "none", noise=name, training="ideal")]
    for (training, (run, model)), mitigation in itertools.product(models.items(), MITIGATIONS):
        if training == "aware" and mitigation != AWARE_MITIGATION:
            continue
        for number in (None,) if shots is None else shots:
            drawn = None
            if number is not None:
                drawn = number, torch_generator(run.seed, "shots", name, training, mitigation, number)
            estimator = noisy_estimator(model, noise, mitigation, drawn)
            rates = sum_rates(run, model, channels, split, estimator)
            part = _rows(rates, mitigation, noise=name, training=training)
            parts.append(part if number is None else part.assign(shots=number))
    return pd.concat(parts, ignore_index=True)


def _rows(rates: xr.DataArray, mitigation: str, **labels: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **labels,
            "run": rates["run"].values,
            "mitigation": mitigation,
            "seed": rates["seed"].values,
            "metric": "sum_rate",
            "unit": QUANTITIES["sum_rate"].unit,
            "num_realizations": rates.sizes["realization"],
            "value": rates.mean("realization").values,
        }
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

    Returns:
        One row per mitigation: noise, mitigation, shots, num_realizations, num_values (expectation values that Aer
        measured), mean_square_z, p_value (two-sided, chi square), aer (mean sum rate), engine, engine_deviation
        (standard deviation over draws), rate_z.
    """
    line, star = devices.line_for(noise), model.engine.ansatz

    def row(mitigation: str) -> dict[str, Any]:
        squares: list[np.ndarray] = []

        def build(fold: int) -> Estimator:
            seed = torch_generator(run.seed, "aer", name, mitigation, fold).initial_seed() % 2**31
            aer = AerEstimator(star, line, idle=noise.idle, fold=fold, shots=shots, seed=seed)
            return _compared(aer, exact(star, line, idle=noise.idle, fold=fold), shots, squares)

        def mean(estimator: Estimator) -> float:
            return float(sum_rates(run, model, channels, split, estimator).mean())

        measured = mean(mitigated(build, MITIGATIONS[mitigation], line, star))
        streams = [torch_generator(run.seed, "aer law", name, mitigation, i) for i in range(repeats)]
        drawn = [mean(noisy_estimator(model, noise, mitigation, (shots, stream))) for stream in streams]
        values = np.concatenate(squares)
        below = stats.chi2.cdf(values.sum(), len(values))
        deviation = float(np.std(drawn, ddof=1))
        return {
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

    return pd.DataFrame([row(mitigation) for mitigation in MITIGATIONS])


def _compared(estimator: Estimator, reference: Estimator, shots: int, squares: list[np.ndarray]) -> Estimator:
    """Pass an estimator's values on, and keep the squares of their distances from the reference in standard errors."""

    def estimate(*stars: torch.Tensor) -> torch.Tensor:
        values, expected = estimator(*stars), reference(*(angles.double() for angles in stars))
        spread = expected**2 != 1  # a word of I alone has none
        squares.append(((values - expected) ** 2 * shots / (1 - expected**2))[spread].numpy().ravel())
        return values

    return estimate


def hardware_rows(
    backend: str, run: RunSettings, model: QGNN, channels: Channels, split: str, *, shots: int, mitigation: str
) -> pd.DataFrame:
    """Measure a model's stars through Qiskit Runtime, all jobs in one batch.

    A layer's stars of all seeds and realizations are one job per noise scale factor. For the backend see
    `estimators.hardware_line`; the shots are per expectation value and noise scale factor.

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

        estimator = mitigated(build, MITIGATIONS[mitigation], line, star)
        measured = sum_rates(run, model, channels, split, estimator)
    ideal = sum_rates(run, model, channels, split, None).mean("realization").values
    rows = _rows(measured, mitigation, backend=backend)
    qubits = {f"{role}_qubit": qubit for role, qubit in zip(devices.ROLES, line.qubits, strict=True)}
    return rows.assign(shots=shots, ideal=ideal, **qubits)
