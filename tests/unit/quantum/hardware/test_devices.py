"""Lines of calibrated devices: how they are chosen, and what is refused."""

import math
from typing import get_args

import pytest
from qiskit.circuit import Delay, Measure, Parameter, Reset
from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import fake_provider

from qgnn_d2d.quantum.hardware import devices
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, depolarizing_line, describe, device_line, line_for
from qgnn_d2d.settings.noise import Calibration, NoiseModel

CENTER, LEAF, EDGE = 0, 1, 2


def gate_errors(device):
    """Return the two-qubit gate and its error on every coupled pair (the larger one of two directions)."""
    target = devices.backend(device).target
    (gate,) = {"cx", "cz", "ecr"} & set(target.operation_names)
    errors = {}
    for (a, b), properties in target[gate].items():
        errors[a, b] = errors[b, a] = max(properties.error, errors.get((a, b), 0.0))
    return gate, errors


def readout_error(device, qubit):
    return devices.backend(device).target["measure"][(qubit,)].error


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_the_rule(device):
    gate, errors = gate_errors(device)
    usable = {}
    for (a, b), error in errors.items():
        if error < 1:
            usable.setdefault(a, {})[b] = error
    line = device_line(device)
    center, leaf, edge = line.qubits
    assert line.entangler == gate
    assert len({center, leaf, edge}) == 3
    assert {leaf, edge} <= set(usable[center])
    candidates = [qubit for qubit, near in usable.items() if len(near) >= 2]
    assert readout_error(device, center) == min(readout_error(device, qubit) for qubit in candidates)
    assert [usable[center][leaf], usable[center][edge]] == sorted(usable[center].values())[:2]


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_the_target_is_the_devices_own_calibration(device):
    line = device_line(device)
    whole = devices.backend(device).target
    assert line.target.num_qubits == 3
    assert line.target.dt == whole.dt
    for name in ("sx", "x", "rz", "measure", "reset", line.entangler):
        for positions, properties in line.target[name].items():
            physical = tuple(line.qubits[position] for position in positions)
            assert properties == whole[name][physical]
    pairs = {frozenset(pair) for pair in line.target[line.entangler]}
    assert pairs == {frozenset((CENTER, LEAF)), frozenset((CENTER, EDGE))}
    for position, qubit in enumerate(line.qubits):
        assert line.target.qubit_properties[position].t1 == whole.qubit_properties[qubit].t1
        assert line.target.qubit_properties[position].t2 == whole.qubit_properties[qubit].t2


def test_a_broken_pair_is_never_used():
    _, errors = gate_errors("FakeTorino")
    broken = [pair for pair, error in errors.items() if error >= 1]
    assert broken
    neighbors = {}
    for a, b in errors:
        neighbors.setdefault(a, set()).add(b)
    tried = 0
    for leaf, center in broken:
        for edge in neighbors[center] - {leaf}:
            tried += 1
            with pytest.raises(ValueError, match=r"three qubits in a row with a calibrated cz"):
                device_line("FakeTorino", (leaf, center, edge))
    assert tried


class Calibrated:
    """A backend that has a target and no properties."""

    def __init__(self, target):
        self.target = target


def line_of_tiny(readout, errors):
    """Return (leaf, center, edge) of a device with these errors of measurements and of cx."""
    target = Target(num_qubits=len(readout), qubit_properties=[QubitProperties() for _ in readout])
    singles = {(q,): InstructionProperties(error=0.0) for q in range(len(readout))}
    for gate in (RZGate(Parameter("angle")), SXGate(), XGate(), Reset(), Delay(Parameter("time"))):
        target.add_instruction(gate, dict(singles))
    target.add_instruction(Measure(), {(q,): InstructionProperties(error=error) for q, error in enumerate(readout)})
    target.add_instruction(CXGate(), {pair: InstructionProperties(error=error) for pair, error in errors.items()})
    center, leaf, edge = devices.line_of(Calibrated(target), "tiny").qubits
    return leaf, center, edge


def test_a_broken_pair_takes_the_best_center_away():
    readout = [0.5, 0.01, 0.02, 0.03, 0.5]
    errors = {(0, 1): 0.1, (1, 2): 0.2, (2, 3): 0.1, (3, 4): 0.1}
    assert line_of_tiny(readout, errors) == (0, 1, 2)
    assert line_of_tiny(readout, {**errors, (0, 1): 1.0}) == (3, 2, 1)
    assert line_of_tiny(readout, {**errors, (0, 1): None}) == (3, 2, 1)
    assert line_of_tiny(readout, {**errors, (1, 0): 1.0}) == (3, 2, 1), "one broken direction is a broken pair"
    with pytest.raises(ValueError, match="device tiny has no three usable qubits in a row"):
        line_of_tiny(readout, {**errors, (0, 1): 1.0, (2, 3): 1.0})


def test_a_chosen_line_is_taken():
    line = device_line("FakeLagosV2", (5, 3, 1))
    assert line.qubits == (3, 5, 1)
    whole = devices.backend("FakeLagosV2").target
    assert line.target["cx"][CENTER, LEAF] == whole["cx"][3, 5]
    assert line.target["cx"][CENTER, EDGE] == whole["cx"][3, 1]
    assert line_for(NoiseModel(device="FakeLagosV2", line=[5, 3, 1])).qubits == (3, 5, 1)


@pytest.mark.parametrize("choice", [(0, 3, 1), (1, 3, 1), (3, 3, 1), (1, 3, 99), (3, 1, 5)])
def test_a_choice_that_is_no_line_is_refused(choice):
    with pytest.raises(ValueError, match=r"line of FakeLagosV2 is \[leaf, center, edge\] = .* three qubits in a row"):
        device_line("FakeLagosV2", choice)


def test_an_unknown_device_is_refused():
    for build in (device_line, devices.backend):
        with pytest.raises(ValueError, match=r"device is 'FakeAtlantis'; it must be one of: FakeLagosV2"):
            build("FakeAtlantis")


def test_a_device_without_a_known_entangler_is_refused():
    target = Target(num_qubits=3)
    target.add_instruction(SXGate(), {(q,): None for q in range(3)})
    with pytest.raises(ValueError, match="device odd has no two-qubit gate among cx, cz, ecr"):
        devices.line_of(Calibrated(target), "odd")


@pytest.mark.parametrize("name", ["rz", "sx", "x", "reset", "measure", "delay"])
def test_a_device_that_lacks_what_stars_need_is_refused(name):
    whole = devices.backend("FakeManilaV2").target
    part = Target(num_qubits=5, dt=whole.dt, qubit_properties=whole.qubit_properties)
    for kept in {"rz", "sx", "x", "cx", "reset", "measure", "delay"} - {name}:
        part.add_instruction(whole.operation_from_name(kept), whole[kept])
    with pytest.raises(ValueError, match=f"device poor has no {name}; stars need rz, sx, x, reset, measure, delay"):
        devices.line_of(Calibrated(part), "poor")


def test_the_calibrations_are_those_of_the_settings():
    assert set(CALIBRATIONS) == set(get_args(Calibration))
    for name in CALIBRATIONS:
        for idle in (False, True):
            assert line_for(NoiseModel(device=name, idle=idle)).qubits == device_line(name).qubits


def test_inverted_readout_leaves_perfect_readout():
    plain, inverted = (line_for(NoiseModel(device="FakeLagosV2", invert_readout=flag)) for flag in (False, True))
    assert inverted.readout == ((1, 0), (0, 1)) != plain.readout
    assert inverted.target is plain.target


def test_a_level_of_depolarizing_noise_is_a_line():
    for level in (0.0, 0.02, 1.0):
        line = line_for(NoiseModel(depolarizing=level))
        assert line.device == f"depolarizing {level:g}"
        assert describe(line)["leaf_two_qubit_error"] == pytest.approx(level * 3 / 4)


KEYS = {
    "device",
    "two_qubit_gate",
    *(f"{role}_{what}" for role in devices.ROLES for what in ("qubit", "sx_error", "t1_us", "t2_us")),
    "center_reads_1_in_0",
    "center_reads_0_in_1",
    *(f"{role}_two_qubit_{what}" for role in ("leaf", "edge") for what in ("error", "ns")),
}


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_a_line_is_described(device):
    line = device_line(device)
    row = describe(line)
    assert set(row) == KEYS
    assert (row["device"], row["two_qubit_gate"]) == (device, line.entangler)
    assert tuple(row[f"{role}_qubit"] for role in devices.ROLES) == line.qubits
    numbers = {key: value for key, value in row.items() if key not in ("device", "two_qubit_gate")}
    assert all(math.isfinite(value) for value in numbers.values())
    assert all(0 < value < 0.5 for key, value in numbers.items() if key.endswith("_error"))
    assert all(1 < value < 1000 for key, value in numbers.items() if key.endswith("_us"))
    assert all(10 < value < 2000 for key, value in numbers.items() if key.endswith("_ns"))
    center = devices.backend(device).target.qubit_properties[line.qubits[CENTER]]
    assert row["center_t1_us"] == pytest.approx(1e6 * center.t1)


def test_a_line_without_times_is_described():
    row = describe(depolarizing_line(0.02))
    assert set(row) == KEYS
    assert {value for key, value in row.items() if key.endswith(("_us", "_ns"))} == {None}
    assert row["leaf_two_qubit_error"] == pytest.approx(0.015)
    assert row["center_reads_1_in_0"] == row["center_reads_0_in_1"] == 0


@pytest.mark.parametrize("device", ["FakeManilaV2", "FakeSherbrooke"])
def test_the_mean_misreading_counts_where_the_properties_do_not_tell_the_two(device):
    """As those of a simulator that is made from a backend."""
    whole = devices.backend(device)
    line = devices.line_of(AerSimulator.from_backend(whole), device)
    assert line.qubits == device_line(device).qubits
    error = readout_error(device, line.qubits[0])
    assert line.readout == ((1 - error, error), (error, 1 - error))


def test_backends_that_are_not_calibrated_are_refused_in_a_line():
    for backend, line in {
        AerSimulator(): "device mine has no calibrated cx and measure; stars need their errors by qubit",
        object(): "device mine is of type object, without a target; Qiskit's V2 have one",
        Calibrated(None): "device mine is of type Calibrated, without a target; Qiskit's V2 have one",
    }.items():
        with pytest.raises(ValueError, match=line):
            devices.line_of(backend, "mine")
    with pytest.raises(ValueError, match="device tiny has no calibrated measurement of qubit 1; stars need its error"):
        line_of_tiny([0.1, None, 0.1], {(0, 1): 0.1, (1, 2): 0.1})
    assert line_of_tiny([0.1, None, 0.1, 0.1], {(0, 1): 0.1, (1, 2): 0.1, (2, 3): 0.1})[1] == 2


OLD = ["Almaden", "Boeblingen", "Burlington", "Cambridge", "Essex", "Johannesburg", "London", "Melbourne", "Rochester"]


@pytest.mark.parametrize("name", OLD)
def test_old_fake_backends_are_used_or_refused_in_a_line(name):
    with pytest.raises(ValueError, match=f"device Fake{name}V2 has no (rz|reset); stars need rz, sx, x, reset"):
        devices.line_of(getattr(fake_provider, f"Fake{name}V2")(), f"Fake{name}V2")
