"""Channels of one's own: every format and convention gives the same gains; anything else is refused in one line."""

import warnings

import h5py
import numpy as np
import pytest
import scipy.io
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import channels, settings
from qgnn_d2d.channels import draw, draw_splits, from_complex, read_file, realizations, save
from qgnn_d2d.random_streams import numpy_generator
from qgnn_d2d.settings.scenario import File, Rayleigh
from tests.strategies import damaged, refused, result_of

RNG = np.random.default_rng(7)
H = (RNG.standard_normal((6, 3, 3)) + 1j * RNG.standard_normal((6, 3, 3))) / np.sqrt(2)
GAIN = H.real**2 + H.imag**2
WEIGHT = RNG.random((6, 3))
AXES = ("realization", "receiver", "transmitter")
POWERS = {"noise_power": 0.1, "p_max": 2.0}


def write(path, **variables):
    """Write arrays as the suffix says."""
    if path.suffix == ".npy":
        np.save(path, *variables.values())
    elif path.suffix == ".npz":
        np.savez_compressed(path, **variables)
    elif path.suffix == ".mat":
        scipy.io.savemat(path, variables)
    elif path.suffix == ".nc":
        dims = {2: AXES[:2], 3: AXES}
        found = {name: (dims[values.ndim], values) for name, values in variables.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # complex numbers are HDF5's, not NetCDF's
            xr.Dataset(found).to_netcdf(path, engine="h5netcdf", invalid_netcdf=True)
    else:
        with h5py.File(path, "w") as file:
            for name, values in variables.items():
                file[name] = values
    return path


def matlab_73(path, **variables):
    """Write as MATLAB does: dimensions reversed, complex numbers as pairs, the class as an attribute."""
    with h5py.File(path, "w", userblock_size=512) as file:
        file["#refs#/a"] = np.zeros((2, 2, 2))
        for name, values in variables.items():
            stored = values
            if np.iscomplexobj(values):
                stored = np.empty(values.shape, [("real", "f8"), ("imag", "f8")])
                stored["real"], stored["imag"] = values.real, values.imag
            file[name] = stored.T
            file[name].attrs["MATLAB_class"] = np.bytes_("char" if values.dtype.kind == "u" else "double")
    return path


def gain_of(path, quantity="complex", **options):
    return read_file(path, quantity, **POWERS, **options).gain.numpy()


# --- formats and conventions --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".mat", ".nc", ".h5", ".hdf5", ".NPZ"])
def test_every_format_gives_the_same_gains(tmp_path, suffix):
    path = write(tmp_path / f"mine{suffix.lower()}", H=H)
    path = path.rename(tmp_path / f"mine{suffix}")
    read = read_file(path, "complex", **POWERS)
    np.testing.assert_array_equal(read.gain.numpy(), GAIN)
    assert (read.weight == 1).all() and (read.noise_power, read.p_max) == (0.1, 2.0)


def test_matlab_73_keeps_matlabs_order_of_dimensions(tmp_path):
    path = matlab_73(tmp_path / "mine.mat", H=H, about=np.ones((1, 4), "u2"))
    np.testing.assert_array_equal(gain_of(path), GAIN)
    other = matlab_73(tmp_path / "other.mat", H=H.transpose(1, 2, 0))
    np.testing.assert_array_equal(gain_of(other, axes=["receiver", "transmitter", "realization"]), GAIN)


def test_classic_netcdf_and_groups_are_read(tmp_path):
    xr.Dataset({"g": (AXES, GAIN)}).to_netcdf(tmp_path / "old.nc", engine="scipy")
    np.testing.assert_array_equal(gain_of(tmp_path / "old.nc", "gain"), GAIN)
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        file["site/one"], file["site/two"], file["none"] = GAIN, 2 * GAIN, h5py.Empty("f8")
    np.testing.assert_array_equal(gain_of(tmp_path / "groups.h5", "gain", variable="site/two"), 2 * GAIN)
    refused(lambda: gain_of(tmp_path / "groups.h5", "gain"), "none (), site/one (6 x 3 x 3), site/two")
    refused(lambda: gain_of(tmp_path / "groups.h5", "gain", variable="none"), "none has shape ()")


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".nc", ".h5"])
def test_weights_come_from_the_file(tmp_path, suffix):
    path = write(tmp_path / f"mine{suffix}", H=H, alpha=WEIGHT)
    np.testing.assert_array_equal(read_file(path, "complex", weights="alpha", **POWERS).weight.numpy(), WEIGHT)


def test_uniform_weights_are_those_of_other_scenarios(tmp_path):
    path = write(tmp_path / "mine.npy", H=GAIN)
    mine = File(path=str(path), quantity="gain", num_links=3, weights="uniform", **POWERS)
    drawn, other = (draw("a", scenario, "test", 6, seed=4) for scenario in (mine, Rayleigh(num_links=3)))
    np.testing.assert_array_equal(drawn.weight, other.weight)
    assert drawn.attrs["seed"] == other.attrs["seed"]
    alone = read_file(path, "gain", weights="uniform", seed=4, **POWERS).weight.numpy()
    np.testing.assert_array_equal(alone, numpy_generator(4, 0).random((6, 3)))


@pytest.mark.parametrize(
    ("quantity", "unit", "values"),
    [
        ("complex", "linear", H), ("amplitude", "linear", np.abs(H)), ("gain", "linear", GAIN),
        ("amplitude", "dB", 20 * np.log10(np.abs(H))), ("gain", "dB", 10 * np.log10(GAIN)),
    ],
)  # fmt: skip
def test_quantities_and_units_give_the_same_gains(tmp_path, quantity, unit, values):
    path = write(tmp_path / "mine.npz", values=values)
    np.testing.assert_allclose(gain_of(path, quantity, unit=unit), GAIN, rtol=1e-13)


def test_minus_infinity_decibels_are_a_gain_of_zero(tmp_path):
    path = write(tmp_path / "mine.npy", values=np.full((1, 2, 2), -np.inf))
    assert (gain_of(path, "gain", unit="dB") == 0).all()


@pytest.mark.parametrize("dtype", ["i1", ">i4", "u8", "f2", "<f4", ">f4", ">f8", "g"])
def test_other_types_are_cast_exactly(tmp_path, dtype):
    values = np.arange(1, 28).reshape(3, 3, 3).astype(dtype)
    np.testing.assert_array_equal(gain_of(write(tmp_path / "mine.npy", values=values), "gain"), values.astype(float))


@pytest.mark.parametrize("values", [np.full((1, 2, 2), 2**53 + 1), np.full((1, 2, 2), np.longdouble(1) / 3)])
def test_what_has_no_exact_float64_is_refused(tmp_path, values):
    path = write(tmp_path / "mine.npy", values=values)
    refused(lambda: gain_of(path, "gain"), "mine.npy: array", str(values.dtype), "no exact float64")


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (1, 2, 0)])
def test_axes_say_the_order_of_dimensions(tmp_path, order):
    stored, axes = H.transpose(order), [AXES[i] for i in order]
    weights = WEIGHT.transpose([i for i in order if i < 2])
    path = write(tmp_path / "mine.npz", H=stored, w=weights)
    read = read_file(path, "complex", axes=axes, weights="w", variable="H", **POWERS)
    np.testing.assert_array_equal(read.gain.numpy(), GAIN)
    np.testing.assert_array_equal(read.weight.numpy(), WEIGHT)
    named = tmp_path / "named.nc"
    xr.Dataset({"g": (axes, GAIN.transpose(order))}).to_netcdf(named, engine="h5netcdf")
    np.testing.assert_array_equal(gain_of(named, "gain"), GAIN)  # by its names


def test_a_netcdf_file_may_have_names_of_its_own(tmp_path):
    path = tmp_path / "mine.nc"
    found = {"g": (("tx", "time", "rx"), GAIN.transpose(2, 0, 1)), "w": (("rx", "time"), WEIGHT.T)}
    xr.Dataset(found).to_netcdf(path, engine="h5netcdf")
    read = read_file(path, "gain", axes=["time", "rx", "tx"], weights="w", **POWERS)
    np.testing.assert_array_equal(read.gain.numpy(), GAIN)
    np.testing.assert_array_equal(read.weight.numpy(), WEIGHT)
    refused(lambda: gain_of(path, "gain"), "mine.nc: g has dimensions tx, time, rx", "no realization", "axes")


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".nc", ".h5"])
def test_complex_channels_may_be_two_variables(tmp_path, suffix):
    path = write(tmp_path / f"mine{suffix}", re=H.real, im=H.imag.astype(np.float32))
    expected = H.real**2 + H.imag.astype(np.float32).astype(float) ** 2
    np.testing.assert_array_equal(gain_of(path, variable=["re", "im"]), expected)
    two = File(path=str(path), quantity="complex", num_links=3, variable=["re", "im"], **POWERS)
    assert draw("a", two, "test", 6, seed=1).attrs["variable"] == "re im"
    refused(lambda: gain_of(path, variable=["re", "of"]), "of is missing")
    refused(lambda: gain_of(path, "gain", variable=["re", "im"]), "variable is ['re', 'im']", "only complex")
    refused(lambda: gain_of(path, variable=["re"]), "variable", "at least 2")
    write(path, re=H, im=H.imag)
    refused(lambda: gain_of(path, variable=["re", "im"]), "re and im", "they must be real")
    if suffix != ".nc":  # whose dimensions have one size each
        write(path, re=H.real, im=H.imag[:3])
        refused(lambda: gain_of(path, variable=["re", "im"]), "re and im have shapes (6, 3, 3), (3, 3, 3)", "one shape")


@pytest.mark.parametrize("names", [("real", "imag"), ("r", "i"), ("re", "im")])
def test_complex_pairs_of_hdf5_are_complex_numbers(tmp_path, names):
    stored = np.empty(H.shape, [(name, "f8") for name in names])
    stored[names[0]], stored[names[1]] = H.real, H.imag
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        file["h"] = stored
    np.testing.assert_array_equal(gain_of(tmp_path / "mine.h5"), GAIN)


def test_complex_channels_become_gains():
    from_numpy = from_complex(H, noise_power=0.1, p_max=1.0)
    swapped = from_complex(
        torch.tensor(H, requires_grad=True).mH, receiver_first=False, weight=WEIGHT, noise_power=0.1, p_max=1.0
    )
    np.testing.assert_array_equal(from_numpy.gain.numpy(), GAIN)
    np.testing.assert_array_equal(swapped.gain.numpy(), GAIN)
    np.testing.assert_array_equal(swapped.weight.numpy(), WEIGHT)
    refused(lambda: from_complex(GAIN, **POWERS), "channel is real", "must be complex")
    refused(lambda: from_complex(H[0], **POWERS), "channel has shape (3, 3)", "3 dimensions")
    refused(lambda: from_complex(H[:, :2], **POWERS), "2 receivers and 3 transmitters")
    refused(lambda: from_complex(H * np.nan, **POWERS), "channel, as power gain, has 54 bad of 54")


# --- refusals -----------------------------------------------------------------------------------------------

BAD_NAN, BAD_NEGATIVE = GAIN.copy(), GAIN.copy()
BAD_NAN[2, 1, 0], BAD_NEGATIVE[0, 0, 1] = np.nan, -1.0
TEXT, OBJECTS = np.full((6, 3, 3), "a"), np.full((6, 3, 3), None)

# what the file holds, quantity and options, words of the line
REFUSALS = {
    "too many dimensions": ({"g": GAIN[..., None]}, "gain", {}, ["g has shape (6, 3, 3, 1)", "3 dimensions"]),
    "too few dimensions": ({"g": GAIN[0]}, "gain", {}, ["g has shape (3, 3)", "realization, receiver, transmitter"]),
    "NaN": ({"g": BAD_NAN}, "gain", {}, ["g has 1 bad of 54 entries", "(2, 1, 0) is nan", "at least 0"]),
    "a negative gain": ({"g": BAD_NEGATIVE}, "gain", {}, ["(0, 0, 1) is -1.0", "at least 0"]),
    "a negative amplitude": ({"g": BAD_NEGATIVE}, "amplitude", {}, ["(0, 0, 1) is -1.0", "at least 0"]),
    "infinite decibels": ({"g": GAIN * np.inf}, "gain", {"unit": "dB"}, ["is inf", "finite"]),
    "NaN in a channel": ({"g": H * np.nan}, "complex", {}, ["g, as power gain, has 54 bad"]),
    "too large a channel": ({"g": H * 1e200}, "complex", {}, ["is inf", "finite"]),
    "complex gains": ({"g": H}, "gain", {}, ["g is complex (complex128)", "for quantity gain it must be real"]),
    "real channels": ({"g": GAIN}, "complex", {}, ["g is real (float64)", "must be complex"]),
    "not square": ({"g": GAIN[:, :2]}, "gain", {}, ["2 receivers and 3 transmitters"]),
    "one link": ({"g": GAIN[:, :1, :1]}, "gain", {}, ["1 receivers", "at least 2"]),
    "text": ({"g": TEXT}, "gain", {"variable": "g"}, ["g holds text", "numbers"]),
    "only text": ({"g": TEXT}, "gain", {}, ["variables are g (6 x 3 x 3)", "none holds numbers"]),
    "truths": ({"g": GAIN > 1}, "gain", {"variable": "g"}, ["g holds text, truths"]),
    "objects": ({"g": OBJECTS}, "gain", {"variable": "g"}, ["g holds text, truths or objects"]),
    "a missing variable": ({"g": GAIN}, "gain", {"variable": "H"}, ["variables are g (6 x 3 x 3)", "H is missing"]),
    "two candidates": ({"g": GAIN, "h": GAIN}, "gain", {}, ["variables are g (6 x 3 x 3), h", "`variable`"]),
    "no variable": ({}, "gain", {}, ["variables are none"]),
    "missing weights": ({"g": GAIN}, "gain", {"weights": "w"}, ["variables are g", "w is missing"]),
    "weights of another size": ({"g": GAIN, "w": WEIGHT[:3]}, "gain", {"weights": "w"}, ["w has shape (3, 3)"]),
    "negative weights": ({"g": GAIN, "w": -WEIGHT}, "gain", {"weights": "w"}, ["w has 18 bad", "at least 0"]),
    "axes that are no order": ({"g": GAIN}, "gain", {"axes": ["a", "b", "c"]}, ["axes is ['a', 'b', 'c']", "no names"]),
    "one axis twice": ({"g": GAIN}, "gain", {"axes": ["a", "a", "c"]}, ["axes is", "three different"]),
    "too few realizations": ({"g": GAIN}, "gain", {"first": 6}, ["g has 6 realizations", "must have 7"]),
    "a unit of complex channels": ({"g": H}, "complex", {"unit": "dB"}, ["unit is 'dB'", "linear"]),
    "an unknown quantity": ({"g": GAIN}, "power", {}, ["quantity is 'power'", "complex, amplitude, gain"]),
    "an unknown option": ({"g": GAIN}, "gain", {"units": "dB"}, ["'units'", "unit"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_mistake_is_one_line_that_names_the_file(tmp_path, case):
    variables, quantity, options, words = REFUSALS[case]
    path = write(tmp_path / "mine.npz", **variables)
    of_file = not any(word in case for word in ("axis", "axes", "unit", "unknown"))
    refused(lambda: gain_of(path, quantity, **options), *["mine.npz: "] * of_file, *words)


def test_dimensions_beyond_three_are_refused_by_name(tmp_path):
    path = tmp_path / "mine.nc"
    xr.Dataset({"g": ((*AXES, "antenna"), GAIN[..., None])}).to_netcdf(path, engine="h5netcdf")
    refused(lambda: gain_of(path, "gain"), "mine.nc: g has one dimension more, antenna (1)", *AXES)
    xr.Dataset({"g": (AXES, GAIN)}).to_netcdf(path, engine="h5netcdf")
    refused(lambda: gain_of(path, "gain", axes=[AXES[0], AXES[2], AXES[1]]), "axes is", "in the order realization, rec")


@pytest.mark.parametrize("suffix", [".mat", ".h5", ".nc"])
def test_text_is_refused_in_other_formats(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    if suffix == ".mat":
        scipy.io.savemat(path, {"g": "text", "h": GAIN})
    elif suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["g"], file["h"] = "text", GAIN
    else:
        xr.Dataset({"g": ("n", np.array(["text"])), "h": (AXES, GAIN)}).to_netcdf(path, engine="h5netcdf")
    np.testing.assert_array_equal(gain_of(path, "gain"), GAIN)
    refused(lambda: gain_of(path, "gain", variable="g"), f"mine{suffix}: g holds text")


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mine\.npz: no such file"):
        gain_of(tmp_path / "mine.npz")
    refused(lambda: gain_of(tmp_path / "mine.csv"), "path is", "mine.csv", ".npz, .npy, .mat, .h5")
    for kind, suffix in {"npz": "npz", "npy": "npy", "NetCDF": "nc", "MATLAB": "mat", "HDF5": "h5"}.items():
        (tmp_path / f"mine.{suffix}").write_text("realization,gain\n0,1.0\n")
        refused(lambda path=tmp_path / f"mine.{suffix}": gain_of(path), f"not a complete {kind} file")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_matlab_files_are_refused(tmp_path, share):
    path = write(tmp_path / "mine.mat", H=H)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(lambda: gain_of(path), "mine.mat: ")


@pytest.mark.parametrize("compressed", [False, True])
def test_wrong_types_in_matlab_files_are_read_or_refused(tmp_path, compressed):
    """With such types, SciPy's reader can end the process."""
    path = tmp_path / "mine.mat"
    scipy.io.savemat(path, {"w": "text", "H": H}, do_compression=compressed)
    whole = path.read_bytes()
    np.testing.assert_array_equal(gain_of(path), GAIN)
    for at in range(128, min(len(whole), 400), 4):
        for wrong in (b"\x21\x21\x00\x00", b"\xff\xff\xff\x7f", bytes(4)):
            path.write_bytes(whole[:at] + wrong + whole[at + 4 :])
            result_of(lambda: gain_of(path))
    place = whole.index(b"H\x00\x00\x00") + 4 if not compressed else 160  # where the type of the numbers stands
    path.write_bytes(whole[:place] + b"\x21\x21\x00\x00" + whole[place + 4 :])
    refused(lambda: gain_of(path), "mine.mat: not a complete MATLAB file (")


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".mat", ".nc", ".h5"])
@given(kind=st.sampled_from(["bytes", "cut", "zeros", "insert", "other"]), data=st.data())
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path_factory, suffix, kind, data):
    folder = tmp_path_factory.getbasetemp()
    path = write(folder / f"whole{suffix}", H=H)
    broken = folder / f"broken{suffix}"
    broken.write_bytes(damaged(path.read_bytes(), kind, data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result_of(lambda: gain_of(broken))


def test_large_signal_to_noise_ratios_are_warned_of(tmp_path):
    loss = np.full((3, 2, 2), 40.0)
    loss[1:] = 150.0
    path = write(tmp_path / "mine.npz", loss=loss)
    with pytest.warns(UserWarning, match=r"mine\.npz: realization 1 and 1 more: the largest SNR is 166 dB, above 150"):
        gain_of(path, "gain", unit="dB")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gain_of(write(tmp_path / "usual.npz", g=GAIN), "gain")


# --- splits of a study --------------------------------------------------------------------------------------

SIZES = {"train": 2, "validation": 1, "test": 1, "evaluation": 2}


def study(folder, scenario, **sizes):
    content = {
        "study": "mine", "seed": 1, "num_seeds": 1, "splits": SIZES | sizes,
        "scenarios": {"site": {"kind": "file", "num_links": 3, "quantity": "gain", **POWERS, **scenario}},
        "training": {"learning_rate": 0.01, "batch_size": 1, "epochs": 1}, "experiments": {"main": [{"model": "gcn"}]},
    }  # fmt: skip
    return settings.load(content, folder)


def test_splits_take_one_file_in_their_order(tmp_path):
    write(tmp_path / "mine.npz", g=GAIN)
    found = study(tmp_path, {"path": "mine.npz"})
    drawn = draw_splits(found, "site", SIZES)
    assert list(drawn) == list(SIZES) and [part.attrs["first"] for part in drawn.values()] == [0, 2, 3, 4]
    np.testing.assert_array_equal(np.concatenate([part.gain for part in drawn.values()]), GAIN)
    assert found.channel_sources("site") == [str(tmp_path / "mine.npz")]
    later = write(tmp_path / "later.npz", g=np.concatenate([-GAIN[:2], GAIN]))  # the first two are not looked at
    drawn = draw_splits(study(tmp_path, {"path": later.name, "first": 2}), "site", ["test"])
    np.testing.assert_array_equal(drawn["test"].gain, GAIN[3:4])
    many = study(tmp_path, {"path": "mine.npz"}, pool=1)
    refused(lambda: draw_splits(many, "site", ["train"]), "mine.npz: g has 6 realizations; it must have 7: 1 after the")
    assert found.drawn_as("site") != many.drawn_as("site", "pool") and str(tmp_path) not in found.drawn_as("site")


def test_a_split_may_have_its_own_file(tmp_path):
    for i, split in enumerate(("train", "test", "evaluation")):
        write(tmp_path / f"{split}.npy", g=GAIN[2 * i : 2 * i + 2])
    paths = {split: f"{split}.npy" for split in ("train", "test", "evaluation")}
    found = study(tmp_path, {"paths": paths})
    drawn = draw_splits(found, "site", ["train", "test", "evaluation"])
    np.testing.assert_array_equal(drawn["test"].gain, GAIN[2:3])
    assert found.channel_sources("site") == [str(tmp_path / name) for name in paths.values()]
    refused(lambda: draw_splits(found, "site", ["validation"]), "must have split validation")


def test_a_realization_in_two_splits_is_refused(tmp_path):
    gain = GAIN.copy()
    gain[4] = gain[1]
    write(tmp_path / "mine.npz", g=gain)
    refused(
        lambda: draw_splits(study(tmp_path, {"path": "mine.npz"}), "site", ["train"]),
        "mine.npz: realization 0 of split evaluation is realization 1 of split train",
    )
    gain[0] = gain[1] = gain[4]  # twice in one split, but in the others not
    gain[4] += 1
    write(tmp_path / "mine.npz", g=gain)
    assert draw_splits(study(tmp_path, {"path": "mine.npz"}), "site", ["train"])


def test_another_number_of_links_is_refused(tmp_path):
    write(tmp_path / "mine.npz", g=GAIN)
    wrong = study(tmp_path, {"path": "mine.npz", "num_links": 4})
    refused(lambda: draw_splits(wrong, "site", ["train"]), "mine.npz", "3 links; num_links is 4")


def test_stored_splits_are_held_against_the_study_without_the_file(tmp_path):
    path = write(tmp_path / "mine.npz", g=GAIN)
    found = study(tmp_path, {"path": "mine.npz"})
    save(draw_splits(found, "site", ["test"])["test"], tmp_path / "test.nc")
    path.unlink()
    read = channels.read(found, "site", {"test": tmp_path / "test.nc"})
    np.testing.assert_array_equal(read["test"].gain.numpy(), GAIN[3:4])
    other = study(tmp_path, {"path": "mine.npz"}, train=1)
    refused(lambda: channels.read(other, "site", {"test": tmp_path / "test.nc"}), "first is 3", "has 2")
    assert realizations(found.scenarios["site"], 0, 1).sizes["realization"] == 0
