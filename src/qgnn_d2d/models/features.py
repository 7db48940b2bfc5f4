"""Node and edge features of the links' graph, shared by all models."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..objective import single_link_rate


class Features(nn.Module):
    """Turn channels into two node features, one of the direct channel and α_m, and one edge feature per direction.

    * ``amplitude``: |g_mm| and |g_jm|, as in the paper and its sources;
    * ``decibel``: 10 log10 |g_mm|² and 10 log10 |g_jm|², for gains that span decades;
    * ``rate``: α_m log2(1 + P_max² |g_mm|²/σ²), what a link is worth alone (`objective.single_link_rate`), and
      log2(1 + P_max² |g_jm|²/σ²), in bps/Hz.

    Standardized features have zero mean and unit deviation over the training set, per kind: direct channels, weights,
    cross channels. On scales other than ``amplitude``, channels are always standardized.

    Args:
        scale: One of `settings.model.Scale`.
        standardize: Whether amplitudes and weights are standardized.
    """

    def __init__(self, scale: str, standardize: bool) -> None:
        super().__init__()
        self.scale = scale
        self.standardize = standardize or scale != "amplitude"
        self.standardize_weight = standardize
        self.register_buffer("mean", torch.zeros(3, dtype=torch.float32))  # direct channel, weight, cross channel
        self.register_buffer("deviation", torch.ones(3, dtype=torch.float32))

    def _scaled(
        self, gain: torch.Tensor, weight: torch.Tensor, noise_power: float, p_max: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return direct (..., M) and cross channels (..., M, M) on the scale."""
        noise_power, p_max = float(noise_power), float(p_max)
        if self.scale == "rate":
            cross = torch.log1p(gain * (p_max**2 / noise_power)) / math.log(2)
            return single_link_rate(gain, weight, noise_power, p_max), cross
        if self.scale == "amplitude":
            channel = gain.sqrt()
        else:
            channel = 10 * torch.log10(gain.clamp_min(torch.finfo(gain.dtype).tiny))
        return channel.diagonal(dim1=-2, dim2=-1), channel

    def fit(
        self,
        gain: torch.Tensor,
        weight: torch.Tensor,
        noise_power: float,
        p_max: float,
        real: torch.Tensor | None = None,
    ) -> None:
        """Take the statistics of a training set; arguments as in `forward`, with N realizations as leading dim.

        ``real``, (N, M), says which links are no padding, if there is any.
        """
        if not self.standardize:
            return
        direct, cross = self._scaled(gain, weight, noise_power, p_max)
        off_diagonal = ~torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device)
        samples = [direct, weight, cross[:, off_diagonal]]
        if real is not None:
            samples = [direct[real], weight[real], cross[real.unsqueeze(-1) & real.unsqueeze(-2) & off_diagonal]]
        for i, values in enumerate(samples):
            if i == 1 and not self.standardize_weight:
                continue
            self.get_buffer("mean")[i] = values.mean()
            self.get_buffer("deviation")[i] = values.std() if values.numel() > 1 and values.std() > 0 else 1.0

    @torch.no_grad()
    def distance(
        self, gain: torch.Tensor, weight: torch.Tensor, noise_power: float, p_max: float, real: torch.Tensor
    ) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """Return how far realizations are from the training set; nothing of features that were not standardized.

        Args:
            gain: (N, M, M), as the others as in `forward`.
            weight: (N, M).
            noise_power: σ², W.
            p_max: P_max, an amplitude.
            real: (N, M), which links are no padding.

        Returns:
            Kind of feature to the median of every realization's standardized features, (N,), and to the mean of its
            features over that of the training set, (N,), which is 1 on the scale ``decibel``.
        """
        mean, deviation = self.get_buffer("mean").double(), self.get_buffer("deviation").double()
        direct, cross = self._scaled(gain, weight, noise_power, p_max)
        same = torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device)
        pairs = real.unsqueeze(-1) & real.unsqueeze(-2) & ~same
        found = {}
        for i, (name, values, mask) in enumerate(
            [("direct channels", direct, real), ("weights", weight, real), ("cross channels", cross, pairs)]
        ):
            if mean[i] == 0 and deviation[i] == 1:
                continue
            chosen, count = mask.flatten(1), mask.flatten(1).sum(-1, keepdim=True).clamp_min(1)
            x = torch.where(chosen, values.double().flatten(1), math.inf).sort(dim=-1).values
            median = (x.gather(1, (count - 1) // 2) + x.gather(1, count // 2)).squeeze(1) / 2
            level = torch.where(x.isfinite(), x, 0.0).sum(-1) / count.squeeze(1) / mean[i]
            has_level = i == 1 or self.scale != "decibel"
            found[name] = (median - mean[i]) / deviation[i], level if has_level else torch.ones_like(level)
        return found

    def forward(
        self, gain: torch.Tensor, weight: torch.Tensor, noise_power: float, p_max: float
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the features of a batch.

        Args:
            gain: (..., M, M) power gains, receiver first.
            weight: (..., M) weights α.
            noise_power: σ², W.
            p_max: P_max, an amplitude.

        Returns:
            direct (..., M), weight (..., M), and cross (..., M, M) with g_jm at [m, j]; its transpose holds g_mj.
        """
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        direct, cross = self._scaled(gain, weight, noise_power, p_max)
        return (direct - mean[0]) / deviation[0], (weight - mean[1]) / deviation[1], (cross - mean[2]) / deviation[2]
