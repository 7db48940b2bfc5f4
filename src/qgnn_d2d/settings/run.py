"""A run: one configuration, trained for all of its seeds in one job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import SerializeAsAny, model_validator

from ..checks import require_choice
from .base import Count, Device, Settings, Whole, only, validated
from .model import MODELS, ModelOptions
from .scenario import Links
from .training import Training

Protocol = Literal["stated", "released"]


class RunSettings(Settings):
    """Everything that determines a run's numbers, besides its channels."""

    id: str
    """Short readable name, used in paths."""
    scenario: str
    """Name of a scenario of the study."""
    protocol: Protocol
    """stated (eq. (2), bps/Hz) or released (the public code's quantities)."""
    model: str
    """A name in `model.MODELS`."""
    architecture: SerializeAsAny[ModelOptions]
    """All options of the model."""
    training: Training
    """Optimizer settings."""
    seed: Whole
    """The study's seed, from which all random streams derive."""
    num_seeds: Count
    """Seeds 0 to num_seeds - 1 are trained together."""
    num_threads: Count = 1
    """Torch threads."""
    device: Device = "cpu"
    """Torch device."""
    train_size: Count | None = None
    """Realizations to train on, of the split `pool`; the split `train` where not given."""
    train_draw: Count | None = None
    """Which train_size realizations of the split `pool`: draw 1 are the first ones, draw 2 those after them, and so on;
    the first ones where not given."""
    num_links: Links | None = None
    """Links to train at, where not the scenario's own: such a run belongs to a scale study, which evaluates it."""

    @model_validator(mode="before")
    @classmethod
    def _options_of_the_model(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not isinstance(data.get("architecture"), Mapping):
            return data
        require_choice("model", data.get("model"), MODELS)
        return {**data, "architecture": validated(MODELS[data["model"]], data["architecture"], "architecture")}

    @model_validator(mode="after")
    def _a_draw_has_a_size(self) -> RunSettings:
        if self.train_draw is not None and self.train_size is None:
            raise ValueError(f"train_draw is {self.train_draw}, but train_size is not given; a draw needs its size")
        return self

    @property
    def training_split(self) -> str:
        """The split that the run's training realizations are taken from."""
        return "train" if self.train_size is None else "pool"

    @property
    def training_rows(self) -> slice:
        """The rows of that split.

        Example:
            >>> training = Training(learning_rate=0.01, batch_size=32, epochs=5)
            >>> run = RunSettings(id="r", scenario="s", protocol="stated", model="gcn", architecture={}, seed=0,
            ...                   num_seeds=1, training=training, train_size=300, train_draw=2)
            >>> run.training_rows
            slice(300, 600, None)
        """
        size, draw = self.train_size, self.train_draw
        return slice(size) if size is None or draw is None else slice(size * (draw - 1), size * draw)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, for a manifest; `from_dict` reads it back."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunSettings:
        """Rebuild settings from `as_dict`; errors as in `validated`."""
        return validated(cls, data)

    def changed(self, changes: Mapping[str, Any]) -> RunSettings:
        """Return the run with some of its training and architecture options changed, by name.

        Raises:
            ValueError: There is no such option, or a value is out of range.

        Example:
            >>> training = Training(learning_rate=0.01, batch_size=32, epochs=5)
            >>> run = RunSettings(id="r", scenario="s", protocol="stated", model="gcn", architecture={"iterations": 3},
            ...                   training=training, seed=0, num_seeds=1)
            >>> run.changed({"epochs": 9, "iterations": 2}).architecture.iterations
            2
        """
        place, options = f"run {self.id}", type(self.architecture)
        for name in changes:
            require_choice(f"option of {place}", name, [*Training.model_fields, *options.model_fields])
        training = dict(self.training) | only(changes, Training)
        own = dict(self.architecture) | only(changes, options)
        return self.model_copy(
            update={"training": validated(Training, training, place), "architecture": validated(options, own, place)}
        )
