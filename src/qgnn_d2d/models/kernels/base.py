"""What every kernel has in common: flat parameters, gradients beside them, and the inputs of a run as arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy.typing as npt
import torch

from ...objective import QUANTITIES, Quantity, released_gain
from ..base import PowerModel

Array = npt.NDArray[Any]


class Inputs(NamedTuple):
    """What parameters do not change, of a scored split or of one epoch: contiguous arrays of the model's dtype.

    Attributes:
        direct: (S or 1, B, M) the model's features of direct channels.
        alpha: (S or 1, B, M) of weights.
        cross: (S or 1, B, M, M) of cross channels, receiver first.
        leaves: (S, L or 1, B, M, k) int64, one set per layer or one for all; None without stars.
        gain: (S or 1, B, M, M) power gains of eq. (1) in the trained quantity.
        weight: (S or 1, B, M) weights of eq. (2) in the trained quantity.
        noise_power: σ², W.
        p_max: P_max, an amplitude.
    """

    direct: Array
    alpha: Array
    cross: Array
    leaves: Array | None
    gain: Array
    weight: Array
    noise_power: float
    p_max: float


class Kernel(ABC):
    """Powers, rates and all gradients of a model in one pass, without autograd.

    Args:
        model: On the CPU, float32 or float64. Its parameters become views of the flat vector. What copies into
            them, as ``load_state_dict`` does, reaches the kernel; what replaces them, as ``to(dtype)`` does, does not.

    Attributes:
        flat: (2, P) all parameters, in the order of the model's, and their gradients.
        vector: The same as one parameter of torch, for an optimizer that works entry by entry.
        parameters: (P,) a view, of which the model's are views.
        gradients: (P,) a view, of which the parameters' ``grad`` are views.
        values: Parameter name to its view (S, ...) of `parameters`.
        slopes: Parameter name to its view (S, ...) of `gradients`.
    """

    def __init__(self, model: PowerModel) -> None:
        self.model = model
        flat = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
        flat, d_flat = both = torch.stack([flat, torch.zeros_like(flat)])
        self.flat = both.numpy()
        self.parameters, self.gradients = self.flat
        self.vector = torch.nn.Parameter(flat)
        self.vector.grad = d_flat
        self.values: dict[str, Array] = {}
        self.slopes: dict[str, Array] = {}
        first = 0
        for name, parameter in model.named_parameters():
            part, shape = slice(first, first + parameter.numel()), parameter.shape
            parameter.data, parameter.grad = flat[part].view(shape), d_flat[part].view(shape)
            self.values[name], self.slopes[name] = parameter.data.numpy(), parameter.grad.numpy()
            first = part.stop

    @torch.no_grad()
    def inputs(
        self,
        gain: torch.Tensor,
        weight: torch.Tensor,
        noise_power: float,
        p_max: float,
        leaves: torch.Tensor | None,
        quantity: Quantity = QUANTITIES["sum_rate"],
    ) -> Inputs:
        """Return the inputs of a run; compiled code checks no index, so leaves are checked here.

        Args:
            gain: (S or 1, B, M, M) power gains, receiver first.
            weight: (S or 1, B, M) weights.
            noise_power: σ², W.
            p_max: P_max, an amplitude.
            leaves: (S, L, B, M, k), or one set for all layers; see `PowerModel.forward`.
            quantity: What is trained and scored, of either protocol.

        Raises:
            ValueError: A shape, dtype or leaf that does not fit.
        """
        model, dtype = self.model, torch.from_numpy(self.parameters).dtype
        if gain.shape[1:] != (*weight.shape[1:], weight.shape[-1]) or {len(gain), len(weight)} - {1, model.num_seeds}:
            raise ValueError(f"gain has shape {tuple(gain.shape)} and weight {tuple(weight.shape)}")
        if gain.dtype != dtype or weight.dtype != dtype:
            raise ValueError(f"gain is {gain.dtype} and weight {weight.dtype}; they must be the model's, {dtype}")
        leaves = model.sets_of(leaves, *weight.shape[1:])
        if leaves is not None and leaves.numel() and (int(leaves.min()) < 0 or int(leaves.max()) >= weight.shape[-1]):
            raise ValueError(f"leaves must be from 0 to {weight.shape[-1] - 1}")
        chosen = None if leaves is None else leaves.contiguous().numpy()
        features = model.features(gain, weight, noise_power, p_max)
        if quantity.name == "released_metric":
            gain, weight = released_gain(gain, weight), torch.ones_like(weight)
        elif quantity.name != "sum_rate":
            raise ValueError(f"quantity is {quantity.name}; it must be one that models are trained in")
        direct, alpha, cross, *objective = (values.contiguous().numpy() for values in (*features, gain, weight))
        return Inputs(direct, alpha, cross, chosen, objective[0], objective[1], noise_power, p_max)

    @abstractmethod
    def run(self, inputs: Inputs, start: int, stop: int, *, gradients: bool) -> tuple[Array, Array]:
        """Compute realizations start..stop, and the gradients where asked.

        Args:
            inputs: From `inputs`.
            start: The first realization.
            stop: One past the last.
            gradients: Write the gradients of minus each seed's mean into `gradients`; else they stay as they are.

        Returns:
            Each seed's sum of the trained quantity over the realizations, (S,) float64, and powers
            (S, stop - start, M).
        """
