"""PennyLane devices for the star circuit: the one place that builds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pennylane as qml
import torch

from ..checks import require_choice, require_count
from .ansatz import Ansatz, measurements, star_circuit, star_wires

DEVICES: dict[str, str] = {"default.qubit": "backprop", "lightning.qubit": "adjoint"}
"""PennyLane device name to the differentiation method it is used with."""


def star_qnode(ansatz: Ansatz, k: int, device: str = "default.qubit") -> Callable[..., torch.Tensor]:
    """Return the star circuit of ``k`` leaves as a differentiable function on a PennyLane simulator.

    Args:
        ansatz: The circuit.
        k: Leaves per star; the circuit has 2k + 1 qubits, and one more with an ancilla.
        device: A key of `DEVICES`.

    Returns:
        ``f(weights, center, leaves, edges)`` with the arguments and the result of `StarEngine.__call__`:
        (N, number of observables).

    Raises:
        ValueError: An unknown device, or k below 1.
    """
    require_choice("device", device, DEVICES)
    require_count("k", k)
    simulator = qml.device(device, wires=star_wires(ansatz, k))

    @qml.qnode(simulator, interface="torch", diff_method=DEVICES[device])
    def circuit(weights: Any, center: Any, leaves: Any, edges: Any) -> Any:
        star_circuit(ansatz, weights, center, leaves, edges)
        return measurements(ansatz)

    def embedding(
        weights: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        return torch.stack(list(circuit(weights, center, leaves, edges)), dim=-1)

    return embedding
