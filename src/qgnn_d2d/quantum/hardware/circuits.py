"""Whole stars as Qiskit circuits: on three qubits (four with an ancilla) that are used again, or in full width.

Leaf and edge meet the rest of the star in one block only, so their qubits can be reset and used for the next leaf: a
star of any k runs on as many qubits as one leaf does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector

from ...checks import require_count
from .compile import CENTER, NativeStar, StarParts


@dataclass(frozen=True)
class StarCircuit:
    """A whole star, ready to be bound."""

    circuit: QuantumCircuit  # without measurement
    parameters: tuple[Parameter, ...]  # in the order of `bindings`: weights, center, leaves, edges


def bindings(weights: np.ndarray, center: np.ndarray, leaves: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the parameter values of N stars, (N, P + 2 + 4k), in the order of `StarCircuit.parameters`.

    Shapes are (P,), (2, N), (k, 2, N) and (k, 2, N).
    """
    count = center.shape[-1]
    rows = [np.broadcast_to(weights[:, None], (len(weights), count))]
    rows += [values.reshape(-1, count) for values in (center, leaves, edges)]
    return np.concatenate(rows).T


def assembled(star: StarParts, k: int, *, wide: bool = False, barriers: bool = True) -> StarCircuit:
    """Put the parts of a star of k leaves together; global phases are left out.

    Args:
        star: The parts.
        k: Leaves.
        wide: Whether every leaf and every edge has a qubit of its own, after the memory: leaf 1, edge 1, leaf 2, ...
            Else they share two qubits, reset from leaf to leaf. No device is wired like a wide star; it is the
            reference that qubit reuse is checked against.
        barriers: Whether barriers keep a compiler's hands off each block; the shared qubits are then reset before the
            first leaf too, so that all leaves are alike.

    Raises:
        ValueError: ``k`` is below 1.
    """
    require_count("k", k)
    center = list(ParameterVector("center", 2))
    leaves, edges = list(ParameterVector("leaf", 2 * k)), list(ParameterVector("edge", 2 * k))
    memory = range(star.block.num_qubits - 2)
    circuit = QuantumCircuit(len(memory) + 2 * (k if wide else 1))
    block = star.block.copy()
    block.global_phase = 0  # nothing observes phases, and sums of symbolic ones take long

    def add(part: QuantumCircuit, values: Sequence[Parameter]) -> None:
        bound = part.assign_parameters(dict(zip(star.angles, values, strict=True)))
        bound.global_phase = 0
        circuit.compose(bound, [*memory, leaf, edge], inplace=True)

    of_center, of_leaf, of_edge = star.encodings
    for i in range(k):
        leaf = len(memory) + (2 * i if wide else 0)
        edge = leaf + 1
        if i == 0:
            add(of_center, center)
        if not wide and (barriers or i > 0):
            circuit.reset([leaf, edge])
        add(of_leaf, leaves[2 * i : 2 * i + 2])
        add(of_edge, edges[2 * i : 2 * i + 2])
        if barriers:
            circuit.barrier()
        circuit.compose(block, [*memory, leaf, edge], inplace=True)
        if barriers:
            circuit.barrier()
    return StarCircuit(circuit, (*star.weights, *center, *leaves, *edges))


def measured(circuit: QuantumCircuit, star: NativeStar, letter: str) -> QuantumCircuit:
    """Return the circuit with the center measured in the basis of X, Y or Z."""
    result = circuit.compose(star.basis_changes[letter], range(3))
    result.add_register(*QuantumCircuit(0, 1).cregs)
    result.measure(CENTER, 0)
    return result
