"""Whole stars: their qubits, their gates, and what is bound to their parameters."""

import numpy as np
import pytest
from qiskit import transpile

from qgnn_d2d.quantum.ansatz import ANSATZE, build
from qgnn_d2d.quantum.hardware.circuits import assembled, bindings, measured
from qgnn_d2d.quantum.hardware.compile import abstract_parts, native_star
from qgnn_d2d.quantum.hardware.devices import depolarizing_line, device_line
from tests.circuits import ONE_OF_EACH_GATE, QGCL, random_stars


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("name", ONE_OF_EACH_GATE)
def test_a_star_of_any_size_runs_on_three_qubits(name, k):
    line = device_line(name)
    star = native_star(QGCL, line)
    reused, wide = assembled(star, k).circuit, assembled(star, k, wide=True).circuit
    assert (reused.num_qubits, wide.num_qubits) == (3, 2 * k + 1)
    assert reused.count_ops()[line.entangler] == wide.count_ops()[line.entangler] == 8 * k
    assert reused.count_ops()["reset"] == 2 * k
    assert "reset" not in wide.count_ops()


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", ANSATZE)
def test_every_circuit_has_its_width(name, wide, k):
    ansatz = build(name)
    for bridge in (False, True):
        star = assembled(abstract_parts(ansatz, bridge=bridge), k, wide=wide, barriers=False)
        assert star.circuit.num_qubits == len(ansatz.memory) + 2 * (k if wide else 1)
        assert star.circuit.count_ops().get("reset", 0) == (0 if wide else 2 * (k - 1))
        assert set(star.circuit.parameters) <= set(star.parameters)
        assert len(star.parameters) == ansatz.num_parameters + 2 + 4 * k


@pytest.mark.parametrize("k", [0, -1, 1.5, True, None])
def test_impossible_numbers_of_leaves_are_refused(k):
    star = native_star(QGCL, depolarizing_line(0.0))
    for wide in (False, True):
        with pytest.raises(ValueError, match=f"k is {k}; it must be an integer of at least 1"):
            assembled(star, k, wide=wide)


def test_bindings_have_the_order_of_the_parameters():
    k, count = 2, 3
    star = assembled(native_star(QGCL, depolarizing_line(0.0)), k)
    weights, center, leaves, edges = arguments = [part[0].numpy() for part in random_stars(QGCL, k, count=count)]
    rows = bindings(*arguments)
    assert rows.shape == (count, len(star.parameters))
    for n in range(count):
        by_name = dict(zip([parameter.name for parameter in star.parameters], rows[n], strict=True))
        assert by_name["weight[17]"] == weights[17]
        assert by_name["center[1]"] == center[1, n]
        assert by_name["leaf[2]"] == leaves[1, 0, n]
        assert by_name["edge[1]"] == edges[0, 1, n]
    assert set(star.circuit.parameters) == set(star.parameters)


@pytest.mark.parametrize("letter", "XYZ")
def test_measured_stars_have_one_bit(letter):
    native = native_star(QGCL, depolarizing_line(0.0))
    for star in (assembled(native, 2), assembled(native, 2, wide=True)):
        circuit = measured(star.circuit, native, letter)
        assert circuit.num_clbits == circuit.count_ops()["measure"] == 1
        added = circuit.count_ops().get("sx", 0) - star.circuit.count_ops()["sx"]
        assert added == (letter != "Z")


@pytest.mark.parametrize("name", ONE_OF_EACH_GATE)
def test_the_noisy_gates_do_not_depend_on_the_angles(name):
    line = device_line(name)
    star = assembled(native_star(QGCL, line), 3)
    size = len(star.parameters)
    at = [np.zeros(size), np.full(size, np.pi / 2), np.random.default_rng(0).uniform(-3, 3, size)]
    circuits = [star.circuit.assign_parameters(dict(zip(star.parameters, values, strict=True))) for values in at]
    assert not any(circuit.parameters for circuit in circuits)
    assert all(circuit.count_ops() == star.circuit.count_ops() for circuit in circuits)
    # A compiler that sees the values does leave gates out, and their noise with them: it must not see them.
    seen = transpile(circuits[0], target=line.target, initial_layout=[0, 1, 2], optimization_level=1).count_ops()
    assert seen.get("sx", 0) < star.circuit.count_ops()["sx"]
