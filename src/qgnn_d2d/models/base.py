"""What every model has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import nn

from ..settings import ModelOptions
from .ensemble import Generators
from .features import Features


class PowerModel(nn.Module, ABC):
    """A map from channels to transmit powers, one independent copy per seed along the leading dim.

    Args:
        generators: The seeds' sources of randomness (start, then dropout), one per seed.
        options: The model's options.
        standardize: Whether amplitudes and weights are standardized (see `Features`).

    Attributes:
        k: Leaves per star, for a model whose nodes get messages from the leaves of their stars only (``forward`` then
            needs ``leaves``); None for one whose nodes get messages from all nodes.
        stars: How leaves are chosen, a key of `stars.RULES`.
        num_rounds: L, layers or iterations.
        num_sets: How many sets of leaves are to be drawn for it: one per round, or one for all.
        features: The feature map; `fit` it on the training set before training.
        compiled: Whether compiled kernels may compute the model (`kernels.kernel_of`); False: torch alone, the
            reference.
    """

    compiled: bool = True
    mixes_sizes: bool = False
    """Whether a batch of training may hold networks of several sizes: where a node depends on nothing but its leaves,
    and where a model without a ``k`` takes leaves, too, and counts those that stand there twice once."""
    compiled_parts: bool = False
    """Whether a model without a kernel computes parts of itself in compiled code, where `compiled` allows it."""

    def __init__(self, generators: Generators, options: ModelOptions, *, standardize: bool = False) -> None:
        super().__init__()
        self.num_seeds = len(generators)
        self.generators = generators
        self.k: int | None = getattr(options, "k", None)
        self.stars: str = getattr(options, "stars", "random")
        self.num_rounds: int = getattr(options, "layers", getattr(options, "iterations", 1))
        self.num_sets = self.num_rounds if getattr(options, "leaves", "per_layer") == "per_layer" else 1
        self.features = Features(options.scale or "amplitude", standardize)

    @abstractmethod
    def activity(
        self,
        gain: torch.Tensor,
        weight: torch.Tensor,
        noise_power: float,
        p_max: float,
        leaves: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return p_m / P_max in (0, 1): (S, B, M). Arguments as in `forward`; leaves are (S, L or 1, B, M, k)."""

    def forward(
        self,
        gain: torch.Tensor,
        weight: torch.Tensor,
        noise_power: float,
        p_max: float,
        leaves: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Allocate powers.

        Training calls this in every step, so shapes and types are checked here and entries are not: those of channels
        are checked by `channels.Channels`, those of leaves by `training.allocate`. Nor is it checked that the features
        were fitted: they start with mean 0 and deviation 1.

        Args:
            gain: (S, B, M, M) power gains |g_jm|² at [m, j] (receiver first).
            weight: (S, B, M) weights α.
            noise_power: σ², W.
            p_max: P_max, an amplitude (its square is the largest transmit power).
            leaves: (S, L, B, M, k) leaf indices from `stars.choose`, one set per round, for models with a ``k``; from
                `stars.all_others` for those without that mix sizes; other models do not read them. One set for all
                rounds is (S, 1, B, M, k) or (S, B, M, k).

        Returns:
            (S, B, M) transmit powers p_m² in [0, P_max²]; the network's output is the amplitude p_m of eq. (1).

        Raises:
            ValueError: The model uses stars and got none, or a tensor has another shape or type than above.
        """
        if gain.ndim != 4 or gain.shape[-1] != gain.shape[-2] or len(gain) != self.num_seeds:
            raise ValueError(
                f"gain has shape {tuple(gain.shape)}; it must be (S, B, M, M), and this model has S = {self.num_seeds}"
            )
        if weight.shape != gain.shape[:-1]:
            raise ValueError(f"weight has shape {tuple(weight.shape)}; it must be {tuple(gain.shape[:-1])}")
        dtype = self.features.get_buffer("mean").dtype
        for name, values in (("gain", gain), ("weight", weight)):
            if values.dtype != dtype:
                raise ValueError(f"{name} has dtype {values.dtype}; it must be the model's, {dtype}")
        leaves = self.sets_of(leaves, *weight.shape[1:])
        noise_power, p_max = float(noise_power), float(p_max)  # NumPy's scalars would take over the tensors
        return (p_max * self.activity(gain, weight, noise_power, p_max, leaves)) ** 2

    def reads_leaves(self, leaves: torch.Tensor | None) -> bool:
        """Whether the model depends on leaves, given those that it is called with."""
        return self.k is not None or (self.mixes_sizes and leaves is not None)

    def sets_of(self, leaves: torch.Tensor | None, batch: int, links: int) -> torch.Tensor | None:
        """Return leaves, in a form that `forward` takes, as (S, L or 1, B, M, k); None where they are not read.

        Raises:
            ValueError: The model uses stars and got none, or a shape or type does not fit.
        """
        if not self.reads_leaves(leaves):
            return None
        if leaves is None:
            raise ValueError(f"{type(self).__name__} needs leaves: choose them with stars.choose")
        size = (batch, links, links - 1 if self.k is None else min(self.k, links - 1))
        one, each = (self.num_seeds, *size), (self.num_seeds, self.num_rounds, *size)
        if leaves.shape not in (one, (one[0], 1, *size), each) or leaves.dtype != torch.int64:
            raise ValueError(
                f"leaves are {leaves.dtype} of shape {tuple(leaves.shape)}; they must be int64 of shape {one}, "
                f"or {each} for one set per round"
            )
        return leaves if leaves.ndim == 5 else leaves.unsqueeze(1)

    @property
    def circuit(self) -> str | None:
        """Name and hash of its star circuit (`transfer.identity`); None for a model without circuits."""
        return None

    @property
    def num_parameters(self) -> dict[str, int]:
        """Trainable parameters of one seed: ``quantum`` (circuit angles), ``classical`` and ``total``."""
        total = sum(parameter[0].numel() for parameter in self.parameters())
        quantum = sum(parameter[0].numel() for name, parameter in self.named_parameters() if "block_angles" in name)
        return {"quantum": quantum, "classical": total - quantum, "total": total}
