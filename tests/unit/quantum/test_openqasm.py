"""Stars as circuits without a device: exactly what the engine computes, in full width and with qubits used again."""

import numpy as np
import pytest
import torch
from qiskit.quantum_info import DensityMatrix, Pauli

from qgnn_d2d.quantum import ansatz
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.quantum.openqasm import dumps, star_circuit


def values(name, k):
    star, generator = ansatz.build(name, 1), np.random.default_rng(3)
    angles = {"weights": star.num_parameters, "center": (2,), "leaves": (k, 2), "edges": (k, 2)}
    return star, {what: generator.uniform(-3, 3, shape) for what, shape in angles.items()}


def bound(circuit, given):
    names = {f"center_{i + 1}": given["center"][i] for i in range(2)}
    for role, rows in (("leaf", given["leaves"]), ("edge", given["edges"])):
        names |= {f"{role}{n + 1}_{i + 1}": rows[n, i] for n in range(len(rows)) for i in range(2)}
    parameters = {one: names[one.name] for one in circuit.parameters}
    return circuit.assign_parameters(parameters)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("name", ansatz.ANSATZE)
def test_the_circuit_is_the_engines_star(name, wide):
    star, given = values(name, 2)
    circuit = bound(star_circuit(star, 2, given["weights"], wide=wide), given)
    assert circuit.num_qubits == len(star.memory) + (4 if wide else 2)
    state = DensityMatrix(np.diag([1.0, *np.zeros(2**circuit.num_qubits - 1)])).evolve(circuit)
    tensors = [torch.tensor(given[what]) for what in ("weights", "center", "leaves", "edges")]
    expected = StarEngine(star)(tensors[0], *(one.unsqueeze(0) for one in tensors[1:]))[0]
    for word, value in zip(star.observables, expected, strict=True):
        label = "I" * (circuit.num_qubits - len(word)) + word[::-1]  # Qiskit's first qubit is the last letter
        assert state.expectation_value(Pauli(label)).real == pytest.approx(value.item(), abs=1e-9)


@pytest.mark.parametrize("observable", ["X", "Y", "Z"])
def test_a_measured_bit_has_the_observables_mean(observable):
    star, given = values("qgcl", 1)
    plain = bound(star_circuit(star, 1, given["weights"]), given)
    measured = bound(star_circuit(star, 1, given["weights"], observable=observable), given)
    assert measured.count_ops()["measure"] == 1
    zero = DensityMatrix(np.diag([1.0, *np.zeros(7)]))
    expected = zero.evolve(plain).expectation_value(Pauli("II" + observable)).real
    turned = zero.evolve(measured.remove_final_measurements(inplace=False))
    assert turned.expectation_value(Pauli("IIZ")).real == pytest.approx(expected, abs=1e-9)


def test_parameters_are_inputs():
    text = dumps(star_circuit(ansatz.qgcl(1), 2), ["two\nleaves"])
    assert text.startswith("// two leaves\nOPENQASM 3.0;") and "input float[64] weight_1;" in text
    assert "input float[64] leaf2_1;" in text


def test_what_does_not_fit_is_refused():
    star = ansatz.qgcl(1)
    with pytest.raises(ValueError, match=r"weights have shape \(4,\); it must be \(9,\)"):
        star_circuit(star, 1, np.zeros(4))
    with pytest.raises(ValueError, match="observable is 'XX'; it must be one of: X, Y, Z"):
        star_circuit(star, 1, observable="XX")
