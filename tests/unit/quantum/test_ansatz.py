"""The circuits: their encoding, their blocks' shapes, what is refused."""

import math
from typing import get_args

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.quantum import ansatz
from qgnn_d2d.quantum.ansatz import ANSATZE, Ansatz, encode, encoded_bloch
from qgnn_d2d.settings.model import Circuit

ROUNDING = 1e-12


@given(a=st.floats(-7, 7), b=st.floats(-7, 7))
def test_encoded_qubits_are_pure_and_as_pennylane_has_them(a, b):
    found = encoded_bloch(torch.tensor([[a], [b]], dtype=torch.float64)).squeeze(-1)
    matrix = qml.matrix(encode, wire_order=[0])(np.array([a, b]), 0)
    state = matrix[:, 0]
    cross = np.conj(state[0]) * state[1]
    expected = [2 * cross.real, 2 * cross.imag, abs(state[0]) ** 2 - abs(state[1]) ** 2]
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)
    assert math.isclose(found.norm(), 1, abs_tol=ROUNDING)


def test_the_circuits_are_those_of_the_settings():
    assert list(ANSATZE) == list(get_args(Circuit))
    assert all(build().name == name for name, build in ANSATZE.items())


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_blocks_have_as_many_angles_as_they_say(layers):
    message = ansatz.num_message_parameters(layers)
    expected = {"qgcl": 9 * layers, "qgcl_commuting": 6 * layers + 2, "qgcl_ancilla": 9 * layers + message}
    for name, number in expected.items():
        circuit = ansatz.build(name, layers)
        assert circuit.num_parameters == number
        with qml.queuing.AnnotatedQueue():
            circuit.block(np.zeros(number), *circuit.memory, "leaf", "edge")


@pytest.mark.parametrize("layers", [0, -1, 1.5, True, None, "2"])
@pytest.mark.parametrize("name", ANSATZE)
def test_impossible_numbers_of_layers_are_refused(name, layers):
    with pytest.raises(ValueError, match=f"entangling_layers is {layers!r}; it must be an integer of at least 1"):
        ansatz.build(name, layers)


def test_an_unknown_circuit_is_refused():
    with pytest.raises(ValueError, match="circuit is 'qcl'; it must be one of: qgcl, "):
        ansatz.build("qcl")


@pytest.mark.parametrize("word", ["", "A", "ZZ", "x", 3])
def test_an_observable_that_is_no_word_on_the_memory_is_refused(word):
    with pytest.raises(ValueError, match=f"observable of ansatz own is {word!r}; it must have one letter of IXYZ"):
        Ansatz("own", ("center",), lambda *_: None, 1, ("X", word))


@pytest.mark.parametrize("words", [(), "XY", ["X"]])
def test_an_ansatz_without_a_tuple_of_words_is_refused(words):
    with pytest.raises(
        ValueError, match=r"observables of ansatz own are .*; they must be a tuple of at least one word"
    ):
        Ansatz("own", ("center",), lambda *_: None, 1, words)


def test_an_impossible_number_of_angles_is_refused():
    with pytest.raises(ValueError, match="num_parameters of ansatz own is -1; it must be an integer of at least 0"):
        Ansatz("own", ("center",), lambda *_: None, -1, ("Z",))


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("name", ANSATZE)
def test_stars_have_a_wire_per_qubit(name, k):
    circuit = ansatz.build(name)
    wires = ansatz.star_wires(circuit, k)
    assert len(set(wires)) == len(wires) == 2 * k + len(circuit.memory)
    assert wires[0] == "center" and set(circuit.memory) <= set(wires)
    with pytest.raises(ValueError, match="k is 0"):
        ansatz.star_wires(circuit, 0)
