"""Channel files: whole, checked, and the ones that the study says, or refused by name."""

import errno
import math
import os
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.channels import draw, load, read, realizations, save, to_channels
from qgnn_d2d.settings.scenario import Geometric, PublicDraws, Rayleigh
from tests.strategies import ODD, damaged, refused, result_of


@pytest.fixture
def dataset():
    return realizations(Rayleigh(num_links=3), 4, seed=11)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("channels")
    save(realizations(Rayleigh(num_links=3), 2, seed=1), folder / "whole.nc")
    return folder


def test_failing_save_leaves_the_old_file_and_nothing_else(dataset, tmp_path, monkeypatch):
    path = tmp_path / "channels.nc"
    save(dataset, path)
    before = path.read_bytes()

    def write_half(self, content):
        self.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", write_half)
        with pytest.raises(OSError, match=r"channels\.nc: not written \(No space left on device\)"):
            save(dataset, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["channels.nc"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_files_are_refused(dataset, tmp_path, share):
    path = tmp_path / "channels.nc"
    save(dataset, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"channels\.nc: not a complete NetCDF-4 file"):
        load(path)


def test_damaged_data_are_refused(tmp_path):
    drawn, path = realizations(Rayleigh(num_links=10), 100, seed=1), tmp_path / "channels.nc"
    save(drawn, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF  # one byte in the middle of the gains
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"channels\.nc: "):
        load(path)


def test_files_have_checksums_of_their_own(dataset, tmp_path):
    save(dataset, tmp_path / "channels.nc")
    with h5py.File(tmp_path / "channels.nc") as file:
        assert {name: file[name].fletcher32 for name in dataset.data_vars} == {"gain": True, "weight": True}


def test_foreign_and_missing_files_are_refused(tmp_path):
    foreign = tmp_path / "foreign.nc"
    foreign.write_text("realization,receiver,gain\n0,0,1.0\n")
    with pytest.raises(ValueError, match=r"foreign\.nc: not a complete NetCDF-4 file"):
        load(foreign)
    other = tmp_path / "other.nc"
    xr.Dataset({"temperature": ("time", np.zeros(3))}).to_netcdf(other, engine="h5netcdf")
    with pytest.raises(ValueError, match=r"other\.nc: variables are \['temperature'\]; gain is missing"):
        load(other)
    with pytest.raises(FileNotFoundError, match=r"none\.nc"):
        load(tmp_path / "none.nc")


def _transposed(dataset):
    return dataset.assign(gain=dataset.gain.transpose("realization", "transmitter", "receiver"))


def _entry(value):
    def change(dataset):
        changed = dataset.copy(deep=True)
        changed.gain[1, 0, 2] = value
        return changed

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_entry(math.nan), r"gain has 1 bad of 36 entries, the first at index \(1, 0, 2\) is nan"),
        (_entry(-0.5), r"gain has 1 bad of 36 entries, the first at index \(1, 0, 2\) is -0.5"),
        (_transposed, "gain has dimensions"),
        (lambda dataset: dataset.astype(np.float32), "gain has dimensions .* and dtype float32"),
        (lambda dataset: dataset.drop_vars("weight"), "weight is missing"),
        (lambda dataset: dataset.isel(transmitter=slice(2)), "gain has shape"),
        (lambda dataset: dataset.drop_attrs(deep=False), "attributes .*'p_max'.* are missing"),
        (lambda dataset: dataset.assign_attrs(noise_power=-1.0), "noise_power is -1.0"),
    ],
)
def test_unusable_content_is_refused_on_the_way_out_and_in(dataset, tmp_path, change, message):
    path = tmp_path / "channels.nc"
    bad = change(dataset)
    with pytest.raises(ValueError, match=message):
        save(bad, path)
    assert not list(tmp_path.iterdir())
    bad.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match=rf"channels\.nc: .*{message}"):
        load(path)


@given(
    variable=st.sampled_from(["gain", "weight"]),
    value=ODD,
    change=st.sampled_from(["rename", "drop", "integer", "text", "value", "transpose", "shape", "empty", "units"]),
    attribute=st.sampled_from([None, "p_max", "noise_power", "seed", "scenario", "package_version"]),
    put=st.sampled_from(["none", "text", "array", "nan", "negative"]),
)
def test_foreign_channels_are_refused(variable, value, change, attribute, put):
    dataset, bad = realizations(Rayleigh(num_links=3), 2, seed=1), True
    if attribute is not None and put == "none":
        del dataset.attrs[attribute]
    elif attribute is not None:
        dataset.attrs[attribute] = {"text": "much", "array": [1.0, 2.0], "nan": np.nan, "negative": -1.0}[put]
        bad = attribute in ("p_max", "noise_power")
    elif change == "rename":
        dataset = dataset.rename({variable: "other"})
    elif change == "drop":
        dataset = dataset.drop_vars(variable)
    elif change in ("integer", "text"):
        dataset[variable] = dataset[variable].astype({"integer": np.int64, "text": str}[change])
    elif change == "value":
        dataset[variable].values[(0,) * dataset[variable].ndim] = value
        bad = not 0 <= value < 1e99
    elif change == "transpose":
        dataset = dataset.transpose("transmitter", "receiver", "realization")
    elif change == "shape":
        dataset = dataset.isel(transmitter=slice(2))
    elif change == "empty":
        dataset = dataset.isel(realization=slice(0))
    else:
        dataset[variable].attrs["units"] = "days since never"
        bad = False  # refused or read as it is
    if bad:
        refused(lambda: to_channels(dataset), "dataset: ")
    else:
        result_of(lambda: to_channels(dataset))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of h5netcdf, which does not get far
@given(data=st.data(), kind=st.sampled_from(["bytes", "cut", "zeros", "insert", "twice", "other"]))
def test_damaged_files_are_refused_by_name_or_read_as_channels(data, kind, folder):
    path = folder / "damaged.nc"
    path.write_bytes(damaged((folder / "whole.nc").read_bytes(), kind, data))
    try:
        to_channels(load(path))
    except ValueError as error:
        assert str(path) in str(error) and "\n" not in str(error)


# --- held against the study ---------------------------------------------------------------------------------

KINDS = {
    "rayleigh": Rayleigh(num_links=4),
    "geometric": Geometric(num_links=4, area_edge=150.0),
    "public_draws": PublicDraws(num_links=4, draw_seed=3),
}
STUDY = SimpleNamespace(scenarios=KINDS, splits={"train": 6, "pool": 9, "test": 4}, seed=5)


def drawn(path, name="rayleigh", split="train", size=6, seed=5, **changes):
    save(draw(name, KINDS[name].model_copy(update=changes), split, size, seed), path)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_the_files_of_a_study_are_read(tmp_path, name):
    files = {split: drawn(tmp_path / f"{split}.nc", name, split, size) for split, size in STUDY.splits.items()}
    found = read(STUDY, name, files)
    assert {split: len(channels) for split, channels in found.items()} == STUDY.splits
    for split, path in files.items():
        assert found[split].gain.equal(to_channels(load(path)).gain)


OTHERS = {
    "too few": ({"size": 3}, "realizations is 3; split train of scenario rayleigh has 6"),
    "too many": ({"size": 7}, "realizations is 7"),
    "other links": ({"num_links": 5}, "links is 5; split train of scenario rayleigh has 4"),
    "other split": ({"split": "test"}, "seed is SeedSequence"),
    "other seed": ({"seed": 6}, "seed is SeedSequence"),
    "other scenario": ({"name": "geometric"}, "scenario is geometric; split train of scenario rayleigh has rayleigh"),
    "public draws": ({"name": "public_draws"}, "scenario is public_draws"),
    "other noise": ({"noise_power": 0.2}, "noise_power is 0.2; split train of scenario rayleigh has 0.1"),
    "other power": ({"p_max": 2.0}, "p_max is 2.0"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_files_are_refused(tmp_path, other):
    changes, words = OTHERS[other]
    path = drawn(tmp_path / "train.nc", **changes)
    with pytest.raises(ValueError, match=words) as refusal:
        read(STUDY, "rayleigh", {"train": path})
    assert str(refusal.value).startswith(f"{path}: ") and "\n" not in str(refusal.value)


def test_a_scenario_of_the_same_kind_and_other_parameters_are_refused(tmp_path):
    twins = SimpleNamespace(**{**vars(STUDY), "scenarios": {**KINDS, "twin": KINDS["rayleigh"]}})
    with pytest.raises(ValueError, match="seed is"):  # its stream is named after it
        read(twins, "twin", {"train": drawn(tmp_path / "a.nc")})
    with pytest.raises(ValueError, match=r"area_edge is 151.0; split train of scenario geometric has 150.0"):
        read(STUDY, "geometric", {"train": drawn(tmp_path / "b.nc", "geometric", area_edge=151.0)})
    with pytest.raises(ValueError, match=r"b.nc: split is train; split pool of scenario public_draws has pool"):
        read(STUDY, "public_draws", {"pool": drawn(tmp_path / "b.nc", "public_draws", size=9)})


@pytest.mark.parametrize("value", ["0.1", [0.1, 0.1], None])
def test_attributes_of_another_type_are_refused(tmp_path, value):
    dataset = load(drawn(tmp_path / "a.nc", "geometric"))
    del dataset.attrs["bandwidth"]
    if value is not None:
        dataset.attrs["bandwidth"] = value
    save(dataset, tmp_path / "a.nc")
    with pytest.raises(ValueError, match="bandwidth is"):
        read(STUDY, "geometric", {"train": tmp_path / "a.nc"})


def test_numbers_may_round_differently_and_gains_may_be_zero(tmp_path):
    dataset = load(drawn(tmp_path / "a.nc", "geometric"))
    dataset.attrs["noise_power"] *= 1 + 1e-15
    dataset["gain"][:] = 0
    save(dataset, tmp_path / "a.nc")
    assert not read(STUDY, "geometric", {"train": tmp_path / "a.nc"})["train"].gain.any()
