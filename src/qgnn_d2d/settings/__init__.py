"""The settings of a study: every option is declared here, once. Loads neither PyTorch nor PennyLane."""

from .base import Settings, validated
from .model import MODELS, ModelOptions
from .noise import NoiseModel
from .run import RunSettings
from .scenario import SCENARIOS, SPLITS, Scenario
from .study import Study, load, read
from .training import Training

__all__ = [
    "MODELS", "SCENARIOS", "SPLITS", "ModelOptions", "NoiseModel", "RunSettings", "Scenario", "Settings", "Study",
    "Training", "load", "read", "validated",
]  # fmt: skip
