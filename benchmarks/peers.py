"""The simulators that the star engine is compared with: one step of each, forward and backward.

A step takes all stars, returns X, Y and Z of their centers, and the gradients of the sum of all these numbers. What is
timed is also what is compared with the engine. Simulators that the artifact does not need are imported when they are
built; `make peers` installs them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
import pennylane as qml
import torch
from qiskit.quantum_info import Kraus, Operator, SuperOp

from qgnn_d2d.quantum.ansatz import Ansatz, encode
from qgnn_d2d.quantum.engine.transfer import block_gates
from qgnn_d2d.quantum.hardware import circuits, compile, noise
from qgnn_d2d.quantum.hardware.devices import Line
from qgnn_d2d.quantum.qnode import star_qnode

Arguments = Sequence[torch.Tensor]
"""Weights (P,) and the angles of centers (N, 2), leaves (N, k, 2) and edges (N, k, 2)."""
Embedding = Callable[..., torch.Tensor]
"""What maps arguments to X, Y and Z of the centers, (N, 3)."""
Step = Callable[[], tuple[Any, Sequence[Any]]]
"""A call that returns an embedding's values (N, 3) and the gradients of their sum, one per argument."""

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")  # JAX's threads


class NotInstalledError(Exception):
    """A package of a simulator is missing; the message is its name."""


@dataclass(frozen=True)
class Peer:
    """A simulator.

    Attributes:
        name: In the table.
        packages: What it needs, the simulator first; their versions stand in the table.
        build: Maps (ansatz, k, arguments) to a step; a noisy one maps (ansatz, line, k, arguments).
        stars: How many stars are timed, for a simulator that takes them one after the other; None: all.
    """

    name: str
    packages: tuple[str, ...]
    build: Callable[..., Step]
    stars: int | None = None


def versions(packages: Sequence[str]) -> str:
    """Return packages with their versions.

    Raises:
        NotInstalledError: One is missing.
    """
    try:
        return ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    except metadata.PackageNotFoundError as error:
        raise NotInstalledError(str(error.name)) from error


def torch_step(embedding: Embedding, arguments: Arguments) -> Step:
    """Return the step of an embedding that torch differentiates."""

    def step() -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        values = embedding(*arguments)
        return values.detach(), torch.autograd.grad(values.sum(), arguments)

    return step


def jax_step(star: Callable[..., Any], arguments: Arguments) -> Step:
    """Return the step of a function of one star that JAX differentiates: jit of the gradient of vmap."""
    import jax

    jax.config.update("jax_enable_x64", arguments[0].dtype == torch.float64)
    batched = jax.vmap(star, in_axes=(None, 0, 0, 0))

    def total(*values: Any) -> tuple[Any, Any]:
        measured = batched(*values)
        return measured.sum(), measured

    gradient = jax.jit(jax.value_and_grad(total, argnums=(0, 1, 2, 3), has_aux=True))
    values = [jax.numpy.asarray(argument.detach().numpy()) for argument in arguments]

    def step() -> tuple[Any, Sequence[Any]]:
        (_, measured), gradients = jax.block_until_ready(gradient(*values))
        return measured, gradients

    return step


def star_gates(ansatz: Ansatz, k: int) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...] | None]]:
    """Yield a star's gates on 2k + 1 wires: center, leaf 1, edge 1, leaf 2, ...

    Yields:
        Name (rx, ry, rz or cnot), wires, and where a rotation's angle stands: the argument's number, then the indices.

    Raises:
        ValueError: The block has a gate that is neither Rot nor CNOT.
    """
    places = [(0, (1,)), *((1 + 2 * i, (2, i)) for i in range(k)), *((2 + 2 * i, (3, i)) for i in range(k))]
    for wire, place in places:
        yield "rx", (wire,), (*place, 0)
        yield "rz", (wire,), (*place, 1)
    for i in range(k):
        wires = (0, 1 + 2 * i, 2 + 2 * i)
        for gate in block_gates(ansatz):
            placed = tuple(wires[qubit] for qubit in gate.qubits)
            if gate.operation is qml.CNOT:
                yield "cnot", placed, None
            elif gate.operation is qml.Rot:
                for name, weight in zip(("rz", "ry", "rz"), gate.weights, strict=True):
                    yield name, placed, (0, weight)
            else:
                raise ValueError(f"gate {gate.operation.__name__} is unknown to the peers")


def pennylane_torch(ansatz: Ansatz, k: int, arguments: Arguments) -> Step:
    """default.qubit with broadcasting, differentiated by torch's backpropagation."""
    return torch_step(star_qnode(ansatz, k), arguments)


def pennylane_lightning(ansatz: Ansatz, k: int, arguments: Arguments) -> Step:
    """lightning.qubit with adjoint gradients; it takes one star after the other."""
    return torch_step(star_qnode(ansatz, k, "lightning.qubit"), arguments)


def pennylane_jax(ansatz: Ansatz, k: int, arguments: Arguments) -> Step:
    """default.qubit under JAX."""
    import jax

    @qml.qnode(qml.device("default.qubit", wires=2 * k + 1), interface="jax", diff_method="backprop")
    def circuit(weights: Any, center: Any, leaves: Any, edges: Any) -> Any:
        encode(center, 0)
        for i in range(k):
            encode(leaves[i], 1 + 2 * i)
            encode(edges[i], 2 + 2 * i)
        for i in range(k):
            ansatz.block(weights, 0, 1 + 2 * i, 2 + 2 * i)
        return [qml.expval(pauli(0)) for pauli in (qml.X, qml.Y, qml.Z)]

    return jax_step(lambda *values: jax.numpy.stack(circuit(*values)), arguments)


def tensorcircuit_jax(ansatz: Ansatz, k: int, arguments: Arguments) -> Step:
    """TensorCircuit-NG's state vector under JAX."""
    import tensorcircuit

    tensorcircuit.set_backend("jax")
    tensorcircuit.set_dtype("complex128" if arguments[0].dtype == torch.float64 else "complex64")
    gates = list(star_gates(ansatz, k))

    def star(*values: Any) -> Any:
        circuit = tensorcircuit.Circuit(2 * k + 1)
        for name, wires, place in gates:
            angle = {} if place is None else {"theta": values[place[0]][place[1:]]}
            getattr(circuit, name)(*wires, **angle)
        return _center(circuit)

    return jax_step(star, arguments)


def _center(circuit: Any) -> Any:
    """Return X, Y and Z of a TensorCircuit's wire 0."""
    import jax

    words = ({"x": [0]}, {"y": [0]}, {"z": [0]})
    return jax.numpy.real(jax.numpy.stack([circuit.expectation_ps(**word) for word in words]))


def deepquantum_torch(ansatz: Ansatz, k: int, arguments: Arguments) -> Step:
    """DeepQuantum, batched by torch's vmap: every angle of a gate is data of the star."""
    import deepquantum

    circuit, places = deepquantum.QubitCircuit(2 * k + 1), []
    for name, wires, place in star_gates(ansatz, k):
        if place is None:
            circuit.cnot(*wires)
        else:
            getattr(circuit, name)(*wires, encode=True)
            places.append(place)
    for letter in "xyz":
        circuit.observable(0, letter)
    circuit.to(arguments[0].dtype)
    starts = np.cumsum([0, *(argument[0].numel() for argument in arguments)])  # weights come as a row of every star
    starts[1:] += arguments[0].numel() - 1

    def column(place: tuple[int, ...]) -> int:
        row = arguments[place[0]].shape[1:] if place[0] else arguments[0].shape
        return int(starts[place[0]]) + int(np.ravel_multi_index(place[1:], tuple(row)))

    columns = torch.tensor([column(place) for place in places])

    def embedding(weights: torch.Tensor, *angles: torch.Tensor) -> torch.Tensor:
        rows = [weights.expand(len(angles[0]), -1), *(part.flatten(1) for part in angles)]
        circuit(data=torch.cat(rows, dim=1)[:, columns])
        return circuit.expectation()

    return torch_step(embedding, arguments)


PEERS = (
    Peer("default.qubit (torch)", ("pennylane", "torch"), pennylane_torch),
    Peer("default.qubit (JAX)", ("pennylane", "jax"), pennylane_jax),
    Peer("lightning.qubit (adjoint)", ("pennylane-lightning",), pennylane_lightning, stars=8),
    Peer("TensorCircuit-NG (JAX)", ("tensorcircuit-ng", "jax"), tensorcircuit_jax),
    Peer("DeepQuantum (torch)", ("deepquantum", "torch"), deepquantum_torch),
)
"""Without noise."""


def noisy_gates(ansatz: Ansatz, line: Line, k: int) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yield the native gates of a star under its line's noise on 2k + 1 wires, each as noisy as its role's qubit.

    Yields:
        Wires, and either what an rz's angle is, (row, constant) with angle = row @ values + constant, the values being
        weights, center, leaves and edges in a row; or the Kraus operators of a gate with its error.
    """
    star, errors = compile.native_star(ansatz, line), noise.LineNoise(line)
    placed = circuits.assembled(star, k, wide=True)
    for operation, qubits in compile.instructions(placed.circuit):
        if operation.name == "rz":
            yield qubits, compile.affine(operation.params[0], placed.parameters)
            continue
        error = errors.error(operation, tuple(0 if qubit == 0 else 2 - qubit % 2 for qubit in qubits))
        gate = Operator(operation).data
        kraus = [np.eye(len(gate))] if error is None else Kraus(SuperOp(error)).data
        yield qubits[::-1], [part @ gate for part in kraus]  # Qiskit's first qubit is the last of a matrix


def _readout(ansatz: Ansatz, line: Line) -> np.ndarray:
    """Return what maps (1, X, Y, Z) of the center to what is read, (3, 4)."""
    return noise.readout_matrix(noise.LineNoise(line), compile.native_star(ansatz, line), "XYZ")


def mixed_embedding(ansatz: Ansatz, line: Line, k: int) -> Embedding:
    """Return a star under its line's noise as a function on PennyLane's density-matrix simulator.

    It is slow, and a third implementation besides the star engine and Aer.

    Returns:
        ``f(weights, center, leaves, edges)`` for X, Y and Z of the center, as `star_qnode` returns it, with readout.
    """
    gates, readout = list(noisy_gates(ansatz, line, k)), torch.as_tensor(_readout(ansatz, line))

    @qml.qnode(qml.device("default.mixed", wires=2 * k + 1), interface="torch", diff_method="backprop")
    def circuit(values: torch.Tensor) -> Any:
        for wires, gate in gates:
            if isinstance(gate, tuple):
                row, constant = gate
                qml.RZ(values @ torch.as_tensor(row, dtype=values.dtype) + constant, wires=wires)
            elif len(gate) == 1:
                qml.QubitUnitary(gate[0], wires=wires)
            else:
                qml.QubitChannel(gate, wires=wires)
        return [qml.expval(pauli(0)) for pauli in (qml.X, qml.Y, qml.Z)]

    def embedding(weights: torch.Tensor, *angles: torch.Tensor) -> torch.Tensor:
        rows = [weights.expand(len(angles[0]), -1), *(part.flatten(1) for part in angles)]
        bloch = torch.stack(list(circuit(torch.cat(rows, dim=1))), dim=-1)
        return bloch @ readout[:, 1:].T.to(bloch.dtype) + readout[:, 0]

    return embedding


def pennylane_mixed(ansatz: Ansatz, line: Line, k: int, arguments: Arguments) -> Step:
    """default.mixed with broadcasting, differentiated by torch's backpropagation."""
    return torch_step(mixed_embedding(ansatz, line, k), arguments)


def tensorcircuit_mixed(ansatz: Ansatz, line: Line, k: int, arguments: Arguments) -> Step:
    """TensorCircuit-NG's density matrix under JAX."""
    import jax
    import tensorcircuit

    tensorcircuit.set_backend("jax")
    tensorcircuit.set_dtype("complex128" if arguments[0].dtype == torch.float64 else "complex64")
    gates, readout = list(noisy_gates(ansatz, line, k)), _readout(ansatz, line)

    def star(*parts: Any) -> Any:
        values = jax.numpy.concatenate([part.reshape(-1) for part in parts])
        circuit = tensorcircuit.DMCircuit(2 * k + 1)
        for wires, gate in gates:
            if isinstance(gate, tuple):
                row, constant = gate
                circuit.rz(*wires, theta=values @ row + constant)
            else:
                circuit.general_kraus(gate, *wires)
        return readout[:, 1:] @ _center(circuit) + readout[:, 0]

    return jax_step(star, arguments)


NOISY_PEERS = (
    Peer("default.mixed (torch)", ("pennylane", "torch"), pennylane_mixed),
    Peer("TensorCircuit-NG, density matrix (JAX)", ("tensorcircuit-ng", "jax"), tensorcircuit_mixed),
)
"""Under a device's noise."""
