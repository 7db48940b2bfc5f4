"""Scale studies: trained networks on networks of other sizes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Count, Settings
from .scenario import Links


class Inference(Settings):
    """How time and memory of one inference are measured."""

    links: Annotated[list[Links], Field(min_length=1)]
    """Numbers of links."""
    repeats: Count = 5
    """Inferences per measurement, of which the fastest counts."""


class Retraining(Settings):
    """Runs of a scale study that are trained once more on networks of other sizes."""

    runs: Annotated[list[str], Field(min_length=1)]
    """Ids of runs of the scale study. All of their settings stay, those tuned at their own number of links, too."""
    links: Annotated[list[Links], Field(min_length=1)]
    """Numbers of links to train at, of those that are evaluated; a training is evaluated at its own alone."""
    num_seeds: Count | None = None
    """How many of the runs' seeds are trained, the first ones; all where not given."""


class ScaleStudy(Settings):
    """Trained networks on networks of other sizes, without retraining, and with it where asked for."""

    runs: Annotated[list[str], Field(min_length=1)]
    """Ids of the runs, of one scenario and of protocol stated; claim C9 is judged on the first one of all."""
    links: Annotated[list[Links], Field(min_length=1)]
    """Numbers of links to evaluate at; those of the training must be among them."""
    constant_density: bool = False
    """Whether the area grows with the number of links, so that their density stays; of scenarios with an area."""
    reference: Annotated[list[Literal["wmmse", "wmmse_single"]], Field(min_length=1)] = ["wmmse"]
    """The solvers whose better one, realization by realization, is 100 percent."""
    realizations: Count = 300
    """Realizations per number of links."""
    max_boxes: Count = 100_000
    """Boxes after which a realization's certified optimum is given up."""
    retrained: Retraining | None = None
    """Runs that are also trained at other numbers of links; without it, none is."""
    inference: Inference | None = None
    """How time and memory of one inference are measured; without it, they are not."""

    @property
    def trainings(self) -> dict[str, tuple[str, int]]:
        """Id of every run that is trained for this study to the run that it repeats, and its number of links."""
        again = self.retrained
        if again is None:
            return {}
        return {f"{run}-M{links}": (run, links) for links in again.links for run in again.runs}

    def evaluated(self, links: int) -> list[str]:
        """Return the runs that are evaluated at a number of links: all of the study, and those trained at it."""
        return [*self.runs, *(run for run, (_, at) in self.trainings.items() if at == links)]
