"""Learning rates over a training."""

from __future__ import annotations

import math

from ..settings import Training

_STEP_EPOCHS, _STEP_FACTOR = 5, 0.8  # the public code's StepLR


def learning_rate(training: Training, epoch: int, part: float = 0.0) -> float:
    """Return the learning rate in ``epoch`` (1 is the first), after ``part`` of its gradient steps (0 to 1).

    Example:
        >>> learning_rate(Training(learning_rate=0.1, batch_size=32, epochs=10, schedule="step"), 6)
        0.08000000000000002
    """
    if training.schedule == "cosine":
        return training.learning_rate * (1 + math.cos(math.pi * (epoch - 1) / training.epochs)) / 2
    if training.schedule == "cosine_step":
        return training.learning_rate * (1 + math.cos(math.pi * (epoch - 1 + part) / training.epochs)) / 2
    if training.schedule == "step":
        return training.learning_rate * _STEP_FACTOR ** ((epoch - 1) // _STEP_EPOCHS)
    return training.learning_rate
