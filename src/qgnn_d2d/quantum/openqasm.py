"""A whole star as a Qiskit circuit without a device, and as OpenQASM 3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit, qasm3
from qiskit.circuit import Parameter

from ..checks import require_choice, require_samples
from .ansatz import Ansatz
from .hardware.circuits import assembled
from .hardware.compile import abstract_parts


def star_circuit(
    ansatz: Ansatz,
    k: int,
    weights: NDArray[np.floating] | None = None,
    *,
    wide: bool = True,
    observable: str | None = None,
) -> QuantumCircuit:
    """Return a star of k leaves in gates that any device can translate.

    What no measurement of the memory depends on is left out. Parameters are called ``center_1`` (the angle of RX),
    ``center_2`` (of RZ), ``leaf1_1``, ..., ``edge1_1``, ...; and ``weight_1``, ... where no weights are given.

    Args:
        ansatz: The circuit.
        k: Leaves.
        weights: The block's angles, shape (P,), rad.
        wide: Whether every leaf and edge has a qubit of its own: memory, leaf 1, edge 1, leaf 2, ... Else they share
            two qubits, reset from leaf to leaf: memory, leaf, edge.
        observable: One of the ansatz's Pauli words, to be measured into one bit per letter that is not I; None: no
            measurement.

    Raises:
        ValueError: ``k`` is below 1, the weights have another shape, an observable that the ansatz does not measure, or
            a gate that Qiskit does not have.
    """
    star = assembled(abstract_parts(ansatz, bridge=False), k, wide=wide, barriers=False)
    names = [f"weight_{i + 1}" for i in range(ansatz.num_parameters)] + ["center_1", "center_2"]
    names += [f"{role}{i + 1}_{angle}" for role in ("leaf", "edge") for i in range(k) for angle in (1, 2)]
    values: list[float | Parameter] = [Parameter(name) for name in names]
    if weights is not None:
        require_samples("weights", weights)
        if len(weights) != ansatz.num_parameters:
            raise ValueError(f"weights have shape {weights.shape}; it must be ({ansatz.num_parameters},)")
        values[: len(weights)] = [float(weight) for weight in weights]
    bound = {old: new for old, new in zip(star.parameters, values, strict=True) if old in star.circuit.parameters}
    circuit = star.circuit.assign_parameters(bound)
    if observable is not None:
        require_choice("observable", observable, ansatz.observables)
        _measure(circuit, observable)
    return circuit


def _measure(circuit: QuantumCircuit, word: str) -> None:
    """Measure a Pauli word of the first qubits."""
    letters = [(qubit, letter) for qubit, letter in enumerate(word) if letter != "I"]
    circuit.add_register(ClassicalRegister(len(letters), "bits"))
    for bit, (qubit, letter) in enumerate(letters):
        if letter == "Y":
            circuit.sdg(qubit)
        if letter in "XY":
            circuit.h(qubit)
        circuit.measure(qubit, bit)


def dumps(circuit: QuantumCircuit, comments: Sequence[str] = ()) -> str:
    """Return a circuit as OpenQASM 3, comments first; its parameters are inputs.

    Example:
        >>> from .ansatz import qgcl_commuting
        >>> print(dumps(star_circuit(qgcl_commuting(1), 1, observable="Z"), ["one leaf"]))  # doctest: +ELLIPSIS
        // one leaf
        OPENQASM 3.0;
        ...
        bits[0] = measure q[0];
        <BLANKLINE>
    """
    lines = [f"// {' '.join(comment.split())}" for comment in comments]
    return "\n".join([*lines, str(qasm3.dumps(circuit))])
