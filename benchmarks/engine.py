"""Time stars, forward and backward: the star kernel, the star engine and other simulators, in turns in one process.

CPU time on one thread. Speed on a shared machine is only meaningful as a ratio in one run, so every time is also given
as a multiple of the kernel's. `make bench` also keeps the simulators' own libraries on one thread.

The kernel is timed as training calls it: a QGNN of one layer with its maps, its rates and all gradients. The others
get the stars of the same networks, and compute nothing else. Each one's values and gradients must be the engine's.

    python -m benchmarks.engine --output results/benchmarks/engine.csv
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from qiskit.quantum_info import Pauli
from qiskit_aer import AerSimulator

from benchmarks.peers import NOISY_PEERS, PEERS, Arguments, NotInstalledError, Peer, Step, torch_step, versions
from qgnn_d2d import channels, models, stars
from qgnn_d2d.io import write_csv
from qgnn_d2d.models.kernels import Kernel, kernel_of
from qgnn_d2d.models.qgnn import QGNN
from qgnn_d2d.objective import weighted_sum_rate
from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum.hardware import circuits, compile, devices, noise
from qgnn_d2d.settings import NoiseModel, RunSettings, Training
from qgnn_d2d.settings.model import QGNNOptions
from qgnn_d2d.settings.scenario import Rayleigh
from qgnn_d2d.training import Trainer

KERNEL, ENGINE = "star kernel (Numba)", "star engine (torch)"
LINKS, NETWORKS, NOISY_NETWORKS = 10, 32, 4
AGREEMENT = {torch.float32: 1e-4, torch.float64: 1e-8}  # share of the largest number
ROUNDS = 3  # every simulator is timed in each round, and its best median counts
SECONDS = 0.3  # of a simulator in a round, about; a call that takes longer is timed once
STEP_NETWORKS, AER_STARS = 320, 64
NOISY_DEVICES = ("FakeLagosV2", "FakeTorino", "FakeSherbrooke")
MANY_LINKS, SMALL_K, LARGE_K = 65, 4, 64


class Stars:
    """A QGNN of one layer on Rayleigh networks, and the stars that it measures.

    Args:
        k: Leaves per star.
        networks: Number of networks.
        links: Links per network; each has a star.
        device: A device whose noise the stars are under; None: none.
        dtype: Of parameters and stars.

    Attributes:
        engine: The model's star engine.
        arguments: Its stars: weights and angles that require gradients.
        count: Number of stars.
    """

    def __init__(
        self,
        k: int,
        networks: int = NETWORKS,
        links: int = LINKS,
        device: str | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        options = QGNNOptions(
            k=k, layers=1, start_range=1.0, noise=None if device is None else NoiseModel(device=device)
        )
        model = models.build("qgnn", options, dtype=dtype)
        assert isinstance(model, QGNN)
        drawn = channels.to_channels(channels.draw("rayleigh", Rayleigh(num_links=links), "train", networks, 0))
        gain, weight = drawn.gain.to(dtype).unsqueeze(0), drawn.weight.to(dtype).unsqueeze(0)
        leaves = stars.sample(links, k, torch.Generator().manual_seed(k), (1, networks))
        self._inputs = gain, weight, drawn.noise_power, drawn.p_max, leaves
        self._model, self.engine, self.count = model, model.engine, networks * links
        recorded: list[torch.Tensor] = []

        def record(*angles: torch.Tensor) -> torch.Tensor:
            recorded.extend(angles)
            return self.engine.expectations(angles[0].unsqueeze(1), *angles[1:])

        model.estimator = record
        with torch.no_grad():
            model(*self._inputs)
        model.estimator = None
        weights, *angles = (values[0] for values in recorded)
        self.arguments = [weights.clone().requires_grad_()]
        self.arguments += [values.movedim(-1, 0).contiguous().requires_grad_() for values in angles]

    def kernel(self, *, gradients: bool = True) -> Callable[[], object]:
        """Return a call of the kernel: powers, rates and all gradients of the network, checked against torch's.

        Raises:
            ValueError: They disagree.
        """
        gain, weight, noise_power, p_max, leaves = self._inputs
        kernel, model = kernel_of(self._model), self._model
        assert isinstance(kernel, Kernel)
        inputs, stop = kernel.inputs(gain, weight, noise_power, p_max, leaves), gain.shape[1]
        rates, power = kernel.run(inputs, 0, stop, gradients=True)
        expected = model(*self._inputs)
        scored = weighted_sum_rate(gain, expected, weight, noise_power)
        slopes = torch.autograd.grad(-scored.mean(), list(model.parameters()))
        found = [rates, power, *kernel.slopes.values()]
        require_agreement(KERNEL, found, [scored.sum(1), expected, *slopes], gain.dtype)
        return lambda: kernel.run(inputs, 0, stop, gradients=gradients)

    def first(self, count: int | None = None, dtype: torch.dtype | None = None) -> list[torch.Tensor]:
        """Return the arguments of the first stars only."""
        weights, *angles = (part.detach().to(dtype or part.dtype) for part in self.arguments)
        return [part.clone().requires_grad_() for part in (weights, *(part[:count] for part in angles))]


def require_agreement(name: str, found: Sequence[Any], expected: Sequence[Any], dtype: torch.dtype) -> None:
    """Compare arrays pairwise.

    Raises:
        ValueError: Two of them disagree; the line names the simulator.
    """
    for one, other in zip(found, expected, strict=True):
        reference = np.asarray(other.detach(), dtype=np.float64)
        apart = np.abs(np.asarray(one, dtype=np.float64) - reference).max()
        if not apart <= AGREEMENT[dtype] * max(1.0, np.abs(reference).max()):
            raise ValueError(f"{name} and the star engine disagree by {apart:.1e}")


def median_seconds(function: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Return the median CPU time of a call, all threads together; the caller has warmed it up."""
    seconds: list[float] = []
    while sum(seconds) < SECONDS:
        start = clock()
        function()
        seconds.append(clock() - start)
    return statistics.median(seconds)


def timed_in_turns(functions: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return each function's milliseconds: the best of its medians in `ROUNDS` rounds over all functions."""
    for function in functions.values():
        function()
    rounds = [{name: median_seconds(function) for name, function in functions.items()} for _ in range(ROUNDS)]
    return {name: 1e3 * min(medians[name] for medians in rounds) for name in functions}


def rows_of(benchmark: str, timed: Mapping[str, float], version: Mapping[str, str]) -> list[dict[str, object]]:
    """Return a benchmark's rows: every time also as a multiple of the first; none for what has a version only."""
    first = next(iter(timed.values()))
    return [
        {
            "benchmark": benchmark,
            "simulator": name,
            "version": version[name],
            "milliseconds": timed.get(name, math.nan),
            "ratio": timed.get(name, math.nan) / first,
        }
        for name in version
    ]


def compared_rows(
    benchmark: str, some: Stars, peers: Sequence[Peer], build: Callable[[Peer, Arguments], Step]
) -> list[dict[str, object]]:
    """Time kernel, engine and peers on the same stars; a peer that is not installed is skipped, with a line.

    Raises:
        ValueError: One of them disagrees with the engine in float64.
    """
    functions: dict[str, Callable[[], object]] = {KERNEL: some.kernel()}
    version, scale = {KERNEL: versions(["numba"])}, {KERNEL: 1.0}
    for peer in (Peer(ENGINE, ("torch",), lambda *parts: torch_step(some.engine, parts[-1])), *peers):
        try:
            version[peer.name] = versions(peer.packages)
        except NotInstalledError as error:
            version[peer.name] = f"skipped: {error} is not installed (make peers)"
            print(f"{benchmark}: {peer.name} is {version[peer.name]}", flush=True)
            continue
        step = build(peer, some.first(peer.stars))
        values, gradients = step()
        expected, slopes = torch_step(some.engine, some.first(peer.stars, torch.float64))()
        require_agreement(peer.name, [values, *gradients], [expected, *slopes], some.arguments[0].dtype)
        functions[peer.name], scale[peer.name] = step, some.count / (peer.stars or some.count)
    timed = {name: value * scale[name] for name, value in timed_in_turns(functions).items()}
    if torch.cuda.is_available() and some.arguments[0].dtype == torch.float32:
        version[f"{ENGINE}, on a GPU"] = f"{versions(['torch'])}, {torch.cuda.get_device_name()}"
        timed[f"{ENGINE}, on a GPU"] = gpu_milliseconds(some)
    return rows_of(benchmark, timed, version)


def gpu_milliseconds(some: Stars) -> float:
    """Return the wall time of the plain torch engine on a GPU."""
    arguments = [part.detach().cuda().requires_grad_() for part in some.arguments]
    step = torch_step(some.engine, arguments)

    def synchronized() -> None:
        step()
        torch.cuda.synchronize()

    synchronized()
    return 1e3 * min(median_seconds(synchronized, time.perf_counter) for _ in range(ROUNDS))


def star_rows(k: int) -> list[dict[str, object]]:
    """Time 320 stars of k leaves without noise."""
    ansatz, some = ansatze.qgcl(), Stars(k)
    benchmark = f"{some.count} stars, k = {k}"
    return compared_rows(benchmark, some, PEERS, lambda peer, arguments: peer.build(ansatz, k, arguments))


def noisy_rows(k: int = 3) -> list[dict[str, object]]:
    """Time stars under a device's noise, in float64."""
    ansatz, line = ansatze.qgcl(), devices.device_line(NOISY_DEVICES[0])
    some = Stars(k, NOISY_NETWORKS, device=NOISY_DEVICES[0], dtype=torch.float64)
    benchmark = f"{some.count} noisy stars, k = {k}"
    return compared_rows(benchmark, some, NOISY_PEERS, lambda peer, arguments: peer.build(ansatz, line, k, arguments))


def scaling_rows() -> list[dict[str, object]]:
    """Time kernel and engine at two k."""
    rows = []
    sizes = {k: Stars(k, 5, MANY_LINKS) for k in (SMALL_K, LARGE_K)}
    for name, package in ((KERNEL, "numba"), (ENGINE, "torch")):
        functions: dict[str, Callable[[], object]] = {
            f"{name}, k = {k}": some.kernel() if name == KERNEL else torch_step(some.engine, some.arguments)
            for k, some in sizes.items()
        }
        version = dict.fromkeys(functions, versions([package]))
        rows += rows_of(f"{sizes[SMALL_K].count} stars, few and many leaves", timed_in_turns(functions), version)
    return rows


def step_rows() -> list[dict[str, object]]:
    """Time one training step of one seed of the qgnn on 3,200 stars, without noise and on devices."""
    data = channels.to_channels(channels.draw("rayleigh", Rayleigh(), "train", STEP_NETWORKS, 0))
    steps: dict[str, Callable[[], object]] = {}
    for device in (None, *NOISY_DEVICES):
        run = RunSettings(
            id="benchmark", scenario="rayleigh", protocol="stated", model="qgnn", seed=0, num_seeds=1,
            architecture=QGNNOptions(noise=None if device is None else NoiseModel(device=device)),
            training=Training(learning_rate=0.01, batch_size=STEP_NETWORKS, epochs=99),
        )  # fmt: skip
        steps[f"{KERNEL}, {device or 'noiseless'}"] = Trainer(run, data, {}).train_epoch  # one batch
    version = dict.fromkeys(steps, versions(["numba"]))
    return rows_of(f"one qgnn training step, {10 * STEP_NETWORKS:,} stars", timed_in_turns(steps), version)


def aer_rows(k: int = 3) -> list[dict[str, object]]:
    """Time noisy stars, forward only: kernel, engine, and Aer's density matrix on three qubits with reset."""
    ansatz, line = ansatze.qgcl(), devices.device_line(NOISY_DEVICES[0])
    star = compile.native_star(ansatz, line)
    many = Stars(k, STEP_NETWORKS, device=NOISY_DEVICES[0])
    reuse = circuits.assembled(star, k)
    circuit = reuse.circuit.copy()
    for letter in "XYZ":
        circuit.save_expectation_value(Pauli(letter), [circuits.CENTER], label=letter)
    simulator = AerSimulator(method="density_matrix", noise_model=noise.noise_model(star), max_parallel_threads=1)
    arguments = [part.detach() for part in many.first(AER_STARS, torch.float64)]
    weights, *angles = (argument.numpy() for argument in arguments)
    values = circuits.bindings(weights, *(np.moveaxis(part, 0, -1) for part in angles))
    binds = {parameter: values[:, i].tolist() for i, parameter in enumerate(reuse.parameters)}

    def on_aer() -> np.ndarray:
        result = simulator.run([circuit], parameter_binds=[binds], shots=1).result()
        return np.array([[result.data(i)[letter] for letter in "XYZ"] for i in range(AER_STARS)])

    name = "Qiskit Aer, 3 qubits with reset"
    readout = noise.readout_matrix(noise.LineNoise(line), star, "XYZ")
    require_agreement(name, [readout[:, 0] + on_aer() @ readout[:, 1:].T], [many.engine(*arguments)], torch.float64)
    plain = [part.detach() for part in many.arguments]
    functions = {KERNEL: many.kernel(gradients=False), ENGINE: lambda: many.engine(*plain), name: on_aer}
    count = {KERNEL: many.count, ENGINE: many.count, name: AER_STARS}
    timed = {simulator: 1e3 * value / count[simulator] for simulator, value in timed_in_turns(functions).items()}
    version = {KERNEL: versions(["numba"]), ENGINE: versions(["torch"]), name: versions(["qiskit-aer"])}
    return rows_of(f"1,000 noisy stars, k = {k}, forward only", timed, version)


def main() -> None:
    """Run all benchmarks, print them and write them as CSV."""
    parser = argparse.ArgumentParser(description="Time the star engine against its peers.")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/engine.csv"))
    output = parser.parse_args().output
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "Explicitly requested dtype")  # PennyLane's, under JAX in single precision
    rows = [*star_rows(3), *star_rows(5), *scaling_rows(), *step_rows(), *aer_rows(), *noisy_rows()]
    table = pd.DataFrame(rows)
    write_csv(output, table.map(lambda value: float(f"{value:.4g}") if isinstance(value, float) else value))
    print(table.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.3g}"))


if __name__ == "__main__":
    main()
