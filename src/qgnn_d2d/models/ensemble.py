"""Layers whose leading dim is the seed: all seeds of one configuration train together.

A stacked layer holds one independent copy of its parameters per seed and applies copy s to slice s of its input, so
that gradients never mix seeds. Every random number of seed s comes from that seed's own generator, hence a seed
starts and trains the same alone and in company (up to floating-point rounding).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional

Generators = Sequence[torch.Generator]


def stacked_uniform(shape: Sequence[int], bound: float, generators: Generators, middle: float = 0.0) -> nn.Parameter:
    """Return a parameter (S, *shape), slice s uniform within ``bound`` of the middle, from generator s."""
    draws = [torch.rand(tuple(shape), generator=generator, dtype=torch.float32) for generator in generators]
    return nn.Parameter((2 * torch.stack(draws) - 1) * bound + middle)


class Linear(nn.Module):
    """y = x W + b per seed; starts uniform in ±1/sqrt(inputs), as `torch.nn.Linear` does."""

    def __init__(self, inputs: int, outputs: int, generators: Generators) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = stacked_uniform((inputs, outputs), bound, generators)
        self.bias = stacked_uniform((outputs,), bound, generators)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (S, ..., inputs) to (S, ..., outputs)."""
        rows = x.reshape(len(x), -1, x.shape[-1])
        y = torch.baddbmm(self.bias.unsqueeze(1), rows, self.weight)
        return y.view(*x.shape[:-1], y.shape[-1])

    def columns(self, x: torch.Tensor) -> torch.Tensor:
        """Map (S, inputs, N) to (S, outputs, N): the same map for features along dim 1."""
        return torch.baddbmm(self.bias.unsqueeze(2), self.weight.mT, x)

    def part(self, x: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """Map (S, ..., stop - start) by the weight's rows start..stop only, without the bias."""
        rows = x.reshape(len(x), -1, x.shape[-1])
        y = torch.bmm(rows, self.weight[:, start:stop])
        return y.view(*x.shape[:-1], y.shape[-1])


class BatchNorm(nn.Module):
    """Batch normalization per seed and channel of (S, N, C), with running statistics for evaluation.

    Attributes:
        epsilon: What is added to the variance.
        momentum: The weight of a batch in the running statistics.
    """

    epsilon, momentum = 1e-5, 0.1

    def __init__(self, channels: int, num_seeds: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_seeds, channels, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(num_seeds, channels, dtype=torch.float32))
        self.register_buffer("running_mean", torch.zeros(num_seeds, channels, dtype=torch.float32))
        self.register_buffer("running_var", torch.ones(num_seeds, channels, dtype=torch.float32))

    @property
    def running(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Running mean and variance, (S, C) each."""
        return self.get_buffer("running_mean"), self.get_buffer("running_var")

    @torch.no_grad()
    def update(self, mean: torch.Tensor, variance: torch.Tensor, rows: int) -> None:
        """Move the running statistics towards those of a batch, (S, C); the variance becomes the unbiased one."""
        for running, own in zip(self.running, (mean, variance * (rows / (rows - 1))), strict=True):
            running.lerp_(own, self.momentum)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalize (S, N, C)."""
        (seeds, rows, channels), (mean, variance) = x.shape, self.running
        y = functional.batch_norm(
            x.transpose(0, 1).reshape(rows, seeds * channels),
            mean.view(-1),
            variance.view(-1),
            self.weight.view(-1),
            self.bias.view(-1),
            training=self.training,
            momentum=self.momentum,
            eps=self.epsilon,
        )
        return y.view(rows, seeds, channels).transpose(0, 1)


def mlp(widths: Sequence[int], generators: Generators, activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Return linear layers of the given widths with an activation between them (none after the last)."""
    layers: list[nn.Module] = []
    for i in range(len(widths) - 1):
        layers.append(Linear(widths[i], widths[i + 1], generators))
        if i < len(widths) - 2:
            layers.append(activation())
    return nn.Sequential(*layers)
