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

__all__ = ["Inputs", "Kernel", "computed_by", "kernel_of"]


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
    kernel: Kernel | None = model.__dict__.get("_kernel")
    if kernel is not None and (kernel.model is not model or kernel.parameters.ctypes.data != first.data_ptr()):
        kernel = None  # the model was copied or cast since
    if isinstance(model, IGCNet):
        kernel = kernel or IGCNetKernel(model)
    elif isinstance(model, StarNetwork):
        from . import star  # loads PennyLane

        if not star.serves(model):
            return None
        kernel = kernel or star.StarKernel(model)
    model.__dict__["_kernel"] = kernel
    return kernel


def computed_by(model: PowerModel) -> str:
    """Return what computes a model: ``kernel``, ``torch and compiled parts`` or ``torch``."""
    if kernel_of(model) is not None:
        return "kernel"
    on_cpu = next(model.parameters()).device.type == "cpu"
    return "torch and compiled parts" if model.compiled and model.compiled_parts and on_cpu else "torch"
