"""Scenarios: how channel realizations are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ..checks import shown
from .base import LARGEST, Count, Name, Positive, Settings, Whole

SPLITS = ("train", "validation", "test", "evaluation", "pool")
"""The splits in the order of their random streams: part of the data format, never to be reordered."""

Split = Literal["train", "validation", "test", "evaluation", "pool"]
NEEDED = ("train", "test", "evaluation")
"""The splits that every study needs."""

AXES = ("realization", "receiver", "transmitter")
"""The dimensions of channels, in the library's order."""
FORMATS = (".nc", ".npz", ".npy", ".mat", ".h5", ".hdf5")
"""What files of channels may be: NetCDF, NumPy, MATLAB, HDF5."""

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
    """Realizations that runs with a train_size or a train_draw are trained on."""


class Optimum(Settings):
    """How far a realization's optimum is searched for (`solvers.branch_and_bound.optimum`)."""

    gap: Annotated[float, Field(ge=1e-8, le=0.1)] = 1e-6
    """Relative gap between lower and upper bound up to which an optimum is certified."""
    max_boxes: Count = 1_000_000
    """Boxes after which a realization is given up: its bounds are kept, and it counts as not certified."""


class Scenario(Settings):
    """What all scenarios have in common. A kind adds its own options, and names its implementation."""

    implementation: ClassVar[str]
    """``module:function`` that draws the channels (see `qgnn_d2d.channels`)."""
    not_in_text: ClassVar[frozenset[str]] = frozenset({"optimum"})  # no channel depends on it
    resizable: ClassVar[bool] = True
    """Whether there are random streams for other numbers of links."""
    has_area: ClassVar[bool] = False
    """Whether links are placed in an area, so that they have a density."""

    kind: str
    """How channels are drawn: the name of a kind."""
    num_links: Links = 10
    """Number of D2D pairs M."""
    features: Literal["amplitude", "decibel"] = "amplitude"
    """Scale on which channels enter the models: |g|, or 10 log10 |g|² for gains that span decades."""
    optimum: Optimum | Literal[False] = Optimum()
    """The certified optimum of the tables and figures; off: it is left out."""

    @field_validator("optimum", mode="before")
    @classmethod
    def _mapping_or_off(cls, value: Any) -> Any:
        if value is False or value == "off":  # YAML reads off as false
            return False
        if not isinstance(value, Mapping | Optimum):
            raise ValueError(f"{shown(value)} is no mapping; it must be one of gap and max_boxes, or off")
        return value

    @property
    def optimum_text(self) -> str:
        """How far the optimum is searched for, as text: what repeats the solvers' job where it changes."""
        return self.optimum.text if self.optimum else "off"

    @property
    def sources(self) -> dict[str, str]:
        """The files that channels are read from, by split; none for channels that are drawn."""
        return {}

    def part(self, split: str, sizes: Mapping[str, int]) -> Scenario:
        """Return what one split is drawn from, given the sizes of all splits: the scenario itself, but for files."""
        return self

    def resized(self, num_links: int, *, constant_density: bool = False) -> Self:
        """Return the scenario with another number of links, all else as it is.

        With ``constant_density`` the area grows with the links, so that as many of them share a square meter.

        Raises:
            ValueError: The kind has no random streams for other numbers of links, or no area.
        """
        if not self.resizable:
            raise ValueError(f"kind is {self.kind!r}, which has no random streams for other numbers of links")
        if constant_density and not self.has_area:
            raise ValueError(f"kind is {self.kind!r}, which has no area: there is no density to keep")
        return self.model_copy(update={"num_links": num_links})


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


# ASSUME: the square's edge is stated nowhere; 447 m gives 10 links the density that reference [14] has: 50 in 1,000 m.
class Geometric(Scenario):
    """Pairs in a square, ITU-R P.1411 path loss, Rayleigh fading, weights U(0, 1): the paper's system model."""

    implementation = "qgnn_d2d.channels.geometric:geometric"
    has_area = True

    kind: Literal["geometric"] = "geometric"
    area_edge: Physical = 447.0
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

    def resized(self, num_links: int, *, constant_density: bool = False) -> Self:
        """See `Scenario.resized`: at constant density, the square's edge grows with the root of the links."""
        resized = super().resized(num_links, constant_density=constant_density)
        edge = self.area_edge * math.sqrt(num_links / self.num_links) if constant_density else self.area_edge
        return resized.model_copy(update={"area_edge": edge})


class PublicDraws(Scenario):
    """The public code's own draws: all splits from one seed, as training and test sets are there."""

    implementation = "qgnn_d2d.channels.public_draws:public_draws"
    resizable = False  # one legacy stream for everything

    kind: Literal["public_draws"] = "public_draws"
    draw_seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    """Seed of NumPy's legacy generator; 1712 in the public code."""


class File(Scenario):
    """Channels of one's own, read from files: NetCDF, NumPy, MATLAB or HDF5."""

    implementation = "qgnn_d2d.channels.file:file"
    resizable = False  # there are the file's links only

    kind: Literal["file"] = "file"
    num_links: Links
    """Number of D2D pairs M, the file's; the largest one of networks of several sizes."""
    path: str | None = None
    """One file for all splits (.nc, .npz, .npy, .mat, .h5, .hdf5), relative to this config file's folder. The splits
    take its realizations one after the other: train, validation, test, evaluation, pool."""
    paths: dict[Split, str] | None = None
    """In the place of path: split to its own file, of which it takes the first realizations."""
    first: Whole = 0
    """Realizations to leave out at the beginning of every file."""
    variable: str | Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    """Name of the channels in the file; not needed where only one variable can be meant. Of complex channels that are
    two variables: the names of real and imaginary part."""
    sizes: str | None = None
    """Name of the variable with every network's number of links, for networks of several sizes: the links come first,
    and what is left up to num_links is padding, 0 or NaN."""
    quantity: Literal["complex", "amplitude", "gain"]
    """What the file holds: complex channels h, amplitudes |h|, or power gains |h|²."""
    unit: Literal["linear", "dB"] = "linear"
    """dB: 20 log10 |h|, of amplitudes and of gains; never a path loss, whose sign is the other one."""
    axes: Annotated[list[str], Field(min_length=3, max_length=3)] | None = None
    """Order of the file's dimensions; realization, receiver, transmitter where not given. Of a NetCDF file with other
    names: its names of these three, in this order. A NetCDF file is put into order by its names."""
    weights: str = "ones"
    """Link weights: ones; uniform, U(0, 1) from the study's seed; or the name of the file's variable."""
    noise_power: Positive
    """Noise power at every receiver, W."""
    p_max: Positive
    """Largest transmit amplitude, sqrt(W); its square is the largest transmit power."""

    @model_validator(mode="after")
    def _readable(self) -> File:
        if (self.path is None) == (self.paths is None):
            raise ValueError("path and paths: one of them must be given, and not both")
        if self.path is None and (missing := [split for split in NEEDED if split not in self.sources]):
            raise ValueError(f"paths lacks {', '.join(missing)}; every study needs {', '.join(NEEDED)}")
        for split, name in self.sources.items():
            if Path(name).suffix.lower() not in FORMATS:
                key = "path" if self.paths is None else f"paths.{split}"
                raise ValueError(f"{key} is {shown(Path(name).name)}; it must end in one of: {', '.join(FORMATS)}")
        if self.quantity == "complex" and self.unit == "dB":
            raise ValueError("unit is 'dB'; complex channels have unit linear")
        if isinstance(self.variable, list) and self.quantity != "complex":
            raise ValueError(f"variable is {self.variable}; only complex channels have two")
        if self.axes is not None and len(set(self.axes)) < len(AXES):
            raise ValueError(f"axes is {self.axes}; it must be three different names")
        return self

    @property
    def text(self) -> str:
        """See `Settings.text`; of files, names alone, as the rule has the files themselves for inputs."""
        names = {split: Path(name).name for split, name in self.sources.items()}
        files = {"path": names["train"]} if self.paths is None else {"paths": names}
        return super(File, self.model_copy(update=files)).text

    @property
    def sources(self) -> dict[str, str]:
        """See `Scenario.sources`."""
        if self.paths is None:
            return dict.fromkeys(SPLITS, str(self.path))
        return {str(split): name for split, name in self.paths.items()}

    def part(self, split: str, sizes: Mapping[str, int]) -> File:
        """Return the scenario with one file, which begins where the split does.

        Raises:
            ValueError: The split has no file.
        """
        if split not in self.sources:
            raise ValueError(f"paths is {shown(self.paths)}; it must have split {split}, too")
        before = 0 if self.paths is not None else sum(sizes.get(name, 0) for name in SPLITS[: SPLITS.index(split)])
        return self.model_copy(update={"path": self.sources[split], "paths": None, "first": self.first + before})


AnyScenario = Annotated[Rayleigh | Geometric | PublicDraws | File, Field(discriminator="kind")]
SCENARIOS: dict[str, type[Scenario]] = {
    kind.model_fields["kind"].default: kind for kind in (Rayleigh, Geometric, PublicDraws, File)
}
"""Kinds of scenarios, by name."""


class Readings(Settings):
    """Which reading of the paper gives its numbers: on the public code's draws."""

    scenario: Name
    """A scenario of kind public_draws; its test set is the larger set of draws."""
    smaller_set: Count
    """Realizations of the smaller set of draws; the public code has 100 and 50 by default."""
    links: Annotated[list[Links], Field(min_length=1)]
    """Numbers of links at which the noise is fitted to the paper's level of WMMSE."""
