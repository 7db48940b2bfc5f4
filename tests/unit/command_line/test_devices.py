"""`devices`: the library's calibrations."""

from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, describe, device_line


def test_all_devices_are_listed(shell):
    found = shell.json("devices", "list")
    assert [row["device"] for row in found] == list(CALIBRATIONS)
    text = shell("devices", "list").stdout
    assert all(name in text for name in CALIBRATIONS)


def test_a_device_is_shown(shell):
    line = device_line("FakeManilaV2", (2, 1, 0))
    assert shell.json("devices", "show", "FakeManilaV2", "--line", "2,1,0") == describe(line)
    assert "center_t1_us" in shell("devices", "show", "FakeManilaV2").stdout


def test_mistakes_are_one_line(shell):
    assert "FakeNothing" in shell.refused("devices", "show", "FakeNothing")
    assert "line is '1,2'; it must be three qubits" in shell.refused("devices", "show", "FakeManilaV2", "--line", "1,2")
    assert "three qubits in a row" in shell.refused("devices", "show", "FakeManilaV2", "--line", "0,2,4")
