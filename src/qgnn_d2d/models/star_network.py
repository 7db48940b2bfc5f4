"""What the star networks share: classical maps around whatever a star does with its center, leaves and edges."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import torch
from torch import nn

from ..settings.model import QGNNOptions, TwinOptions
from .base import PowerModel
from .ensemble import Generators, Linear


def leaf_columns(leaves: torch.Tensor) -> torch.Tensor:
    """Leaf indices (S, B, M, k) as columns of (B·M) nodes: (S, k, B·M)."""
    batch, links = leaves.shape[1:3]
    offset = (torch.arange(batch, device=leaves.device) * links).view(1, batch, 1, 1)
    return (leaves + offset).flatten(1, 2).mT


def gather(nodes: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Take nodes (S, ..., C, N) at columns (S, k, N): (S, ..., k, C, N)."""
    seeds, k, count = columns.shape
    flat = nodes.reshape(seeds, -1, count)
    taken = flat.gather(2, columns.reshape(seeds, 1, k * count).expand(-1, flat.shape[1], -1))
    return taken.view(*nodes.shape[:-1], k, count).transpose(-2, -3)


def star_edges(cross: torch.Tensor, leaves: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Take |g_jm| and |g_mj| of every star edge (center m, leaf j): two (S, k, B·M)."""
    incoming = cross.gather(3, leaves)
    outgoing = cross.mT.gather(3, leaves)
    return incoming.flatten(1, 2).mT, outgoing.flatten(1, 2).mT


class StarNetwork(PowerModel):
    r"""Affine maps around L rounds in which every star turns its center, leaves and edges into a few bounded numbers.

    With f the two standardized node features (|g_mm|, α_m), e the two of an edge (|g_jm|, |g_mj|), and h heads:

    .. math::
        x_0 = A_0 f,\quad z_l = \mathrm{star}_l(r\pi\tanh x_{l-1}, r\pi\tanh B_l e),\quad x_l = A_l [f, z_l],\quad
        p = P_{max}\,\sigma(a \cdot [x_L, f])

    No hidden layer anywhere outside the stars. Equivariant under relabelling when the leaf order is relabelled along.

    Args:
        generators: One per seed.
        options: Leaves k, layers L, heads h (stars side by side), and r: what enters a star lies in ±rπ.
        measured: Numbers that a star yields per head.
    """

    mixes_sizes = True

    def __init__(self, generators: Generators, options: QGNNOptions | TwinOptions, measured: int) -> None:
        super().__init__(generators, options, standardize=True)
        heads, layers = options.heads, options.layers
        self.heads, self.layers = heads, layers
        self.angle_scale = options.angle_range * math.pi
        self.embed = Linear(2, 2 * heads, generators)
        self.edge_maps = nn.ModuleList(Linear(2, 2 * heads, generators) for _ in range(layers))
        self.node_maps = nn.ModuleList(Linear(2 + heads * measured, 2 * heads, generators) for _ in range(layers))
        self.readout = Linear(2 * heads + 2, 1, generators)

    def _angles(self, x: torch.Tensor) -> torch.Tensor:
        """Squash (S, 2h, N) to angles (S·h, 2, N)."""
        return self.angle_scale * torch.tanh(x).view(-1, 2, x.shape[-1])

    def activity(
        self,
        gain: torch.Tensor,
        weight: torch.Tensor,
        noise_power: float,
        p_max: float,
        leaves: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See `PowerModel.activity`."""
        assert leaves is not None
        seeds, batch, links = weight.shape
        direct, alpha, cross = self.features(gain, weight, noise_power, p_max)
        f = torch.stack([direct.flatten(1), alpha.flatten(1)], dim=1)  # (S, 2, N), N = B·M
        sets = leaves.unbind(1)
        edge_sets = [torch.stack(star_edges(cross, chosen), dim=1) for chosen in sets]  # (S, 2, k, N) each
        column_sets = [leaf_columns(chosen) for chosen in sets]  # (S, k, N) each
        prepared = self.prepare()
        x = self.embed.columns(f)  # (S, 2h, N)
        for layer in range(self.layers):
            edge_map, node_map = self.edge_maps[layer], self.node_maps[layer]
            assert isinstance(edge_map, Linear) and isinstance(node_map, Linear)
            e, columns = (found[layer % len(sets)] for found in (edge_sets, column_sets))
            nodes = self._angles(x)
            edges = self._angles(edge_map.columns(e.flatten(2)))  # (S·h, 2, k·N)
            edges = edges.unflatten(-1, (columns.shape[1], -1)).transpose(-2, -3)  # (S·h, k, 2, N)
            z = self.measure(layer, prepared, nodes, edges, columns)  # (S·h, measured, N)
            x = node_map.columns(torch.cat([f, z.reshape(seeds, -1, batch * links)], dim=1))
        return torch.sigmoid(self.readout.columns(torch.cat([x, f], dim=1))).view(seeds, batch, links)

    def prepare(self) -> Any:
        """Return what all rounds of one forward pass need, for `measure`; nothing by default."""
        return None

    @abstractmethod
    def measure(
        self, layer: int, prepared: Any, nodes: torch.Tensor, edges: torch.Tensor, columns: torch.Tensor
    ) -> torch.Tensor:
        """Return what the stars of one round yield: (S·h, measured, N).

        Args:
            layer: Which round.
            prepared: What `prepare` returned.
            nodes: (S·h, 2, N) angles of the nodes, as centers and as leaves.
            edges: (S·h, k, 2, N) angles of the star edges.
            columns: (S, k, N) leaf columns.
        """

    def leaves_of(self, values: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Take the leaves' values (S·h, k, C, N) of nodes' values (S·h, C, N)."""
        return gather(values.unflatten(0, (-1, self.heads)), columns).flatten(0, 1)
