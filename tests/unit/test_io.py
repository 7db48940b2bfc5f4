"""Files are whole or not there."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.io import (
    json_text,
    read_csv,
    read_json,
    read_netcdf,
    read_tensors,
    sha256,
    write_csv,
    write_json,
    write_netcdf,
    write_npz,
    write_tensors,
    write_text,
    write_whole,
)
from tests.runs import disk
from tests.strategies import ANY_FLOAT, damaged, refused, result_of


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


def test_what_others_are_writing_is_left_alone(tmp_path):
    others = {".table.b.99999.partial.csv", ".table.7.99999.partial.csv", ".table.9.partial.csv.gz", ".table.x.csv"}
    for name in others | {".table.99999.partial.csv"}:
        (tmp_path / name).write_text("half")
    write_whole(tmp_path / "table.csv", lambda partial: partial.write_text("whole"))
    assert {path.name for path in tmp_path.iterdir()} == others | {"table.csv"}


def test_names_with_brackets_are_swept_as_they_are(tmp_path):
    for name in (".a[1].9.partial.csv", ".a1.9.partial.csv"):
        (tmp_path / name).write_text("half")
    write_whole(tmp_path / "a[1].csv", lambda partial: partial.write_text("whole"))
    assert {path.name for path in tmp_path.iterdir()} == {".a1.9.partial.csv", "a[1].csv"}


@pytest.mark.parametrize("name", ["two\nlines.json", "a\x1bb.json", "a\u2028b.json", "a\udcffb.json"])
@pytest.mark.parametrize("use", [read_json, read_csv, read_tensors, read_netcdf, lambda path: write_json(path, {})])
def test_names_that_no_line_can_hold_are_refused_in_one(tmp_path, name, use):
    with pytest.raises(ValueError) as failure:
        use(tmp_path / name)
    assert str(failure.value).isprintable() and "it must be UTF-8 without control characters" in str(failure.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a b.json", "a:b.json", "Größe.json", "a\u00a0b\u3000c.json"])
def test_other_names_are_used(tmp_path, name):
    write_json(tmp_path / name, {"a": 1})
    assert read_json(tmp_path / name) == {"a": 1}


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


def test_the_same_arrays_are_the_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_npz(tmp_path / name, {"power": np.arange(6.0).reshape(2, 3), "p_max": np.float64(2)})
    assert sha256(tmp_path / "a.npz") == sha256(tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as found:  # noqa: TID251 (the test's own file, arrays only)
        assert found["power"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["p_max"] == 2


def test_numbers_that_are_not_finite_are_no_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    assert not list(tmp_path.iterdir())


NOISE = np.random.default_rng(1).random((200, 200))  # does not compress
WRITERS = {
    "csv": lambda path: write_csv(path, pd.DataFrame(NOISE)),
    "txt": lambda path: write_text(path, str(NOISE.tolist())),
    "json": lambda path: write_json(path, NOISE.tolist()),
    "safetensors": lambda path: write_tensors(path, {"a": torch.from_numpy(NOISE)}, {}),
    "npz": lambda path: write_npz(path, {"a": NOISE}),
    "nc": lambda path: write_netcdf(path, xr.Dataset({"a": (("x", "y"), NOISE)})),
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_full_disk_is_named_with_the_file_and_nothing_half_written_is_left(tmp_path, suffix):
    with disk(tmp_path, "16k") as mounted:
        if mounted is None:
            pytest.skip("this machine permits no mounts in a namespace (unshare --mount)")
        path = mounted.path / f"large.{suffix}"
        with pytest.raises(OSError, match=rf"large\.{suffix}: not written \(No space left on device\)"):
            WRITERS[suffix](path)
        assert not list(mounted.path.iterdir())
        mounted.remount("size=10m")
        WRITERS[suffix](path)
        assert [found.name for found in mounted.path.iterdir()] == [path.name]


def test_a_closed_disk_is_named_with_the_file(tmp_path):
    with disk(tmp_path, "1m") as mounted:
        if mounted is None:
            pytest.skip("this machine permits no mounts in a namespace (unshare --mount)")
        mounted.remount("ro")
        with pytest.raises(OSError, match=r"x\.json: not written \(Read-only file system\)"):
            write_json(mounted.path / "x.json", {})
        with pytest.raises(OSError, match=r"deep/x\.json: not written \(Read-only file system\)"):
            write_json(mounted.path / "deep" / "x.json", {})


# --- what NetCDF can hold -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        ["a", "bc", ""], np.array(["a", "b", "c"], object), np.array([b"a", b"b", b"c"]), [True, False, True],
        np.array([1, 2, 3], ">i2"), np.array([1, 2, 3], np.float32),
        np.array(["2026-11-26", "2026-11-27", "2026-11-28"], "M8[ns]"),
    ],
)  # fmt: skip
def test_text_truths_and_times_stand_beside_numbers(tmp_path, values):
    dataset = xr.Dataset({"gain": ("n", np.arange(3.0)), "about": ("n", values)}, attrs={"who": "me", "n": [1, 2]})
    write_netcdf(tmp_path / "a.nc", dataset.assign_coords(n=["x", "y", "z"]), checksums=True)
    found = read_netcdf(tmp_path / "a.nc")
    assert found["about"].values.tolist() == dataset["about"].values.tolist() and found.attrs["who"] == "me"
    with h5py.File(tmp_path / "a.nc") as file:
        assert file["gain"].compression == "gzip" and file["gain"].fletcher32


FOREIGN = {"None": None, "a mapping": {"a": 1}, "a truth": True, "NumPy's truth": np.bool_(False), "a set": {1},
           "a complex number": 1j, "a matrix": np.ones((2, 2)), "an object": object(), "mixed": [1, None]}  # fmt: skip


@pytest.mark.parametrize("value", FOREIGN.values(), ids=FOREIGN)
def test_attributes_that_netcdf_cannot_hold_are_named(tmp_path, value):
    dataset = xr.Dataset({"gain": ("n", np.arange(3.0))})
    refused(
        lambda: write_netcdf(tmp_path / "a.nc", dataset.assign_attrs(fading=value)),
        "a.nc: attribute fading is ", f"of type {type(value).__name__}; it must be text, a real number, or a list",
    )  # fmt: skip
    dataset["gain"].attrs["fading"] = value
    refused(lambda: write_netcdf(tmp_path / "a.nc", dataset), "a.nc: attribute fading of variable gain is ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("values", [np.array([1, None, "a"], object), np.ones(3) * 1j, np.array([{}, {}, {}], object)])
def test_variables_that_netcdf_cannot_hold_are_named(tmp_path, values):
    refused(
        lambda: write_netcdf(tmp_path / "a.nc", xr.Dataset({"scene": ("n", values)})),
        f"a.nc: variable scene is of type {values.dtype}; it must hold real numbers, truths, times or text",
    )


@pytest.mark.parametrize("other", [xr.DataArray(np.ones(3)), "a.nc", None, {"gain": [1.0]}])
def test_what_is_no_dataset_is_refused(tmp_path, other):
    kind = type(other).__name__
    refused(lambda: write_netcdf(tmp_path / "a.nc", other), f"a.nc: dataset is of type {kind}; it must be an xarray")


# --- what comes back ----------------------------------------------------------------------------------------

READERS = {"csv": read_csv, "json": read_json, "safetensors": read_tensors, "nc": read_netcdf}
SMALL = {
    "csv": lambda path: write_csv(path, pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25]})),
    "json": lambda path: write_json(path, {"a": [1, 2.5, "x"]}),
    "safetensors": lambda path: write_tensors(path, {"a": torch.arange(6.0)}, {"epoch": 1}),
    "nc": lambda path: write_netcdf(path, xr.Dataset({"a": ("x", np.arange(4.0))}), checksums=True),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def test_tables_keep_columns_and_numbers(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": [0.1, 1 / 3], "c": ["x", "y,z"]})
    write_csv(tmp_path / "a.csv", table)
    pd.testing.assert_frame_equal(read_csv(tmp_path / "a.csv", ["a", "c"]), table, check_exact=True)
    with pytest.raises(ValueError, match=r"a\.csv: columns are \['a', 'b', 'c'\]; \['d'\] are missing"):
        read_csv(tmp_path / "a.csv", ["a", "d"])


def test_json_that_is_no_object_is_refused(tmp_path):
    write_json(tmp_path / "a.json", [1])
    with pytest.raises(ValueError, match=r"a\.json: holds a list; it must be an object"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("suffix", READERS)
def test_files_that_are_not_there_are_missing(tmp_path, suffix):
    for path in (tmp_path / f"none.{suffix}", tmp_path):
        with pytest.raises(FileNotFoundError, match="no such file"):
            READERS[suffix](path)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of h5netcdf, which does not get far
@pytest.mark.parametrize("suffix", READERS)
@given(data=st.data(), kind=st.sampled_from(["bytes", "cut", "zeros", "insert", "twice", "other"]))
def test_damaged_files_are_read_or_refused_by_name(data, kind, suffix, folder):
    path = folder / f"damaged.{suffix}"
    SMALL[suffix](path)
    path.write_bytes(damaged(path.read_bytes(), kind, data))
    try:
        READERS[suffix](path)
    except ValueError as error:
        assert str(path) in str(error) and "\n" not in str(error)


@given(
    content=st.dictionaries(
        st.text(max_size=4),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4) | ANY_FLOAT,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_json_comes_back_or_is_refused(content, folder):
    path = folder / "content.json"
    text = result_of(lambda: json_text(content))
    if text is None:
        refused(lambda: write_json(path, content))
        return
    try:
        write_json(path, content)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return
    assert read_json(path) == content
    assert path.read_text(encoding="utf-8") == text


@given(content=st.binary(max_size=50), fails=st.booleans())
def test_files_are_whole_or_as_before(content, fails, folder):
    path = folder / "whole" / "file.bin"
    write_whole(path, lambda partial: partial.write_bytes(b"before"))

    def write(partial):
        partial.write_bytes(content)
        if fails:
            raise OSError("disk full")

    if fails:
        with pytest.raises(OSError, match="disk full"):
            write_whole(path, write)
    else:
        write_whole(path, write)
    assert path.read_bytes() == (b"before" if fails else content)
    assert [left.name for left in path.parent.iterdir()] == ["file.bin"]


@given(
    text=st.text(max_size=80)
    | st.lists(st.sampled_from(["a,b", "1,2", "x", '"', "1,2,3", "", "run,value"])).map("\n".join)
)
def test_any_text_is_a_table_or_refused(text, folder):
    path = folder / "any.csv"
    path.write_text(text, encoding="utf-8", errors="replace")
    if (table := result_of(lambda: read_csv(path))) is not None:
        write_csv(path, table)
        assert list(read_csv(path)) == list(table)
    else:
        refused(lambda: read_csv(path), str(path))
