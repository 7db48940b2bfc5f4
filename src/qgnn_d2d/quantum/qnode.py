"""The star circuit on PennyLane's simulators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pennylane as qml
import torch
from torch import Tensor

from ..checks import require_choice
from .ansatz import Ansatz, encode, star_wires
from .hardware.devices import SIMULATORS


def star_qnode(
    ansatz: Ansatz, k: int, simulator: str = "default.qubit", shots: int | None = None
) -> Callable[..., Tensor]:
    """Return the star circuit of ``k`` leaves as a differentiable function on a PennyLane simulator.

    Args:
        ansatz: The circuit.
        k: Leaves per star; the circuit has 2k + 1 qubits, and one more with an ancilla.
        simulator: A key of `devices.SIMULATORS`.
        shots: Measurements per expectation value; None for exact ones.

    Returns:
        ``f(weights, center, leaves, edges)`` with the arguments and the result of `StarEngine.__call__`.

    Raises:
        ValueError: An unknown simulator, or k below 1.
    """
    require_choice("simulator", simulator, SIMULATORS)
    method, options = SIMULATORS[simulator]
    wire_map = {wire: i for i, wire in enumerate(ansatz.memory)}
    device = qml.device(simulator, wires=star_wires(ansatz, k), **options)

    @qml.set_shots(shots)
    @qml.qnode(device, interface="torch", diff_method=method if shots is None else "parameter-shift")
    def circuit(weights: Any, center: Any, leaves: Any, edges: Any) -> Any:
        encode(center, ansatz.memory[0])
        for i in range(k):
            encode(leaves[..., i, :], f"leaf {i + 1}")
            encode(edges[..., i, :], f"edge {i + 1}")
        for i in range(k):
            block_weights = weights if weights.ndim == 1 else weights[i]
            ansatz.block(block_weights, *ansatz.memory, f"leaf {i + 1}", f"edge {i + 1}")
        return [qml.expval(qml.pauli.string_to_pauli_word(word, wire_map=wire_map)) for word in ansatz.observables]

    def embedding(weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor) -> Tensor:
        return torch.stack(list(circuit(weights, center, leaves, edges)), dim=-1)

    return embedding
