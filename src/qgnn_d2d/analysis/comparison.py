"""Methods side by side on the same channels: what they reach, in percent of WMMSE and of the optimum, in which time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..channels import Channels
from ..objective import QUANTITIES
from . import values
from .powers import Solved
from .statistics import crossed_interval

Rates = NDArray[np.float64]

_QUANTITY = QUANTITIES["sum_rate"]


def rates(channels: Channels, power: torch.Tensor) -> Rates:
    """Return eq. (2), bps/Hz, of powers (..., N, M): (..., N)."""
    return values.score(channels, power, _QUANTITY)


def references(channels: Channels, solved: Mapping[str, Solved]) -> dict[str, Rates]:
    """Return what percentages are of, as far as it is solved: (N,) rates by the names of `reached`'s percentages.

    These are ``wmmse`` and ``optimum``; where not every realization's optimum is certified, ``bound`` in its place, the
    certified upper bounds, which no powers exceed.

    Args:
        channels: N realizations.
        solved: Method to its powers.
    """
    found = {name: rates(channels, solved[name].power) for name in ("wmmse", "optimum") if name in solved}
    best = solved.get("optimum")
    if best is not None and best.certified is not None and not best.certified.all():
        assert best.upper is not None
        del found["optimum"]
        found["bound"] = best.upper
    return found


def reached(values: Rates, references: Mapping[str, Rates]) -> dict[str, Any]:
    """Return means with 95 % intervals.

    Args:
        values: (S, N) rates: S seeds of a model, or one row.
        references: Name to (N,) rates on the same realizations.

    Returns:
        ``sum_rate`` in bps/Hz and ``percent_of_<name>`` for every reference, each with mean, low and high. Intervals
        are over realizations and, where there are several, seeds; none for one realization. A percentage
        of a mean of 0 is None.

    Example:
        >>> found = reached(np.array([[1.0, 3.0]]), {"wmmse": np.array([2.0, 6.0])})
        >>> found["sum_rate"]["mean"], found["percent_of_wmmse"]["mean"], round(found["percent_of_wmmse"]["low"], 9)
        (2.0, 50.0, 50.0)
    """
    has_interval = values.shape[1] > 1
    low, high = crossed_interval(np.asarray, values) if has_interval else (None, None)
    found: dict[str, Any] = {"sum_rate": {"mean": float(values.mean()), "low": low, "high": high}}
    for name, reference in references.items():
        if not reference.mean() > 0:
            found[f"percent_of_{name}"] = {"mean": None, "low": None, "high": None}
            continue
        both = values, reference[np.newaxis]
        low, high = crossed_interval(lambda own, other: 100 * own / other, *both) if has_interval else (None, None)
        mean = 100 * float(values.mean() / reference.mean())
        found[f"percent_of_{name}"] = {"mean": mean, "low": low, "high": high}
    return found
