"""How a run is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, create_model

from .base import Count, Positive, Settings

Schedule = Literal["constant", "cosine", "cosine_step", "step"]


class Training(Settings):
    """Optimizer settings (Adam)."""

    learning_rate: Positive
    """Initial learning rate."""
    batch_size: Count
    """Realizations per gradient step."""
    epochs: Count
    """Passes over the training set."""
    schedule: Schedule = "cosine"
    """constant; cosine to zero over all epochs, set per epoch, or per gradient step (cosine_step); step: times 0.8
    every 5 epochs (the public code's)."""
    drop_links: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Probability with which a link is left out of a training realization, drawn anew every epoch (augmentation)."""
    running_mean: bool = False
    """Also record the mean over each epoch's batches in training mode, as the public code does (docs/judging.md)."""


RUNNING = "train_running"
"""What curves call the mean over an epoch's batches, beside the splits that are scored after it."""
TUNED = ("learning_rate", "batch_size", "epochs")
"""What a search finds: options without a default."""

if TYPE_CHECKING:

    class TrainingChanges(Settings):
        """Some of the options of `Training`."""

else:
    TrainingChanges = create_model(
        "TrainingChanges",
        __base__=Settings,
        __doc__="Some of the options of `Training`.",
        **{
            name: (Annotated[option.annotation, *option.metadata, None], Field(None, description=option.description))
            for name, option in Training.model_fields.items()
        },
    )


class Cap(Settings):
    """Largest values in a test of the workflow; a study with a cap says on every page that its numbers mean nothing."""

    epochs: Count = 3
    """Epochs of any run or trial."""
    batch_size: Count = 12
    """Batch size of any run or trial."""
