"""IGCNet, the paper's GCN, dense: the links' graph is complete, so messages are (S, B, M, M, channels)."""

from __future__ import annotations

import torch
from torch import nn

from ..settings.model import IGCNetOptions
from .base import PowerModel
from .ensemble import Generators, Linear, mlp


class IGCNet(PowerModel):
    r"""IGCNet of Shen, Shi, Zhang and Letaief (JSAC 2021): the paper's baseline, 1,233 parameters as published.

    With p starting at 1, the same two networks are applied ``iterations`` times:

    .. math::
        p_m \leftarrow \sigma(\phi_2([|g_{mm}|, \alpha_m, p_m],
            \max_{j \neq m} \phi_1([|g_{jj}|, \alpha_j, p_j, |g_{jm}|, |g_{mj}|])))

    φ1 is 5 → 16 → 32 with ReLU after both, φ2 is 35 → 16 → 1 with ReLU between. Equivariant under relabelling.

    Args:
        generators: One per seed.
        options: Widths and number of iterations; amplitudes enter raw.
    """

    mixes_sizes = True

    def __init__(self, generators: Generators, options: IGCNetOptions) -> None:
        super().__init__(generators, options)
        self.iterations = options.iterations
        hidden, width = options.message_widths
        self.message_in = Linear(5, hidden, generators)
        self.message_out = Linear(hidden, width, generators)
        self.update = mlp((3 + width, options.update_width, 1), generators, nn.ReLU)

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
        masked = [torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device)]  # no message: from m itself,
        if leaves is not None:  # and from all that are no leaves
            everyone = torch.ones_like(gain, dtype=torch.bool)
            masked = [everyone.scatter(3, chosen, False) for chosen in leaves.unbind(1)]
        for iteration in range(self.iterations):
            silent = masked[iteration % len(masked)].unsqueeze(-1)
            nodes = torch.stack([direct, alpha, p], dim=-1)  # (S, B, M, 3)
            hidden = torch.relu_(from_edges + self.message_in.part(nodes, 0, 3).unsqueeze(2))
            messages = torch.relu_(self.message_out(hidden)).masked_fill(silent, 0.0)  # (S, B, M, M, width), all ≥ 0
            aggregated = messages.amax(dim=3)  # (S, B, M, width)
            p = torch.sigmoid(self.update(torch.cat([nodes, aggregated], dim=-1))).squeeze(-1)
        return p


class StarIGCNet(IGCNet):
    """IGCNet whose nodes get messages from the leaves of their stars only: what a choice of leaves is worth alone.

    Not in the publication. Equivariant when leaves are relabelled along; their order does not matter, as the maximum is
    taken over them.
    """
