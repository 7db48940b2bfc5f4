"""Compiled kernels: a model's powers, rates and gradients in one pass on the CPU, instead of torch's autograd.

A model runs the same without them, and slower: torch is the reference that they are tested against.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..base import PowerModel
from ..igcnet import IGCNet
from ..star_network import StarNetwork
from .adam import FlatAdam
from .base import Inputs, Kernel
from .igcnet import IGCNetKernel

__all__ = ["FlatAdam", "Inputs", "Kernel", "kernel_of"]


def kernel_of(model: PowerModel) -> Kernel | None:
    """Return the kernel that serves a model, the same one in every call; the model's parameters are views of its own.

    Args:
        model: Any.

    Returns:
        None for a model without a kernel, one that is not to be compiled, one on another device than the CPU or of
        another dtype than float32 and float64, and one whose stars are estimated.
    """
    first = next(model.parameters())
    if not model.compiled or first.device.type != "cpu" or first.dtype not in (torch.float32, torch.float64):
        return None
    make: Callable[[Any], Kernel]
    if isinstance(model, IGCNet):
        make = IGCNetKernel
    elif isinstance(model, StarNetwork):
        from . import star  # loads PennyLane

        if not star.serves(model):
            return None
        make = star.StarKernel
    else:
        return None
    known: Kernel | None = model.__dict__.get("_kernel")
    if known is None or known.model is not model or known.parameters.ctypes.data != first.data_ptr():
        known = model.__dict__["_kernel"] = make(model)  # new, or the model was copied or cast since
    return known
