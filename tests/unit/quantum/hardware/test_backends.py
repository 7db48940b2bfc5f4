"""Qiskit backends by name, and what is written of their calibrations."""

import sys
from types import SimpleNamespace

import pytest
from qiskit.circuit import Delay, Measure, Parameter, Reset
from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_aer import AerSimulator

from qgnn_d2d.quantum.hardware import backends
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, line_of, stored
from qgnn_d2d.settings import calibration as files
from tests.calibrations import calibration, fake

ROUNDING = 1e-12


def differences(found, expected, path=""):
    """Yield where two values of plain data differ, numbers by more than rounding."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in found.keys() | expected.keys():
            yield from differences(found.get(key), expected.get(key), f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        for i, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{path}[{i}]")
    elif isinstance(expected, float) and isinstance(found, float):
        if abs(found - expected) > ROUNDING:
            yield path
    elif found != expected:
        yield path


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_a_stored_calibration_is_what_its_backend_gives(device):
    found, expected = (one.model_dump() for one in (stored(device), backends.exported(fake(device), device)))
    for one in (found, expected):  # the package goes on, the snapshot stays
        assert one["source"].pop("version")
    assert list(differences(found, expected)) == []


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_a_stored_calibration_says_where_it_is_from(device):
    found = stored(device)
    assert found.device == device and found.source.package == "qiskit-ibm-runtime"
    assert found.date == str(fake(device).properties().last_update_date)[:10]


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_what_is_written_is_read_again(device, tmp_path):
    path = tmp_path / "folder" / "mine.json"
    backends.save(stored(device), path)
    found, _ = files.read(path)
    assert found == stored(device)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) > len(found.qubits) + len(found.pairs) and max(map(len, lines)) < 400
    assert len(list(path.parent.iterdir())) == 1


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"file is 'mine.yaml'; it must end in .json"):
        backends.save(calibration(), tmp_path / "mine.yaml")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------------------------------------------------
# Any backend


def test_a_generic_backend_is_written():
    backend = GenericBackendV2(4, basis_gates=["ecr", "rz", "sx", "x"], coupling_map=[[0, 1], [1, 2], [3, 2]], seed=1)
    found = backends.exported(backend, "mine")
    target = backend.target
    assert (found.device, found.two_qubit_gate, found.dt_s, found.date) == ("mine", "ecr", target.dt, None)
    assert found.coupling == [(0, 1), (1, 2), (3, 2)]
    assert [(pair.error, pair.duration_s) for pair in found.pairs] == [
        (target["ecr"][pair].error, target["ecr"][pair].duration) for pair in found.coupling
    ]
    for number, qubit in enumerate(found.qubits):
        measure = target["measure"][(number,)]
        assert (qubit.reads_1_in_0, qubit.reads_0_in_1, qubit.measure_s) == (
            measure.error,
            measure.error,
            measure.duration,
        )
        assert (qubit.t1_s, qubit.t2_s) == (target.qubit_properties[number].t1, target.qubit_properties[number].t2)
        for name in ("sx", "x"):
            gate, entry = getattr(qubit, name), target[name][(number,)]
            assert (gate.error, gate.duration_s) == (entry.error, entry.duration)
    assert found.source.package == "qiskit" and found.source.backend == backend.name


@pytest.mark.parametrize("device", ["FakeManilaV2", "FakeSherbrooke"])
def test_the_mean_misreading_counts_where_the_properties_do_not_say_the_two(device):
    """As those of a simulator that is made from a backend."""
    found = backends.exported(AerSimulator.from_backend(fake(device)), device)
    target = fake(device).target
    assert found.source.package == "qiskit-aer"
    for number, qubit in enumerate(found.qubits):
        assert qubit.reads_1_in_0 == qubit.reads_0_in_1 == target["measure"][(number,)].error
    assert line_of(found).qubits == line_of(stored(device)).qubits
    assert found.pairs == stored(device).pairs


def target_with(rz=0.0, without=None, **changes):
    """Return a target of three qubits in a row; ``changes`` are other entries of operations."""
    each = [(qubit,) for qubit in range(3)]
    one = InstructionProperties(error=1e-3, duration=4e-8)
    entries = {
        "rz": (RZGate(Parameter("angle")), dict.fromkeys(each, InstructionProperties(error=rz, duration=0.0))),
        "sx": (SXGate(), dict.fromkeys(each, one)), "x": (XGate(), dict.fromkeys(each, one)),
        "reset": (Reset(), dict.fromkeys(each)), "measure": (Measure(), dict.fromkeys(each, one)),
        "delay": (Delay(Parameter("time")), dict.fromkeys(each)),
        "cx": (CXGate(), dict.fromkeys([(0, 1), (1, 2)], one)),
    }  # fmt: skip
    target = Target(num_qubits=3, qubit_properties=[QubitProperties(t1=1e-4), QubitProperties(), QubitProperties()])
    for name, (operation, properties) in entries.items():
        if name != without:
            target.add_instruction(operation, changes.get(name, properties))
    return SimpleNamespace(target=target)


def test_what_is_not_known_is_left_out():
    found = backends.exported(target_with(), "bare")
    assert [qubit.t1_s for qubit in found.qubits] == [1e-4, None, None]
    assert {qubit.reset_s for qubit in found.qubits} == {None} and found.dt_s is None
    assert found.source.package is None and found.date is None
    missing = InstructionProperties(duration=4e-8)
    found = backends.exported(
        target_with(sx={(0,): missing, (1,): None, (2,): InstructionProperties(error=0.0)}), "bare"
    )
    assert [qubit.sx.error for qubit in found.qubits] == [None, None, 0.0]


@pytest.mark.parametrize("name", ["rz", "sx", "x", "reset", "measure", "delay"])
def test_a_backend_that_lacks_what_stars_need_is_refused(name):
    with pytest.raises(ValueError, match=f"device poor has no {name}; stars need rz, sx, x, reset, measure, delay"):
        backends.exported(target_with(without=name), "poor")


@pytest.mark.parametrize(
    ("backend", "line"),
    [
        (AerSimulator(), "device mine has no calibrated sx and x and cx and measure; stars need their errors by qubit"),
        (GenericBackendV2(3, noise_info=False), "device mine has no calibrated sx and x and cx and measure"),
        (object(), "device mine is of type object, without a target; Qiskit's V2 have one"),
        (SimpleNamespace(target=None), "device mine is of type SimpleNamespace, without a target"),
        (target_with(without="cx"), "device mine has no two-qubit gate among cx, cz, ecr"),
        (target_with(measure={(0,): None}), "device mine has no calibrated measure; stars need"),
        (target_with(rz=1e-4), "device mine has rz with error 0.0001 on qubit 0; stars need one without"),
        (target_with(x={(2,): InstructionProperties(error=1.5)}), r"mine.qubits\[2\].x.error is 1.5; .*at most 1"),
    ],
)
def test_backends_that_are_not_calibrated_are_refused_in_a_line(backend, line):
    with pytest.raises(ValueError, match=line) as caught:
        backends.exported(backend, "mine")
    assert "\n" not in str(caught.value)


def test_a_backend_of_ones_own_is_called_by_module_and_function(monkeypatch):
    mine = SimpleNamespace(make=lambda: "a backend", number=3, fails=lambda: float("no\nnumber"))
    monkeypatch.setitem(sys.modules, "my_devices", mine)
    assert backends.called("my_devices:make") == "a backend"
    for name in ("my_devices:number", "my_devices:nobody", "my_devices:fails", "nobody:make", ":make"):
        with pytest.raises(ValueError, match=f"backend {name}: ") as caught:
            backends.called(name)
        assert "\n" not in str(caught.value)


def test_simulators_and_fake_backends_are_called_by_name():
    assert isinstance(backends.called("AerSimulator"), AerSimulator)
    assert backends.called("FakeManilaV2").name == "fake_manila"
    names = backends.fake_names()
    assert set(CALIBRATIONS) < set(names) and len(names) > 50
