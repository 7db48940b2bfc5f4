"""Unfolded WMMSE: a few WMMSE iterations whose error weights two graph networks correct."""

from __future__ import annotations

import torch

from ..settings.model import UnfoldedWMMSEOptions
from .base import PowerModel
from .ensemble import Generators, stacked_uniform

_FEATURES = 2  # of a node in the graph networks: 1, and the weight


class UnfoldedWMMSE(PowerModel):
    r"""K iterations of WMMSE from full power, each with learned corrections a and b of the error weights w.

    With h = |g| the received amplitudes and v the amplitudes p of eq. (1), layer after layer:

    .. math::
        u_m = \frac{h_{mm} v_m}{\sum_j h_{jm}^2 v_j^2 + \sigma^2},\quad
        w_m = \frac{a_m}{1 - u_m h_{mm} v_m} + b_m,\quad
        v_m = \left[\frac{\alpha_m w_m u_m h_{mm}}{\sum_j \alpha_j w_j u_j^2 h_{mj}^2}\right]_0^{P_{max}}

    a and b come from a graph network each, two per layer, with X = [1, α] and H the channels as the options scale them:

    .. math::
        \sigma(H Y W_3 + \mathrm{diag}(H) Y W_2 + c_1),\quad
        Y = \mathrm{ReLU}(H X W_1 + \mathrm{diag}(H) X W_0 + c_0)

    With a = 1 and b = 0 it is `solvers.wmmse` with K iterations. (14 w + 2) K parameters for hidden width w.
    Equivariant under relabelling.

    Source: Chowdhury, Verma, Rao, Swami, Segarra, IEEE Trans. Wireless Commun. 20(9), 2021, and the authors' code
    (ArCho48/Unrolled-WMMSE), which has no weights: α in X and in v is ours. Its multiplier in the denominator of v,
    learned from 0, is left out.

    Args:
        generators: One per seed.
        options: Number of layers, hidden width of the graph networks.
    """

    def __init__(self, generators: Generators, options: UnfoldedWMMSEOptions) -> None:
        super().__init__(generators, options)
        self.layers, self.width = options.layers, options.width
        networks, width = 2 * options.layers, options.width  # a's of all layers, then b's
        # All graph networks at once: they read channels and weights, not what the layers before them yield.
        self.conv_in = stacked_uniform((2 * _FEATURES, networks * width), (2 * _FEATURES) ** -0.5, generators)
        self.bias_in = stacked_uniform((networks * width,), (2 * _FEATURES) ** -0.5, generators)
        self.conv_out = stacked_uniform((networks, width, 2), (2 * width) ** -0.5, generators)
        self.bias_out = stacked_uniform((networks,), (2 * width) ** -0.5, generators)

    def corrections(
        self, gain: torch.Tensor, weight: torch.Tensor, noise_power: float, p_max: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a and b of all layers, in (0, 1): (S, B, M, K) each."""
        direct, alpha, cross = self.features(gain, weight, noise_power, p_max)
        channel, own = cross.mT, direct.unsqueeze(-1)  # to all receivers (S, B, M, M), to the own one (S, B, M, 1)
        nodes = torch.stack([torch.ones_like(alpha), alpha], dim=-1)  # (S, B, M, 2)
        read = torch.cat([channel @ nodes, own * nodes], dim=-1).flatten(1, 2)  # (S, B·M, 4)
        hidden = torch.relu(torch.baddbmm(self.bias_in.unsqueeze(1), read, self.conv_in))
        hidden = hidden.unflatten(-1, (-1, self.width))  # (S, B·M, 2K, w)
        sent = (hidden.unsqueeze(-1) * self.conv_out.unsqueeze(1)).sum(-2)
        sent = sent.unflatten(1, weight.shape[1:])  # (S, B, M, 2K, 2)
        out = channel @ sent[..., 0] + own * sent[..., 1] + self.bias_out[:, None, None]
        a, b = torch.sigmoid(out).chunk(2, dim=-1)
        return a, b

    def activity(
        self,
        gain: torch.Tensor,
        weight: torch.Tensor,
        noise_power: float,
        p_max: float,
        leaves: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See `PowerModel.activity`."""
        a, b = self.corrections(gain, weight, noise_power, p_max)
        # Amplitudes in units of p_max and gains in units of noise per full power, as in `solvers.wmmse`.
        scaled = gain * (p_max**2 / noise_power)
        direct = scaled.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)  # (S, B, M, 1)
        cross = scaled.masked_fill(torch.eye(gain.shape[-1], dtype=torch.bool, device=gain.device), 0.0)
        root, caused = direct.sqrt(), scaled.mT
        power = torch.ones_like(direct)  # v²
        amplitude = power
        for layer in range(self.layers):
            signal, impairment = direct * power, cross @ power + 1.0
            receiver = root * amplitude / (signal + impairment)
            error_weight = a[..., layer, None] * (1.0 + signal / impairment) + b[..., layer, None]
            worth = weight.unsqueeze(-1) * error_weight * receiver
            benefit, cost = worth * root, caused @ (worth * receiver)
            idle = cost <= 0  # no weight, no gain, or off: no benefit either
            amplitude = (benefit / cost.masked_fill(idle, 1.0)).clamp(0.0, 1.0)
            power = amplitude.square()
        return amplitude.squeeze(-1)
