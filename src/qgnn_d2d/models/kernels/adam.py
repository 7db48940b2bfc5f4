"""Adam on one flat vector: all parameters of a model in one compiled loop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from ...compiled import compiled
from .base import Array, Kernel


class FlatAdam(torch.optim.Adam):
    """`torch.optim.Adam` of a kernel's model, with its formula, defaults and state; moments are views of flat vectors.

    Args:
        kernel: The kernel; a step reads its gradients.
        lr: Learning rate.
    """

    def __init__(self, kernel: Kernel, lr: float) -> None:
        super().__init__(kernel.model.parameters(), lr=lr)
        self._kernel = kernel
        self._moments = {name: np.zeros_like(kernel.parameters) for name in ("exp_avg", "exp_avg_sq")}

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step with the gradients that the kernel wrote."""
        if not self.state:
            self._share({})
        steps = [state["step"].add_(1) for state in self.state.values()]
        group = self.param_groups[0]
        _adam(
            self._kernel.parameters, self._kernel.gradients, *self._moments.values(), int(steps[0]), group["lr"],
            *group["betas"], group["eps"],
        )  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Copy a state into the flat vectors."""
        super().load_state_dict(state_dict)
        loaded = dict(self.state)
        if loaded:
            self._share(loaded)

    def _share(self, loaded: Any) -> None:
        """Make every parameter's state views of the flat vectors, which take up the values of ``loaded``."""
        first = 0
        for parameter in self._kernel.model.parameters():
            part = slice(first, first + parameter.numel())
            first = part.stop
            state = {"step": torch.zeros(()) if parameter not in loaded else loaded[parameter]["step"]}
            for name, flat in self._moments.items():
                state[name] = torch.from_numpy(flat[part]).view(parameter.shape)
                if parameter in loaded:
                    state[name].copy_(loaded[parameter][name])
            self.state[parameter] = state


@compiled
def _adam(
    parameters: Array, gradients: Array, first: Array, second: Array, step: int, rate: float,
    beta1: float, beta2: float, epsilon: float,
) -> None:  # fmt: skip
    """Take step number ``step`` (1 is the first) of Adam; all vectors are (P,).

    m += (1 - β1) (g - m),  v = β2 v + (1 - β2) g²,  p -= rate / (1 - β1^t) · m / (sqrt(v / (1 - β2^t)) + ε).
    """
    real = parameters.dtype.type
    size, root = real(rate / (1 - beta1**step)), real(1 / math.sqrt(1 - beta2**step))
    kept, new1, new2, small = real(beta2), real(1 - beta1), real(1 - beta2), real(epsilon)
    for i in range(len(parameters)):
        g = gradients[i]
        first[i] += new1 * (g - first[i])
        second[i] = kept * second[i] + new2 * g * g
        parameters[i] -= size * first[i] / (math.sqrt(second[i]) * root + small)
