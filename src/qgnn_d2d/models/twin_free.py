"""A classical twin of the QGNN: the star engine's tensor T, trained freely."""

from __future__ import annotations

import torch
from torch import nn

from ..quantum import ansatz
from ..quantum.engine.star import StarEngine
from ..settings.model import TwinFreeOptions
from .ensemble import Generators, stacked_uniform
from .qgnn import TensorNetwork

SCALE = 0.125  # 1 / sqrt(64)


class TwinFree(TensorNetwork):
    r"""The QGNN with the circuit's constraint left out: every entry of T is trained.

    Encoding, contraction leaf after leaf and readout are those of the QGNN without noise (`quantum.engine.star`), so
    the leaves' order matters. T has the rows X, Y and Z of the center and 4 · 4 · 4 inputs each, per layer and head; no
    circuit needs to have it. L(6h² + 12h + 192h) + 8h + 3 parameters.

    T starts as that of the QGNN's block at its own start: an untrained network is the QGNN of the same seed and
    options. What is trained is 8 T: a row sums 64 inputs, and with 1/sqrt(64) of Adam's step in every entry its output
    moves as far in a step as one weight. With the whole step in every entry, trainings ended with all powers at 0.

    Args:
        generators: One per seed.
        options: Stars, layers L, heads h, range r of the angles, range of the start.
    """

    def __init__(self, generators: Generators, options: TwinFreeOptions) -> None:
        star = ansatz.qgcl()
        super().__init__(generators, options, StarEngine(star))
        shape = (options.layers, options.heads, star.num_parameters)
        angles = stacked_uniform(shape, options.start_range, generators).detach().double()
        start = torch.stack([self.engine.transfer(own) for own in angles])  # one by one: the same in any company
        self.entries = nn.Parameter((start / SCALE).float())

    def transfer(self) -> torch.Tensor:
        """See `TensorNetwork.transfer`."""
        return SCALE * self.entries
