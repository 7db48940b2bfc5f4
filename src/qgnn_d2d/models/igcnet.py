"""The classical graph networks, dense: the links' graph is complete, so messages are (S, B, M, M, channels)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ..checks import require_choice, require_count
from ..stars import RULES
from .base import PowerModel
from .ensemble import BatchNorm, Generators, Linear, mlp
from .features import Features


class IGCNet(PowerModel):
    r"""IGCNet of Shen, Shi, Zhang and Letaief (JSAC 2021): the paper's baseline, 1,233 parameters as published.

    With p starting at 1, the same two networks are applied ``iterations`` times:

    .. math::
        p_m \leftarrow \sigma(\phi_2([|g_{mm}|, \alpha_m, p_m],
            \max_{j \neq m} \phi_1([|g_{jj}|, \alpha_j, p_j, |g_{jm}|, |g_{mj}|])))

    φ1 is 5 → 16 → 32 with ReLU after both, φ2 is 35 → 16 → 1 with ReLU between. Equivariant under relabelling.

    Args:
        generators: One per seed.
        scale: Feature scale (see `Features`); amplitudes enter raw.
        message_widths: The two widths of φ1.
        update_width: The hidden width of φ2.
        iterations: Applications.
    """

    def __init__(
        self,
        generators: Generators,
        *,
        scale: str = "amplitude",
        message_widths: Sequence[int] = (16, 32),
        update_width: int = 16,
        iterations: int = 3,
    ) -> None:
        super().__init__(generators)
        require_count("iterations", iterations)
        self.features = Features(scale, standardize=False)
        self.iterations = iterations
        if not isinstance(message_widths, list | tuple) or len(message_widths) != 2:
            raise ValueError(f"message_widths are {message_widths!r}; they must be two widths")
        for width in message_widths:
            require_count("entry of message_widths", width)
        require_count("update_width", update_width)
        hidden, width = message_widths
        self.message_in = Linear(5, hidden, generators)
        self.message_out = Linear(hidden, width, generators)
        self.update = mlp((3 + width, update_width, 1), generators, nn.ReLU)

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
        p = torch.ones_like(alpha)  # (S, B, M)
        edges = torch.stack([cross, cross.mT], dim=-1)  # (S, B, M, M, 2): |g_jm|, |g_mj| at [m, j]
        from_edges = self.message_in.part(edges, 3, 5) + self.message_in.bias[:, None, None, None]
        silent = torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device)  # who is not heard: m itself
        if leaves is not None:
            silent = torch.ones_like(gain, dtype=torch.bool).scatter(3, leaves, False)  # and all that are no leaves
        silent = silent.unsqueeze(-1)
        for _ in range(self.iterations):
            nodes = torch.stack([direct, alpha, p], dim=-1)  # (S, B, M, 3)
            hidden = torch.relu_(from_edges + self.message_in.part(nodes, 0, 3).unsqueeze(2))
            messages = torch.relu_(self.message_out(hidden)).masked_fill(silent, 0.0)  # (S, B, M, M, width), all ≥ 0
            heard = messages.amax(dim=3)  # (S, B, M, width)
            p = torch.sigmoid(self.update(torch.cat([nodes, heard], dim=-1))).squeeze(-1)
        return p


class StarIGCNet(IGCNet):
    """IGCNet whose nodes hear the leaves of their stars only: what a choice of leaves is worth without a circuit.

    Not in the publication. Equivariant under relabelling when leaves are relabelled along (their order does not
    matter, as the maximum is taken over them).

    Args:
        generators: One per seed.
        k: Leaves per star.
        stars: How leaves are chosen, a key of `stars.RULES`.
        scale: See `IGCNet`, as for all that follow.
        message_widths: The two widths of φ1.
        update_width: The hidden width of φ2.
        iterations: Applications.
    """

    def __init__(
        self,
        generators: Generators,
        *,
        k: int = 3,
        stars: str = "random",
        scale: str = "amplitude",
        message_widths: Sequence[int] = (16, 32),
        update_width: int = 16,
        iterations: int = 3,
    ) -> None:
        super().__init__(
            generators, scale=scale, message_widths=message_widths, update_width=update_width, iterations=iterations
        )
        require_count("k", k)
        require_choice("stars", stars, RULES)
        self.k, self.stars = k, stars


class ReleasedGCN(PowerModel):
    """The graph network of the first author's public code (docs/protocol.md gives every layer).

    Node features (|g_mm|, α_m, P_max, σ²), edge feature |g_jm|, mean aggregation, batch norm. Equivariant under
    relabelling (in evaluation mode).

    Args:
        generators: One per seed.
        scale: Feature scale (see `Features`); amplitudes enter raw.
        layers: Message-passing layers.
        width: Width of the node embedding and of the hidden layers; messages have twice as many channels.
    """

    def __init__(self, generators: Generators, *, scale: str = "amplitude", layers: int = 2, width: int = 64) -> None:
        super().__init__(generators)
        for name, value in {"layers": layers, "width": width}.items():
            require_count(name, value)
        self.features = Features(scale, standardize=False)
        self.embed = nn.Sequential(mlp((4, width, width), generators, nn.ReLU), nn.ReLU())
        self.rounds = nn.ModuleList(_ReleasedRound(width, generators) for _ in range(layers))
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
        links = gain.shape[-1]
        pairs = ~torch.eye(links, dtype=torch.bool, device=gain.device)
        others = pairs.nonzero()[:, 1].view(links, links - 1)  # row m: every j except m
        edges = cross[:, :, pairs].view(*alpha.shape, links - 1, 1)  # |g_jm|
        for message_round in self.rounds:
            x = message_round(x, edges, others)
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

    def forward(self, x: torch.Tensor, edges: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """Map nodes (S, B, M, width), edges (S, B, M, M - 1, 1), neighbors (M, M - 1) to nodes (S, B, M, width)."""
        from_nodes = self.message_in.part(x, 0, self.width) + self.message_in.bias[:, None, None]
        from_edges = self.message_in.part(edges, self.width, self.width + 1)
        messages = torch.relu_(self.message_out(torch.relu_(from_nodes[:, :, others] + from_edges)))
        heard = messages.mean(3)  # (S, B, M, 2 width)
        new = x + self.update(torch.cat([x, heard], dim=-1))
        return self.norm(new.flatten(1, 2)).reshape(x.shape)
