"""I.i.d. Rayleigh networks without geometry: the scenario of the public code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..random_streams import Seed, numpy_generator
from ..settings.scenario import Rayleigh
from .layout import FADING_STREAM, WEIGHT_STREAM, dataset

if TYPE_CHECKING:
    import xarray as xr


def rayleigh(settings: Rayleigh, num_realizations: int, seed: Seed) -> xr.Dataset:
    """Draw networks whose channels are all CN(0, 1), so that all power gains are Exp(1); weights are U(0, 1).

    Source: Shen et al., JSAC 2021 (reference [14] of the paper), whose public code has M = 10 links and P_max = 1.

    Example:
        >>> rayleigh(Rayleigh(num_links=3), 5, seed=7).gain.sizes
        Frozen({'realization': 5, 'receiver': 3, 'transmitter': 3})
    """
    shape = (num_realizations, settings.num_links)
    gain = numpy_generator(seed, FADING_STREAM).standard_exponential((*shape, settings.num_links))
    weight = numpy_generator(seed, WEIGHT_STREAM).random(shape)
    return dataset(gain, weight, settings.kind, settings.p_max, settings.noise_power, seed)
