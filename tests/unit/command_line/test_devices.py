"""`devices`: the library's calibrations, and files of one's own."""

from qgnn_d2d.quantum.hardware.devices import details, listed


def test_all_devices_are_listed(shell):
    assert shell.json("devices", "list") == listed()
    text = shell("devices", "list").stdout
    assert all(row["device"] in text for row in listed())


def test_a_device_is_shown(shell):
    assert shell.json("devices", "show", "FakeManilaV2", "--line", "2,1,0") == details("FakeManilaV2", (2, 1, 0))
    assert "center_t1_us" in shell("devices", "show", "FakeManilaV2").stdout


def test_a_backend_is_exported_and_shown(shell):
    out = shell.folder / "mine.json"
    shell("devices", "export", "FakeManilaV2", "--out", out)
    stored = details("FakeManilaV2")
    found = shell.json("devices", "show", out)
    assert {**found, "device": stored["device"]} == stored and found["device"] == "mine"


def test_mistakes_are_one_line(shell):
    assert "FakeNothing" in shell.refused("devices", "show", "FakeNothing")
    assert "line is '1,2'; it must be three qubits" in shell.refused("devices", "show", "FakeManilaV2", "--line", "1,2")
    assert "three qubits in a row" in shell.refused("devices", "show", "FakeManilaV2", "--line", "0,2,4")
    assert "it must end in one of: .json" in shell.refused("devices", "export", "FakeManilaV2", "--out", "a.csv")
    out = shell.folder / "a.json"
    assert (
        "without a target" in shell.refused("devices", "export", "builtins:object", "--out", out) and not out.exists()
    )
