"""The draws of a study: every split of every scenario from a random stream of its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..checks import require_choice
from ..random_streams import Seed, child, seed_sequence
from ..settings.scenario import SPLITS, Scenario

if TYPE_CHECKING:
    import xarray as xr


def realizations(settings: Scenario, num_realizations: int, seed: Seed) -> xr.Dataset:
    """Draw from a scenario of any kind.

    Args:
        settings: The scenario.
        num_realizations: Number of realizations N.
        seed: Non-negative integer or `numpy.random.SeedSequence` (which is not changed).

    Returns:
        Dataset as the package describes it.

    Raises:
        ValueError: See the scenario's function.
    """
    module, _, function = settings.implementation.partition(":")
    drawn: xr.Dataset = getattr(import_module(module), function)(settings, num_realizations, seed)
    return drawn


def draw(name: str, settings: Scenario, split: str, size: int, seed: int) -> xr.Dataset:
    """Draw one split of a study's scenario.

    The splits take the children 0, 1, 2, ... of the scenario's stream in the order of `SPLITS`, so they are disjoint
    by construction. The kind `public_draws` is the exception, and exists for it: all of its splits come from one seed.
    Splits of equal size are then identical, others share their first weights.

    Args:
        name: The scenario's name, which its random stream is named after.
        settings: The scenario.
        split: Name of the split.
        size: Number of realizations.
        seed: The study's seed.

    Returns:
        Dataset as the package describes it, with the split's name as attribute `split`.

    Raises:
        ValueError: An unknown split, or see `realizations`.

    Example:
        >>> from qgnn_d2d.settings.scenario import Rayleigh
        >>> draw("strong", Rayleigh(num_links=4, p_max=2.0), "test", 3, seed=1).gain.shape
        (3, 4, 4)
    """
    require_choice("split", split, SPLITS)
    stream = child(seed_sequence(seed, "channels", name), SPLITS.index(split))
    drawn = realizations(settings, size, stream)
    drawn.attrs["split"] = split
    return drawn
