"""Which trained run, and which of its seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import console

if TYPE_CHECKING:
    from ..artifact.trained import Trained
    from ..models import PowerModel
    from ..settings import RunSettings


def run_of(trained: Trained, model: str | None, scenario: str | None, run: str | None) -> RunSettings:
    """Return the run that is named by id or by model, and say which it is.

    Raises:
        ValueError: Not one of the two is given, or there is no such run.
    """
    if (model is None) == (run is None):
        raise ValueError(f"--model or --run must be given, not both; models are: {', '.join(trained.models)}")
    if run is not None:
        if scenario is not None:
            raise ValueError("--scenario goes with --model; a run has its own")
        return trained.run(run)
    assert model is not None
    first, *others = trained.runs_of(model, scenario)
    more = f"; {len(others)} more of this model can be named by --run" if others else ""
    console.note(f"{model}: run {first}{more}")
    return trained.run(first)


def seeds_of(trained: Trained, run: RunSettings, model: PowerModel, asked: str) -> tuple[range, dict[str, Any]]:
    """Return the seeds that are asked for, and what to say of the choice: chosen_by, and the validation scores."""
    from ..artifact.trained import chosen_seeds
    from ..objective import trained_quantity
    from ..training import score

    chosen = chosen_seeds(asked, run.num_seeds)
    if chosen is not None:
        return chosen, {"chosen_by": "the caller", "validation": None}
    with console.busy(f"scoring the seeds of {run.id} on its validation split"):
        split = trained.validation(run.id)
        scores = score(run, model, split, "validation")
    best, quantity = int(scores.argmax()), trained_quantity(run.protocol)
    console.note(
        f"{run.id}: seed {best} of {run.num_seeds} is the best on the {len(split)} networks of its validation split "
        f"({quantity.short} {float(scores[best]):.4f} {quantity.unit}; all seeds: {float(scores.min()):.4f} to "
        f"{float(scores.max()):.4f})"
    )
    return range(best, best + 1), {"chosen_by": "validation", "validation": scores.tolist()}


def describe(trained: Trained, run: RunSettings, num_links: int) -> None:
    """Say where channels differ from those that a run was trained on."""
    of_training = trained.study.scenarios[run.scenario].num_links
    if num_links != of_training:
        console.note(f"{run.id}: trained on networks of {of_training} links; these have {num_links}")
    k = getattr(run.architecture, "k", None)
    if k is not None and k >= num_links:
        console.note(f"{run.id}: its stars have k = {k} leaves; of {num_links} links, all others are leaves")
    if run.protocol != "stated":
        console.note(f"{run.id}: trained in the public code's metric; rates here are those of eq. (2)")
