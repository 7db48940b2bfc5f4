"""Trained networks on networks of other sizes: their sum rate, and the solvers'.

A model that was trained on M links maps any number of links to powers, so nothing is trained here. Channels of another
M have a random stream of their own, named after scenario and M. A scenario keeps all its other options: `geometric`
keeps its area, so that more links are a denser network, unless the density is to stay (`Scenario.resized`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr
from numpy.typing import NDArray

from .. import channels
from ..channels import Channels
from ..checks import require_count
from ..models import PowerModel
from ..objective import QUANTITIES
from ..random_streams import seed_sequence
from ..settings import RunSettings, Scenario
from ..solvers import METHODS, OPTIMUM_GAP, Method, shown_in
from . import evaluation, values

SPLIT = "scale-{}"
"""Names the stars' streams, by number of links."""

COLUMNS = (
    "num_links", "method", "kind", "model", "k", "trained_at", "seed", "num_realizations", "metric", "unit", "value",
    "reference", "percent_of_wmmse", "upper_bound", "certified_share",
)  # fmt: skip

_QUANTITY = QUANTITIES["sum_rate"]
_CHUNK = 25  # realizations that a solver is given at a time: bounds its memory, changes nothing else


@dataclass(frozen=True)
class Scaled:
    """What models and solvers reach on networks of one number of links.

    Attributes:
        rows: A row per seed of every run, and per solver, with the columns `COLUMNS`. ``trained_at`` is the number of
            links in training; ``percent_of_wmmse`` is the mean over the mean of ``reference``, the better of the
            solvers that stand there, realization by realization.
        values: The runs' sum rates, (copy, realization), as `evaluation.evaluate` has them, and what is 100 percent,
            `values.HUNDRED` (realization).
    """

    rows: pd.DataFrame
    values: xr.Dataset


def draw(
    name: str, scenario: Scenario, num_links: int, num_realizations: int, seed: int, *, constant_density: bool = False
) -> Channels:
    """Draw N realizations of another number of links, independent of every split and of every other number.

    The random streams are named after the scenario's name; its num_links is replaced, and its area at
    ``constant_density``, nothing else.

    Raises:
        ValueError: The kind has no streams for other M, or no area to keep a density in, M is below 2, N below 1, or a
            geometric scenario's square is too crowded for M pairs.

    Example:
        >>> from qgnn_d2d.settings.scenario import Rayleigh
        >>> draw("rayleigh", Rayleigh(), 20, 3, seed=1).gain.shape
        torch.Size([3, 20, 20])
    """
    require_count("num_links", num_links, minimum=2)
    try:
        resized = scenario.resized(num_links, constant_density=constant_density)
    except ValueError as error:
        raise ValueError(f"scenario {name}: {error}") from None
    stream = seed_sequence(seed, "scale", name, num_links)
    return channels.to_channels(channels.realizations(resized, num_realizations, stream))


def evaluate(
    trained: Sequence[tuple[RunSettings, PowerModel]],
    trained_at: Sequence[int],
    channels: Channels,
    reference: Sequence[str] = ("wmmse",),
    max_boxes: int = 100_000,
    gap: float | None = OPTIMUM_GAP,
) -> Scaled:
    """Evaluate trained runs, and solve by WMMSE from several starts and to the certified optimum as far as that goes.

    Where a star's k leaves are more than there are other links, all others are its leaves. Methods that take too long
    for so many links are left out. The optimum has a value only if every realization is certified to ``gap``; None
    leaves it out. In its row num_realizations counts those tried, value is empty unless it is the certified mean,
    upper_bound is the mean of the bounds of those tried, and certified_share their share with a certificate.

    Args:
        trained: Runs with their models.
        trained_at: The number of links in each run's training.
        channels: N realizations of M links.
        reference: Names of the solvers whose better one is 100 percent.
        max_boxes: Boxes after which a realization's optimum is given up.
        gap: Relative gap up to which an optimum is certified.

    Raises:
        ValueError: ``max_boxes`` or ``gap`` is out of range (see `solvers.optimum`).
    """
    methods = [method for method in shown_in("scale") if not method.certified]
    methods = [method for method in methods if method.max_links is None or channels.num_links <= method.max_links]
    solved = {method.name: _solved(method, channels) for method in methods}
    hundred = np.max([solved[name] for name in reference], axis=0)
    parts, rows = [], []
    for (run, model), links in zip(trained, trained_at, strict=True):
        part = evaluation.evaluate(run, model, channels, SPLIT.format(channels.num_links))[[_QUANTITY.name]]
        means = part[_QUANTITY.name].mean("realization").values
        about = {"method": run.id, "kind": "model", "model": run.model, "k": model.k, "trained_at": links}
        rows.append(_rows(channels, **about, seed=range(len(means)), value=means))
        parts.append(part)
    rows += [_rows(channels, method=name, kind="solver", value=[found.mean()]) for name, found in solved.items()]
    if gap is not None:
        rows.append(_optimum(channels, max_boxes, gap))
    table = pd.concat(rows, ignore_index=True)
    table["reference"], table["percent_of_wmmse"] = ", ".join(reference), 100 * table["value"] / hundred.mean()
    dataset = xr.concat(parts, dim="copy") if parts else xr.Dataset()
    dataset[values.HUNDRED] = ("realization", hundred, _QUANTITY.attributes)
    return Scaled(table, dataset)


def _solved(method: Method, channels: Channels) -> NDArray[np.float64]:
    """Return a method's sum rate in every realization: (N,)."""
    parts = (channels.take(slice(start, start + _CHUNK)) for start in range(0, len(channels), _CHUNK))
    power = torch.cat([method.solve(part.gain, part.weight, part.noise_power, part.p_max) for part in parts])
    return values.score(channels, power, _QUANTITY)


def _optimum(channels: Channels, max_boxes: int, gap: float) -> pd.DataFrame:
    """Return the certified optimum's row.

    Realizations are tried in batches of growing size, the first alone, and none is tried any more after one that
    ``max_boxes`` are not enough for: the mean is lost then, and what is left would only cost time.
    """
    found: list[Any] = []
    stop, optimum = 0, METHODS["optimum"].function
    while stop < len(channels) and (not found or found[-1].certified.all()):
        part = channels.take(slice(stop, max(1, 2 * stop)))
        stop += len(part)
        found.append(optimum(part.gain, part.weight, part.noise_power, part.p_max, gap=gap, max_boxes=max_boxes))
    lower, upper, certified = (
        torch.cat([getattr(part, name) for part in found]).double() for name in ("lower", "upper", "certified")
    )
    whole = len(certified) == len(channels) and bool(certified.all())
    best = _rows(
        channels, method="optimum", kind="solver", value=[lower.mean().item() if whole else np.nan],
        upper_bound=upper.mean().item(), certified_share=certified.mean().item(),
    )  # fmt: skip
    return best.assign(num_realizations=len(certified))


def _rows(channels: Channels, **values: Any) -> pd.DataFrame:
    size = {"num_links": channels.num_links, "num_realizations": len(channels)}
    frame = pd.DataFrame({**values, **size, "metric": _QUANTITY.name, "unit": _QUANTITY.unit})
    numbers = dict.fromkeys(("value", "percent_of_wmmse", "upper_bound", "certified_share"), float)
    whole = dict.fromkeys(("k", "trained_at", "seed"), "Int64")
    return frame.reindex(columns=list(COLUMNS)).astype({**numbers, **whole, "model": object, "reference": object})
