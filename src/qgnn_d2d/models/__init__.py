"""The models, by the names they have in the config."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from ..checks import require_choice, require_count, require_device
from ..random_streams import torch_generator
from .base import PowerModel
from .igcnet import IGCNet, ReleasedGCN, StarIGCNet
from .qgnn import QGNN, ReleasedQGNN
from .star_mlp import StarMLP

_INFORMED: dict[str, Any] = {"stars": "competitors", "scale": "rate"}

MODELS: dict[str, Callable[..., PowerModel]] = {
    "qgnn": QGNN,
    "qgnn_released": ReleasedQGNN,
    "gcn": IGCNet,
    "gcn_small": partial(IGCNet, message_widths=(4, 4), update_width=4),  # cut to the qgnn's parameter count
    "gcn_released": ReleasedGCN,
    # On informed stars, and with what else the search chose (docs/protocol.md): the same for all three.
    "qgnn_informed": partial(QGNN, **_INFORMED),
    "gcn_informed": partial(StarIGCNet, **_INFORMED),
    "mlp_informed": partial(StarMLP, **_INFORMED),
}

__all__ = ["MODELS", "PowerModel", "architecture_options", "build"]


def architecture_options(name: str) -> dict[str, Any]:
    """Return the options of model ``name`` and their defaults.

    Raises:
        ValueError: There is no such model.
    """
    require_choice("model", name, MODELS)
    parameters = inspect.signature(MODELS[name]).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def build(
    name: str,
    config: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    seeds: range = range(1),
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
) -> PowerModel:
    """Build a model with one independent copy per seed.

    Args:
        name: A key of `MODELS`.
        config: Architecture options; what is missing takes its default.
        seed: The study's seed; copy s starts from the stream ("model", s) below it.
        seeds: The seeds to stack.
        dtype: Of the parameters. Starts are drawn in float32 whatever the dtype.
        device: Torch device.

    Returns:
        The model, in training mode.

    Raises:
        ValueError: An unknown model, option or device, an option or the seed out of range, or no seeds.

    Example:
        >>> build("gcn").num_parameters
        {'quantum': 0, 'classical': 1233, 'total': 1233}
    """
    options = architecture_options(name)
    for key in config or {}:
        require_choice(f"option of model {name}", key, options)
    require_count("number of seeds", len(seeds))
    require_device("device", device)
    generators = [torch_generator(seed, "model", s) for s in seeds]
    return MODELS[name](generators, **(config or {})).to(device, dtype)
