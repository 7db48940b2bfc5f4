"""The public code's networks: perceptrons in the order of PyTorch Geometric's MLP, one copy per seed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from .ensemble import BatchNorm, Generators, Linear
from .kernels import hidden as kernels


class Dropout(nn.Module):
    """Inverted dropout, slice s masked from generator s."""

    def __init__(self, probability: float, generators: Generators) -> None:
        super().__init__()
        self.probability = probability
        self.generators = generators

    @property
    def factor(self) -> float:
        """What kept numbers are multiplied by."""
        return 1 / (1 - self.probability)

    def draw(self, *shape: int) -> torch.Tensor | None:
        """Draw what is kept of numbers (S, *shape), as bits (`kernels.hidden.kept`); None: everything."""
        if not self.training or self.probability == 0:
            return None
        return kernels.kept(self.probability, self.generators, *shape)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop entries of (S, ..., C) while training."""
        bits = self.draw(*x.shape[1:])
        return x if bits is None else x * kernels.unpacked(bits, x.shape[-1]).to(x) * self.factor


class Hidden(nn.Module):
    """What is between two linear layers: batch norm (where asked for), leaky ReLU (slope 0.01), dropout."""

    def __init__(self, width: int, dropout: float, generators: Generators, *, norm: bool) -> None:
        super().__init__()
        self.norm = BatchNorm(width, len(generators)) if norm else None
        self.dropout = Dropout(dropout, generators)

    def forward(self, x: torch.Tensor, compiled: bool) -> torch.Tensor:
        """Map (S, N, C) to (S, N, C)."""
        if not compiled or not kernels.serves(x):
            return self.dropout(functional.leaky_relu(x if self.norm is None else self.norm(x), kernels.SLOPE))
        norm = (None, None) if self.norm is None else (self.norm.weight, self.norm.bias)
        bits = self.dropout.draw(*x.shape[1:])
        y: torch.Tensor = kernels.Hidden.apply(x, *norm, self.norm, bits, self.dropout.factor)
        return y


class MLP(nn.Module):
    """Linear layers with `Hidden` between them; the last layer is plain."""

    def __init__(self, widths: Sequence[int], dropout: float, generators: Generators, *, norm: bool) -> None:
        super().__init__()
        self.linear = nn.ModuleList(Linear(*pair, generators) for pair in pairwise(widths))
        self.hidden = nn.ModuleList(Hidden(width, dropout, generators, norm=norm) for width in widths[1:-1])

    def forward(self, x: torch.Tensor, compiled: bool) -> torch.Tensor:
        """Map (S, N, inputs) to (S, N, outputs)."""
        for linear, hidden in zip(self.linear, self.hidden, strict=False):
            x = hidden(linear(x), compiled)
        y: torch.Tensor = self.linear[-1](x)
        return y


class EdgeNetwork(nn.Module):
    """The same for one number of every edge, 1 -> width -> 2 with batch norm over all edges of the batch.

    A hidden unit before batch norm is a e + b, so its mean and variance over all edges are a mean(e) + b and
    a² var(e): only the edges in use are computed.
    """

    def __init__(self, width: int, dropout: float, generators: Generators) -> None:
        super().__init__()
        self.first, self.last = Linear(1, width, generators), Linear(width, 2, generators)
        self.norm = BatchNorm(width, len(generators))
        self.dropout = Dropout(dropout, generators)

    def forward(self, cross: torch.Tensor, leaves: torch.Tensor, compiled: bool) -> torch.Tensor:
        """Map cross channels (S, B, M, M), for leaves (S, L, B, M, k), to (S, L, k, 2, B·M)."""
        scale, shift = self._normalized(cross)
        width, factor = scale.shape[1], self.dropout.factor
        bits = self.dropout.draw(*cross.shape[1:], width)
        if compiled and kernels.serves(scale):
            return kernels.Edges.apply(cross, leaves, scale, shift, self.last.weight, self.last.bias, bits, factor)
        sets = leaves.shape[1]
        e = cross.unsqueeze(1).expand(-1, sets, -1, -1, -1).gather(4, leaves)  # (S, L, B, M, k)
        per_seed = (-1, 1, 1, 1, 1, width)
        x = functional.leaky_relu(e.unsqueeze(-1) * scale.view(per_seed) + shift.view(per_seed), kernels.SLOPE)
        if bits is not None:
            kept = kernels.unpacked(bits, width).to(x).unsqueeze(1).expand(-1, sets, *[-1] * 4)
            x = x * kept.gather(4, leaves.unsqueeze(-1).expand(*[-1] * 5, width)) * factor
        y: torch.Tensor = self.last(x)
        return y.permute(0, 1, 4, 5, 2, 3).flatten(-2)

    def _normalized(self, cross: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return scale and shift (S, C) of hidden units after batch norm, linear in e; updates running statistics."""
        weight, bias = self.first.weight.squeeze(1), self.first.bias
        mean, variance = self.norm.running
        if self.training:
            count = cross[0, ..., 0].numel() * (cross.shape[-1] - 1)
            center = _of_pairs(cross) / count  # (S,)
            spread = _of_pairs((cross - center[:, None, None, None]).square()) / count
            mean, variance = weight * center.unsqueeze(1) + bias, weight.square() * spread.unsqueeze(1)
            self.norm.update(mean.detach(), variance.detach(), count)
        scale = self.norm.weight * (variance + self.norm.epsilon).rsqrt()
        return scale * weight, self.norm.bias + scale * (bias - mean)


def _of_pairs(values: torch.Tensor) -> torch.Tensor:
    """Sum (S, B, M, M) over all m and j ≠ m of a seed: (S,)."""
    return values.flatten(1).sum(1) - values.diagonal(dim1=-2, dim2=-1).flatten(1).sum(1)
