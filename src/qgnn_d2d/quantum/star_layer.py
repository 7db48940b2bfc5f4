"""Star circuits as a layer of any torch network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .ansatz import Ansatz
from .engine.star import Program, StarEngine


class StarLayer(nn.Module):
    """Star circuits as a torch module: angles in, expectation values out, with gradients.

    The trained parameters are the block's angles, which all leaves share: ``weights``, of shape (num_parameters,). A
    batch may have any shape, and a star any number k of leaves. Values and gradients are those of PennyLane's
    ``TorchLayer`` on the same circuit, computed by `StarEngine` in time linear in k.

    Args:
        ansatz: The circuit.
        program: What happens to a star; by default what an ideal device does. `quantum.hardware.noise.program` gives
            that of a noisy device, with its readout errors.
        start_range: The weights start uniform in plus or minus this, rad.
        generator: Where the start comes from; torch's own generator by default, as for `torch.nn.Linear`.
        dtype: Of the weights, and so of angles and values.

    Raises:
        ValueError: A block that is none (see `transfer.record_gates`).

    Example:
        >>> from qgnn_d2d.quantum import StarLayer
        >>> from qgnn_d2d.quantum.ansatz import build
        >>> stars = StarLayer(build("qgcl"))
        >>> network = nn.Sequential(nn.Linear(5, 14), nn.Tanh(), stars, nn.Linear(3, 1))  # k = 3: 7 qubits, 14 angles
        >>> network(torch.ones(20, 5)).shape
        torch.Size([20, 1])
        >>> network(torch.ones(20, 5)).sum().backward()
        >>> stars.weights.grad.shape
        torch.Size([18])
    """

    def __init__(
        self,
        ansatz: Ansatz,
        program: Program | None = None,
        *,
        start_range: float = 0.1,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.engine = StarEngine(ansatz, program)
        start = torch.rand(ansatz.num_parameters, generator=generator, dtype=torch.float32)
        self.weights = nn.Parameter(((2 * start - 1) * start_range).to(dtype))

    def forward(self, angles: Tensor) -> Tensor:
        """Return the expectation values of stars.

        Args:
            angles: (..., 4k + 2) encoding angles, rad: two per qubit, RX then RZ, qubits in the order center, leaf 1,
                edge 1, leaf 2, edge 2, ...

        Returns:
            (..., number of observables).

        Raises:
            ValueError: Angles of another size or dtype.
        """
        size = angles.shape[-1] if angles.ndim else 0
        if size < 6 or size % 4 != 2:
            raise ValueError(
                f"angles have shape {tuple(angles.shape)}; it must be (..., 4k + 2), two angles per qubit of a star"
            )
        if angles.dtype != self.weights.dtype:
            raise ValueError(f"angles have dtype {angles.dtype}; it must be the layer's, {self.weights.dtype}")
        qubits = angles.reshape(-1, size // 2, 2)
        values = self.engine(self.weights, qubits[:, 0], qubits[:, 1::2], qubits[:, 2::2])
        return values.reshape(*angles.shape[:-1], values.shape[-1])

    def extra_repr(self) -> str:
        """Return the circuit's name and its number of angles."""
        return f"{self.engine.ansatz.name}, num_parameters={self.engine.ansatz.num_parameters}"
