"""Channel realizations as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..checks import check_channels


@dataclass(frozen=True, eq=False)
class Channels:
    """Channel realizations as torch tensors, checked when made.

    Attributes:
        gain: Power gains (dimensionless), receiver first, shape (N, M, M).
        weight: Link weights (dimensionless), shape (N, M).
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).

    Raises:
        ValueError: If a shape does not fit, an entry is negative or not finite, there is no realization, or gains and
            weights are no tensors of one type on one device.
    """

    gain: Tensor
    weight: Tensor
    noise_power: float
    p_max: float

    def __post_init__(self) -> None:
        noise_power, p_max = check_channels(self.gain, self.weight, self.noise_power, self.p_max)
        object.__setattr__(self, "noise_power", noise_power)
        object.__setattr__(self, "p_max", p_max)
        if self.gain.ndim != 3:
            raise ValueError(f"gain has shape {tuple(self.gain.shape)}; it must be (N, M, M)")
        for name in ("dtype", "device"):
            own, other = getattr(self.gain, name), getattr(self.weight, name)
            if own != other:
                raise ValueError(f"{name} of weight is {other}; it must be that of gain, {own}")

    def __len__(self) -> int:
        return self.gain.shape[0]

    @property
    def num_links(self) -> int:
        """Number of links M."""
        return self.gain.shape[-1]

    def take(self, indices: slice | Sequence[int] | Tensor) -> Channels:
        """Return some of the realizations.

        Args:
            indices: A slice, or a list or tensor of integers (negative ones count from the end) or of N booleans.

        Raises:
            ValueError: If the indices are none of these or out of range, or no realization is left.
        """
        try:
            chosen = indices if isinstance(indices, slice) else torch.as_tensor(indices)
            gain, weight = self.gain[chosen], self.weight[chosen]
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            shown = " ".join(repr(indices).split())
            raise ValueError(
                f"indices are {shown:.80}; they must be a slice, integers from {-len(self)} to {len(self) - 1}, or "
                f"{len(self)} booleans"
            ) from error
        return Channels(gain, weight, self.noise_power, self.p_max)
