"""Evaluation realization by realization, of solvers and trained models (`values` keeps the datasets)."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from ..channels import Channels
from ..models import PowerModel
from ..objective import QUANTITIES, Quantity, released_gain
from ..settings import RunSettings
from ..solvers import METHODS, OPTIMUM_GAP
from ..training import allocate, cast, evaluation_leaves

_SOLVED = [quantity for quantity in QUANTITIES.values() if quantity.bound is not None]


def score(channels: Channels, power: torch.Tensor, quantity: Quantity) -> np.ndarray:
    """Return a quantity of every realization, (..., N), for (..., N, M) transmit powers, W."""
    values: np.ndarray = quantity.values(channels.gain, power, channels.weight, channels.noise_power).numpy()
    return values


@torch.no_grad()
def solve(channels: Channels) -> xr.Dataset:
    """Solve every realization with every method, once for each quantity that is maximized.

    The public code's model metric is eq. (2) for the gains of `objective.released_gain` and unit weights, so the same
    methods maximize it; every quantity is of the powers that were solved for it.

    Returns:
        `power` (solver, realization, link) in W, which maximizes eq. (2), with its `sum_rate` (solver, realization),
        and, only for P_max = 1, the one case where it means what the public code reports, its `released_wmmse_rate`;
        `released_power`, which maximizes the public code's model metric, with its `released_metric`. Beside them
        `upper_bound` and `released_upper_bound` (realization) of the optimum, certified to `OPTIMUM_GAP`.

    Raises:
        ValueError: A realization's optimum is not certified within the solver's limit of boxes.
    """
    equivalent = Channels(
        released_gain(channels.gain, channels.weight), torch.ones_like(channels.weight), channels.noise_power,
        channels.p_max,
    )  # fmt: skip
    networks = {"stated": channels, "released": equivalent}
    solved = {quantity.name: _solved(networks[quantity.protocol]) for quantity in _SOLVED}
    powers = {quantity.solver_power: solved[quantity.name][0] for quantity in _SOLVED}
    dims = ("solver", "realization")
    dataset = xr.Dataset(coords={"solver": list(METHODS)})
    for name, power in powers.items():
        dataset[name] = ((*dims, "link"), power.numpy(), {"units": "W", "long_name": "transmit power"})
    for quantity in _SOLVED:
        about = {"units": quantity.unit, "long_name": f"certified upper bound of {quantity.name}"}
        dataset[quantity.bound] = ("realization", solved[quantity.name][1].numpy(), about)
    for quantity in sorted(QUANTITIES.values(), key=lambda one: one.solver_power):
        if quantity.only_p_max in (None, channels.p_max):
            values = score(channels, powers[quantity.solver_power], quantity)
            dataset[quantity.name] = (dims, values, _about(quantity))
    return dataset


def _solved(channels: Channels) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the powers of all methods (method, N, M) and the optimum's certified upper bound (N,)."""
    arguments = channels.gain, channels.weight, channels.noise_power, channels.p_max
    powers, upper = [], torch.empty(0)
    for method in METHODS.values():
        found = method.function(*arguments, **method.options)
        if method.certified:
            if missing := int((~found.certified).sum()):
                raise ValueError(
                    f"{missing} of {len(channels)} realizations have no optimum certified to {OPTIMUM_GAP:g}"
                )
            found, upper = found.power, found.upper
        powers.append(found)
    return torch.stack(powers), upper


def evaluate(run: RunSettings, model: PowerModel, channels: Channels, split: str) -> xr.Dataset:
    """Evaluate every seed of a trained run on the stars that its curves use, which the split's name fixes.

    The channels are float64; powers are computed in float32, as in training.

    Returns:
        Every quantity that is maximized (copy, realization); a copy is one seed of the run, named by the coordinates
        `run` and `seed`.
    """
    single = cast(channels, torch.float32, run.device)
    power = allocate(model, single, evaluation_leaves(run, model, single, split)).double().cpu()
    dataset = xr.Dataset(coords={"run": ("copy", [run.id] * len(power)), "seed": ("copy", range(len(power)))})
    for quantity in _SOLVED:
        dataset[quantity.name] = (("copy", "realization"), score(channels, power, quantity), _about(quantity))
    return dataset


def _about(quantity: Quantity) -> dict[str, str]:
    return {"units": quantity.unit, "long_name": quantity.label}
