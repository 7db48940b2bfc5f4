"""Evaluation of trained models, realization by realization (`values` keeps the datasets)."""

from __future__ import annotations

import torch
import xarray as xr

from ..channels import Channels
from ..models import PowerModel
from ..objective import MAXIMIZED
from ..settings import RunSettings
from ..training import allocate, cast, evaluation_leaves
from . import values


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
    for quantity in MAXIMIZED:
        dataset[quantity.name] = (("copy", "realization"), values.score(channels, power, quantity), quantity.attributes)
    return dataset
