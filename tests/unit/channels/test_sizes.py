"""Networks of several sizes in one set: read from every format, checked, kept."""

import numpy as np
import pytest
import torch
import xarray as xr

from qgnn_d2d import channels
from qgnn_d2d.channels import Channels, draw_splits, load, read_file, save, to_channels
from tests.strategies import refused
from tests.unit.channels.test_file import AXES, POWERS, RNG, matlab_73, study, write

SIZES = np.array([4, 2, 3, 4, 2, 3])
REAL = np.arange(4) < SIZES[:, None]
PAIRS = REAL[:, :, None] & REAL[:, None, :]
GAIN = RNG.random((6, 4, 4)) * PAIRS
WEIGHT = RNG.random((6, 4)) * REAL
PADDED = np.where(PAIRS, GAIN, np.nan)


def mixed(**changes):
    parts = {"gain": torch.tensor(GAIN), "weight": torch.tensor(WEIGHT), "sizes": torch.tensor(SIZES), **POWERS}
    return Channels(**(parts | changes))


@pytest.mark.parametrize("padding", [0.0, np.nan])
@pytest.mark.parametrize("suffix", [".npz", ".mat", ".nc", ".h5", "7.3"])
def test_sizes_are_read_from_every_format(tmp_path, suffix, padding):
    found = {"g": np.where(PAIRS, GAIN, padding), "w": np.where(REAL, WEIGHT, padding), "n": SIZES}
    path = tmp_path / f"mine{suffix}"
    if suffix == ".nc":
        dims = {"g": AXES, "w": AXES[:2], "n": AXES[:1]}
        xr.Dataset({name: (dims[name], values) for name, values in found.items()}).to_netcdf(path, engine="h5netcdf")
    elif suffix == "7.3":
        path = matlab_73(tmp_path / "new.mat", **{name: values.astype(float) for name, values in found.items()})
    else:
        write(path, **found)
    read = read_file(path, "gain", variable="g", weights="w", sizes="n", **POWERS)
    np.testing.assert_array_equal(read.gain, GAIN)
    np.testing.assert_array_equal(read.weight, WEIGHT)
    assert read.sizes.tolist() == SIZES.tolist()
    ones = read_file(path, "gain", variable="g", sizes="n", **POWERS)
    np.testing.assert_array_equal(ones.weight, REAL)
    drawn = read_file(path, "gain", variable="g", sizes="n", weights="uniform", **POWERS)
    assert (drawn.weight.numpy()[REAL] > 0).all() and not drawn.weight.numpy()[~REAL].any()


@pytest.mark.parametrize(
    ("quantity", "unit", "values"),
    [
        ("complex", "linear", np.sqrt(GAIN) * 1j), ("complex", "linear", PADDED**0.5 + 0j),
        ("amplitude", "linear", np.sqrt(PADDED)), ("gain", "dB", 10 * np.log10(PADDED)),
        ("gain", "dB", 10 * np.log10(np.where(PAIRS, GAIN, 1))), ("gain", "linear", PADDED.astype(np.float32)),
    ],
)  # fmt: skip
def test_padding_is_no_gain_in_every_quantity(tmp_path, quantity, unit, values):
    path = write(tmp_path / "mine.npz", g=values, n=SIZES.astype(np.uint8))
    read = read_file(path, quantity, unit=unit, variable="g", sizes="n", **POWERS)
    np.testing.assert_allclose(read.gain, GAIN, rtol=1e-6)
    assert not read.gain.numpy()[~PAIRS].any()


REFUSALS = {
    "another length": ({"n": SIZES[:4]}, ["n has shape (4,)", "(6,)"]),
    "a matrix": ({"n": np.ones((6, 2))}, ["n has shape (6, 2)"]),
    "no whole numbers": ({"n": SIZES + 0.5}, ["n must hold whole numbers"]),
    "complex numbers": ({"n": SIZES + 0j}, ["n must hold whole numbers"]),
    "one link": ({"n": SIZES - 1}, ["n has 2 bad of 6 entries", "at least 2, at most 4"]),
    "more links than there are": ({"n": SIZES + 1}, ["n has 2 bad of 6 entries", "at most 4"]),
    "gains beyond": ({"n": np.full(6, 2)}, ["g at index (0, 0, 2)", "beyond its network's links", "0 or NaN"]),
    "weights beyond": ({"w": WEIGHT + 1}, ["w at index (1, 2) is 1.0", "0 or NaN"]),
    "NaN within": ({"n": np.full(6, 4), "g": PADDED}, ["is nan"]),
    "none": ({"n": np.full((6,), "a")}, ["n holds text"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_sizes_that_do_not_fit_are_refused(tmp_path, case):
    change, words = REFUSALS[case]
    path = write(tmp_path / "mine.npz", **({"g": GAIN, "w": WEIGHT, "n": SIZES} | change))
    options = {"variable": "g", "weights": "w", "sizes": "n", **POWERS}
    refused(lambda: read_file(path, "gain", **options), "mine.npz: ", *words)
    refused(lambda: read_file(path, "gain", **options | {"sizes": "m"}), "m is missing")


def test_sizes_stay_with_their_realizations(tmp_path):
    write(tmp_path / "mine.npz", g=GAIN, n=SIZES)
    found = study(tmp_path, {"path": "mine.npz", "variable": "g", "sizes": "n", "num_links": 4})
    drawn = draw_splits(found, "site", ["train", "test"])
    assert drawn["test"]["num_links"].values.tolist() == SIZES[3:4].tolist()
    save(drawn["train"], tmp_path / "train.nc")
    back = channels.read(found, "site", {"train": tmp_path / "train.nc"})["train"]
    assert back.sizes.tolist() == SIZES[:2].tolist()
    assert to_channels(load(tmp_path / "train.nc")).take([1]).sizes.tolist() == SIZES[1:2].tolist()


def test_every_size_is_taken_without_its_padding():
    data, seen = mixed(), []
    for index, part in data.by_size():
        assert part.sizes is None and (SIZES[index] == part.num_links).all()
        for i, gain, weight in zip(index.tolist(), part.gain, part.weight, strict=True):
            np.testing.assert_array_equal(gain, GAIN[i, : SIZES[i], : SIZES[i]])
            np.testing.assert_array_equal(weight, WEIGHT[i, : SIZES[i]])
        seen += index.tolist()
    assert sorted(seen) == list(range(6))
    np.testing.assert_array_equal(data.real, REAL)
    assert mixed(sizes=None).real.all() and len(list(mixed(sizes=None).by_size())) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": [4] * 6}, ["sizes are list", "int64 of shape (6,)"]),
        ({"sizes": torch.tensor(SIZES).int()}, ["sizes are torch.int32"]),
        ({"sizes": torch.tensor(SIZES)[:4]}, ["shape (4,)"]),
        ({"sizes": torch.tensor(SIZES) + 1}, ["size of realization 0 is 5", "from 1 to 4"]),
        ({"sizes": torch.tensor(SIZES) - 1}, ["gain at index (0, 0, 3)", "the 3 links of realization 0"]),
        ({"weight": torch.ones(6, 4).double()}, ["weight at index (1, 2) is 1.0", "padding must be 0"]),
    ],
)
def test_padding_is_zero(change, words):
    refused(lambda: mixed(**change), *words)
