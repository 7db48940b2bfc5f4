"""Adam on one flat vector."""

from __future__ import annotations

import math

from numba import njit

from .base import JIT, Array


@njit(**JIT)
def adam(
    parameters: Array, gradients: Array, first: Array, second: Array, step: int, rate: float,
    beta1: float, beta2: float, epsilon: float,
) -> None:  # fmt: skip
    """Take step number ``step`` (1 is the first) of Adam, as `torch.optim.Adam` does; all vectors are (P,).

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
