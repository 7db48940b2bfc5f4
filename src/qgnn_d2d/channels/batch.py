"""Channel realizations as tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..checks import check_channels


@dataclass(frozen=True, eq=False)
class Channels:
    """Channel realizations as torch tensors, checked when made.

    Networks of several sizes are one set: M is the largest size, the links of a smaller network come first, and what is
    left is padding, whose gains and weights are zero. No result depends on padding.

    Attributes:
        gain: Power gains (dimensionless), receiver first, shape (N, M, M).
        weight: Link weights (dimensionless), shape (N, M).
        noise_power: Noise power at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).
        sizes: Numbers of links, int64, shape (N,), from 1 to M; None: M in every realization.

    Raises:
        ValueError: If a shape does not fit, an entry is negative or not finite, there is no realization, gains and
            weights are no tensors of one type on one device, or padding is not zero.
    """

    gain: Tensor
    weight: Tensor
    noise_power: float
    p_max: float
    sizes: Tensor | None = None

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
        if self.sizes is not None:
            self._check_sizes(self.sizes)

    def _check_sizes(self, sizes: Tensor) -> None:
        if not isinstance(sizes, Tensor) or sizes.dtype != torch.int64 or sizes.shape != (len(self),):
            found = f"{getattr(sizes, 'dtype', type(sizes).__name__)} of shape {tuple(getattr(sizes, 'shape', ()))}"
            raise ValueError(f"sizes are {found}; they must be int64 of shape ({len(self)},)")
        bad = ((sizes < 1) | (sizes > self.num_links)).nonzero()
        if len(bad):
            first = int(bad[0])
            raise ValueError(f"size of realization {first} is {sizes[first]}; it must be from 1 to {self.num_links}")
        padded = ~self.real
        pairs = padded.unsqueeze(-1) | padded.unsqueeze(-2)
        for name, values, padding in (("gain", self.gain, pairs), ("weight", self.weight, padded)):
            bad = (padding & (values != 0)).nonzero()
            if len(bad):
                first, at = int(bad[0, 0]), tuple(bad[0].tolist())
                raise ValueError(
                    f"{name} at index {at} is {values[at].item()!r}, beyond the {sizes[first]} links of realization "
                    f"{first}; padding must be 0"
                )

    def __len__(self) -> int:
        return self.gain.shape[0]

    @property
    def num_links(self) -> int:
        """Number of links M, of the largest network."""
        return self.gain.shape[-1]

    @property
    def real(self) -> Tensor:
        """Which links are no padding, shape (N, M)."""
        if self.sizes is None:
            return torch.ones_like(self.weight, dtype=torch.bool)
        return torch.arange(self.num_links, device=self.weight.device) < self.sizes.to(self.weight.device).unsqueeze(-1)

    def by_size(self) -> Iterator[tuple[Tensor, Channels]]:
        """Yield the realizations of every size, without padding, and where they stand in this set.

        Example:
            >>> gain = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 0.0], [0.0, 0.0]]])
            >>> weight = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
            >>> mixed = Channels(gain, weight, 0.1, 1.0, sizes=torch.tensor([2, 1]))
            >>> [(index.tolist(), part.gain.tolist()) for index, part in mixed.by_size()]
            [([1], [[[5.0]]]), ([0], [[[1.0, 2.0], [3.0, 4.0]]])]
        """
        if self.sizes is None:
            yield torch.arange(len(self)), self
            return
        for size in self.sizes.unique().tolist():
            index = (self.sizes == size).nonzero().squeeze(-1).cpu()
            gain, weight = self.gain[index, :size, :size], self.weight[index, :size]
            yield index, Channels(gain, weight, self.noise_power, self.p_max)

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
            sizes = None if self.sizes is None else self.sizes[chosen]
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            shown = " ".join(repr(indices).split())
            raise ValueError(
                f"indices are {shown:.80}; they must be a slice, integers from {-len(self)} to {len(self) - 1}, or "
                f"{len(self)} booleans"
            ) from error
        return Channels(gain, weight, self.noise_power, self.p_max, sizes)
