"""Scenarios: how channel realizations are drawn."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from .base import LARGEST, Count, Positive, Settings

SPLITS = ("train", "validation", "test", "evaluation", "pool")
"""The splits in the order of their random streams: part of the data format, never to be reordered."""

# Lengths, frequencies and levels that physics has lie far within; beyond, powers of ten leave float64's range.
Physical = Annotated[float, Field(ge=1e-30, le=1e30)]
Decibel = Annotated[float, Field(ge=-1000, le=1000)]
Links = Annotated[int, Field(ge=2, le=LARGEST)]


class Splits(Settings):
    """Channel realizations per split; the splits are disjoint, except for `public_draws`, as in the public code."""

    train: Count
    """Realizations that models are trained on."""
    validation: Count
    """Realizations that the search is scored on, and nothing else."""
    test: Count
    """Realizations of the curves of Fig. 2."""
    evaluation: Count
    """Realizations of the tables, besides the test split."""
    pool: Count | None = None
    """Realizations that runs with a train_size take their first ones of."""


class Scenario(Settings):
    """What all scenarios have in common. A kind adds its own options, and names its implementation."""

    implementation: ClassVar[str]
    """``module:function`` that draws the channels (see `qgnn_d2d.channels`)."""
    resizable: ClassVar[bool] = True
    """Whether there are random streams for other numbers of links."""

    kind: str
    """How channels are drawn: the name of a kind."""
    num_links: Links = 10
    """Number of D2D pairs M."""
    features: Literal["amplitude", "decibel"] = "amplitude"
    """Scale on which channels enter the models: |g|, or 10 log10 |g|² for gains that span decades."""


# ASSUME: the paper states neither the number of links nor P_max, noise, weights, fading, path loss, distance.
# Defaults: the public code's where it has them (rayleigh), else those of the code of its reference [14].
class Rayleigh(Scenario):
    """Channels CN(0, 1) without geometry, weights U(0, 1): the public code's setting."""

    implementation = "qgnn_d2d.channels.rayleigh:rayleigh"

    kind: Literal["rayleigh"] = "rayleigh"
    p_max: Positive = 1.0
    """Largest transmit amplitude, sqrt(W)."""
    noise_power: Positive = 0.1
    """Noise power at every receiver, W."""


# ASSUME: the square's edge is stated nowhere; 200 m is a choice (reference [14] has 50 links in 1,000 m).
class Geometric(Scenario):
    """Pairs in a square, ITU-R P.1411 path loss, Rayleigh fading, weights U(0, 1): the paper's system model."""

    implementation = "qgnn_d2d.channels.geometric:geometric"

    kind: Literal["geometric"] = "geometric"
    area_edge: Physical = 200.0
    """Edge of the square, m."""
    pair_distance_min: Physical = 2.0
    """Smallest distance within a pair, m."""
    pair_distance_max: Physical = 65.0
    """Largest distance within a pair, m."""
    min_crosslink_distance: Physical = 1.0
    """Smallest distance from a transmitter to another pair's receiver, m."""
    carrier_frequency: Physical = 2.4e9
    """Carrier frequency, Hz."""
    antenna_height: Physical = 1.5
    """Height of all antennas, m."""
    bandwidth: Physical = 5e6
    """Bandwidth, Hz."""
    p_max_dbm: Decibel = 40.0
    """Largest transmit POWER, dBm; 40 dBm are 10 W, an amplitude of sqrt(10)."""
    noise_density_dbm: Decibel = -169.0
    """Noise power density, dBm/Hz."""
    direct_antenna_gain_db: Decibel = 2.5
    """Antenna gain of direct links only, dB."""
    fading: bool = True
    """Whether Rayleigh fading multiplies every power gain."""

    @model_validator(mode="after")
    def _placeable(self) -> Geometric:
        if self.pair_distance_max < self.pair_distance_min:
            raise ValueError(
                f"pair_distance_max is {self.pair_distance_max!r}; it must be at least pair_distance_min = "
                f"{self.pair_distance_min!r}"
            )
        if self.pair_distance_min >= self.area_edge / math.sqrt(2):
            raise ValueError(
                f"pair_distance_min is {self.pair_distance_min!r}; it must be below area_edge / sqrt(2) = "
                f"{self.area_edge / math.sqrt(2):.4g}, so that every transmitter can have a receiver in the square"
            )
        return self


class PublicDraws(Scenario):
    """The public code's own draws: all splits from one seed, as training and test sets are there."""

    implementation = "qgnn_d2d.channels.public_draws:public_draws"
    resizable = False  # one legacy stream for everything

    kind: Literal["public_draws"] = "public_draws"
    draw_seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    """Seed of NumPy's legacy generator; 1712 in the public code."""


AnyScenario = Annotated[Rayleigh | Geometric | PublicDraws, Field(discriminator="kind")]
SCENARIOS: dict[str, type[Scenario]] = {
    kind.model_fields["kind"].default: kind for kind in (Rayleigh, Geometric, PublicDraws)
}
"""Kinds of scenarios, by name."""


class Inference(Settings):
    """How time and memory of one inference are measured."""

    links: Annotated[list[Links], Field(min_length=1)]
    """Numbers of links."""
    repeats: Count = 5
    """Inferences per measurement, of which the fastest counts."""


class ScaleStudy(Settings):
    """Trained networks on networks of other sizes, without retraining."""

    runs: Annotated[list[str], Field(min_length=1)]
    """Ids of the runs, of one scenario and of protocol stated; claim C9 is judged on the first one."""
    links: Annotated[list[Links], Field(min_length=1)]
    """Numbers of links to evaluate at; those of the training must be among them."""
    realizations: Count = 300
    """Realizations per number of links."""
    max_boxes: Count = 100_000
    """Boxes after which a realization's certified optimum is given up."""
    inference: Inference
    """How time and memory of one inference are measured."""
