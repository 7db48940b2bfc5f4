"""A classical twin of the QGNN: random Fourier features of the encoding angles."""

from __future__ import annotations

import math

import torch

from ..settings.model import TwinFourierOptions
from .ensemble import Generators, stacked_uniform
from .star_network import StarNetwork

_MEASURED = 3  # numbers per star and head, as many as the QGNN's circuit measures
_INPUTS = 6  # two angles each of center, leaf and edge


class TwinFourier(StarNetwork):
    r"""The `StarNetwork` of the QGNN with a random trigonometric polynomial in the circuit's place.

    The expectation values of one block are a trigonometric polynomial of its six encoding angles u, with frequencies
    -1, 0 and 1 in each (Schuld, Sweke and Meyer, Phys. Rev. A 103, 032430, 2021). Per layer and head, this network has
    n of these frequencies and a phase each, drawn per seed and fixed. Trained are their coefficients V. The leaves j of
    center m are summed, and the sum is squashed into [-1, 1], the range of expectation values:

    .. math::
        z_m = \tanh\left(\sum_j V \cos(\Omega [u_m, u_j, u_{jm}] + b)\right)

    Such a surrogate by random Fourier features: Landman et al., arXiv:2210.13200, 2022; Schreiber, Eisert and Meyer,
    Phys. Rev. Lett. 131, 100803, 2023. L(6h² + 12h + 3hn) + 8h + 3 parameters: with n = 6 as many as the QGNN with two
    entangling layers. The leaves' order does not matter.

    Args:
        generators: One per seed.
        options: Stars, layers L, heads h, features n, range r of the angles.
    """

    def __init__(self, generators: Generators, options: TwinFourierOptions) -> None:
        super().__init__(generators, options, _MEASURED)
        shape = (options.layers, options.heads, options.features)
        self.out = stacked_uniform((*shape[:2], _MEASURED, shape[2]), options.features**-0.5, generators)
        frequencies = [torch.randint(-1, 2, (*shape, _INPUTS), generator=generator) for generator in generators]
        self.register_buffer("frequencies", torch.stack(frequencies).float())
        self.register_buffer("phases", stacked_uniform((*shape, 1), math.pi, generators).detach())

    def measure(
        self, layer: int, prepared: None, nodes: torch.Tensor, edges: torch.Tensor, columns: torch.Tensor
    ) -> torch.Tensor:
        """See `StarNetwork.measure`."""
        frequencies = self.get_buffer("frequencies")[:, layer].flatten(0, 1)  # (S·h, n, 6)
        phases, out = self.get_buffer("phases")[:, layer].flatten(0, 1), self.out[:, layer].flatten(0, 1)
        k, count = edges.shape[1], nodes.shape[-1]
        leaves = self.leaves_of(nodes, columns)  # (S·h, k, 2, N)
        parts = nodes.unsqueeze(1).expand_as(leaves), leaves, edges
        angles = torch.cat([part.transpose(1, 2) for part in parts], dim=1).flatten(2)  # (S·h, 6, k·N)
        waves = torch.cos(torch.baddbmm(phases, frequencies, angles)).unflatten(-1, (k, count))
        return torch.tanh(torch.bmm(out, waves.sum(dim=2)))
