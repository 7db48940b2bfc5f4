"""What stars cost: counts, and that the best routing counts."""

import pytest
from qiskit import QuantumCircuit
from qiskit.transpiler import CouplingMap

from qgnn_d2d.quantum import resources
from qgnn_d2d.quantum.ansatz import ANSATZE
from qgnn_d2d.quantum.hardware.circuits import StarCircuit
from qgnn_d2d.quantum.hardware.compile import native_star
from qgnn_d2d.quantum.hardware.devices import depolarizing_line
from qgnn_d2d.quantum.resources import RoutedStar, count, routed_star
from tests.circuits import QGCL

DEVICE = "FakeLagosV2"


@pytest.fixture
def few_seeds(monkeypatch):
    monkeypatch.setattr(resources, "SEEDS", range(2))


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


def test_reuse_of_the_papers_circuit_is_the_noise_studys():
    per_leaf = native_star(QGCL, depolarizing_line(0)).count()
    for k in (1, 3):
        row = count("qgcl", k, "reuse", DEVICE)
        assert (row["qubits"], row["two_qubit_gates"], row["resets"]) == (3, k * per_leaf["cx"], 2 * k)
    assert row["two_qubit_gates"] == row["two_qubit_depth"] == 24


@pytest.mark.parametrize("k", [1, 2])
def test_reuse_with_an_ancilla_costs_the_same_for_every_leaf(k, few_seeds):
    # 8 CX of the message, and an update of 6 of which two, between leaf and ancilla, take four each.
    row = count("qgcl_ancilla", k, "reuse", DEVICE)
    assert (row["qubits"], row["two_qubit_gates"], row["resets"]) == (4, 20 * k, 2 * (k - 1))


def test_the_routing_with_the_fewest_two_qubit_gates_counts(monkeypatch):
    single = []
    for seed in range(4):
        monkeypatch.setattr(resources, "SEEDS", (seed,))
        single.append(routed_star(QGCL, 3, "line", DEVICE).count())
    monkeypatch.setattr(resources, "SEEDS", range(4))
    best = routed_star(QGCL, 3, "line", DEVICE).count()
    assert best == min(single, key=lambda counts: tuple(counts[name] for name in list(counts)[1:5]))
    assert max(counts["two_qubit_gates"] for counts in single) > best["two_qubit_gates"]


def test_the_table_has_a_row_per_circuit_k_and_layout(few_seeds):
    data = resources.table([1, 2], DEVICE)
    counts = ["qubits", "two_qubit_gates", "two_qubit_depth", "depth", "one_qubit_gates", "resets"]
    assert list(data.columns) == ["circuit", "k", "layout", "device", *counts]
    assert len(data) == len(data.drop_duplicates(["circuit", "k", "layout"])) == len(ANSATZE) * 2 * 3
    assert set(data["device"].dropna()) == {DEVICE}
    assert (data["device"].notna() == (data["layout"] == "device")).all()
    for _, row in data.iterrows():
        width = (1 if row["layout"] == "reuse" else row["k"]) * 2 + (2 if row["circuit"] == "qgcl_ancilla" else 1)
        assert row["qubits"] >= width if row["layout"] == "device" else row["qubits"] == width


def test_counting_twice_gives_the_same(few_seeds):
    assert count("qgcl_ancilla", 1, "line", DEVICE) == count("qgcl_ancilla", 1, "line", DEVICE)


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="device is 'FakeNowhere'"):
        count("qgcl", 1, "device", "FakeNowhere")
    with pytest.raises(ValueError, match="circuit is 'qcl'"):
        count("qcl", 1, "line", DEVICE)
    with pytest.raises(ValueError, match="device FakeManilaV2 has 5 qubits; qgcl with 3 leaves needs 7"):
        count("qgcl", 3, "device", "FakeManilaV2")
    for layout in resources.LAYOUTS:
        with pytest.raises(ValueError, match="k is 0"):
            count("qgcl", 0, layout, DEVICE)
