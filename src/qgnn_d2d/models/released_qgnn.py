"""The quantum graph network of the first author's public code."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..quantum import ansatz
from ..quantum.ansatz import Ansatz, encoded_bloch, num_message_parameters
from ..quantum.engine.star import StarEngine
from ..quantum.engine.transfer import identity
from ..settings.model import ReleasedQGNNOptions
from .base import PowerModel
from .ensemble import BatchNorm, Generators, stacked_uniform
from .kernels.circuits import Circuit
from .released_mlp import MLP, EdgeNetwork
from .star_network import gather, leaf_columns


class ReleasedQGNN(PowerModel):
    """The quantum graph network of the first author's public code, layer by layer (docs/protocol.md).

    A node network maps (|g_mm|, α_m, P_max, σ²), an edge network |g_jm|, to two encoding angles; the circuit is
    `ansatz.qgcl_ancilla` with the message's weights shared by all leaves and the update's weights per leaf; a residual
    update, batch norm and a readout network follow. With weights per leaf, the order of the leaves matters, and k is
    fixed by training (graphs with fewer than k + 1 nodes use the first M - 1 leaf slots).

    On the CPU, circuits and what is between linear layers are compiled operations of autograd (`kernels.circuits`,
    `kernels.hidden`).

    Args:
        generators: One per seed.
        options: Leaves, layers, widths, dropout; amplitudes enter raw.
    """

    compiled_parts = True

    def __init__(self, generators: Generators, options: ReleasedQGNNOptions) -> None:
        super().__init__(generators, options)
        width, dropout = options.width, options.dropout
        self.node_network = MLP((4, width, 2), dropout, generators, norm=True)
        self.edge_network = EdgeNetwork(width, dropout, generators)
        star, shared = ansatz.qgcl_ancilla(options.entangling_layers), num_message_parameters(options.entangling_layers)
        self.engine = StarEngine(star)
        self._compiled: tuple[torch.dtype, Circuit] | None = None
        self.rounds = nn.ModuleList(
            _ReleasedQuantumRound(options.k, star, shared, width, dropout, generators) for _ in range(options.layers)
        )
        self.readout = MLP((2, width, width, 1), dropout, generators, norm=True)

    @property
    def circuit(self) -> str:
        """See `PowerModel.circuit`."""
        return identity(self.engine.ansatz)

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
        features = torch.stack([direct, alpha, *constants], dim=-1).flatten(1, 2)  # (S, N, 4)
        x = math.pi * torch.tanh(self.node_network(features, self.compiled))  # (S, N, 2)
        e = math.pi * torch.tanh(self.edge_network(cross, leaves, self.compiled))
        edges = encoded_bloch(e)  # (S, L or 1, k, 3, N)
        columns = [leaf_columns(chosen) for chosen in leaves.unbind(1)]
        rounds = [part for part in self.rounds if isinstance(part, _ReleasedQuantumRound)]
        weights = torch.stack([quantum_round.weights(edges.shape[2]) for quantum_round in rounds])
        circuit = self._circuit(weights)
        transfers = circuit.transfer(weights)
        for layer, (quantum_round, transfer) in enumerate(zip(rounds, transfers, strict=True)):
            own = layer % len(columns)
            nodes = encoded_bloch(x.mT)  # (S, 3, N)
            z = circuit.contract(transfer, nodes, gather(nodes, columns[own]), edges[:, own])  # (S, 2, N)
            x = quantum_round(x, z.mT, self.compiled)
        return torch.sigmoid(-self.readout(x, self.compiled)).view(weight.shape)

    def _circuit(self, weights: torch.Tensor) -> Circuit | StarEngine:
        """Return what computes the circuits: the compiled operations where they serve, else the engine."""
        if not self.compiled or weights.device.type != "cpu" or weights.dtype not in (torch.float32, torch.float64):
            return self.engine
        if self._compiled is None or self._compiled[0] != weights.dtype:
            self._compiled = weights.dtype, Circuit(self.engine, weights.dtype)
        return self._compiled[1]


class _ReleasedQuantumRound(nn.Module):
    """x <- BN(x + update([x, π tanh z])), where z is what the circuit with these angles measures."""

    def __init__(
        self, k: int, star: Ansatz, shared: int, width: int, dropout: float, generators: Generators
    ) -> None:  # fmt: skip
        super().__init__()
        half = math.pi / 2  # angles start in [0, π]
        self.message_block_angles = stacked_uniform((1, shared), half, generators, middle=half)
        self.update_block_angles = stacked_uniform((k, star.num_parameters - shared), half, generators, middle=half)
        self.update = MLP((4, width, width, 2), dropout, generators, norm=False)
        self.norm = BatchNorm(2, len(generators))

    def weights(self, k: int) -> torch.Tensor:
        """Return the angles of the first k leaves' blocks: (S, k, P)."""
        return torch.cat([self.message_block_angles.expand(-1, k, -1), self.update_block_angles[:, :k]], dim=-1)

    def forward(self, x: torch.Tensor, z: torch.Tensor, compiled: bool) -> torch.Tensor:
        """Map nodes and expectation values (S, N, 2) to nodes (S, N, 2)."""
        message = math.pi * torch.tanh(z)
        return self.norm(x + self.update(torch.cat([x, message], dim=-1), compiled))
