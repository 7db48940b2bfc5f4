"""Evaluation realization by realization, of solvers and trained models (`values` keeps the datasets)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
import xarray as xr

from ..channels import Channels
from ..models import PowerModel
from ..objective import QUANTITIES, Quantity, released_gain
from ..settings import RunSettings
from ..settings.scenario import Optimum
from ..solvers import METHODS, Method
from ..training import allocate, cast, evaluation_leaves

_SOLVED = [quantity for quantity in QUANTITIES.values() if quantity.bound is not None]
_DEFAULT = Optimum()


def score(channels: Channels, power: torch.Tensor, quantity: Quantity) -> np.ndarray:
    """Return a quantity of every realization, (..., N), for (..., N, M) transmit powers, W."""
    values: np.ndarray = quantity.values(channels.gain, power, channels.weight, channels.noise_power).numpy()
    return values


@torch.no_grad()
def solve(channels: Channels, optimum: Optimum | Literal[False] = _DEFAULT) -> xr.Dataset:
    """Solve every realization with every method, once for each quantity that is maximized.

    The public code's model metric is eq. (2) for the gains of `objective.released_gain` and unit weights, so the same
    methods maximize it; every quantity is of the powers that were solved for it.

    Args:
        channels: N realizations of M links. Networks of each size are solved on their own; powers of padding are 0.
        optimum: How far the optimum is searched for; False: not at all.

    Returns:
        `power` (solver, realization, link) in W, which maximizes eq. (2), with its `sum_rate` (solver, realization),
        and, only for P_max = 1, the one case where it means what the public code reports, its `released_wmmse_rate`;
        `released_power`, which maximizes the public code's model metric, with its `released_metric`. Of the optimum,
        these are the best powers found and lower bounds; beside them `upper_bound` and `released_upper_bound`
        (realization), and `certified` and `released_certified`, whether the bounds are within the gap. With False there
        is no solver `optimum`, and none of these.
    """
    solved = {quantity.name: _solved(channels, quantity.protocol == "released", optimum) for quantity in _SOLVED}
    powers = {quantity.solver_power: solved[quantity.name].power for quantity in _SOLVED}
    dims = ("solver", "realization")
    dataset = xr.Dataset(coords={"solver": [method.name for method in _methods(optimum)]})
    for name, power in powers.items():
        dataset[name] = ((*dims, "link"), power.numpy(), {"units": "W", "long_name": "transmit power"})
    for quantity in _SOLVED if optimum else ():
        of_optimum = solved[quantity.name]
        about = {"units": quantity.unit, "long_name": f"certified upper bound of {quantity.name}"}
        dataset[quantity.bound] = ("realization", of_optimum.upper.numpy(), about)
        about = {"long_name": f"whether the optimum of {quantity.name} is certified"}
        dataset[quantity.certificate] = ("realization", of_optimum.certified.numpy(), about)
    for quantity in sorted(QUANTITIES.values(), key=lambda one: one.solver_power):
        if quantity.only_p_max in (None, channels.p_max):
            values = score(channels, powers[quantity.solver_power], quantity)
            dataset[quantity.name] = (dims, values, _about(quantity))
    return dataset.assign_attrs(optimum.model_dump() if optimum else {})


class _Solved(NamedTuple):
    """Powers of all methods (method, N, M); the optimum's upper bounds and whether they certify it (N,)."""

    power: torch.Tensor
    upper: torch.Tensor
    certified: torch.Tensor


def _methods(optimum: Optimum | Literal[False]) -> list[Method]:
    return [method for method in METHODS.values() if optimum or not method.certified]


def _solved(channels: Channels, is_released: bool, optimum: Optimum | Literal[False]) -> _Solved:
    """Solve for eq. (2), or for the public code's model metric."""
    methods, count = _methods(optimum), len(channels)
    power = torch.zeros(len(methods), *channels.weight.shape, dtype=torch.float64)
    upper, certified = torch.zeros(count, dtype=torch.float64), torch.zeros(count, dtype=torch.bool)
    for index, part in channels.by_size():
        gain, weight = part.gain, part.weight
        if is_released:
            gain, weight = released_gain(gain, weight), torch.ones_like(weight)
        for i, method in enumerate(methods):
            options = dict(optimum or {}) if method.certified else method.options
            found = method.function(gain, weight, part.noise_power, part.p_max, **options)
            if method.certified:
                upper[index], certified[index] = found.upper.cpu(), found.certified.cpu()
                found = found.power
            power[i, index, : part.num_links] = found.cpu()
    return _Solved(power, upper, certified)


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
