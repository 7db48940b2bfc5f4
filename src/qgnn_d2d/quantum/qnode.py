"""The star circuit on PennyLane's simulators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pennylane as qml
import torch

from ..checks import require_count
from .ansatz import Ansatz, measurements, star_circuit, star_wires
from .devices import SIMULATORS, pennylane_device


def star_qnode(
    ansatz: Ansatz, k: int, simulator: str = "default.qubit", shots: int | None = None
) -> Callable[..., torch.Tensor]:
    """Return the star circuit of ``k`` leaves as a function on a PennyLane simulator, differentiable without shots.

    Args:
        ansatz: The circuit.
        k: Leaves per star; the circuit has 2k + 1 qubits, and one more with an ancilla.
        simulator: A key of `devices.SIMULATORS`.
        shots: Measurements per expectation value; None for exact ones.

    Returns:
        ``f(weights, center, leaves, edges)`` with the arguments and the result of `StarEngine.__call__`:
        (N, number of observables).

    Raises:
        ValueError: An unknown simulator, or k below 1.
    """
    require_count("k", k)
    device = pennylane_device(simulator, star_wires(ansatz, k))

    @qml.set_shots(shots)
    @qml.qnode(device, interface="torch", diff_method=SIMULATORS[simulator])
    def circuit(weights: Any, center: Any, leaves: Any, edges: Any) -> Any:
        star_circuit(ansatz, weights, center, leaves, edges)
        return measurements(ansatz)

    def embedding(
        weights: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        return torch.stack(list(circuit(weights, center, leaves, edges)), dim=-1)

    return embedding
