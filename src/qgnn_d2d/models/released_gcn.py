"""The graph network of the first author's public code, dense."""

from __future__ import annotations

import torch
from torch import nn

from ..settings.model import ReleasedGCNOptions
from .base import PowerModel
from .ensemble import BatchNorm, Generators, Linear, mlp
from .kernels import released


class ReleasedGCN(PowerModel):
    """The graph network of the first author's public code (docs/protocol.md gives every layer).

    Node features (|g_mm|, α_m, P_max, σ²), edge feature |g_jm|, mean aggregation, batch norm. Equivariant under
    relabelling (in evaluation mode).

    On the CPU, messages are computed by `kernels.released.Messages`, a compiled operation of autograd.

    Args:
        generators: One per seed.
        options: Layers, and the width of the node embedding and the hidden layers; messages have twice as many
            channels.
    """

    compiled_parts = True

    def __init__(self, generators: Generators, options: ReleasedGCNOptions) -> None:
        super().__init__(generators, options)
        width = options.width
        self.embed = nn.Sequential(mlp((4, width, width), generators, nn.ReLU), nn.ReLU())
        self.rounds = nn.ModuleList(_ReleasedRound(width, generators) for _ in range(options.layers))
        self.readout = mlp((width, width, 1), generators, nn.ReLU)

    def activity(
        self,
        gain: torch.Tensor,
        weight: torch.Tensor,
        noise_power: float,
        p_max: float,
        leaves: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See `PowerModel.activity`."""
        direct, alpha, cross = self.features(gain, weight, noise_power, p_max)
        constants = [torch.full_like(alpha, p_max), torch.full_like(alpha, noise_power)]
        x = self.embed(torch.stack([direct, alpha, *constants], dim=-1))  # (S, B, M, width)
        for message_round in self.rounds:
            x = message_round(x, cross, self.compiled and released.serves(x))
        return torch.sigmoid(self.readout(x)).squeeze(-1)


class _ReleasedRound(nn.Module):
    """x_m <- BN(x_m + update([x_m, mean over j ≠ m of message([x_j, |g_jm|])]))."""

    def __init__(self, width: int, generators: Generators) -> None:
        super().__init__()
        self.width = width
        self.message_in = Linear(width + 1, width, generators)
        self.message_out = Linear(width, 2 * width, generators)
        self.update = nn.Sequential(
            Linear(3 * width, width, generators), nn.ReLU(), Linear(width, width, generators), nn.Sigmoid()
        )
        self.norm = BatchNorm(width, len(generators))

    def forward(self, x: torch.Tensor, cross: torch.Tensor, compiled: bool) -> torch.Tensor:
        """Map nodes (S, B, M, width) and cross channels (S, B, M, M) to nodes (S, B, M, width)."""
        from_nodes = self.message_in.part(x, 0, self.width) + self.message_in.bias[:, None, None]
        if compiled:
            r, out = self.message_in.weight[:, self.width], self.message_out
            both = released.Messages.apply(x, from_nodes, cross, r, out.weight, out.bias)
        else:
            both = torch.cat([x, self._aggregated(from_nodes, cross)], dim=-1)
        new = x + self.update(both)
        return self.norm(new.flatten(1, 2)).reshape(x.shape)

    def _aggregated(self, from_nodes: torch.Tensor, cross: torch.Tensor) -> torch.Tensor:
        """Return the means of messages, (S, B, M, 2 width)."""
        links = cross.shape[-1]
        pairs = ~torch.eye(links, dtype=torch.bool, device=cross.device)
        others = pairs.nonzero()[:, 1].view(links, links - 1)  # row m: every j except m
        edges = cross[:, :, pairs].view(*cross.shape[:3], links - 1, 1)  # |g_jm|
        from_edges = self.message_in.part(edges, self.width, self.width + 1)
        messages = torch.relu_(self.message_out(torch.relu_(from_nodes[:, :, others] + from_edges)))
        return messages.mean(3)
