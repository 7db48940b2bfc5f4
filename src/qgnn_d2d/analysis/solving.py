"""Solving, realization by realization, with every method (`values` keeps the datasets)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import xarray as xr

from ..channels import Channels
from ..objective import MAXIMIZED, QUANTITIES, released_gain
from ..settings.scenario import Optimum
from ..solvers import METHODS, Method
from . import values

_DEFAULT = Optimum()


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
    solved = {quantity.name: _solved(channels, quantity.protocol == "released", optimum) for quantity in MAXIMIZED}
    powers = {quantity.solver_power: solved[quantity.name].power for quantity in MAXIMIZED}
    dims = ("solver", "realization")
    dataset = xr.Dataset(coords={"solver": [method.name for method in _methods(optimum)]})
    for name, power in powers.items():
        dataset[name] = ((*dims, "link"), power.numpy(), {"units": "W", "long_name": "transmit power"})
    for quantity in MAXIMIZED if optimum else ():
        of_optimum = solved[quantity.name]
        about = {"units": quantity.unit, "long_name": f"certified upper bound of {quantity.name}"}
        dataset[quantity.bound] = ("realization", of_optimum.upper.numpy(), about)
        about = {"long_name": f"whether the optimum of {quantity.name} is certified"}
        dataset[quantity.certificate] = ("realization", of_optimum.certified.numpy(), about)
    for quantity in sorted(QUANTITIES.values(), key=lambda one: one.solver_power):
        if quantity.only_p_max in (None, channels.p_max):
            found = values.score(channels, powers[quantity.solver_power], quantity)
            dataset[quantity.name] = (dims, found, quantity.attributes)
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
