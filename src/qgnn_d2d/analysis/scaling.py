"""Trained networks on networks of other sizes: their sum rate, and the solvers'.

A model that was trained on M links maps any number of links to powers, so nothing is trained here. Channels of another
M have a random stream of their own, named after scenario and M. A scenario keeps all its other options: `geometric`
keeps its area, so that more links are a denser network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from .. import channels
from ..channels import Channels
from ..checks import require_count
from ..models import PowerModel
from ..objective import QUANTITIES
from ..random_streams import seed_sequence
from ..settings import RunSettings, Scenario
from ..solvers import METHODS, OPTIMUM_GAP, shown_in
from . import evaluation, values

SPLIT = "scale-{}"
"""Names the stars' streams, by number of links."""

COLUMNS = (
    "num_links", "method", "kind", "model", "k", "seed", "num_realizations", "metric", "unit", "value", "upper_bound",
    "certified_share",
)  # fmt: skip

_QUANTITY = QUANTITIES["sum_rate"]
_CHUNK = 25  # realizations that a solver is given at a time: bounds its memory, changes nothing else


def draw(name: str, scenario: Scenario, num_links: int, num_realizations: int, seed: int) -> Channels:
    """Draw N realizations of another number of links, independent of every split and of every other number.

    The random streams are named after the scenario's name; its num_links is replaced, nothing else.

    Raises:
        ValueError: The kind has no streams for other M, M is below 2, N below 1, or a geometric scenario's square is
            too crowded for M pairs.

    Example:
        >>> from qgnn_d2d.settings.scenario import Rayleigh
        >>> draw("rayleigh", Rayleigh(), 20, 3, seed=1).gain.shape
        torch.Size([3, 20, 20])
    """
    if not scenario.resizable:
        raise ValueError(
            f"scenario {name} is {scenario.kind!r}, which has no random streams for other numbers of links"
        )
    require_count("num_links", num_links, minimum=2)
    stream = seed_sequence(seed, "scale", name, num_links)
    resized = scenario.model_copy(update={"num_links": num_links})
    return channels.to_channels(channels.realizations(resized, num_realizations, stream))


def model_rows(run: RunSettings, model: PowerModel, channels: Channels) -> pd.DataFrame:
    """Return one row per seed of a trained run, with the columns `COLUMNS`.

    Where a star's k leaves are more than there are other links, all others are its leaves.
    """
    split = SPLIT.format(channels.num_links)
    means = evaluation.evaluate(run, model, channels, split)[_QUANTITY.name].mean("realization").values
    return _rows(channels, method=run.id, kind="model", model=run.model, k=model.k, seed=range(len(means)), value=means)


def solver_rows(channels: Channels, max_boxes: int, gap: float | None = OPTIMUM_GAP) -> pd.DataFrame:
    """Solve every realization by WMMSE, by WMMSE from many starts, and to the certified optimum as far as that goes.

    The optimum has a value only if every realization is certified to ``gap``; None leaves it out. Realizations are
    tried in batches of growing size, the first alone, and none is tried any more after one that ``max_boxes`` are not
    enough for: the mean is lost then, and what is left would only cost time.

    Returns:
        One row per method, with the columns `COLUMNS`; without methods that take too long for so many links. In
        the row `optimum`, num_realizations counts those tried, value is empty unless it is the certified mean,
        upper_bound is the mean of the bounds of those tried, and certified_share their share with a certificate.

    Raises:
        ValueError: ``max_boxes`` or ``gap`` is out of range (see `solvers.optimum`).
    """
    rows = []
    for method in shown_in("scale"):
        if method.certified or (method.max_links is not None and channels.num_links > method.max_links):
            continue
        parts = (channels.take(slice(start, start + _CHUNK)) for start in range(0, len(channels), _CHUNK))
        power = torch.cat([method.solve(part.gain, part.weight, part.noise_power, part.p_max) for part in parts])
        value = values.score(channels, power, _QUANTITY).mean()
        rows.append(_rows(channels, method=method.name, kind="solver", value=[value]))
    if gap is None:
        return pd.concat(rows, ignore_index=True)
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
    return pd.concat([*rows, best.assign(num_realizations=len(certified))], ignore_index=True)


def _rows(channels: Channels, **values: Any) -> pd.DataFrame:
    size = {"num_links": channels.num_links, "num_realizations": len(channels)}
    frame = pd.DataFrame({**values, **size, "metric": _QUANTITY.name, "unit": _QUANTITY.unit})
    types = {"value": float, "upper_bound": float, "certified_share": float, "k": "Int64", "seed": "Int64"}
    return frame.reindex(columns=list(COLUMNS)).astype({**types, "model": object})
