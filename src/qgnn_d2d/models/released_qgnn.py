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
from .ensemble import BatchNorm, Dropout, Generators, Linear, mlp, stacked_uniform
from .kernels.circuits import Circuit
from .star_network import gather, leaf_columns, star_edges


class ReleasedQGNN(PowerModel):
    """The quantum graph network of the first author's public code (docs/protocol.md gives every layer).

    Networks with a hidden layer map (|g_mm|, α_m, P_max, σ²) and |g_jm| to two encoding angles; the circuit is
    `ansatz.qgcl_ancilla` with the message's weights shared by all leaves and the update's weights per leaf; a residual
    update, batch norm and a readout network follow. With weights per leaf, the order of the leaves matters, and k is
    fixed by training (graphs with fewer than k + 1 nodes use the first M - 1 leaf slots).

    On the CPU, circuits are compiled operations of autograd (`kernels.circuits`).

    Args:
        generators: One per seed.
        options: Leaves, layers, widths, dropout; amplitudes enter raw.
    """

    compiled_parts = True

    def __init__(self, generators: Generators, options: ReleasedQGNNOptions) -> None:
        super().__init__(generators, options)
        width = options.width
        self.node_network = _feature_network(4, width, options.dropout, generators)
        self.edge_network = _feature_network(1, width, options.dropout, generators)
        star, shared = ansatz.qgcl_ancilla(options.entangling_layers), num_message_parameters(options.entangling_layers)
        self.engine = StarEngine(star)
        self._compiled: tuple[torch.dtype, Circuit] | None = None
        self.rounds = nn.ModuleList(
            _ReleasedQuantumRound(options.k, star, shared, width, generators) for _ in range(options.layers)
        )
        self.readout = mlp((2, width, width, 1), generators, nn.LeakyReLU)

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
        x = self.node_network(torch.stack([direct, alpha, *constants], dim=-1).flatten(1, 2))  # (S, N, 2)
        sets = leaves.unbind(1)
        incoming = torch.stack([star_edges(cross, chosen)[0] for chosen in sets], dim=1)  # (S, L or 1, k, N)
        e = self.edge_network(incoming.flatten(1).unsqueeze(-1))  # (S, L·k·N, 2)
        edges = encoded_bloch((math.pi * torch.tanh(e)).unflatten(1, incoming.shape[1:]).mT)  # (S, L or 1, k, 3, N)
        columns = [leaf_columns(chosen) for chosen in sets]
        rounds = [part for part in self.rounds if isinstance(part, _ReleasedQuantumRound)]
        weights = torch.stack([quantum_round.weights(incoming.shape[2]) for quantum_round in rounds])
        circuit = self._circuit(weights)
        transfers = circuit.transfer(weights)
        for layer, (quantum_round, transfer) in enumerate(zip(rounds, transfers, strict=True)):
            own = layer % len(sets)
            x = quantum_round(circuit, transfer, x, edges[:, own], columns[own])
        return torch.sigmoid(-self.readout(x)).view(weight.shape)

    def _circuit(self, weights: torch.Tensor) -> Circuit | StarEngine:
        """Return what computes the circuits: the compiled operations where they serve, else the engine."""
        if not self.compiled or weights.device.type != "cpu" or weights.dtype not in (torch.float32, torch.float64):
            return self.engine
        if self._compiled is None or self._compiled[0] != weights.dtype:
            self._compiled = weights.dtype, Circuit(self.engine, weights.dtype)
        return self._compiled[1]


class _ReleasedQuantumRound(nn.Module):
    """x <- BN(x + update([x, π tanh QGCL(π tanh x, edges)]))."""

    def __init__(self, k: int, star: Ansatz, shared: int, width: int, generators: Generators) -> None:
        super().__init__()
        self.message_block_angles = stacked_uniform((1, shared), math.pi, generators)
        self.update_block_angles = stacked_uniform((k, star.num_parameters - shared), math.pi, generators)
        self.update = mlp((4, width, 2), generators, nn.LeakyReLU)
        self.norm = BatchNorm(2, len(generators))

    def weights(self, k: int) -> torch.Tensor:
        """Return the angles of the first k leaves' blocks: (S, k, P)."""
        return torch.cat([self.message_block_angles.expand(-1, k, -1), self.update_block_angles[:, :k]], dim=-1)

    def forward(
        self,
        circuit: Circuit | StarEngine,
        transfer: torch.Tensor,
        x: torch.Tensor,
        edges: torch.Tensor,
        columns: torch.Tensor,
    ) -> torch.Tensor:
        """Map nodes (S, N, 2), edge Bloch vectors (S, k, 3, N) and leaf columns (S, k, N) to nodes (S, N, 2)."""
        nodes = encoded_bloch((math.pi * torch.tanh(x)).mT)  # (S, 3, N)
        z = circuit.contract(transfer, nodes, gather(nodes, columns), edges)  # (S, 2, N)
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
