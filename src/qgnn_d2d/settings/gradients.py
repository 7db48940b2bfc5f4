"""The gradient study: around which run, over what, and from how many starts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Count, Settings

Counts = Annotated[list[Count], Field(min_length=1)]


class GradientStudy(Settings):
    """Variance of the loss's gradient over random starts; one option of a run varies at a time."""

    run: str
    """Id of a stated run of a QGNN without noise: the point around which options vary."""
    k: Counts
    """Leaves per star."""
    layers: Counts
    """Layers L."""
    heads: Counts
    """Circuits side by side in every layer."""
    noise: list[str] = []
    """Noise models that the circuits run on; the ideal circuit is there in any case."""
    starts: Annotated[int, Field(ge=2)] = 400
    """Random starts of every setting."""
    realizations: Count = 32
    """The first training realizations, over which the loss is a mean."""
