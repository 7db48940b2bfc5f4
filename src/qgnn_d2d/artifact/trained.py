"""Trained runs and where they are found: the committed ones, or those of any study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .. import settings
from ..checks import require_choice, require_count, shown
from ..settings import RunSettings, Study

if TYPE_CHECKING:
    from ..channels import Channels
    from ..models import PowerModel

ROOT = Path(__file__).resolve().parents[3]
"""The repository, where the package is installed from a checkout."""

_REFERENCE, _REFERENCE_CONFIG = Path("results", "reference"), Path("config", "check.yaml")


@dataclass(frozen=True)
class Trained:
    """A study's results with trained runs.

    Attributes:
        results: The folder; its runs are in ``training/``.
        study: The study that they were trained for.
    """

    results: Path
    study: Study

    @cached_property
    def runs(self) -> dict[str, RunSettings]:
        """The study's runs that are there, by id, in its order, but for those that belong to scale studies."""
        own = {name: run for name, run in self.study.runs.items() if run.num_links is None}
        return {name: run for name, run in own.items() if self.file(name, "manifest.json").is_file()}

    def file(self, run: str, name: str) -> Path:
        """Return a file of a run."""
        return self.results / "training" / run / name

    @property
    def models(self) -> list[str]:
        """The names of the models that have runs, as the config calls them."""
        return list(dict.fromkeys(self.study.variants[name] for name in self.runs))

    def runs_of(self, model: str, scenario: str | None = None) -> list[str]:
        """Return the ids of a model's runs, the one that is meant by its name first: the study's first.

        Args:
            model: The model's name in the config.
            scenario: The scenario that the runs were trained on; any for None.

        Raises:
            ValueError: There is no such model, no such scenario, or no such run.
        """
        require_choice("model", model, self.models)
        if scenario is not None:
            require_choice("scenario", scenario, self.study.scenarios)
        found = [name for name in self.runs if self.study.variants[name] == model]
        chosen = [name for name in found if scenario in (None, self.runs[name].scenario)]
        if not chosen:
            raise ValueError(f"model {model} has no run of scenario {scenario}; its runs are: {', '.join(found)}")
        return chosen

    def first_runs(self, scenario: str | None = None) -> dict[str, str]:
        """Return model to its first run of a scenario, the study's first one for None, as far as it has one."""
        wanted = next(iter(self.study.scenarios)) if scenario is None else scenario
        require_choice("scenario", wanted, self.study.scenarios)
        found = reversed([name for name, run in self.runs.items() if run.scenario == wanted])
        first = {self.study.variants[name]: name for name in found}
        return {model: first[model] for model in self.models if model in first}

    def run(self, name: str) -> RunSettings:
        """Return a run by its id; a ValueError if it is not there."""
        if name not in self.runs:
            raise ValueError(f"run is {shown(name)}; it must be one of {self.results / 'training'}: {_few(self.runs)}")
        return self.runs[name]

    def load(self, name: str) -> PowerModel:
        """Return a run's trained model, all seeds; errors as in `run` and `training.load_weights`."""
        from ..training import load_weights

        return load_weights(self.run(name), self.file(name, "weights.safetensors"))

    def validation(self, name: str) -> Channels:
        """Draw the validation split of a run's scenario, which no training and no table has used.

        Raises:
            ValueError: The scenario has none: its splits share realizations.
        """
        from .. import channels

        scenario = self.run(name).scenario
        drawn = channels.draw_splits(self.study, scenario, ("validation", "test"))
        known = {gain.tobytes() for gain in drawn["test"]["gain"].values}
        if any(gain.tobytes() in known for gain in drawn["validation"]["gain"].values):
            raise ValueError(
                f"scenario {scenario} of run {name} has the same realizations in its validation and test splits: no "
                "seed of it can be called the best"
            )
        return channels.to_channels(drawn["validation"], "validation split")


def chosen_seeds(text: str, num_seeds: int) -> range | None:
    """Return the seeds that ``best`` (None: a validation split says which), ``all`` or a number means.

    Raises:
        ValueError: It is none of these, or no seed of a run with so many.

    Example:
        >>> chosen_seeds("all", 3), chosen_seeds("2", 3), chosen_seeds("best", 3)
        (range(0, 3), range(2, 3), None)
    """
    if text == "best":
        return None
    if text == "all":
        return range(num_seeds)
    try:
        seed = int(text)
        require_count("seed", seed, minimum=0, maximum=num_seeds - 1)
    except ValueError:
        raise ValueError(f"seed is {shown(text)}; it must be best, all, or from 0 to {num_seeds - 1}") from None
    return range(seed, seed + 1)


def find(results: Path | None = None, config: Path | None = None) -> Trained:
    """Find trained runs.

    Args:
        results: A study's folder of results; None for the committed ones, ``results/reference``.
        config: The study's config; None for ``config/<study>.yaml`` beside ``results/``.

    Raises:
        FileNotFoundError: There is no such folder with trained runs, or no such config.
        ValueError: The config has a mistake, or none of its runs is there.
    """
    reference = ROOT / _REFERENCE
    folder = reference if results is None else Path(results)
    if not (folder / "training").is_dir():
        known = "the shipped runs are in the repository's results/reference; " if results is None else ""
        raise FileNotFoundError(f"{folder / 'training'}: no such folder; {known}another study's results can be named")
    if config is None:
        place = folder.resolve()
        of_study = place.parents[1] / "config" / f"{place.name}.yaml" if len(place.parents) > 1 else place
        config = ROOT / _REFERENCE_CONFIG if place == reference else of_study
        if not config.is_file():
            raise FileNotFoundError(f"{config}: no such file; the config of the study {place.name} must be named")
    found = Trained(folder, settings.read(config))
    if not found.runs:
        raise ValueError(f"{folder / 'training'}: has none of the runs of {config}: {_few(found.study.runs)}")
    return found


def _few(names: Sequence[str] | dict[str, RunSettings], most: int = 8) -> str:
    """Return names as text, the first ones of many."""
    return ", ".join([*list(names)[:most], *["..."] * (len(names) > most)])
