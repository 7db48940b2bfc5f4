"""The models, by the names they have in the config: `settings.model.MODELS` lists them, with all options."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch

from ..checks import require_choice, require_count, require_device
from ..random_streams import torch_generator
from ..settings import MODELS, ModelOptions, validated
from .base import PowerModel

__all__ = ["MODELS", "PowerModel", "build"]


@torch.inference_mode(False)  # parameters that are made in it can never be trained
def build(
    name: str,
    options: ModelOptions | Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    seeds: range = range(1),
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
    compiled: bool = True,
) -> PowerModel:
    """Build a model with one independent copy per seed.

    Args:
        name: A key of `MODELS`.
        options: The model's options; what is missing takes its default.
        seed: The study's seed; copy s starts from the stream ("model", s) below it.
        seeds: The seeds to stack.
        dtype: Of the parameters. Starts are drawn in float32 whatever the dtype.
        device: Torch device.
        compiled: Whether compiled kernels may compute the model; False: torch alone, the reference.

    Returns:
        The model, in training mode.

    Raises:
        ValueError: An unknown model, option or device, an option or the seed out of range, or no seeds.

    Example:
        >>> build("gcn").num_parameters
        {'quantum': 0, 'classical': 1233, 'total': 1233}
    """
    require_choice("model", name, MODELS)
    require_count("number of seeds", len(seeds))
    require_device("device", device)
    if not isinstance(options, MODELS[name]):
        options = validated(MODELS[name], dict(options or {}), f"model {name}")
    module, _, network = options.implementation.partition(":")  # loads PennyLane for the models that need it only
    generators = [torch_generator(seed, "model", s) for s in seeds]
    model: PowerModel = getattr(import_module(module), network)(generators, options)
    model.compiled = compiled
    return model.to(device, dtype)
