"""Compiled kernels: a model's powers, rates and gradients in one pass on the CPU, instead of torch's autograd."""
