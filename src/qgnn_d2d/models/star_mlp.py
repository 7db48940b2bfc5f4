"""A star network without a circuit: the classical twin of the QGNN."""

from __future__ import annotations

import torch

from ..settings.model import StarMLPOptions
from .ensemble import Generators, stacked_uniform
from .star_network import StarNetwork

_MEASURED = 3  # numbers per star and head, as many as the QGNN's circuit measures
_INPUTS = 6  # two angles each of center, leaf and edge


class StarMLP(StarNetwork):
    r"""The `StarNetwork` of the QGNN with a small perceptron in the circuit's place.

    Per layer and head, all leaves j of center m share one perceptron with one hidden layer, whose outputs are summed
    and squashed into [-1, 1], the range of expectation values:

    .. math::
        z_m = \tanh\left(\sum_j V \tanh(W [u_m, u_j, u_{jm}] + b)\right)

    with u the angles that the QGNN would encode. L(6h² + 12h + 10hw) + 8h + 3 parameters for hidden width w: with w = 2
    nearly as many as the QGNN with two entangling layers, which has 18 in place of 10w. The leaves' order does not
    matter.

    Args:
        generators: One per seed.
        options: Stars, layers L, heads h, hidden width w, range r of what enters a perceptron.
    """

    def __init__(self, generators: Generators, options: StarMLPOptions) -> None:
        super().__init__(generators, options, _MEASURED)
        layers, heads, width = options.layers, options.heads, options.width
        self.hidden = stacked_uniform((layers, heads, width, _INPUTS + 1), _INPUTS**-0.5, generators)  # bias last
        self.out = stacked_uniform((layers, heads, _MEASURED, width), width**-0.5, generators)

    def measure(
        self, layer: int, prepared: None, nodes: torch.Tensor, edges: torch.Tensor, columns: torch.Tensor
    ) -> torch.Tensor:
        """See `StarNetwork.measure`."""
        hidden, out = self.hidden[:, layer].flatten(0, 1), self.out[:, layer].flatten(0, 1)  # (S·h, w, 7), (S·h, 3, w)
        from_center, from_leaf, from_edge, bias = hidden.split([2, 2, 2, 1], dim=-1)
        # Before gathering: k times fewer products.
        leaves = self.leaves_of(torch.bmm(from_leaf, nodes), columns)  # (S·h, k, w, N)
        centers = torch.bmm(from_center, nodes) + bias  # (S·h, w, N)
        activations = torch.tanh(centers.unsqueeze(1) + leaves + from_edge.unsqueeze(1) @ edges)
        return torch.tanh(torch.bmm(out, activations.sum(dim=1)))
