"""`devices`: the library's calibrations."""

from qgnn_d2d.quantum.hardware.devices import CALIBRATIONS, details


def test_all_devices_are_listed(shell):
    found = shell.json("devices", "list")
    assert [row["device"] for row in found] == list(CALIBRATIONS)
    text = shell("devices", "list").stdout
    assert all(name in text for name in CALIBRATIONS)


def test_a_device_is_shown(shell):
    assert shell.json("devices", "show", "FakeManilaV2", "--line", "2,1,0") == details("FakeManilaV2", (2, 1, 0))
    assert "center_t1_us" in shell("devices", "show", "FakeManilaV2").stdout


def test_a_backend_is_exported_and_shown_from_its_file(shell, tmp_path):
    out = tmp_path / "mine.json"
    found = shell("devices", "export", "FakeManilaV2", "--out", str(out))
    assert "calibration of FakeManilaV2, 5 qubits" in found.stderr
    from_file, stored = (shell.json("devices", "show", name) for name in (str(out), "FakeManilaV2"))
    assert from_file.keys() == stored.keys()
    assert from_file["center_sx_error"] == stored["center_sx_error"]
    assert "it must end in .json" in shell.refused(
        "devices", "export", "FakeManilaV2", "--out", str(tmp_path / "a.txt")
    )


def test_mistakes_are_one_line(shell):
    assert "FakeNothing" in shell.refused("devices", "show", "FakeNothing")
    assert "line is '1,2'; it must be three qubits" in shell.refused("devices", "show", "FakeManilaV2", "--line", "1,2")
    assert "three qubits in a row" in shell.refused("devices", "show", "FakeManilaV2", "--line", "0,2,4")
