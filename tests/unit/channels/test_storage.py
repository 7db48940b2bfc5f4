"""Channel realizations: distributions, nestedness, disjoint splits, geometry, files that can be trusted."""

import errno
import math
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import xarray as xr

from qgnn_d2d import __version__
from qgnn_d2d.channels.scenarios import (
    KINDS,
    SPLITS,
    Channels,
    geometric,
    load,
    public_draws,
    rayleigh,
    save,
    splits,
    to_channels,
)

NESTED = [rayleigh, geometric]
EVERY = [rayleigh, geometric, public_draws]
SIGMAS = 5  # tolerance of sample means, in standard errors


@pytest.fixture
def dataset():
    return rayleigh(num_links=3, num_realizations=4, seed=11)


# --- draws --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", EVERY)
def test_dataset_is_complete(scenario):
    drawn = scenario(num_links=4, num_realizations=6, seed=5)
    assert drawn.gain.dims == ("realization", "receiver", "transmitter")
    assert drawn.weight.dims == ("realization", "receiver")
    assert drawn.gain.dtype == drawn.weight.dtype == np.float64
    assert drawn.gain.attrs["units"] == "1"
    assert drawn.gain.attrs["long_name"]
    assert drawn.attrs["scenario"] == scenario.__name__
    assert drawn.attrs["seed"] == "5"
    assert drawn.attrs["package_version"] == __version__
    assert ((drawn.weight >= 0) & (drawn.weight < 1)).all()


@pytest.mark.parametrize("scenario", EVERY)
def test_same_seed_same_draws_other_seed_other_draws(scenario):
    assert scenario(4, 6, 5).identical(scenario(4, 6, 5))
    assert not np.isin(scenario(4, 6, 5).gain, scenario(4, 6, 6).gain).any()


@pytest.mark.parametrize("scenario", NESTED)
@pytest.mark.parametrize("few", [1, 7, 60])
def test_first_realizations_do_not_depend_on_how_many_follow(scenario, few):
    small, large = scenario(10, few, seed=2), scenario(10, 200, seed=2)
    assert small.identical(large.isel(realization=slice(few)))


def test_crowded_geometry_is_nested_too():
    crowded = {"area_edge": 60.0, "min_crosslink_distance": 6.0}  # most realizations need many redraws
    small, large = geometric(6, 20, seed=2, **crowded), geometric(6, 150, seed=2, **crowded)
    assert small.identical(large.isel(realization=slice(20)))


@pytest.mark.parametrize("scenario", NESTED)
def test_seed_sequence_equals_its_integer_and_is_not_changed(scenario):
    sequence = np.random.SeedSequence(9)
    first, second = scenario(3, 5, sequence), scenario(3, 5, sequence)
    assert first.identical(second)
    assert first.gain.equals(scenario(3, 5, 9).gain)
    assert sequence.n_children_spawned == 0
    child = sequence.spawn(1)[0]
    assert scenario(3, 5, child).attrs["seed"] == "SeedSequence(9, spawn_key=(0,))"


def test_rayleigh_gains_are_exponential_and_weights_uniform():
    drawn = rayleigh(num_links=10, num_realizations=2_000, seed=1)
    for values, mean, variance in [(drawn.gain, 1.0, 1.0), (drawn.weight, 0.5, 1 / 12)]:
        assert float(values.mean()) == pytest.approx(mean, abs=SIGMAS * math.sqrt(variance / values.size))
    above_two = float((drawn.gain > 2).mean())
    assert above_two == pytest.approx(math.exp(-2), abs=SIGMAS * math.sqrt(0.12 / drawn.gain.size))


def test_public_draws_follow_the_public_order():
    drawn = public_draws(num_links=3, num_realizations=4, seed=1712)
    generator = np.random.RandomState(1712)
    weight = generator.rand(4, 3)
    channel = np.abs(generator.randn(4, 3, 3) + 1j * generator.randn(4, 3, 3)) / np.sqrt(2)
    np.testing.assert_array_equal(drawn.weight, weight)
    np.testing.assert_allclose(drawn.gain, channel**2, rtol=1e-14)
    assert (drawn.attrs["p_max"], drawn.attrs["noise_power"]) == (1.0, 0.1)


# --- geometry -----------------------------------------------------------------------------------------------


def link_distances(drawn):
    offset = drawn.receiver_position.values[:, :, None] - drawn.transmitter_position.values[:, None]
    return np.linalg.norm(offset, axis=-1)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"area_edge": 60.0, "min_crosslink_distance": 6.0, "pair_distance_min": 5, "pair_distance_max": 20}],
)
def test_distances_are_within_range(parameters):
    drawn = geometric(num_links=6, num_realizations=300, seed=4, **parameters)
    distances = link_distances(drawn)
    pairs = np.diagonal(distances, axis1=1, axis2=2)
    cross = distances[:, ~np.eye(6, dtype=bool)]
    rounding = 1e-9  # m
    assert pairs.min() >= drawn.attrs["pair_distance_min"] - rounding
    assert pairs.max() <= drawn.attrs["pair_distance_max"] + rounding
    assert cross.min() >= drawn.attrs["min_crosslink_distance"]
    for name in ("transmitter_position", "receiver_position"):
        assert drawn[name].attrs["units"] == "m"
        assert ((drawn[name] >= 0) & (drawn[name] <= drawn.attrs["area_edge"])).all()


def test_path_loss_is_itu_1411_with_antenna_gain_on_direct_links_only():
    drawn = geometric(num_links=5, num_realizations=50, seed=4, fading=False)
    distances = link_distances(drawn)
    wavelength = 299_792_458.0 / 2.4e9
    breakpoint_distance = 4 * 1.5 * 1.5 / wavelength  # 72 m: both slopes occur
    assert (distances < breakpoint_distance).any()
    assert (distances > breakpoint_distance).any()
    for n, m, j in np.ndindex(distances.shape):
        ratio_db = 20 * math.log10(distances[n, m, j] / breakpoint_distance)
        loss = abs(20 * math.log10(wavelength**2 / (8 * math.pi * 1.5 * 1.5))) + 6 + ratio_db
        if distances[n, m, j] > breakpoint_distance:
            loss += ratio_db
        expected = 10 ** ((-loss + (2.5 if m == j else 0.0)) / 10)
        assert float(drawn.gain[n, m, j]) == pytest.approx(expected, rel=1e-9)


def test_fading_multiplies_the_path_gain_by_exponentials():
    path, faded = geometric(10, 300, seed=4, fading=False), geometric(10, 300, seed=4)
    factor = (faded.gain / path.gain).values
    assert factor.mean() == pytest.approx(1.0, abs=SIGMAS / math.sqrt(factor.size))
    assert factor.var() == pytest.approx(1.0, abs=SIGMAS * math.sqrt(8 / factor.size))
    assert faded.attrs["fading"] == 1
    assert path.attrs["fading"] == 0


def test_forty_dbm_are_ten_watts_and_an_amplitude_of_sqrt_ten():
    attributes = geometric(num_links=2, num_realizations=1, seed=0).attrs
    assert attributes["p_max"] == pytest.approx(math.sqrt(10), rel=1e-14)
    assert attributes["noise_power"] == pytest.approx(10 ** (-19.9) * 5e6, rel=1e-12)  # W


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"area_edge": -1.0}, "area_edge is -1.0"),
        ({"bandwidth": 0}, "bandwidth is 0"),
        ({"p_max_dbm": math.nan}, "p_max_dbm is nan"),
        ({"fading": "yes"}, "fading is 'yes'"),
        ({"pair_distance_min": 70.0}, "pair_distance_max is 65.0; it must be at least pair_distance_min"),
        ({"area_edge": 20.0, "pair_distance_min": 15.0}, "pair_distance_min is 15.0; it must be below"),
    ],
)
def test_impossible_geometries_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        geometric(num_links=3, num_realizations=2, seed=0, **parameters)


def test_overcrowded_square_is_refused_instead_of_searched_forever():
    with pytest.raises(ValueError, match=r"min_crosslink_distance is 90\.0; for 10 links in a square of edge 100"):
        geometric(10, 2, seed=0, area_edge=100.0, min_crosslink_distance=90.0)


@pytest.mark.parametrize("scenario", EVERY)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_links": 0}, "num_links is 0"),
        ({"num_realizations": 2.5}, "num_realizations is 2.5"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": "1"}, "seed is '1'"),
    ],
)
def test_bad_sizes_and_seeds_are_refused(scenario, changes, message):
    with pytest.raises(ValueError, match=message):
        scenario(**({"num_links": 2, "num_realizations": 2, "seed": 1} | changes))


# --- splits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rayleigh", "geometric"])
def test_splits_share_no_realization(kind):
    sets = splits(kind, {"num_links": 4}, dict.fromkeys(SPLITS, 50), seed=3)
    assert list(sets) == list(SPLITS)
    for variable in ("gain", "weight"):
        values = np.concatenate([part[variable].values.ravel() for part in sets.values()])
        assert np.unique(values).size == values.size  # continuous draws: any repetition is a leak


def test_splits_do_not_depend_on_which_are_asked_for():
    every = splits("rayleigh", {"num_links": 4}, {"evaluation": 9, "train": 5, "validation": 2, "test": 5}, seed=3)
    test_only = splits("rayleigh", {"num_links": 4}, {"test": 5}, seed=np.random.SeedSequence(3))
    assert every["test"].gain.equals(test_only["test"].gain)
    children = dict(zip(SPLITS, np.random.SeedSequence(3).spawn(len(SPLITS)), strict=True))
    for name, child in ((name, children[name]) for name in every):
        assert every[name].attrs["split"] == name
        assert every[name].gain.equals(rayleigh(4, every[name].sizes["realization"], child).gain)


def test_smaller_training_sets_are_subsets():
    small = splits("geometric", {"num_links": 4}, {"train": 5}, seed=3)["train"]
    large = splits("geometric", {"num_links": 4}, {"train": 50}, seed=3)["train"]
    assert small.identical(large.isel(realization=slice(5)))


def test_public_splits_share_their_seed_on_purpose():
    sets = splits("public_draws", {"num_links": 4}, {"train": 30, "test": 10, "validation": 10}, seed=1712)
    np.testing.assert_array_equal(sets["train"].weight[:10], sets["test"].weight)
    assert not np.isin(sets["train"].gain, sets["test"].gain).any()
    assert sets["test"].gain.equals(sets["validation"].gain)


def test_parameters_reach_the_scenario():
    drawn = splits("geometric", {"num_links": 2, "area_edge": 500.0}, {"train": 1}, seed=0)["train"]
    assert drawn.attrs["area_edge"] == 500.0


@pytest.mark.parametrize(
    ("kind", "parameters", "sizes", "message"),
    [
        (
            "raleigh",
            {"num_links": 2},
            {"train": 1},
            "kind is 'raleigh'; it must be one of: rayleigh, geometric",
        ),
        (
            "rayleigh",
            {"num_links": 2, "area_edge": 1.0},
            {"train": 1},
            "scenario rayleigh is 'area_edge'.*p_max",
        ),
        ("rayleigh", {"num_links": 2, "seed": 1}, {"train": 1}, "scenario rayleigh is 'seed'"),
        ("rayleigh", {"p_max": 2.0}, {"train": 1}, "must include num_links"),
        ("rayleigh", {"num_links": 2}, {"training": 1}, "split is 'training'; it must be one of: train"),
        ("rayleigh", {"num_links": 2}, {"train": 0}, "size of split train is 0"),
    ],
)
def test_unknown_names_are_refused(kind, parameters, sizes, message):
    with pytest.raises(ValueError, match=message):
        splits(kind, parameters, sizes, seed=0)


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_files_keep_everything(kind, tmp_path):
    drawn = KINDS[kind](num_links=3, num_realizations=4, seed=2)
    save(drawn, tmp_path / "channels.nc")
    loaded = load(tmp_path / "channels.nc")
    assert loaded.identical(drawn)
    (tmp_path / "channels.nc").unlink()  # the file is closed and the data in memory
    assert loaded.gain.equals(drawn.gain)


def test_files_are_byte_stable(dataset, tmp_path):
    save(dataset, tmp_path / "here.nc")
    script = (
        "import sys; from qgnn_d2d.channels.scenarios import rayleigh, save;"
        "save(rayleigh(num_links=3, num_realizations=4, seed=11), sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "there.nc")], check=True)
    assert (tmp_path / "here.nc").read_bytes() == (tmp_path / "there.nc").read_bytes()


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
    drawn, path = rayleigh(num_links=10, num_realizations=100, seed=1), tmp_path / "channels.nc"
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


@pytest.mark.parametrize("indices", [[99], [-6], [0.5], [True, False], [], "ab", None, 3, slice(0.5), [[0]]])
def test_realizations_that_are_not_there_are_refused(indices):
    channels = to_channels(rayleigh(num_links=2, num_realizations=5, seed=1))
    with pytest.raises(ValueError, match=r"^(indices are|gain has shape \(0)") as refusal:
        channels.take(indices)
    assert "\n" not in str(refusal.value)


def test_realizations_are_taken_by_index_from_the_end_and_by_choice():
    channels = to_channels(rayleigh(num_links=2, num_realizations=3, seed=1))
    for indices in ([2, 0], [-1, -3], torch.tensor([2, 0])):
        assert torch.equal(channels.take(indices).gain, channels.gain[[2, 0]])
    assert torch.equal(channels.take([True, False, True]).weight, channels.weight[[0, 2]])
    assert torch.equal(channels.take(slice(2)).weight, channels.weight[:2])


def test_channels_of_arrays_or_of_two_types_are_refused():
    channels = to_channels(rayleigh(num_links=2, num_realizations=3, seed=1))
    with pytest.raises(ValueError, match="gain has type ndarray; it must be a torch tensor"):
        Channels(channels.gain.numpy(), channels.weight.numpy(), 0.1, 1.0)
    with pytest.raises(ValueError, match=r"dtype of weight is torch.float32; it must be that of gain, torch.float64"):
        Channels(channels.gain, channels.weight.float(), 0.1, 1.0)
    with pytest.raises(ValueError, match="device is 'warp'; it must be a device that PyTorch has here"):
        to_channels(rayleigh(num_links=2, num_realizations=3, seed=1), device="warp")


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
        (lambda dataset: dataset.astype(np.float32), "gain has dtype float32"),
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


# --- tensors ------------------------------------------------------------------------------------------------


def test_channels_are_copies_in_the_dtype_asked_for(dataset):
    channels = to_channels(dataset, dtype=torch.float32)
    assert channels.gain.dtype == channels.weight.dtype == torch.float32
    assert (len(channels), channels.num_links) == (4, 3)
    assert (channels.noise_power, channels.p_max) == (0.1, 1.0)
    before = dataset.copy(deep=True)
    to_channels(dataset).gain.zero_()
    assert dataset.identical(before)


def test_geometric_gains_survive_float32():
    channels = to_channels(geometric(10, 100, seed=1), dtype=torch.float32)
    assert (channels.gain > 0).all()


@pytest.mark.parametrize(
    "indices",
    [slice(1, 3), [1, 2], torch.tensor([1, 2]), torch.tensor([False, True, True, False]), np.array([1, 2])],
)
def test_take_keeps_gains_and_weights_together(dataset, indices):
    channels = to_channels(dataset)
    taken = channels.take(indices)
    assert torch.equal(taken.gain, channels.gain[1:3])
    assert torch.equal(taken.weight, channels.weight[1:3])
    assert taken.p_max == channels.p_max


def test_unusable_channels_are_refused(dataset):
    with pytest.raises(ValueError, match="must not be empty"):
        to_channels(dataset).take(slice(0))
    with pytest.raises(ValueError, match=r"must be \(N, M, M\)"):
        Channels(torch.ones(3, 3), torch.ones(3), 0.1, 1.0)
    with pytest.raises(ValueError, match=r"gain has 1 bad"):
        Channels(torch.tensor([[[-1.0]]]), torch.ones(1, 1), 0.1, 1.0)
