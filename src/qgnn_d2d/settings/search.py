"""The searches of `snakemake tune`: settings in a file of their own, as no figure or table depends on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from ..checks import require_choice
from . import config as files
from .base import Count, Positive, Settings, validated
from .run import RunSettings
from .study import Study


class Tuning(Settings):
    """The search for learning rate, batch size and epochs: the same trials for every run."""

    trials: Count = 8
    """Trials per run."""
    num_seeds: Count = 3
    """Seeds per trial."""
    learning_rate: Annotated[list[Positive], Field(min_length=2, max_length=2)] = [0.001, 0.05]
    """Lowest and highest initial learning rate, searched logarithmically."""
    batch_size: Annotated[list[Count], Field(min_length=1)] = [16, 32, 64]
    """Batch sizes to choose from."""
    epochs: Annotated[list[Count], Field(min_length=1)] = [100, 200]
    """Numbers of epochs to choose from."""
    runs: list[str] = []
    """Ids of the runs to tune; runs without tuned settings are tuned, too."""

    @model_validator(mode="after")
    def _in_order(self) -> Tuning:
        lowest, highest = self.learning_rate
        if lowest > highest:
            raise ValueError(f"learning_rate is {self.learning_rate}; the lowest one must come first")
        return self


class Choice(Settings):
    """Variants of one run."""

    start: dict[str, Any]
    """What all variants start from, by option; it overrides the run's own settings, so that a chosen value does not
    repeat the search."""
    trials: Annotated[list[dict[str, Any]], Field(min_length=1)]
    """What each variant changes, by option."""


class Choices(Settings):
    """Variants of some runs, compared on the validation split, as many for each run."""

    num_seeds: Count = 3
    """Seeds per variant."""
    runs: dict[str, Choice] = {}
    """Run id to its variants."""

    def of(self, run: str) -> Choices:
        """Return the choices of one run alone."""
        return self.model_copy(update={"runs": {run: self.runs[run]}})


class Search(Settings):
    """What `snakemake tune` does; it is no part of `all`."""

    tuning: Tuning = Tuning()
    choices: Choices = Choices()

    def tunable(self, study: Study) -> list[str]:
        """Return the ids of the runs whose training options are searched."""
        return list(dict.fromkeys([*self.tuning.runs, *study.untuned]))


def read(study: Study, folder: Path) -> Search:
    """Read the file that a study's ``search`` names, in the folder of its config; errors as in `config.read`."""
    name = study.config.search
    if name is None:
        return Search()
    search = validated(Search, files.read(folder / name), name)
    for run in [*search.tuning.runs, *search.choices.runs]:
        require_choice(f"run under {name}", run, study.runs)
    largest, available = max(search.tuning.batch_size), study.splits["train"]
    if study.config.cap is not None:
        largest = min(largest, study.config.cap.batch_size)
    if "batch_size" in search.tuning.model_fields_set and largest > available:
        raise ValueError(f"{name}: batch_size is up to {largest}; it must be at most splits.train = {available}")
    for run, choice in search.choices.runs.items():
        for trial in choice.trials:
            study.runs[run].changed(choice.start).changed(trial)
    return search


def untuned(run: RunSettings) -> RunSettings:
    """Return a run without what the search chooses, so that a chosen value does not repeat the search."""
    return run.changed({"learning_rate": 1.0, "batch_size": 1, "epochs": 1})
