"""The layout of channel realizations as a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..random_streams import Seed

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]

# One child stream per variable; the numbers are part of the data format: never reuse or reorder them.
WEIGHT_STREAM, FADING_STREAM, TRANSMITTER_STREAM, RECEIVER_STREAM = range(4)

DIMS = {"gain": ("realization", "receiver", "transmitter"), "weight": ("realization", "receiver")}
SIZES = "num_links"
"""Variable with the numbers of links of networks of several sizes."""
ATTRIBUTES = ("scenario", "p_max", "noise_power", "seed", "package_version")


def dataset(
    gain: FloatArray,
    weight: FloatArray,
    scenario: str,
    p_max: float,
    noise_power: float,
    seed: Seed,
    parameters: Mapping[str, Any] | None = None,
    sizes: NDArray[np.int64] | None = None,
) -> xr.Dataset:
    """Return realizations as the package describes them: gains (N, M, M), weights (N, M), p_max in sqrt(W), W."""
    import xarray as xr

    gain_attributes = {"units": "1", "long_name": "linear power gain into receiver from transmitter"}
    weight_attributes = {"units": "1", "long_name": "weight of the link in the sum rate"}
    variables: dict[str, Any] = {
        "gain": (DIMS["gain"], gain, gain_attributes),
        "weight": (DIMS["weight"], weight, weight_attributes),
    }
    if sizes is not None:
        about = {"units": "1", "long_name": "number of links; the others are padding"}
        variables[SIZES] = (DIMS["gain"][:1], sizes, about)
    return xr.Dataset(
        variables,
        attrs={
            "scenario": scenario,
            **(parameters or {}),
            "p_max": float(p_max),  # amplitude, sqrt(W)
            "noise_power": float(noise_power),  # W
            "seed": str(seed) if isinstance(seed, int) else f"SeedSequence({seed.entropy}, spawn_key={seed.spawn_key})",
            "package_version": __version__,
        },
    )
