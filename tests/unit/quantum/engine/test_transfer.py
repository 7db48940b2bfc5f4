"""Pauli transfer matrices and recorded gates, against dense linear algebra."""

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import unitary_group

from qgnn_d2d.quantum.ansatz import Ansatz
from qgnn_d2d.quantum.engine.transfer import (
    ParametricGate,
    block_gates,
    embed,
    harmonics,
    ideal_steps,
    pauli_transfer_matrix,
    record_gates,
    trigonometric,
)
from tests.circuits import CIRCUITS, EXACT

SEEDS = st.integers(0, 2**32 - 1)


def test_the_transfer_matrix_of_a_known_gate():
    hadamard = pauli_transfer_matrix(np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    np.testing.assert_allclose(hadamard, [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, -1, 0], [0, 1, 0, 0]], atol=EXACT)


@given(seed=SEEDS, qubits=st.integers(1, 2), swap=st.booleans())
def test_transfer_matrices_are_orthogonal_and_compose(seed, qubits, swap):
    first, second = unitary_group.rvs(2**qubits, size=2, random_state=seed)
    a, b, ab = map(pauli_transfer_matrix, (first, second, first @ second))
    np.testing.assert_allclose(a @ b, ab, atol=EXACT)
    np.testing.assert_allclose(a @ a.T, np.eye(4**qubits), atol=EXACT)
    np.testing.assert_allclose(a[0], np.eye(4**qubits)[0], atol=EXACT)
    if qubits == 1:
        place = (1,) if swap else (0,)
        whole = np.kron(np.eye(2), first) if swap else np.kron(first, np.eye(2))
    else:
        place = (1, 0) if swap else (0, 1)
        exchange = np.eye(4)[[0, 2, 1, 3]]
        whole = exchange @ first @ exchange if swap else first
    np.testing.assert_allclose(embed(a, place, 2), pauli_transfer_matrix(whole), atol=EXACT)


@given(seed=SEEDS, size=st.integers(1, 3), num_angles=st.integers(1, 3), qubits=st.integers(1, 2))
def test_trigonometric_terms_are_products(seed, size, num_angles, qubits):
    values = np.random.default_rng(seed).uniform(-9, 9, (size, num_angles))
    frequency, phase = harmonics(qubits)
    found = trigonometric(torch.from_numpy(values), frequency, phase).numpy()
    assert found.shape == (size, len(frequency) ** num_angles)
    np.testing.assert_allclose(found[:, 0], 1)
    factors = np.cos(values[..., None] * frequency.numpy() + phase.numpy())
    for row, expected in zip(found, factors, strict=True):
        product = np.ones(1)
        for factor in expected:
            product = np.outer(product, factor).ravel()
        np.testing.assert_allclose(row, product, atol=EXACT)


def test_a_gate_that_is_no_trigonometric_polynomial_is_refused():
    gate = ParametricGate("odd", 1, 1, lambda angles: np.cos(angles[0] ** 2) * np.eye(4))
    with pytest.raises(ValueError, match="gate odd: no trigonometric polynomial of its angles"):
        _ = gate.coefficients


@pytest.mark.parametrize("ansatz", CIRCUITS.values(), ids=CIRCUITS)
def test_recorded_gates_are_the_block(ansatz):
    weights = np.random.default_rng(0).uniform(-4, 4, ansatz.num_parameters)
    wires = [*ansatz.memory, "leaf", "edge"]
    gates = block_gates(ansatz)
    assert {index for gate in gates for index in gate.weights} == set(range(ansatz.num_parameters))
    expected = pauli_transfer_matrix(qml.matrix(ansatz.block, wire_order=wires)(weights, *wires))
    found = np.eye(len(expected))
    for step in ideal_steps(ansatz):
        matrix = step.gate if step.angles is None else step.gate.matrix(step.angles @ weights)
        found = embed(matrix, step.qubits, len(wires)) @ found
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT)


def test_an_angle_that_is_no_weight_is_refused():
    def block(weights, center, leaf, edge):
        qml.RX(2 * weights[0], wires=center)

    with pytest.raises(ValueError, match="ansatz doubled: RX takes an angle that is no entry of the weights"):
        block_gates(Ansatz("doubled", ("center",), block, 1, ("Z",)))


@pytest.mark.parametrize(
    ("block", "line"),
    [
        (lambda w, *q: qml.RX(w[2], q[0]), "block asks for a weight that is not there .*; weights are .* of 2 angles"),
        (lambda w, *q: qml.RX(w[0, 0], q[0]), "block asks for a weight that is not there .* of 2 angles"),
        (lambda w, *q: qml.RX(w, q[0]), "RX takes 2 values for one angle"),
        (lambda w, *q: qml.RX(w[0], 0), "RX acts on wire 0; a block has center, leaf, edge"),
        (lambda w, *q: qml.RX(w[0], q[0]) if w[0] > 0.6 else qml.RY(w[0], q[0]), "RX depends on the weights' values"),
        (lambda w, *q: w[0] > 0.6 and qml.RY(w[0], q[0]), "its gates depend on the weights' values"),
        (lambda w, *q: qml.QubitUnitary(np.diag([1, np.exp(1j * w[0])]), q[0]), "QubitUnitary takes an angle that is"),
        (lambda w, *q: qml.ctrl(qml.RX(w[0], q[0]), q[1:]), r"C\(RX\) takes an angle that is no entry of the weights"),
        (lambda w, *q: qml.exp(qml.X(q[0]), -0.5j * w[0]), "Exp takes an angle that is no entry of the weights"),
        (lambda w, *q: qml.s_prod(2, qml.X(q[0])), "SProd is not unitary"),
        (lambda w, *q: qml.measure(q[0]), "MidMeasureMP has no decomposition into gates, and no matrix"),
        (lambda w, *q: qml.DepolarizingChannel(0.1, q[0]), "DepolarizingChannel has no decomposition into gates"),
        (lambda w, *q: qml.ResetError(1.0, 0.0, q[1]), "ResetError has no decomposition into gates"),
        (lambda w, *q: qml.cond(qml.measure(q[1]), qml.RX)(w[0], q[0]), "MidMeasureMP has no decomposition"),
        (lambda w, *q: qml.expval(qml.Z(q[0])), r"its block measures expval\(Z\('center'\)\)"),
        (lambda w, *q: qml.QubitUnitary(np.diag([1, 0.5]), q[0]), "QubitUnitary is not unitary"),
        (lambda w, *q: qml.CNOT([q[0], q[0]]), "its block cannot be recorded .*control wires"),
        (lambda w, *q: qml.Rot(w[0], wires=q[0]), "its block cannot be recorded .*Rot"),
        (lambda w, *q: qml.RX("a", q[0]), "RX has no matrix"),
        (lambda w, *q: w[0] / "a", "its block cannot be recorded"),
        (lambda w, *q: qml.TrotterProduct(qml.dot([0.3, 0.2], [qml.X(q[0]), qml.Z(q[0])]), w[0]), "TrotterProduct"),
    ],
)  # fmt: skip
def test_what_is_no_gate_of_the_weights_is_refused_in_a_line_with_its_name(block, line):
    with pytest.raises(ValueError, match=f"^ansatz mine: .*{line}") as raised:
        block_gates(Ansatz("mine", ("center",), block, 2, ("Z",)))
    assert "\n" not in str(raised.value)


def test_matrices_are_those_of_the_recorded_operators():
    unitary = unitary_group.rvs(4, random_state=0)

    def block(weights, center, leaf, edge):
        qml.adjoint(qml.S(center))
        qml.QubitUnitary(unitary, wires=[edge, center])
        qml.Rot(0.1, weights[1], 0.2, wires=leaf)
        qml.CNOT([leaf, center])

    fixed, pair, mixed, plain = block_gates(Ansatz("mine", ("center",), block, 2, ("Z",)))
    np.testing.assert_allclose(fixed.matrix(), np.diag([1, -1j]), atol=EXACT)
    np.testing.assert_allclose(pair.matrix(), unitary, atol=EXACT)
    np.testing.assert_allclose(mixed.matrix([0.7]), qml.matrix(qml.Rot(0.1, 0.7, 0.2, wires=0)), atol=EXACT)
    assert [gate.name for gate in (fixed, pair, mixed, plain)] == ["Adjoint(S)", "QubitUnitary", "Rot", "CNOT"]
    assert [gate.qubits for gate in (fixed, pair, mixed, plain)] == [(0,), (2, 0), (1,), (1, 0)]
    assert [gate.weights for gate in (fixed, pair, mixed, plain)] == [(), (), (1,), ()]


def test_a_gate_on_three_qubits_is_decomposed_or_refused():
    assert all(len(gate.qubits) <= 2 for gate in record_gates(lambda _, *wires: qml.Toffoli(wires), 1, ["a", "b", "c"]))
    unknown = type("Unknown", (qml.operation.Operation,), {"num_wires": 3, "num_params": 0})
    with pytest.raises(ValueError, match="circuit: Unknown has no decomposition into two-qubit gates"):
        record_gates(lambda _, *wires: unknown(wires=wires), 1, ["a", "b", "c"])
