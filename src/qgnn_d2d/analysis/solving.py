"""Solving, realization by realization, with every method (`values` keeps the datasets)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
import xarray as xr

from ..channels import Channels
from ..objective import MAXIMIZED, QUANTITIES, released_gain, weighted_sum_rate
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
        these are the best powers found, by any method where they are not certified, and lower bounds; beside them
        `upper_bound` and `released_upper_bound` (realization), and `certified` and `released_certified`, whether the
        bounds are within the gap. With False there is no solver `optimum`, and none of these. Attributes: the optimum's
        options; `p_max`; and `interference`, the median over all cross links of interference to noise at full power.
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
    facts = {"p_max": channels.p_max, "interference": _interference(channels)}
    return dataset.assign_attrs(facts | (optimum.model_dump() if optimum else {}))


def _interference(channels: Channels) -> float:
    """Return the median over all cross links of interference to noise at full power; 0 where there is none."""
    cross = [
        part.gain[:, ~torch.eye(part.num_links, dtype=torch.bool, device=part.gain.device)].flatten()
        for _, part in channels.by_size()
    ]
    gain = torch.cat(cross).cpu().numpy()
    return float(np.median(gain)) * channels.p_max**2 / channels.noise_power if gain.size else 0.0


class _Solved(NamedTuple):
    """Powers of all methods (method, N, M); the optimum's upper bounds and whether they certify it (N,)."""

    power: torch.Tensor
    upper: torch.Tensor
    certified: torch.Tensor


def _methods(optimum: Optimum | Literal[False]) -> list[Method]:
    return [method for method in METHODS.values() if optimum or not method.certified]


def _solved(channels: Channels, is_released: bool, optimum: Optimum | Literal[False]) -> _Solved:
    """Solve for eq. (2), or for the public code's model metric; an optimum that is not certified is the best of all."""
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
        if optimum:
            best = next(i for i, method in enumerate(methods) if method.certified)
            rates = weighted_sum_rate(
                gain, power[:, index, : part.num_links].to(gain.device), weight, part.noise_power
            ).cpu()
            better = torch.where(certified[index], best, rates.argmax(0))
            power[best, index] = power[better, index]
            lower = rates.gather(0, better.unsqueeze(0)).squeeze(0)
            certified[index] |= upper[index] <= lower * (1 + optimum.gap)
    return _Solved(power, upper, certified)
