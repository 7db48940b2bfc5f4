"""Moments: steps keep their meaning when they are grouped."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import unitary_group

from qgnn_d2d.quantum.engine.schedule import Entangler, Fixed, Rotations, schedule
from qgnn_d2d.quantum.engine.transfer import ParametricGate, Step, embed, ideal_steps, pauli_transfer_matrix
from tests.circuits import CIRCUITS, EXACT

NUM_QUBITS = 3
CLIFFORD = np.eye(4)[[0, 1, 3, 2]]  # CNOT


def random_step(kind, qubits, generator):
    """Return a fixed gate, or one that is said to have an angle and has none."""
    parametric, pair = kind
    qubits = tuple(qubits[: 2 if pair else 1])
    matrix = pauli_transfer_matrix(unitary_group.rvs(2 ** len(qubits), random_state=generator))
    if not parametric:
        return Step(qubits, matrix)
    return Step(qubits, ParametricGate("any", len(qubits), 1, lambda _: matrix), np.ones((1, 1)))


@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.lists(st.tuples(st.tuples(st.booleans(), st.booleans()), st.permutations(range(NUM_QUBITS))), max_size=8),
)
def test_moments_do_what_the_steps_do(seed, steps):
    generator = np.random.RandomState(seed % 2**31)
    steps = [random_step(*step, generator) for step in steps]
    moments, members = schedule(steps, NUM_QUBITS)

    def matrix_of(moment):
        if isinstance(moment, Fixed):
            return moment.matrix
        if isinstance(moment, Entangler):
            return embed(members[moment.shape][moment.position][0].matrix([0.0]), moment.qubits, NUM_QUBITS)
        whole = np.eye(4**NUM_QUBITS)
        for qubit, (shape, position) in moment.placed.items():
            whole = whole @ embed(members[shape][position][0].matrix([0.0]), (qubit,), NUM_QUBITS)
        return whole

    expected = found = np.eye(4**NUM_QUBITS)
    for step in steps:
        matrix = step.gate if step.angles is None else step.gate.matrix([0.0])
        expected = embed(matrix, step.qubits, NUM_QUBITS) @ expected
    for moment in moments:  # the last one comes first
        found = found @ matrix_of(moment)
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT)
    assert len(moments) <= len(steps)


def test_rotations_of_distinct_qubits_share_a_moment():
    moments, members = schedule(ideal_steps(CIRCUITS["qgcl, E = 2"]), NUM_QUBITS)
    assert [type(moment) for moment in moments] == [Fixed, Rotations, Fixed, Rotations]
    assert {shape: len(gates) for shape, gates in members.items()} == {(1, 3): 6}


@pytest.mark.parametrize("unitary", [CLIFFORD, unitary_group.rvs(4, random_state=0)], ids=["permutation", "full"])
def test_fixed_gates_act_on_rows_and_on_their_gradients(unitary):
    matrix = pauli_transfer_matrix(unitary)
    rows = torch.randn(3, 16, dtype=torch.float64, requires_grad=True)
    apply = Fixed({0, 1}, matrix).on_rows(torch.float64, torch.device("cpu"))
    torch.testing.assert_close(apply(rows), rows @ torch.from_numpy(matrix), rtol=0, atol=EXACT)
    assert torch.autograd.gradcheck(apply, rows)
