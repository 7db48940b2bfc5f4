"""The quantum graph networks: classical maps around the star circuits of `quantum.ansatz`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..checks import require_count, require_within
from ..quantum import ansatz
from ..quantum.ansatz import encoded_bloch
from ..quantum.engine.star import Program, StarEngine
from .base import PowerModel
from .ensemble import BatchNorm, Dropout, Generators, Linear, mlp, stacked_uniform
from .features import Features
from .star_network import LARGEST_ANGLE, StarNetwork, gather, leaf_columns, star_edges

if TYPE_CHECKING:
    from ..quantum.estimators import Estimator


class QGNN(StarNetwork):
    r"""The paper's quantum graph network: a `StarNetwork` whose stars are circuits; one head is the paper.

    A star is `ansatz.qgcl`: RX, RZ encoding of center, leaves and edges, one shared block per leaf in turn, then
    ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of the center; another circuit of `ansatz.ANSATZE` can take its place. L(6h² + 12h + 9hE) + 8h + 3
    parameters.

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
        require_within("start_range", start_range, 0, LARGEST_ANGLE)
        star = ansatz.build(circuit, entangling_layers)
        super().__init__(
            generators, len(star.observables), scale=scale, k=k, layers=layers, heads=heads, angle_range=angle_range,
            stars=stars,
        )  # fmt: skip
        self.engine = StarEngine(star, None if noise is None else _noisy_program(star, noise))
        self.block_angles = stacked_uniform((layers, heads, star.num_parameters), start_range, generators)

    def prepare(self) -> torch.Tensor | None:
        """Return T of every layer and head, (S, L, h, R, 1 + R, 16); None where an estimator measures."""
        return self.engine.transfer(self.block_angles) if self.estimator is None else None

    def measure(
        self,
        layer: int,
        prepared: torch.Tensor | None,
        nodes: torch.Tensor,
        edges: torch.Tensor,
        columns: torch.Tensor,
    ) -> torch.Tensor:
        """See `StarNetwork.measure`: the circuits' expectation values."""
        if prepared is None:
            assert self.estimator is not None
            angles = self.block_angles[:, layer].flatten(0, 1)
            return self.estimator(angles, nodes, self.leaves_of(nodes, columns), edges)
        transfer = prepared[:, layer].flatten(0, 1).unsqueeze(1)
        centers = self.engine.encode(nodes, "center")
        # Encoding before gathering: k times fewer sines. Without noise, a node is encoded alike in both roles.
        as_leaves = centers if self.engine.program.encodings is None else self.engine.encode(nodes, "leaf")
        leaves = self.leaves_of(as_leaves, columns)
        return self.engine.contract(transfer, centers, leaves, self.engine.encode(edges, "edge"))


def _noisy_program(star: ansatz.Ansatz, noise: Mapping[str, Any]) -> Program:
    from ..quantum.hardware.devices import line_for
    from ..quantum.hardware.noise import program

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
        dropout: Dropout probability in the feature networks, below 1.
    """

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
        require_within("dropout", dropout, 0, 1)
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
        direct, alpha, cross = self.features(gain, weight, noise_power, p_max)
        constants = [torch.full_like(alpha, p_max), torch.full_like(alpha, noise_power)]
        x = self.node_network(torch.stack([direct, alpha, *constants], dim=-1).flatten(1, 2))  # (S, N, 2)
        incoming, _ = star_edges(cross, leaves)  # (S, k, N)
        e = self.edge_network(incoming.flatten(1).unsqueeze(-1))  # (S, k·N, 2)
        edges = encoded_bloch((math.pi * torch.tanh(e)).unflatten(1, incoming.shape[1:]).mT)  # (S, k, 3, N)
        columns = leaf_columns(leaves)
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
        z = self.engine.contract(self.engine.transfer(weights), nodes, gather(nodes, columns), edges)  # (S, 2, N)
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
