"""Node and edge features of the links' graph, shared by all models."""

from __future__ import annotations

import torch
from torch import nn

from ..checks import require_choice

SCALES = ("amplitude", "decibel")


class Features(nn.Module):
    """Turn channels into node features (|g_mm|, α_m) and edge features |g_jm|.

    On the ``amplitude`` scale a channel enters as |g|, on the ``decibel`` scale as 10 log10 |g|² (for gains that span
    decades). Standardized features have zero mean and unit deviation over the training set, per kind: direct
    channels, weights, cross channels. Decibel features are always standardized.

    Args:
        scale: ``amplitude`` or ``decibel``.
        standardize: Whether amplitude features are standardized.

    Raises:
        ValueError: An unknown scale.
    """

    def __init__(self, scale: str, standardize: bool) -> None:
        super().__init__()
        require_choice("features", scale, SCALES)
        self.scale = scale
        self.standardize = standardize or scale == "decibel"
        self.standardize_weight = standardize
        self.register_buffer("mean", torch.zeros(3))  # direct channel, weight, cross channel
        self.register_buffer("deviation", torch.ones(3))

    def _scaled(self, gain: torch.Tensor) -> torch.Tensor:
        if self.scale == "amplitude":
            return gain.sqrt()
        return 10 * torch.log10(gain.clamp_min(torch.finfo(gain.dtype).tiny))

    def fit(self, gain: torch.Tensor, weight: torch.Tensor) -> None:
        """Take the statistics of a training set: ``gain`` (N, M, M) in [receiver, transmitter], ``weight`` (N, M)."""
        if not self.standardize:
            return
        channel = self._scaled(gain)
        off_diagonal = ~torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device)
        samples = [channel.diagonal(dim1=-2, dim2=-1), weight, channel[:, off_diagonal]]
        for i, values in enumerate(samples):
            if i == 1 and not self.standardize_weight:
                continue
            self.get_buffer("mean")[i] = values.mean()
            self.get_buffer("deviation")[i] = values.std() if values.numel() > 1 and values.std() > 0 else 1.0

    def forward(self, gain: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the features of a batch.

        Args:
            gain: (..., M, M) power gains, receiver first.
            weight: (..., M) weights α.

        Returns:
            direct (..., M), weight (..., M), and cross (..., M, M) with |g_jm| at [m, j]; its transpose holds |g_mj|.
        """
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        channel = self._scaled(gain)
        direct = (channel.diagonal(dim1=-2, dim2=-1) - mean[0]) / deviation[0]
        return direct, (weight - mean[1]) / deviation[1], (channel - mean[2]) / deviation[2]
