"""Ways to obtain the expectation values of stars: exact, with shots, on Aer, on hardware, mitigated.

All are functions of the same arguments, an `Estimator`, and can take the place of a trained model's exact circuit
(`models.QGNN.estimator`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any, Protocol

import numpy as np
import torch
from qiskit import QuantumCircuit, generate_preset_pass_manager
from qiskit.quantum_info import Pauli, SparsePauliOp
from qiskit_aer import AerSimulator
from torch import Tensor

from ..checks import require_count, shown
from .ansatz import Ansatz
from .engine.star import StarEngine
from .hardware import backends
from .hardware.circuits import StarCircuit, assembled, bindings, measured
from .hardware.compile import CENTER, NativeStar, native_star
from .hardware.devices import Line, depolarizing_line, line_of
from .hardware.noise import noise_model, program, readout_map, with_relaxation
from .mitigation import Mitigation, extrapolation_weights

_REMEMBERED = 4  # sets of weights: a model has one per layer


class Estimator(Protocol):
    """Expectation values of N stars for each of G sets of weights."""

    def __call__(self, weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor, /) -> Tensor:
        """Estimate (G, observables, N) from block angles (G, P) and encoding angles (G, 2, N), (G, k, 2, N) twice."""
        ...


def exact(ansatz: Ansatz, line: Line | None = None, *, idle: bool = False, fold: int = 1) -> Estimator:
    """Return the star engine's exact expectation values: on a noisy line, readout error included, or without noise."""
    return _ExactEstimator(_engine(ansatz, line, idle, fold))


class _ExactEstimator:
    """An engine that remembers the transfer tensors of its latest weights: a model's are the same in every chunk."""

    def __init__(self, engine: StarEngine) -> None:
        self.engine = engine
        self._latest: list[tuple[Tensor, Tensor]] = []  # weights and their T

    def __call__(self, weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor, /) -> Tensor:
        encode = self.engine.encode
        bloch = encode(center, "center"), encode(leaves, "leaf"), encode(edges, "edge")
        return self.engine.contract(self._transfer(weights), *bloch)

    def _transfer(self, weights: Tensor) -> Tensor:
        if weights.requires_grad and torch.is_grad_enabled():  # a graph is gone through once
            return self.engine.transfer(weights.unsqueeze(1))
        for known, transfer in self._latest:
            if (known.dtype, known.device) == (weights.dtype, weights.device) and torch.equal(known, weights):
                return transfer
        transfer = self.engine.transfer(weights.unsqueeze(1))
        self._latest = [(weights.detach().clone(), transfer), *self._latest][:_REMEMBERED]
        return transfer


@lru_cache
def _engine(ansatz: Ansatz, line: Line | None, idle: bool, fold: int) -> StarEngine:
    """Build an engine once: it has no state but constants, and many shots are drawn from one."""
    return StarEngine(ansatz, None if line is None else program(ansatz, line, idle=idle, fold=fold))


def sampled(estimator: Estimator, shots: int, generator: torch.Generator) -> Estimator:
    """Return what ``shots`` (at least 1) measurements of each expectation value yield.

    A Pauli measured n times is a binomial with mean (1 + ⟨P⟩) / 2, so drawing it from exact expectation values (with
    noise and readout error in them) is exact in law.

    Raises:
        ValueError: No such number of shots, or no generator.
    """
    require_count("shots", shots)
    source: object = generator
    if not isinstance(source, torch.Generator):  # without one, torch would draw from its global state
        raise ValueError(f"generator of shots is {shown(source)}; it must be a torch.Generator")

    def estimate(*stars: Tensor) -> Tensor:
        mean = estimator(*stars)
        probability = ((1 + mean.double()) / 2).clamp(0, 1)
        ones = torch.binomial(torch.full_like(probability, shots), probability, generator=generator)
        return (2 * ones / shots - 1).to(mean.dtype)

    return estimate


def mitigated(
    build: Callable[[int], Estimator], mitigation: Mitigation, line: Line, ansatz: Ansatz | None = None
) -> Estimator:
    """Return expectation values on a line, mitigated.

    Args:
        build: Gives the estimator, with readout errors, at a fold factor.
        mitigation: What is done.
        line: Where it is measured.
        ansatz: What is measured; needed where one of its observables is a word of I alone, which no readout touches.
    """
    offset, slope = readout_map(line) if mitigation.invert_readout else (0.0, 1.0)
    weights_at = extrapolation_weights(mitigation.factors, mitigation.degree)
    estimators = [build(factor) for factor in mitigation.factors]

    def estimate(*stars: Tensor) -> Tensor:
        total = torch.zeros(())
        for share, estimator in zip(weights_at, estimators, strict=True):
            total = total + float(share) * (estimator(*stars) - offset) / slope
        if ansatz is not None and any(ansatz.constant):
            total[:, ansatz.constant] = 1.0
        return total

    return estimate


class _CircuitEstimator(ABC):
    """Runs reset-reuse circuits, compiled once per k, with all stars as one batch of parameter values."""

    def __init__(self, ansatz: Ansatz, star: NativeStar) -> None:
        self.observables = [word for word in ansatz.observables if word.strip("I")]  # what there is to measure
        self._constant = np.array(ansatz.constant)
        self.star = star
        self._circuit = cache(partial(assembled, star))

    def __call__(self, weights: Tensor, center: Tensor, leaves: Tensor, edges: Tensor, /) -> Tensor:
        arrays = [values.detach().double().cpu().numpy() for values in (weights, center, leaves, edges)]
        values = np.concatenate([bindings(*group) for group in zip(*arrays, strict=True)])  # (G·N, parameters)
        found = np.ones((len(self._constant), len(values)))  # (observables, G·N)
        if self.observables:
            found[~self._constant] = self._run(self._circuit(leaves.shape[1]), values)
        shape = (len(found), len(weights), -1)
        return torch.as_tensor(found.reshape(shape).transpose(1, 0, 2).copy()).to(center.dtype)

    @abstractmethod
    def _run(self, star: StarCircuit, values: np.ndarray) -> np.ndarray:
        """Return the observables' expectation values (observables, B) for parameter values (B, parameters)."""


class AerEstimator(_CircuitEstimator):
    """Qiskit Aer's density matrices, three qubits with reset, under the noise of a star (see `compile.native_star`).

    ``shots`` are the measurements per expectation value, None for exact ones; ``seed`` is theirs.
    """

    def __init__(
        self, ansatz: Ansatz, line: Line, *, idle: bool = False, fold: int = 1, shots: int | None = None, seed: int = 0
    ) -> None:
        if shots is not None:
            require_count("shots", shots)
        star = native_star(ansatz, line, idle=idle, fold=fold)
        super().__init__(ansatz, with_relaxation(star))
        self.shots = shots
        self._seed = seed
        self._readout = readout_map(line)
        self._simulator = AerSimulator(method="density_matrix", noise_model=noise_model(star), max_parallel_threads=1)

    def _run(self, star: StarCircuit, values: np.ndarray) -> np.ndarray:
        circuits = [self._prepared(star.circuit, letter) for letter in self.observables]
        binds = {parameter: values[:, i].tolist() for i, parameter in enumerate(star.parameters)}
        self._seed += 1
        result = self._simulator.run(
            circuits, parameter_binds=[binds] * len(circuits), shots=self.shots or 1, seed_simulator=self._seed
        ).result()
        if not result.success:
            raise RuntimeError(f"Aer failed: {result.status}")
        shape = (len(circuits), len(values))
        if self.shots is None:
            offset, slope = self._readout
            exact_z = [result.data(i)["expectation_value"] for i in range(np.prod(shape))]
            return offset + slope * np.reshape(exact_z, shape)
        ones = [result.get_counts(i).get("1", 0) for i in range(np.prod(shape))]
        return 1 - 2 * np.reshape(ones, shape) / self.shots

    def _prepared(self, circuit: QuantumCircuit, letter: str) -> QuantumCircuit:
        """Return the circuit in the basis of a letter, with what is measured or saved."""
        if self.shots is not None:
            return measured(circuit, self.star, letter)
        prepared = circuit.compose(self.star.basis_changes[letter], range(circuit.num_qubits))
        prepared.save_expectation_value(Pauli("Z"), [CENTER])
        return prepared


def hardware_line(name: str) -> tuple[Any, Line]:
    """Return a Qiskit backend (see `backends.called`), and the line of it that stars run on.

    ``AerSimulator`` is a local simulation without noise; fake backends are local simulations of devices.

    Raises:
        ValueError: There is no such backend, or it is not calibrated (see `backends.exported`).
    """
    backend = backends.called(name)
    line = depolarizing_line(0.0) if name == "AerSimulator" else line_of(backends.exported(backend, name))
    return backend, line


class RuntimeEstimator(_CircuitEstimator):
    """Qiskit Runtime's EstimatorV2: real devices, or the local testing mode on simulators.

    ``backend`` and ``line`` are what `hardware_line` returns, ``mode`` is a session or batch on that backend. Shots are
    not seeded, locally either: a seed there is the same for every circuit of a job, and correlates them.
    """

    def __init__(self, ansatz: Ansatz, backend: Any, line: Line, mode: Any, *, shots: int, fold: int = 1) -> None:
        from qiskit_ibm_runtime import EstimatorV2

        super().__init__(ansatz, native_star(ansatz, line, fold=fold))
        # The service's own mitigation stays off: what is done to raw values is decided here, and only here.
        plain = {"resilience_level": 0, "twirling": {"enable_gates": False, "enable_measure": False}}
        self._estimator = EstimatorV2(mode=mode, options={"default_shots": shots, **plain})
        layout = list(line.qubits)
        # Level 0 places the circuit and changes nothing: it is in native gates already, and folds must not cancel.
        self._passes = generate_preset_pass_manager(optimization_level=0, backend=backend, initial_layout=layout)

    def _run(self, star: StarCircuit, values: np.ndarray) -> np.ndarray:
        circuit = self._passes.run(star.circuit)
        operators = [SparsePauliOp("II" + letter).apply_layout(circuit.layout) for letter in self.observables]
        names = tuple(parameter.name for parameter in star.parameters)
        pub = (circuit, [[operator] for operator in operators], {names: values})
        return np.asarray(self._estimator.run([pub]).result()[0].data.evs)
