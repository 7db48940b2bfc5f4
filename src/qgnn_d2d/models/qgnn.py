"""The quantum graph networks: classical maps around the star circuits of `quantum.ansatz`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..checks import require_choice, require_count, require_positive
from ..quantum import ansatz
from ..quantum.ansatz import encoded_bloch
from ..quantum.star import Program, StarEngine
from ..stars import RULES
from .base import PowerModel
from .features import Features
from .layers import BatchNorm, Dropout, Generators, Linear, mlp, stacked_uniform

if TYPE_CHECKING:
    from ..quantum.execution import Estimator


def _leaf_columns(leaves: torch.Tensor) -> torch.Tensor:
    """Leaf indices (S, B, M, k) as columns of (B·M) nodes: (S, k, B·M)."""
    batch, links = leaves.shape[1:3]
    offset = (torch.arange(batch, device=leaves.device) * links).view(1, batch, 1, 1)
    return (leaves + offset).flatten(1, 2).mT


def _gather(nodes: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Take nodes (S, ..., C, N) at columns (S, k, N): (S, ..., k, C, N)."""
    seeds, k, count = columns.shape
    flat = nodes.reshape(seeds, -1, count)
    taken = flat.gather(2, columns.reshape(seeds, 1, k * count).expand(-1, flat.shape[1], -1))
    return taken.view(*nodes.shape[:-1], k, count).transpose(-2, -3)


def _star_edges(cross: torch.Tensor, leaves: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Take |g_jm| and |g_mj| of every star edge (center m, leaf j): two (S, k, B·M)."""
    incoming = cross.gather(3, leaves)
    outgoing = cross.mT.gather(3, leaves)
    return incoming.flatten(1, 2).mT, outgoing.flatten(1, 2).mT


class QGNN(PowerModel):
    r"""The paper's quantum graph network: no hidden classical layer anywhere.

    With f the two standardized node features (|g_mm|, α_m), e the two of an edge (|g_jm|, |g_mj|), and h heads (one
    is the paper; several are circuits side by side):

    .. math::
        x_0 = A_0 f,\quad z_l = \mathrm{QGCL}_l(r\pi\tanh x_{l-1}, r\pi\tanh B_l e),\quad x_l = A_l [f, z_l],\quad
        p = P_{max}\,\sigma(a \cdot [x_L, f])

    QGCL is `ansatz.qgcl`: RX, RZ encoding of center, leaves and edges, one shared block per leaf in turn, then
    ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of the center; another circuit of `ansatz.ANSATZE` can take its place. L(6h² + 12h + 9hE) + 8h + 3
    parameters. Equivariant under relabelling when the
    leaf order is relabelled along (`stars.relabel`).

    Args:
        generators: One per seed.
        scale: Feature scale (see `Features`).
        k: Leaves per star.
        layers: L, number of QGCLs.
        heads: h, circuits side by side.
        circuit: A key of `ansatz.ANSATZE`.
        entangling_layers: E, strongly entangling layers in a block.
        angle_range: r, encoding angles lie in ±rπ.
        start_range: Block angles start uniform in ± this (radians).
        noise: The device that the circuits run on, in training too (a setting of `quantum.devices.check_noise`);
            None is an ideal one.
        stars: How leaves are chosen, a key of `stars.RULES`.

    Attributes:
        estimator: None, or what measures the stars instead of the exact engine (see `quantum.execution`), without
            gradients.
    """

    uses_stars = True
    estimator: Estimator | None = None

    def __init__(
        self,
        generators: Generators,
        *,
        scale: str = "amplitude",
        k: int = 3,
        layers: int = 2,
        heads: int = 1,
        circuit: str = "qgcl",
        entangling_layers: int = 2,
        angle_range: float = 0.5,
        start_range: float = 0.1,
        noise: Mapping[str, Any] | None = None,
        stars: str = "random",
    ) -> None:
        super().__init__(generators)
        require_choice("stars", stars, RULES)
        self.stars = stars
        for name, value in {"k": k, "layers": layers, "heads": heads}.items():
            require_count(name, value)
        require_positive("angle_range", angle_range)
        self.k, self.heads, self.layers = k, heads, layers
        self.angle_scale = angle_range * math.pi
        self.features = Features(scale, standardize=True)
        star = ansatz.build(circuit, entangling_layers)
        self.engine = StarEngine(star, None if noise is None else _noisy_program(star, noise))
        measured = heads * len(self.engine.ansatz.observables)
        self.embed = Linear(2, 2 * heads, generators)
        self.edge_maps = nn.ModuleList(Linear(2, 2 * heads, generators) for _ in range(layers))
        self.node_maps = nn.ModuleList(Linear(2 + measured, 2 * heads, generators) for _ in range(layers))
        self.readout = Linear(2 * heads + 2, 1, generators)
        self.block_angles = stacked_uniform((layers, heads, self.engine.ansatz.num_parameters), start_range, generators)

    def _angles(self, x: torch.Tensor) -> torch.Tensor:
        """Squash (S, 2h, N) to encoding angles (S·h, 2, N)."""
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
        direct, alpha, cross = self.features(gain, weight)
        f = torch.stack([direct.flatten(1), alpha.flatten(1)], dim=1)  # (S, 2, N), N = B·M
        e = torch.stack(_star_edges(cross, leaves), dim=1)  # (S, 2, k, N)
        columns = _leaf_columns(leaves)  # (S, k, N)
        transfers = self.engine.transfer(self.block_angles) if self.estimator is None else None
        x = self.embed.columns(f)  # (S, 2h, N)
        for layer in range(self.layers):
            edge_map, node_map = self.edge_maps[layer], self.node_maps[layer]
            assert isinstance(edge_map, Linear) and isinstance(node_map, Linear)
            nodes = self._angles(x)
            edges = self._angles(edge_map.columns(e.flatten(2)))  # (S·h, 2, k·N)
            edges = edges.unflatten(-1, (columns.shape[1], -1)).transpose(-2, -3)  # (S·h, k, 2, N)
            transfer = None if transfers is None else transfers[:, layer].flatten(0, 1).unsqueeze(1)
            z = self._measure(layer, transfer, nodes, edges, columns)  # (S·h, observables, N)
            x = node_map.columns(torch.cat([f, z.reshape(seeds, -1, batch * links)], dim=1))
        return torch.sigmoid(self.readout.columns(torch.cat([x, f], dim=1))).view(seeds, batch, links)

    def _measure(
        self,
        layer: int,
        transfer: torch.Tensor | None,
        nodes: torch.Tensor,
        edges: torch.Tensor,
        columns: torch.Tensor,
    ) -> torch.Tensor:
        """Return the stars' expectation values, from T if it is given, else from the estimator.

        Args:
            layer: Which QGCL.
            transfer: (S·h, 1, R, 1 + R, 16) or None.
            nodes: (S·h, 2, N) encoding angles.
            edges: (S·h, k, 2, N) encoding angles.
            columns: (S, k, N) leaf columns.
        """

        def leaves_of(values: torch.Tensor) -> torch.Tensor:
            return _gather(values.unflatten(0, (-1, self.heads)), columns).flatten(0, 1)

        if transfer is None:
            assert self.estimator is not None
            return self.estimator(self.block_angles[:, layer].flatten(0, 1), nodes, leaves_of(nodes), edges)
        centers = self.engine.encode(nodes, "center")
        # Encoding before gathering: k times fewer sines. Without noise, a node is encoded alike in both roles.
        as_leaves = centers if self.engine.program.encodings is None else self.engine.encode(nodes, "leaf")
        return self.engine.contract(transfer, centers, leaves_of(as_leaves), self.engine.encode(edges, "edge"))


def _noisy_program(star: ansatz.Ansatz, noise: Mapping[str, Any]) -> Program:
    from ..quantum.devices import line_for  # Qiskit is loaded only where noise is asked for
    from ..quantum.noise import program

    return program(star, line_for(noise), idle=noise.get("idle", False))


class ReleasedQGNN(PowerModel):
    """The quantum graph network of the first author's public code (docs/protocol.md gives every layer).

    Networks with a hidden layer map (|g_mm|, α_m, P_max, σ²) and |g_jm| to two encoding angles; the circuit is
    `ansatz.qgcl_ancilla` with the message's weights shared by all leaves and the update's weights per leaf; a residual
    update, batch norm and a readout network follow. Per-leaf weights: not equivariant, and k is fixed by training
    (graphs with fewer than k + 1 nodes use the first M - 1 leaf slots).

    Args:
        generators: One per seed.
        scale: Feature scale (see `Features`); amplitudes enter raw.
        k: Leaves per star.
        layers: Quantum layers.
        entangling_layers: Strongly entangling layers in message and update.
        width: Hidden width of the networks.
        dropout: Dropout probability in the feature networks.
    """

    uses_stars = True

    def __init__(
        self,
        generators: Generators,
        *,
        scale: str = "amplitude",
        k: int = 3,
        layers: int = 2,
        entangling_layers: int = 2,
        width: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(generators)
        for name, value in {"k": k, "layers": layers, "width": width}.items():
            require_count(name, value)
        self.k = k
        self.features = Features(scale, standardize=False)
        self.node_network = _feature_network(4, width, dropout, generators)
        self.edge_network = _feature_network(1, width, dropout, generators)
        self.rounds = nn.ModuleList(
            _ReleasedQuantumRound(k, entangling_layers, width, generators) for _ in range(layers)
        )
        self.readout = mlp((2, width, width, 1), generators, nn.LeakyReLU)

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
        direct, alpha, cross = self.features(gain, weight)
        constants = [torch.full_like(alpha, p_max), torch.full_like(alpha, noise_power)]
        x = self.node_network(torch.stack([direct, alpha, *constants], dim=-1).flatten(1, 2))  # (S, N, 2)
        incoming, _ = _star_edges(cross, leaves)  # (S, k, N)
        e = self.edge_network(incoming.flatten(1).unsqueeze(-1))  # (S, k·N, 2)
        edges = encoded_bloch((math.pi * torch.tanh(e)).unflatten(1, incoming.shape[1:]).mT)  # (S, k, 3, N)
        columns = _leaf_columns(leaves)
        for quantum_round in self.rounds:
            x = quantum_round(x, edges, columns)
        return torch.sigmoid(-self.readout(x)).view(weight.shape)


class _ReleasedQuantumRound(nn.Module):
    """x <- BN(x + update([x, π tanh QGCL(π tanh x, edges)]))."""

    def __init__(self, k: int, entangling_layers: int, width: int, generators: Generators) -> None:
        super().__init__()
        self.engine = StarEngine(ansatz.qgcl_ancilla(entangling_layers))
        shared = ansatz.num_message_parameters(entangling_layers)
        per_leaf = self.engine.ansatz.num_parameters - shared
        self.message_block_angles = stacked_uniform((1, shared), math.pi, generators)
        self.update_block_angles = stacked_uniform((k, per_leaf), math.pi, generators)
        self.update = mlp((4, width, 2), generators, nn.LeakyReLU)
        self.norm = BatchNorm(2, len(generators))

    def forward(self, x: torch.Tensor, edges: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Map nodes (S, N, 2), edge Bloch vectors (S, k, 3, N) and leaf columns (S, k, N) to nodes (S, N, 2)."""
        k = columns.shape[1]
        nodes = encoded_bloch((math.pi * torch.tanh(x)).mT)  # (S, 3, N)
        weights = torch.cat([self.message_block_angles.expand(-1, k, -1), self.update_block_angles[:, :k]], dim=-1)
        z = self.engine.contract(self.engine.transfer(weights), nodes, _gather(nodes, columns), edges)  # (S, 2, N)
        message = math.pi * torch.tanh(z).mT
        return self.norm(x + self.update(torch.cat([x, message], dim=-1)))


def _feature_network(inputs: int, width: int, dropout: float, generators: Generators) -> nn.Sequential:
    """Inputs -> width -> 2 with leaky ReLU, batch norm and dropout in between."""
    return nn.Sequential(
        Linear(inputs, width, generators),
        nn.LeakyReLU(),
        BatchNorm(width, len(generators)),
        Dropout(dropout, generators),
        Linear(width, 2, generators),
    )
