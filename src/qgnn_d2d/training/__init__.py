"""Training, checkpoints, weights, and searches."""

from .inference import allocate, cast, evaluation_leaves, score
from .trainer import TrainedRun, Trainer, train
from .weights import load_weights, save_manifest, save_weights

__all__ = [
    "TrainedRun", "Trainer", "allocate", "cast", "evaluation_leaves", "load_weights", "save_manifest", "save_weights",
    "score", "train",
]  # fmt: skip
