"""The star circuit on PennyLane's simulators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pennylane as qml
import torch
from qiskit.quantum_info import Kraus, Operator, SuperOp
from torch import Tensor

from ..checks import require_choice
from .ansatz import Ansatz, measurements, star_circuit, star_wires
from .hardware.circuits import full_width_circuit
from .hardware.compile import NativeStar, affine, instructions
from .hardware.devices import SIMULATORS
from .hardware.noise import LineNoise, readout_matrix


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
        ``f(weights, center, leaves, edges)`` with the arguments and the result of `StarEngine.__call__`:
        (N, number of observables).

    Raises:
        ValueError: An unknown simulator, or k below 1.
    """
    require_choice("simulator", simulator, SIMULATORS)
    method, options = SIMULATORS[simulator]
    device = qml.device(simulator, wires=star_wires(ansatz, k), **options)

    @qml.set_shots(shots)
    @qml.qnode(device, interface="torch", diff_method=method if shots is None else "parameter-shift")
    def circuit(weights: Any, center: Any, leaves: Any, edges: Any) -> Any:
        star_circuit(ansatz, weights, center, leaves, edges)
        return measurements(ansatz)

    def embedding(weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor) -> Tensor:
        return torch.stack(list(circuit(weights, center, leaves, edges)), dim=-1)

    return embedding


def noisy_star_qnode(star: NativeStar, k: int) -> Callable[..., Tensor]:
    """Return a compiled star under its line's noise as a function on PennyLane's density-matrix simulator.

    Every native gate is followed by its error as Kraus operators, on 2k + 1 qubits, each as noisy as its role's qubit.
    It is slow, and a third implementation besides the star engine and Aer.

    Args:
        star: What `compile.native_star` returns, without idle relaxation.
        k: Leaves per star.

    Returns:
        ``f(weights, center, leaves, edges)`` for X, Y and Z of the center, as `star_qnode` returns it, with readout.
    """
    placed = full_width_circuit(star, k)
    noise = LineNoise(star.line)
    readout = torch.as_tensor(readout_matrix(noise, star, "XYZ"))

    @qml.qnode(qml.device("default.mixed", wires=2 * k + 1), interface="torch", diff_method="backprop")
    def circuit(values: Tensor) -> Any:
        for operation, qubits in instructions(placed.circuit):
            if operation.name == "rz":
                row, constant = affine(operation.params[0], placed.parameters)
                qml.RZ(values @ torch.as_tensor(row, dtype=values.dtype) + constant, wires=qubits)
                continue
            wires = qubits[::-1]  # Qiskit's first qubit is the last of a matrix
            qml.QubitUnitary(Operator(operation).data, wires=wires)
            error = noise.error(operation, tuple(0 if qubit == 0 else 2 - qubit % 2 for qubit in qubits))
            if error is not None:
                qml.QubitChannel(Kraus(SuperOp(error)).data, wires=wires)
        return [qml.expval(pauli(0)) for pauli in (qml.X, qml.Y, qml.Z)]

    def embedding(weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor) -> Tensor:
        values = [weights.expand(len(center), -1), center, leaves.flatten(1), edges.flatten(1)]
        bloch = torch.stack(list(circuit(torch.cat(values, dim=1))), dim=-1)
        return bloch @ readout[:, 1:].T.to(bloch.dtype) + readout[:, 0]

    return embedding
