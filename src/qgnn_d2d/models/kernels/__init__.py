"""Compiled kernels: a model's powers, rates and gradients in one pass on the CPU, instead of torch's autograd.

A model runs the same without them, and slower: torch is the reference that they are tested against.
"""

from __future__ import annotations

import torch

from ..base import PowerModel
from ..igcnet import IGCNet
from ..star_network import StarNetwork
from .base import Inputs, Kernel
from .igcnet import IGCNetKernel

__all__ = ["Inputs", "Kernel", "kernel_of"]


def kernel_of(model: PowerModel) -> Kernel | None:
    """Return the kernel that serves a model; its parameters are then views of the kernel's.

    Args:
        model: Any. Its parameters must not be moved or cast afterwards.

    Returns:
        None for a model without a kernel, on another device than the CPU, or of another dtype than float32 and float64.
    """
    first = next(model.parameters())
    if first.device.type != "cpu" or first.dtype not in (torch.float32, torch.float64):
        return None
    if isinstance(model, IGCNet):
        return IGCNetKernel(model)
    if isinstance(model, StarNetwork):
        from . import star  # loads PennyLane

        return star.StarKernel(model) if star.serves(model) else None
    return None
