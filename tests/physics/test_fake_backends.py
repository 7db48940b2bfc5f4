"""Backends, every fake one of qiskit-ibm-runtime too: stars run as Qiskit Aer says, or one line says why not."""

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Pauli
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel as AerNoise
from qiskit_aer.noise.device import basic_device_gate_errors, basic_device_readout_errors

from qgnn_d2d.quantum.estimators import exact
from qgnn_d2d.quantum.hardware import backends
from qgnn_d2d.quantum.hardware.circuits import assembled, bindings
from qgnn_d2d.quantum.hardware.compile import CENTER, native_star
from qgnn_d2d.quantum.hardware.devices import line_for, line_of
from qgnn_d2d.settings import NoiseModel
from tests.circuits import AER, NOISY, QGCL, assert_close, random_stars

K = 3
OLD = ["Almaden", "Boeblingen", "Burlington", "Cambridge", "Essex", "Johannesburg", "London", "Poughkeepsie",
       "Rochester", "Singapore"]  # fmt: skip
REFUSED = {
    **{f"Fake{name}V2": "has no rz; stars need rz, sx, x" for name in OLD},
    "FakeMelbourneV2": "has no reset; stars need rz, sx, x, reset",
    "FakeArmonkV2": "has no two-qubit gate among cx, cz, ecr",
    "FakeKyoto": "has no three usable qubits in a row",  # every pair has an error of 1
}
"""Those that stars cannot run on, and why."""
FAST = ["FakeFractionalBackend", "FakeLimaV2", "FakeOurenseV2", "FakePeekskill", "FakePrague", *REFUSED]
"""Of every kind: other gates besides, cx, without duration of resets, ecr, cz; the others take a while."""


def aer_values(backend, properties, line, stars):
    """Return what Aer's density matrices give under the noise that Aer itself derives from a backend."""
    place = {qubit: position for position, qubit in enumerate(line.qubits)}
    model = AerNoise(basis_gates=["rz", "sx", "x", line.entangler, "reset"])
    for name, qubits, error in basic_device_gate_errors(target=backend.target):
        if set(qubits) <= set(place) and name in model.basis_gates:
            model.add_quantum_error(error, name, [place[qubit] for qubit in qubits])
    known = {"target": backend.target} if properties is None else {"properties": properties}
    (readout,) = [
        error for qubits, error in basic_device_readout_errors(**known) if list(qubits) == [line.qubits[CENTER]]
    ]
    (_, once), (back, _) = readout.probabilities
    native = native_star(QGCL, line)
    star = assembled(native, K)
    circuits = []
    for letter in "XYZ":
        circuit = star.circuit.compose(native.basis_changes[letter], range(3))
        circuit.save_expectation_value(Pauli("Z"), [CENTER])
        circuits.append(circuit)
    values = bindings(*(part[0].numpy() for part in stars))
    binds = {parameter: values[:, i].tolist() for i, parameter in enumerate(star.parameters)}
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1)
    result = simulator.run(circuits, parameter_binds=[binds] * 3, shots=1).result()
    ideal = [result.data(i)["expectation_value"] for i in range(3 * len(values))]
    return back - once + (1 - once - back) * np.reshape(ideal, (1, 3, -1))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in backends.fake_names()]
)
def test_a_fake_backend_works_as_aer_says_or_is_refused_in_a_line(name):
    backend = backends.called(name)
    if name in REFUSED:
        with pytest.raises(ValueError) as caught:
            line_of(backends.exported(backend, name))
        assert str(caught.value).startswith(f"device {name} {REFUSED[name]}") and "\n" not in str(caught.value)
        return
    line = line_of(backends.exported(backend, name))
    stars = random_stars(QGCL, K, count=2)
    found = exact(QGCL, line)(*stars)
    assert_close(found, aer_values(backend, backend.properties(), line, stars), AER)
    assert (found - exact(QGCL)(*stars)).abs().max() > NOISY


@pytest.mark.parametrize("gate", ["cx", "cz", "ecr"])
@pytest.mark.parametrize("from_aer", [False, True], ids=["generic", "aer"])
def test_a_calibration_file_of_ones_own_works_as_aer_says(gate, from_aer, tmp_path):
    """Written from a backend that knows the mean of the two readout errors only, and read again."""
    backend = GenericBackendV2(4, [gate, "rz", "sx", "x"], coupling_map=[[0, 1], [1, 2], [3, 2]], seed=3)
    backend = AerSimulator.from_backend(backend) if from_aer else backend
    backends.save(backends.exported(backend, "mine"), tmp_path / "mine.json")
    line = line_for(NoiseModel(calibration=str(tmp_path / "mine.json")))
    stars = random_stars(QGCL, K, count=2)
    found = exact(QGCL, line)(*stars)
    assert_close(found, aer_values(backend, None, line, stars), AER)
    assert (found - exact(QGCL)(*stars)).abs().max() > NOISY
