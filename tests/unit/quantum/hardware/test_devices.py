"""Devices: their stored calibrations, how lines are chosen, and what is refused."""

import csv
import math
from typing import get_args

import pytest

from qgnn_d2d.quantum.hardware import devices
from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, depolarizing_line, describe, device_line, line_for, line_of
from qgnn_d2d.settings.noise import NoiseModel, StoredDevice
from tests.calibrations import calibration, content, fake, write
from tests.runs import ROOT

CENTER, LEAF, EDGE = 0, 1, 2
PUBLISHED = {
    "FakeLagosV2": (3, 1, 5), "FakePerth": (1, 3, 0), "FakeManilaV2": (3, 4, 2), "FakeTorino": (51, 52, 50),
    "FakeSherbrooke": (74, 70, 89),
}  # fmt: skip
"""Center, leaf and edge of the published numbers: another rule must not change them."""


def gate_errors(device):
    """Return the two-qubit gate and its error on every coupled pair (the larger one of two directions)."""
    target = fake(device).target
    (gate,) = {"cx", "cz", "ecr"} & set(target.operation_names)
    errors = {}
    for (a, b), properties in target[gate].items():
        errors[a, b] = errors[b, a] = max(properties.error, errors.get((a, b), 0.0))
    return gate, errors


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_the_rule(device):
    """Written down anew, from the backend's own numbers."""
    target = fake(device).target
    gate, errors = gate_errors(device)

    def one_qubit(qubit, name="sx"):
        return target[name][(qubit,)].error

    usable = {}
    for (a, b), error in errors.items():
        if max(error, *(one_qubit(qubit, name) for qubit in (a, b) for name in ("sx", "x"))) < 1:
            usable.setdefault(a, {})[b] = error + one_qubit(b)
    line = device_line(device)
    center, leaf, edge = line.qubits
    assert line.entangler == gate
    assert len({center, leaf, edge}) == 3
    assert {leaf, edge} <= set(usable[center])
    costs = {q: one_qubit(q, "measure") + one_qubit(q) * 2 / 3 for q, near in usable.items() if len(near) >= 2}
    assert costs[center] == pytest.approx(min(costs.values()), rel=1e-12)
    assert [usable[center][leaf], usable[center][edge]] == sorted(usable[center].values())[:2]


def test_the_published_lines_are_the_rules():
    assert {device: device_line(device).qubits for device in CALIBRATIONS} == PUBLISHED


def test_the_published_calibrations_are_the_stored_ones():
    with (ROOT / "results" / "reference" / "noise" / "devices.csv").open(encoding="utf-8") as file:
        rows = {row["device"]: row for row in csv.DictReader(file) if row["device"] in CALIBRATIONS}
    assert set(rows) == set(CALIBRATIONS)
    for device, row in rows.items():
        found = describe(device_line(device))
        assert {key: str(value) for key, value in found.items()} == {key: row[key] for key in found}


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_the_coupling_is_the_devices_own(device):
    edges = fake(device).target.build_coupling_map().get_edges()
    assert sorted(devices.stored(device).coupling) == sorted(edges)


@pytest.mark.parametrize("device", CALIBRATIONS)
def test_the_target_is_the_devices_own_calibration(device):
    line = device_line(device)
    whole = fake(device).target
    assert line.target.num_qubits == 3
    assert line.target.dt == whole.dt
    for name in ("sx", "x", "rz", "reset", line.entangler):
        for positions, properties in line.target[name].items():
            physical = tuple(line.qubits[position] for position in positions)
            assert (properties.error, properties.duration) == (
                whole[name][physical].error, whole[name][physical].duration
            )  # fmt: skip
    pairs = {frozenset(pair) for pair in line.target[line.entangler]}
    assert pairs == {frozenset((CENTER, LEAF)), frozenset((CENTER, EDGE))}
    for position, qubit in enumerate(line.qubits):
        assert line.target.qubit_properties[position].t1 == whole.qubit_properties[qubit].t1
        assert line.target.qubit_properties[position].t2 == whole.qubit_properties[qubit].t2
        measure = line.target["measure"][(position,)]
        assert measure.duration == whole["measure"][(qubit,)].duration
        assert measure.error == pytest.approx(whole["measure"][(qubit,)].error, abs=1e-12)


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


def line_of_tiny(readout, errors, sx=None):
    """Return (leaf, center, edge) of a device with these errors of measurements, of cx, and of some qubits' sx."""
    center, leaf, edge = line_of(calibration(readout, errors, sx)).qubits
    return leaf, center, edge


ROW = [0.5, 0.01, 0.02, 0.03, 0.5]
ROW_ERRORS = {(0, 1): 0.1, (1, 2): 0.2, (2, 3): 0.1, (3, 4): 0.1}


def test_a_broken_pair_takes_the_best_center_away():
    assert line_of_tiny(ROW, ROW_ERRORS) == (0, 1, 2)
    assert line_of_tiny(ROW, {**ROW_ERRORS, (0, 1): 1.0}) == (3, 2, 1)
    assert line_of_tiny(ROW, {**ROW_ERRORS, (0, 1): None}) == (3, 2, 1)
    assert line_of_tiny(ROW, {**ROW_ERRORS, (1, 0): 1.0}) == (3, 2, 1), "one broken direction is a broken pair"
    with pytest.raises(ValueError, match="device tiny has no three usable qubits in a row"):
        line_of_tiny(ROW, {**ROW_ERRORS, (0, 1): 1.0, (2, 3): 1.0})


@pytest.mark.parametrize("gate", ["sx", "x"])
@pytest.mark.parametrize("error", [1.0, None])
def test_a_qubit_whose_own_gates_are_broken_is_never_used(gate, error):
    data = content(ROW, ROW_ERRORS)
    data["qubits"][0][gate]["error"] = error
    assert devices.line_of(calibration(**{k: data[k] for k in ("qubits", "pairs")})).qubits == (2, 3, 1)
    with pytest.raises(
        ValueError, match=r"three qubits in a row .* and with sx and x; qubit 1 has such a gate with \[2\]"
    ):
        line_of(calibration(**{k: data[k] for k in ("qubits", "pairs")}), (0, 1, 2))


def test_one_qubit_errors_count():
    star = {(0, 1): 0.004, (0, 2): 0.005, (0, 3): 0.006}
    readout = [0.01, 0.5, 0.5, 0.5]
    assert line_of_tiny(readout, star) == (1, 0, 2)
    assert line_of_tiny(readout, star, sx={1: 0.012}) == (2, 0, 3), "of a neighbor with the best pair"
    assert line_of_tiny(readout, star, sx={1: 0.0015}) == (2, 0, 1)
    assert line_of_tiny(ROW, ROW_ERRORS, sx={1: 0.016}) == (3, 2, 1), "of the center with the best readout"
    assert line_of_tiny(ROW, ROW_ERRORS, sx={1: 0.014}) == (0, 1, 2)


def test_a_chosen_line_is_taken():
    line = device_line("FakeLagosV2", (5, 3, 1))
    assert line.qubits == (3, 5, 1)
    whole = fake("FakeLagosV2").target
    assert line.target["cx"][CENTER, LEAF].error == whole["cx"][3, 5].error
    assert line.target["cx"][CENTER, EDGE].error == whole["cx"][3, 1].error
    assert line_for(NoiseModel(device="FakeLagosV2", line=[5, 3, 1])).qubits == (3, 5, 1)


@pytest.mark.parametrize("choice", [(0, 3, 1), (1, 3, 1), (3, 3, 1), (1, 3, 99), (3, 1, 5)])
def test_a_choice_that_is_no_line_is_refused(choice):
    with pytest.raises(ValueError, match=r"line of FakeLagosV2 is \[leaf, center, edge\] = .* three qubits in a row"):
        device_line("FakeLagosV2", choice)


def test_an_unknown_device_is_refused():
    for build in (device_line, devices.stored, devices.calibration, devices.details):
        with pytest.raises(ValueError, match=r"device is 'FakeAtlantis'; it must be one of: FakeLagosV2"):
            build("FakeAtlantis")


def test_the_calibrations_are_those_of_the_settings():
    assert set(CALIBRATIONS) == set(get_args(StoredDevice))
    assert {path.name for path in devices._FOLDER.iterdir()} == {f"{name}.json" for name in CALIBRATIONS}
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
    center = fake(device).target.qubit_properties[line.qubits[CENTER]]
    assert row["center_t1_us"] == pytest.approx(1e6 * center.t1)


def test_a_line_without_times_is_described():
    row = describe(depolarizing_line(0.02))
    assert set(row) == KEYS
    assert {value for key, value in row.items() if key.endswith(("_us", "_ns"))} == {None}
    assert row["leaf_two_qubit_error"] == pytest.approx(0.015)
    assert row["center_reads_1_in_0"] == row["center_reads_0_in_1"] == 0


def test_a_qubit_without_a_readout_is_no_center():
    with pytest.raises(ValueError, match="no three usable qubits in a row, the middle one with a readout"):
        line_of_tiny([0.1, None, 0.1], {(0, 1): 0.1, (1, 2): 0.1})
    assert line_of_tiny([0.1, None, 0.1, 0.1], {(0, 1): 0.1, (1, 2): 0.1, (2, 3): 0.1})[1] == 2
    with pytest.raises(ValueError, match="device tiny has no calibrated measurement of qubit 1; stars need its error"):
        line_of(calibration([0.1, None, 0.1]), (0, 1, 2))


# ---------------------------------------------------------------------------------------------------------------------
# A device of one's own, and what is shown of devices


def test_a_file_gives_a_line_like_a_stored_device(tmp_path):
    path = write(tmp_path / "mine.json", content(ROW, ROW_ERRORS))
    noise = NoiseModel(calibration=path)
    line = line_for(noise)
    assert (line.device, line.qubits, line.entangler) == ("tiny", (1, 0, 2), "cx")
    assert line.readout == ((0.99, 0.01), (0.01, 0.99))
    assert line_for(noise) is line, "one line, so that its errors are derived once"
    assert line_for(NoiseModel(calibration=path, line=[2, 3, 4])).qubits == (3, 2, 4)
    assert line_for(NoiseModel(calibration=path, invert_readout=True)).readout == ((1, 0), (0, 1))


def test_a_file_that_has_changed_is_refused(tmp_path):
    path = tmp_path / "mine.json"
    noise = NoiseModel(calibration=write(path, content()))
    write(path, content(readout=[0.1] * 4))
    with pytest.raises(ValueError, match=f"{path}: its SHA-256 is .*; it must be {noise.sha256}"):
        line_for(noise)
    path.unlink()
    with pytest.raises(ValueError, match=f"{path}: No such file"):
        line_for(noise)


def test_the_stored_devices_are_listed():
    rows = devices.listed()
    assert [row["device"] for row in rows] == list(CALIBRATIONS)
    assert [(row["qubits"], row["two_qubit_gate"]) for row in rows] == [
        (7, "cx"), (7, "cx"), (5, "cx"), (133, "cz"), (127, "ecr")
    ]  # fmt: skip
    assert {row["source"] for row in rows} == {"qiskit-ibm-runtime 0.45.1"}


def test_details_are_a_devices_own(tmp_path):
    path = write(tmp_path / "mine.json", content(ROW, ROW_ERRORS))
    row = devices.details(path)
    assert (row["device"], row["qubits"], row["date"], row["source"]) == ("tiny", 5, None, None)
    assert (row["leaf_qubit"], row["center_qubit"], row["edge_qubit"]) == (0, 1, 2)
    assert devices.details(path, (2, 3, 4))["center_qubit"] == 3
    lagos = devices.details("FakeLagosV2")
    assert lagos.keys() == KEYS | {"qubits", "date", "source"}
    assert lagos["center_qubit"] == 3
