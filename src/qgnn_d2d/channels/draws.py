"""The draws of a study: every split of every scenario from a random stream of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from ..checks import require_choice
from ..random_streams import Seed, child, seed_sequence
from ..settings.scenario import SPLITS, Scenario
from .file import require_disjoint

if TYPE_CHECKING:
    import xarray as xr

    from ..settings.study import Study


def realizations(settings: Scenario, num_realizations: int, seed: Seed) -> xr.Dataset:
    """Draw N realizations from a scenario of any kind: a dataset as the package describes it.

    ``seed`` is a non-negative integer or a `numpy.random.SeedSequence`, which is not changed.

    Raises:
        ValueError: See the scenario's function.
    """
    return resolve_name(settings.implementation)(settings, num_realizations, seed)


def draw(name: str, settings: Scenario, split: str, size: int, seed: int) -> xr.Dataset:
    """Draw one split of a study's scenario; the split's name is the attribute `split`.

    The splits take the children 0, 1, 2, ... of the scenario's stream in the order of `SPLITS`, so they are disjoint
    by construction. The kind `public_draws` is the exception, and exists for it: all of its splits come from one seed.
    Splits of equal size are then identical, others share their first weights.

    Args:
        name: The scenario's, which its random stream is named after.
        settings: The scenario.
        split: The split's name.
        size: Number of realizations; 0 gives the attributes alone.
        seed: The study's seed.

    Raises:
        ValueError: An unknown split, or see `realizations`.

    Example:
        >>> from qgnn_d2d.settings.scenario import Rayleigh
        >>> draw("strong", Rayleigh(num_links=4, p_max=2.0), "test", 3, seed=1).gain.shape
        (3, 4, 4)
    """
    require_choice("split", split, SPLITS)
    drawn = realizations(settings, size, child(seed_sequence(seed, "channels", name), SPLITS.index(split)))
    drawn.attrs["split"] = split
    return drawn


def draw_splits(study: Study, scenario: str, splits: Iterable[str]) -> dict[str, xr.Dataset]:
    """Draw splits of a study's scenario.

    From files, all splits are read, and compared: a realization must not stand in two of them.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: See `draw`.
    """
    settings, wanted = study.scenarios[scenario], list(splits)
    compared = [split for split in study.splits if split in settings.sources]
    drawn = {
        split: draw(scenario, settings.part(split, study.splits), split, study.splits[split], study.seed)
        for split in dict.fromkeys([*wanted, *compared])
    }
    if compared:
        require_disjoint(drawn)
    return {split: drawn[split] for split in wanted}
