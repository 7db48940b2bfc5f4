"""The circuits whose qubits, gates and depth are counted: they are stars, they fit their layouts, they are the best."""

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import CouplingMap
from qiskit_aer import AerSimulator

from qgnn_d2d.quantum import ansatz as ansatze
from qgnn_d2d.quantum import resources
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.hardware.compile import StarCircuit, bindings, instructions, native_star
from qgnn_d2d.quantum.hardware.devices import depolarizing_line
from qgnn_d2d.quantum.resources import RoutedStar, full_width_star, reused_star, routed_star

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


@pytest.mark.parametrize("bridged", [False, True], ids=["plain", "bridged"])
@pytest.mark.parametrize("build", [full_width_star, reused_star])
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", CIRCUITS)
def test_circuits_before_routing_are_stars(name, k, build, bridged):
    ansatz = ansatze.build(name)
    assert_is_the_star(ansatz, k, build(ansatz, k, bridge=bridged), range(len(ansatz.memory)))


@pytest.mark.parametrize("layout", resources.LAYOUTS)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", CIRCUITS)
def test_routed_circuits_are_stars_in_native_gates_between_neighbors(name, k, layout):
    ansatz = ansatze.build(name)
    routed = routed_star(ansatz, k, layout, DEVICE)
    assert_is_the_star(ansatz, k, routed.star, routed.memory)
    neighbors = set(routed.coupling_map.get_edges())
    for operation, qubits in instructions(routed.star.circuit):
        assert operation.name in {"rz", "sx", "x", "cx", "reset"}
        assert len(qubits) == 1 or qubits in neighbors


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_bridged_circuit_fits_on_a_row_as_it_is(name):
    ansatz = ansatze.build(name)
    circuit = reused_star(ansatz, 2, bridge=True).circuit
    pairs = {frozenset(qubits) for _, qubits in instructions(circuit) if len(qubits) == 2}
    degrees = sorted(sum(qubit in pair for pair in pairs) for qubit in range(circuit.num_qubits))
    assert len(pairs) == circuit.num_qubits - 1
    assert degrees == [1, 1, *[2] * (circuit.num_qubits - 2)]


def test_reuse_of_the_papers_circuit_is_the_noise_studys():
    per_leaf = native_star(ansatze.qgcl(), depolarizing_line(0)).count()
    for k in (1, 3):
        row = resources.count("qgcl", k, "reuse", DEVICE)
        assert (row["qubits"], row["two_qubit_gates"], row["resets"]) == (3, k * per_leaf["cx"], 2 * k)
    assert row["two_qubit_gates"] == row["two_qubit_depth"] == 24


@pytest.mark.parametrize("k", [1, 2, 3])
def test_reuse_with_an_ancilla_costs_the_same_for_every_leaf(k):
    # 8 CX of the message, and an update of 6 of which two, between leaf and ancilla, take four each.
    row = resources.count("qgcl_ancilla", k, "reuse", DEVICE)
    assert (row["qubits"], row["two_qubit_gates"], row["resets"]) == (4, 20 * k, 2 * (k - 1))


def test_the_routing_with_the_fewest_two_qubit_gates_counts(monkeypatch):
    ansatz = ansatze.qgcl()
    best = routed_star(ansatz, 3, "line", DEVICE).count()
    single = []
    for seed in resources.SEEDS:
        monkeypatch.setattr(resources, "SEEDS", (seed,))
        single.append(routed_star(ansatz, 3, "line", DEVICE).count())
    assert best == min(single, key=lambda counts: tuple(counts[name] for name in list(counts)[1:5]))
    assert max(counts["two_qubit_gates"] for counts in single) > best["two_qubit_gates"]


def test_counts_of_a_circuit_written_by_hand():
    circuit = QuantumCircuit(5)
    circuit.sx(1)
    circuit.rz(0.5, 1)
    circuit.x(3)
    circuit.cx(1, 3)
    circuit.barrier()
    circuit.reset(3)
    circuit.cx(3, 1)
    assert RoutedStar(StarCircuit(circuit, ()), (1,), CouplingMap.from_line(5)).count() == {
        "qubits": 2,
        "two_qubit_gates": 2,
        "two_qubit_depth": 2,
        "depth": 5,
        "one_qubit_gates": 2,
        "resets": 1,
    }


def test_table_has_a_row_per_circuit_k_and_layout():
    data = resources.table([1, 2], "FakeLagosV2")
    assert list(data.columns) == list(resources.COLUMNS)
    assert len(data) == len(data.drop_duplicates(["circuit", "k", "layout"])) == len(CIRCUITS) * 2 * 3
    assert set(data["device"].dropna()) == {"FakeLagosV2"}
    assert (data["device"].notna() == (data["layout"] == "device")).all()
    for _, row in data.iterrows():
        width = (1 if row["layout"] == "reuse" else row["k"]) * 2 + (2 if row["circuit"] == "qgcl_ancilla" else 1)
        assert row["qubits"] >= width if row["layout"] == "device" else row["qubits"] == width


def test_counting_twice_gives_the_same():
    assert resources.count("qgcl_ancilla", 2, "line", DEVICE) == resources.count("qgcl_ancilla", 2, "line", DEVICE)


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="layout is 'ring'"):
        resources.count("qgcl", 1, "ring", DEVICE)
    with pytest.raises(ValueError, match="device is 'FakeNowhere'"):
        resources.count("qgcl", 1, "device", "FakeNowhere")
    with pytest.raises(ValueError, match="circuit is 'qcl'"):
        resources.count("qcl", 1, "line", DEVICE)
    with pytest.raises(ValueError, match="device FakeManilaV2 has 5 qubits; qgcl with 3 leaves needs 7"):
        resources.count("qgcl", 3, "device", "FakeManilaV2")
    for layout in resources.LAYOUTS:
        with pytest.raises(ValueError, match="k is 0"):
            resources.count("qgcl", 0, layout, DEVICE)
