"""Time the star engine against state-vector simulators, forward and backward, in one process on one thread.

Speed on a shared machine is only meaningful as a ratio in one run, so every simulator's time is also given as a
multiple of the engine's. `make bench` also keeps the simulators' own libraries on one thread.

    python benchmarks/engine.py --output results/benchmarks/engine.csv
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pennylane as qml
import torch
from qiskit.quantum_info import Kraus, Operator, Pauli, SuperOp
from qiskit_aer import AerSimulator

from qgnn_d2d import channels
from qgnn_d2d.io import write_csv
from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.engine.transfer import block_gates
from qgnn_d2d.quantum.hardware import circuits, compile, devices, noise
from qgnn_d2d.quantum.qnode import star_qnode
from qgnn_d2d.settings import NoiseModel, RunSettings, Training
from qgnn_d2d.settings.model import QGNNOptions
from qgnn_d2d.settings.scenario import Rayleigh
from qgnn_d2d.training import Trainer

STARS = 320
AGREEMENT = 1e-4  # float32, between two simulators that are compared
ROUNDS = 2  # every simulator is timed in each round, and its better median counts
NOISY_STARS = 3200
AER_STARS, MIXED_STARS = 64, 32
NOISY_DEVICES = ("FakeLagosV2", "FakeTorino", "FakeSherbrooke")
NOISY_AGREEMENT = 1e-8
LIGHTNING_STARS = 8  # lightning.qubit has no broadcasting: time a few stars, scale up

Embedding = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def median_seconds(function: Callable[[], object], repetitions: int) -> float:
    """Return the median wall time of ``function`` after one warm-up call."""
    function()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def star_arguments(k: int, num_parameters: int, stars: int = STARS) -> list[torch.Tensor]:
    """Return random float32 weights and angles that require gradients."""
    generator = torch.Generator().manual_seed(k)
    shapes = [(num_parameters,), (stars, 2), (stars, k, 2), (stars, k, 2)]
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]


def forward_and_backward(embedding: Embedding, arguments: list[torch.Tensor]) -> Callable[[], None]:
    """Return a call that evaluates all stars and takes the gradient of their sum."""

    def call() -> None:
        torch.autograd.grad(embedding(*arguments).sum(), arguments)

    return call


def tensorcircuit_seconds(k: int, arguments: list[torch.Tensor], repetitions: int) -> float | None:
    """Time TensorCircuit-NG under JAX's jit and vmap; None where the ``peers`` extra is not installed."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    try:
        import jax
        import tensorcircuit
    except ImportError:
        return None
    tensorcircuit.set_backend("jax")
    ansatz = ansatze.qgcl()
    gates = block_gates(ansatz)

    def star(weights, center, leaves, edges):  # type: ignore[no-untyped-def]
        circuit = tensorcircuit.Circuit(2 * k + 1)
        for wire, pair in [
            (0, center),
            *((1 + 2 * i, leaves[i]) for i in range(k)),
            *((2 + 2 * i, edges[i]) for i in range(k)),
        ]:
            circuit.rx(wire, theta=pair[0])
            circuit.rz(wire, theta=pair[1])
        for i in range(k):
            wires = [0, 1 + 2 * i, 2 + 2 * i]
            for gate in gates:
                placed = [wires[qubit] for qubit in gate.qubits]
                if gate.operation.__name__ == "CNOT":
                    circuit.cnot(*placed)
                else:
                    for name, weight in zip(("rz", "ry", "rz"), gate.weights, strict=True):
                        getattr(circuit, name)(placed[0], theta=weights[weight])
        words = ({"x": [0]}, {"y": [0]}, {"z": [0]})
        return jax.numpy.real(jax.numpy.stack([circuit.expectation_ps(**word) for word in words]))

    batched = jax.vmap(star, in_axes=(None, 0, 0, 0))
    gradient = jax.jit(jax.value_and_grad(lambda *values: batched(*values).sum(), argnums=(0, 1, 2, 3)))
    values = [jax.numpy.asarray(argument.detach().numpy()) for argument in arguments]
    engine = jax.numpy.asarray(StarEngine(ansatz)(*arguments).detach().numpy())
    if jax.numpy.abs(jax.jit(batched)(*values) - engine).max() > AGREEMENT:
        raise ValueError("TensorCircuit-NG and the star engine disagree")
    return median_seconds(lambda: jax.block_until_ready(gradient(*values)), repetitions)


def engine_rows(k: int) -> list[dict[str, object]]:
    """Time one QGCL of k leaves on the engine and on its peers."""
    ansatz = ansatze.qgcl()
    arguments = star_arguments(k, ansatz.num_parameters)
    engine = StarEngine(ansatz)
    reference = star_qnode(ansatz, k)
    if (engine(*arguments) - reference(*arguments)).abs().max() > AGREEMENT:
        raise ValueError("default.qubit and the star engine disagree")
    few = star_arguments(k, ansatz.num_parameters, LIGHTNING_STARS)
    lightning = forward_and_backward(star_qnode(ansatz, k, "lightning.qubit"), few)
    timers: dict[str, Callable[[], float | None]] = {
        "star engine": lambda: median_seconds(forward_and_backward(engine, arguments), 200),
        "default.qubit": lambda: median_seconds(forward_and_backward(reference, arguments), 10 if k < 5 else 4),
        "lightning.qubit": lambda: median_seconds(lightning, 3) * STARS / LIGHTNING_STARS,
        "TensorCircuit-NG": lambda: tensorcircuit_seconds(k, arguments, 50),
    }
    rounds = [{name: timer() for name, timer in timers.items()} for _ in range(ROUNDS)]
    timed = {name: min((r[name] for r in rounds if r[name] is not None), default=None) for name in timers}
    fastest = timed["star engine"]
    assert fastest is not None
    return [
        {
            "benchmark": f"{STARS} stars, k = {k}",
            "simulator": name,
            "milliseconds": 1e3 * s,
            "ratio": s / fastest,
        }
        for name, s in timed.items()
        if s is not None
    ]


def scaling_rows() -> list[dict[str, object]]:
    """Time the engine at k = 4 and k = 64."""
    ansatz = ansatze.qgcl()
    engine = StarEngine(ansatz)
    seconds = {
        k: median_seconds(forward_and_backward(engine, star_arguments(k, ansatz.num_parameters)), 100) for k in (4, 64)
    }
    return [
        {
            "benchmark": f"cost against k, {STARS} stars, k = {k}",
            "simulator": "star engine",
            "milliseconds": 1e3 * value,
            "ratio": value / seconds[4],
        }
        for k, value in seconds.items()
    ]


def qgnn_trainer(batch_size: int, realizations: int, noise_model: NoiseModel | None = None) -> Trainer:
    """Return a trainer of one seed of the qgnn: M = 10, k = 3, L = 2."""
    run = RunSettings(
        id="benchmark", scenario="rayleigh", protocol="stated", model="qgnn", seed=0, num_seeds=1,
        architecture=QGNNOptions(noise=noise_model),
        training=Training(learning_rate=0.01, batch_size=batch_size, epochs=99),
    )  # fmt: skip
    return Trainer(run, channels.to_channels(channels.draw("rayleigh", Rayleigh(), "train", realizations, 0)), {})


def epoch_row() -> dict[str, object]:
    """Time one training epoch of one seed of the qgnn on 300 realizations, batch 32."""
    seconds = median_seconds(qgnn_trainer(32, 300).train_epoch, 10)
    return {
        "benchmark": "one qgnn training epoch, 300 realizations",
        "simulator": "star engine",
        "milliseconds": 1e3 * seconds,
        "ratio": 1.0,
    }


def step_rows() -> list[dict[str, object]]:
    """Time one training step of one seed of the qgnn on 3,200 stars, without noise and on devices."""
    models = {"noiseless": None, **{device: NoiseModel(device=device) for device in NOISY_DEVICES}}
    count = NOISY_STARS // 10
    steps = {name: qgnn_trainer(count, count, model).train_epoch for name, model in models.items()}  # one batch each
    rounds = [{name: median_seconds(step, 15) for name, step in steps.items()} for _ in range(2 * ROUNDS)]
    seconds = {name: min(timed[name] for timed in rounds) for name in steps}
    return [
        {
            "benchmark": f"one qgnn training step, {NOISY_STARS:,} stars",
            "simulator": f"star engine, {name}",
            "milliseconds": 1e3 * value,
            "ratio": value / seconds["noiseless"],
        }
        for name, value in seconds.items()
    ]


def aer_rows(k: int = 3) -> list[dict[str, object]]:
    """Time exact noisy stars, forward only: the engine, and Aer on three qubits with reset, one circuit per star."""
    ansatz = ansatze.qgcl()
    line = devices.device_line(NOISY_DEVICES[0])
    star = compile.native_star(ansatz, line)
    engine = StarEngine(ansatz, noise.program(ansatz, line))
    reuse = circuits.assembled(star, k)
    circuit = reuse.circuit.copy()
    for letter in "XYZ":
        circuit.save_expectation_value(Pauli(letter), [circuits.CENTER], label=letter)
    simulator = AerSimulator(method="density_matrix", noise_model=noise.noise_model(star), max_parallel_threads=1)
    arguments = [argument.detach().double() for argument in star_arguments(k, ansatz.num_parameters, AER_STARS)]
    weights, *angles = (argument.numpy() for argument in arguments)
    values = circuits.bindings(weights, *(np.moveaxis(part, 0, -1) for part in angles))
    binds = {parameter: values[:, i].tolist() for i, parameter in enumerate(reuse.parameters)}

    def on_aer() -> np.ndarray:
        result = simulator.run([circuit], parameter_binds=[binds], shots=1).result()
        return np.array([[result.data(i)[letter] for letter in "XYZ"] for i in range(AER_STARS)])

    readout = noise.readout_matrix(noise.LineNoise(line), star, "XYZ")
    read = readout[:, 0] + on_aer() @ readout[:, 1:].T
    if np.abs(read - engine(*arguments).numpy()).max() > NOISY_AGREEMENT:
        raise ValueError("Aer and the noisy star engine disagree")
    many = [argument.detach() for argument in star_arguments(k, ansatz.num_parameters, NOISY_STARS)]
    seconds = {
        "star engine": min(median_seconds(lambda: engine(*many), 50) for _ in range(ROUNDS)) / NOISY_STARS,
        "Qiskit Aer, 3 qubits with reset": min(median_seconds(on_aer, 3) for _ in range(ROUNDS)) / AER_STARS,
    }
    return [
        {
            "benchmark": f"1,000 noisy stars, k = {k}, forward only",
            "simulator": name,
            "milliseconds": 1e6 * value,
            "ratio": value / seconds["star engine"],
        }
        for name, value in seconds.items()
    ]


def noisy_star_qnode(star: compile.NativeStar, k: int) -> Embedding:
    """Return a compiled star under its line's noise as a function on PennyLane's density-matrix simulator.

    Every native gate is followed by its error as Kraus operators, on 2k + 1 qubits, each as noisy as its role's qubit.
    It is slow, and a third implementation besides the star engine and Aer.

    Args:
        star: What `compile.native_star` returns, without idle relaxation.
        k: Leaves per star.

    Returns:
        ``f(weights, center, leaves, edges)`` for X, Y and Z of the center, as `star_qnode` returns it, with readout.
    """
    placed = circuits.assembled(star, k, wide=True)
    errors = noise.LineNoise(star.line)
    readout = torch.as_tensor(noise.readout_matrix(errors, star, "XYZ"))

    @qml.qnode(qml.device("default.mixed", wires=2 * k + 1), interface="torch", diff_method="backprop")
    def circuit(values: torch.Tensor) -> Any:
        for operation, qubits in compile.instructions(placed.circuit):
            if operation.name == "rz":
                row, constant = compile.affine(operation.params[0], placed.parameters)
                qml.RZ(values @ torch.as_tensor(row, dtype=values.dtype) + constant, wires=qubits)
                continue
            wires = qubits[::-1]  # Qiskit's first qubit is the last of a matrix
            qml.QubitUnitary(Operator(operation).data, wires=wires)
            error = errors.error(operation, tuple(0 if qubit == 0 else 2 - qubit % 2 for qubit in qubits))
            if error is not None:
                qml.QubitChannel(Kraus(SuperOp(error)).data, wires=wires)
        return [qml.expval(pauli(0)) for pauli in (qml.X, qml.Y, qml.Z)]

    def embedding(
        weights: torch.Tensor, center: torch.Tensor, leaves: torch.Tensor, edges: torch.Tensor
    ) -> torch.Tensor:
        values = [weights.expand(len(center), -1), center, leaves.flatten(1), edges.flatten(1)]
        bloch = torch.stack(list(circuit(torch.cat(values, dim=1))), dim=-1)
        return bloch @ readout[:, 1:].T.to(bloch.dtype) + readout[:, 0]

    return embedding


def mixed_rows(k: int = 3) -> list[dict[str, object]]:
    """Time noisy stars forward and backward: the engine, and default.mixed with torch's backpropagation."""
    ansatz = ansatze.qgcl()
    line = devices.device_line(NOISY_DEVICES[0])
    engine = StarEngine(ansatz, noise.program(ansatz, line))
    reference = noisy_star_qnode(compile.native_star(ansatz, line), k)
    arguments = [
        argument.detach().double().requires_grad_()
        for argument in star_arguments(k, ansatz.num_parameters, MIXED_STARS)
    ]
    if (engine(*arguments) - reference(*arguments)).abs().max() > NOISY_AGREEMENT:
        raise ValueError("default.mixed and the noisy star engine disagree")
    seconds = {
        "star engine": median_seconds(forward_and_backward(engine, arguments), 200),
        "default.mixed": median_seconds(forward_and_backward(reference, arguments), 2),
    }
    return [
        {
            "benchmark": f"{MIXED_STARS} noisy stars, k = {k}",
            "simulator": name,
            "milliseconds": 1e3 * value,
            "ratio": value / seconds["star engine"],
        }
        for name, value in seconds.items()
    ]


def main() -> None:
    """Run all benchmarks, print them and write them as CSV."""
    parser = argparse.ArgumentParser(description="Time the star engine against its peers.")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/engine.csv"))
    output = parser.parse_args().output
    torch.set_num_threads(1)
    rows = [*engine_rows(3), *engine_rows(5), *scaling_rows(), epoch_row(), *step_rows(), *aer_rows(), *mixed_rows()]
    table = pd.DataFrame(rows)
    write_csv(output, table.map(lambda value: float(f"{value:.4g}") if isinstance(value, float) else value))
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))


if __name__ == "__main__":
    main()
