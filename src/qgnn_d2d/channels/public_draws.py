"""The draws of the first author's public code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..random_streams import Seed
from ..settings.scenario import PublicDraws
from .layout import dataset

if TYPE_CHECKING:
    import xarray as xr


def public_draws(settings: PublicDraws, num_realizations: int, seed: Seed = 0) -> xr.Dataset:
    """Repeat the draws of the public code, from NumPy's legacy generator.

    RandomState(draw_seed) draws weights rand(N, M), then real parts randn(N, M, M), then imaginary parts;
    |h|^2 = (re^2 + im^2) / 2 with P_max = 1 and noise power 0.1. NOT prefix-nested: sets of different sizes share the
    first weights but not the channels. ``seed`` is not used: all splits come from the settings' seed, as training and
    test sets do in the public code. Source: LeGiangK62/QGNN_Comm, commit 8471955.
    """
    generator = np.random.RandomState(settings.draw_seed)
    shape = (num_realizations, settings.num_links)
    weight = generator.rand(*shape)
    real = generator.randn(*shape, settings.num_links)
    imaginary = generator.randn(*shape, settings.num_links)
    gain = (real**2 + imaginary**2) / 2
    return dataset(gain, weight, settings.kind, 1.0, 0.1, settings.draw_seed)
