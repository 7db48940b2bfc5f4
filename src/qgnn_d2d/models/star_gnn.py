"""A graph network on the stars of the QGNN, built as graph networks usually are: equal information, no circuit."""

from __future__ import annotations

import torch

from ..settings.model import StarGNNOptions
from .base import PowerModel
from .ensemble import Generators, Linear
from .star_network import gather, leaf_columns, star_edges


class StarGNN(PowerModel):
    r"""Rounds of messages from the leaves of every star to its center.

    With f the two standardized node features (of the direct channel, α_m), e the two of an edge, x the state of a node
    and y = [x, f], the same two networks φ and ψ are applied L times, each with one hidden layer of ReLU:

    .. math::
        x \leftarrow A f,\quad
        m_{jm} = x_j + \phi([y_m, y_j, e_{jm}]),\quad
        x_m \leftarrow x_m + \psi([y_m, \mathrm{mean}_j\, m_{jm}, \max_j m_{jm}])

    Then p = P_max σ(ρ(y)) with a third such network ρ. As x_j is in its message, a value can pass through all layers
    unchanged: without it, trainings often stopped at what a node does alone. For d numbers per state and hidden width
    w, (8d + 14)w + 5d + 1 parameters. Equivariant when leaves are relabelled along; their order does not matter.

    Args:
        generators: One per seed.
        options: Stars, layers L, numbers d in a state, hidden width w.
    """

    mixes_sizes = True

    def __init__(self, generators: Generators, options: StarGNNOptions) -> None:
        super().__init__(generators, options, standardize=True)
        state, width = options.state, options.width
        self.layers, self.state = options.layers, state
        self.embed = Linear(2, state, generators)
        self.message_in = Linear(2 * (state + 2) + 2, width, generators)
        self.message_out = Linear(width, state, generators)
        self.update_in = Linear(3 * state + 2, width, generators)
        self.update_out = Linear(width, state, generators)
        self.readout_in = Linear(state + 2, width, generators)
        self.readout_out = Linear(width, 1, generators)

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
        f = torch.stack([direct.flatten(1), alpha.flatten(1)], dim=1)  # (S, 2, N), N = B·M
        sets = leaves.unbind(1)
        edge_sets = [torch.stack(star_edges(cross, chosen), dim=1) for chosen in sets]  # (S, 2, k, N) each
        column_sets = [leaf_columns(chosen) for chosen in sets]  # (S, k, N) each
        x = self.embed.columns(f)  # (S, d, N)
        for layer in range(self.layers):
            y = torch.cat([x, f], dim=1)
            messages = self.messages(y, edge_sets[layer % len(sets)], column_sets[layer % len(sets)])
            read = torch.cat([y, messages.mean(2), messages.amax(2)], dim=1)
            x = x + self.update_out.columns(torch.relu(self.update_in.columns(read)))
        hidden = torch.relu(self.readout_in.columns(torch.cat([x, f], dim=1)))
        return torch.sigmoid(self.readout_out.columns(hidden)).view(weight.shape)

    def messages(self, y: torch.Tensor, edges: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return all leaves' messages (S, d, k, N).

        Args:
            y: (S, d + 2, N) states and features of the nodes.
            edges: (S, 2, k, N) features of the star edges.
            columns: (S, k, N) leaf columns.
        """
        shape, size, state = columns.shape[1:], y.shape[1], self.state
        of_center, of_leaf, of_edge = self.message_in.weight.mT.split([size, size, 2], dim=2)
        centers = torch.baddbmm(self.message_in.bias.unsqueeze(2), of_center, y)  # (S, w, N)
        # Before gathering: k times fewer products.
        leaves = gather(torch.cat([y[:, :state], torch.bmm(of_leaf, y)], dim=1), columns).transpose(1, 2)
        from_edges = torch.bmm(of_edge, edges.flatten(2)).unflatten(2, shape)
        hidden = torch.relu(centers.unsqueeze(2) + leaves[:, state:] + from_edges)  # (S, w, k, N)
        return leaves[:, :state] + self.message_out.columns(hidden.flatten(2)).unflatten(2, shape)
