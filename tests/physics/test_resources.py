"""The circuits whose qubits, gates and depth are counted are stars and fit their layouts."""

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator

from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum import resources
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.hardware.circuits import assembled, bindings
from qgnn_d2d.quantum.hardware.compile import abstract_parts, instructions
from qgnn_d2d.quantum.resources import routed_star

EXACT = 1e-8  # float64, density matrix against engine
DEVICE = "FakeSherbrooke"
CIRCUITS = list(ansatze.ANSATZE)


def on_touched_qubits(circuit, memory):
    """Return the circuit on the qubits that it or the memory uses, and the memory's places there."""
    touched = sorted({*memory, *(qubit for _, qubits in instructions(circuit) for qubit in qubits)})
    small = QuantumCircuit(len(touched))
    for operation, qubits in instructions(circuit):
        small.append(operation, [touched.index(qubit) for qubit in qubits])
    return small, [touched.index(qubit) for qubit in memory]


def assert_is_the_star(ansatz, k, star, memory):
    """Compare all observables of two random stars with the star engine."""
    rng = np.random.default_rng(k)
    weights = rng.uniform(-3, 3, ansatz.num_parameters)
    center, leaves, edges = (rng.uniform(-3, 3, shape) for shape in [(2, 2), (k, 2, 2), (k, 2, 2)])
    expected = StarEngine(ansatz).expectations(
        torch.from_numpy(weights)[None, None], *(torch.from_numpy(v)[None] for v in (center, leaves, edges))
    )[0]
    circuit, places = on_touched_qubits(star.circuit, memory)
    circuit = transpile(circuit, basis_gates=["rz", "sx", "x", "cx"], optimization_level=0)  # Aer has no crx
    for i, word in enumerate(ansatz.observables):
        operator = SparsePauliOp.from_sparse_list([(word, places, 1.0)], circuit.num_qubits)
        circuit.save_expectation_value(operator, range(circuit.num_qubits), label=str(i))
    simulator = AerSimulator(method="density_matrix", max_parallel_threads=1)
    for n, values in enumerate(bindings(weights, center, leaves, edges)):
        named = {p: v for p, v in zip(star.parameters, values, strict=True) if p in circuit.parameters}
        data = simulator.run(circuit.assign_parameters(named)).result().data()
        found = [data[str(i)] for i in range(len(ansatz.observables))]
        np.testing.assert_allclose(found, expected[:, n], rtol=0, atol=EXACT)


@pytest.mark.parametrize("bridge", [False, True], ids=["plain", "bridged"])
@pytest.mark.parametrize("wide", [False, True], ids=["reuse", "wide"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_circuits_before_routing_are_stars(name, wide, bridge):
    ansatz = ansatze.build(name)
    star = assembled(abstract_parts(ansatz, bridge=bridge), 2, wide=wide, barriers=False)
    assert_is_the_star(ansatz, 2, star, range(len(ansatz.memory)))


@pytest.mark.parametrize("layout", resources.LAYOUTS)
@pytest.mark.parametrize("name", CIRCUITS)
def test_routed_circuits_are_stars_in_native_gates_between_neighbors(name, layout, monkeypatch):
    monkeypatch.setattr(resources, "SEEDS", range(4))  # the best of few is routed as the best of many
    ansatz = ansatze.build(name)
    routed = routed_star(ansatz, 2, layout, DEVICE)
    assert_is_the_star(ansatz, 2, routed.star, routed.memory)
    neighbors = set(routed.coupling_map.get_edges())
    for operation, qubits in instructions(routed.star.circuit):
        assert operation.name in {"rz", "sx", "x", "cx", "reset"}
        assert len(qubits) == 1 or qubits in neighbors
