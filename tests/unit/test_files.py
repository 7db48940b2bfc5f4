"""Files are whole or not there."""

import pytest
import torch

from qgnn_d2d.files import read_tensors, sha256, write_json, write_tensors, write_whole


def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail(partial):
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"] and path.read_text() == "old"


def test_what_a_killed_process_left_is_swept(tmp_path):
    (tmp_path / ".table.99999.partial.csv").write_text("half")
    write_whole(tmp_path / "table.csv", lambda partial: partial.write_text("whole"))
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_tensors_and_metadata_round_trip(tmp_path):
    path = tmp_path / "deep" / "weights.safetensors"
    write_tensors(path, {"a": torch.arange(3.0)}, {"epoch": 4, "values": [1.5]})
    tensors, metadata = read_tensors(path)
    assert tensors["a"].tolist() == [0, 1, 2] and metadata == {"epoch": 4, "values": [1.5]}
    assert sha256(path) == sha256(path)


def test_the_same_tensors_are_the_same_bytes(tmp_path):
    for name in range(20):  # the safetensors library leaves the order of four entries to chance
        metadata = {"model": "gcn", "epoch": 1, "num_seeds": 2, "architecture": {"width": 3}}
        write_tensors(tmp_path / str(name), {"b": torch.ones(3), "a": torch.zeros(2, 5)}, metadata)
    assert len({sha256(tmp_path / str(name)) for name in range(20)}) == 1
    assert (int.from_bytes((tmp_path / "0").read_bytes()[:8], "little")) % 8 == 0


def test_numbers_that_are_not_finite_are_no_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    assert not list(tmp_path.iterdir())
