"""Device noise for the star engine: a calibrated line's errors as Pauli transfer matrices.

Every native gate but rz is followed by its error (depolarizing and thermal relaxation, as Qiskit Aer derives them from
a device's calibration). The Pauli transfer matrix of the two together, PTM(error) PTM(U), is fixed.

rz is a change of reference frame on these devices, free of noise, and carries the angles. So a run of one-qubit gates
is still a trigonometric polynomial of its angles, T is built from it once per set of weights, and a noisy star costs
what an ideal one does. Readout error is an affine map of the expectation value: with p_ij the probability to read j in
state i, <Z> is read as a + b <Z>, with a = (p00 - p01 + p10 - p11) / 2 and
b = (p00 - p01 - p10 + p11) / 2. X and Y are read through the native basis change and its noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from qiskit.quantum_info import PTM, Operator, SuperOp
from qiskit_aer.noise import NoiseModel, QuantumError, ReadoutError, thermal_relaxation_error
from qiskit_aer.noise.device import basic_device_gate_errors

from ..ansatz import Ansatz
from ..engine.star import Program
from ..engine.transfer import ParametricGate, Step
from .compile import CENTER, NativeStar, affine, instructions, native_star
from .devices import ROLES, Line

MAX_RUN_ANGLES = 3  # one-qubit runs are cut here: their polynomial has 3^angles terms
_AGREEMENT = 1e-12  # of the encoding with its closed form


def program(ansatz: Ansatz, line: Line, *, idle: bool = False, fold: int = 1) -> Program:
    """Return what happens to a star on a line, for `StarEngine`; arguments: see `compile.native_star`.

    Raises:
        ValueError: See `compile.native_star`; or a gate has no entry in the line's calibration.
    """
    star, noise = native_star(ansatz, line, idle=idle, fold=fold), _noise_of(line)
    encodings = {role: _response(noise, star, position) for position, role in enumerate(ROLES)}
    return Program(_steps(noise, star), encodings, readout_matrix(noise, star, ansatz.observables))


class LineNoise:
    """The errors of a line's gates, and their transfer matrices.

    Attributes:
        gate_errors: (gate, qubits) to its error, for gates that have one.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self.gate_errors: dict[tuple[str, tuple[int, ...]], QuantumError] = {
            (name, tuple(qubits)): error for name, qubits, error in basic_device_gate_errors(target=line.target)
        }
        self._matrices: dict[tuple[Any, ...], np.ndarray] = {}

    def error(self, operation: Any, qubits: tuple[int, ...]) -> QuantumError | None:
        """Return what follows an operation; None for an operation that is calibrated as free of errors.

        Raises:
            ValueError: The line has no calibrated entry for it.
        """
        if operation.name == "delay":
            qubit = self.line.target.qubit_properties[qubits[0]]
            if qubit.t1 is None or qubit.t2 is None:
                raise ValueError(
                    f"{ROLES[qubits[0]]} of {self.line.device} has no T1 and T2: idle relaxation needs both"
                )
            seconds = operation.duration * (self.line.target.dt if operation.unit == "dt" else 1.0)
            return thermal_relaxation_error(qubit.t1, min(qubit.t2, 2 * qubit.t1), seconds)
        entries = self.line.target.get(operation.name) or {}
        properties = entries.get(qubits)
        if properties is None or properties.error is None:
            raise ValueError(
                f"gate {operation.name} on {[ROLES[q] for q in qubits]} of {self.line.device} has no noise entry: "
                f"calibrated are {[[ROLES[q] for q in pair] for pair in entries]}"
            )
        return self.gate_errors.get((operation.name, qubits))

    def matrix(self, operation: Any, qubits: tuple[int, ...]) -> np.ndarray:
        """Return the transfer matrix (4^n, 4^n) of an operation without open angles, followed by its error."""
        key = (operation.name, qubits, *map(float, operation.params))
        if key not in self._matrices:
            channel = SuperOp(Operator(operation))
            error = None if operation.name == "rz" else self.error(operation, qubits)
            if error is not None:
                channel = channel.compose(SuperOp(error))
            matrix, n = PTM(channel).data.real, len(qubits)
            axes = (*range(n)[::-1], *range(n, 2 * n)[::-1])  # Qiskit's last qubit is the slowest one
            self._matrices[key] = matrix.reshape((4,) * 2 * n).transpose(axes).reshape(matrix.shape)
        return self._matrices[key]


@lru_cache
def _noise_of(line: Line) -> LineNoise:
    """Derive a line's errors, and the matrices that are asked for, once for all folds and circuits."""
    return LineNoise(line)


@lru_cache
def _rz(angle: float) -> np.ndarray:
    """The transfer matrix of rz."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0, 0], [0, cosine, -sine, 0], [0, sine, cosine, 0], [0, 0, 0, 1.0]])


@dataclass
class _Run:
    """Consecutive one-qubit gates of one qubit: fixed matrices, and between each two an rz of angle row @ weights."""

    qubit: int
    fixed: list[np.ndarray] = field(default_factory=lambda: [np.eye(4)])
    rows: list[np.ndarray] = field(default_factory=list)

    def matrix(self, angles: Sequence[float]) -> np.ndarray:
        """Return the run's transfer matrix."""
        product = self.fixed[0]
        for angle, fixed in zip(angles, self.fixed[1:], strict=True):
            product = fixed @ _rz(float(angle)) @ product
        return product

    def step(self) -> Step:
        """Return the run as one step."""
        if not self.rows:
            return Step((self.qubit,), self.fixed[0])
        gate = ParametricGate(f"native run on {ROLES[self.qubit]}", 1, len(self.rows), self.matrix)
        return Step((self.qubit,), gate, np.array(self.rows))


def _steps(noise: LineNoise, star: NativeStar) -> list[Step]:
    """The block as steps: one per run of one-qubit gates, one per two-qubit gate."""
    steps: list[Step] = []
    runs: dict[int, _Run] = {}
    for operation, qubits in instructions(star.block):
        if len(qubits) > 1:
            steps += [run.step() for _, run in sorted(runs.items())]
            runs.clear()
            steps.append(Step(qubits, noise.matrix(operation, qubits)))
            continue
        (qubit,) = qubits
        run = runs.setdefault(qubit, _Run(qubit))
        if operation.name == "rz":
            row, offset = affine(operation.params[0], star.weights)
            matrix = _rz(offset)
            if row.any():
                if len(run.rows) == MAX_RUN_ANGLES:
                    steps.append(run.step())
                    run = runs[qubit] = _Run(qubit)
                run.rows.append(row)
                run.fixed.append(np.eye(4))
        else:
            matrix = noise.matrix(operation, qubits)
        run.fixed[-1] = matrix @ run.fixed[-1]
    return steps + [run.step() for _, run in sorted(runs.items())]


def _response(noise: LineNoise, star: NativeStar, position: int) -> np.ndarray:
    """Fit A of `Program.encodings` to the native encoding of one qubit."""

    def encoded(a: float, b: float) -> np.ndarray:
        values = dict(zip(star.angles, (a, b), strict=True))
        state = np.array([1.0, 0.0, 0.0, 1.0])  # Pauli coordinates of |0>
        for operation, qubits in instructions(star.encodings[position].assign_parameters(values)):
            state = noise.matrix(operation, qubits) @ state
        return state[1:]

    at = [encoded(a, 0.0) for a in (0.0, np.pi / 2, np.pi)]
    constant, cosine = (at[0] + at[2]) / 2, (at[0] - at[2]) / 2
    response = np.stack([constant, cosine, at[1] - constant], axis=1)
    for a, b in np.random.default_rng(0).uniform(-3, 3, (3, 2)):
        predicted = _rz(b)[1:, 1:] @ response @ np.array([1, np.cos(a), np.sin(a)])
        if np.abs(predicted - encoded(a, b)).max() > _AGREEMENT:
            raise ValueError(f"the encoding on {star.line.device} does not end in a noiseless rz")
    return response


def readout_map(line: Line) -> tuple[float, float]:
    """Return (a, b) of the center's readout: a measured ⟨Z⟩ is a + b ⟨Z⟩ on average."""
    (p00, p01), (p10, p11) = line.readout
    return (p00 - p01 + p10 - p11) / 2, (p00 - p01 - p10 + p11) / 2


def readout_matrix(noise: LineNoise, star: NativeStar, observables: Sequence[str]) -> np.ndarray:
    """Return `Program.readout`: each observable's basis change, then Z through the readout error; 1 for I."""
    offset, slope = readout_map(star.line)
    rows = []
    for letter in observables:
        if letter == "I":
            rows.append(np.array([1.0, 0.0, 0.0, 0.0]))
            continue
        row = np.array([offset, 0.0, 0.0, slope])
        for operation, qubits in reversed(list(instructions(star.basis_changes[letter]))):
            row = row @ noise.matrix(operation, qubits)
        rows.append(row)
    return np.array(rows)


def noise_model(star: NativeStar) -> NoiseModel:
    """Return the noise of the three qubits of `circuits.assembled` for Qiskit Aer.

    Raises:
        ValueError: The star has a gate without a noise entry.
    """
    noise = _noise_of(star.line)
    model = NoiseModel(basis_gates=["rz", "sx", "x", star.line.entangler, "reset", "delay"])
    errors = {
        (operation.name, qubits): noise.error(operation, qubits)
        for circuit in (star.block, *star.encodings, *star.basis_changes.values())
        for operation, qubits in instructions(circuit)
        if operation.name not in ("rz", "delay")
    }
    for (name, qubits), error in errors.items():
        if error is not None:
            model.add_quantum_error(error, name, qubits)
    model.add_readout_error(ReadoutError(star.line.readout), [CENTER])
    return model


def with_relaxation(star: NativeStar) -> NativeStar:
    """Write each delay's relaxation into a star's block, for Aer, which ignores bare delays."""
    noise, block = _noise_of(star.line), star.block.copy_empty_like()
    for operation, qubits in instructions(star.block):
        error = noise.error(operation, qubits) if operation.name == "delay" else None
        block.append(operation if error is None else error.to_instruction(), qubits)
    return replace(star, block=block)
