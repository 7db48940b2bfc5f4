"""`channels`: what is drawn is the study's, what is converted means the same, what is checked is right."""

import h5py
import numpy as np
import pytest
import scipy.io
import xarray as xr

from qgnn_d2d import channels
from qgnn_d2d.artifact.trained import find
from tests.unit.command_line.conftest import UNITS


def test_a_split_is_drawn_as_the_study_draws_it(shell, results):
    out = shell.folder / "drawn.nc"
    found = shell.json("channels", "draw", "rayleigh", "--split", "evaluation", "--out", out)
    assert (found["num_realizations"], found["num_links"]) == (5, 4)
    expected = channels.draw_splits(find(results).study, "rayleigh", ["evaluation"])["evaluation"]
    xr.testing.assert_identical(channels.load(out), expected)


def test_other_sizes_and_seeds_are_drawn(shell):
    out, other = shell.folder / "a.nc", shell.folder / "b.nc"
    options = ("--realizations", 2, "--links", 6)
    shell("channels", "draw", "rayleigh", *options, "--out", out)
    shell("channels", "draw", "rayleigh", *options, "--out", other, "--seed", 9)
    assert channels.load(out)["gain"].shape == (2, 6, 6)
    assert not np.array_equal(channels.load(out)["gain"], channels.load(other)["gain"])


@pytest.mark.parametrize("format", ["npz", "npy", "mat", "h5", "nc"])
def test_every_format_becomes_a_file_that_needs_no_options(shell, complex_file, format):
    path, gain = complex_file
    with np.load(path) as file:  # noqa: TID251 (the test's own file, arrays only)
        channel = file["H"]
    source, out = shell.folder / f"source.{format}", shell.folder / "own.nc"
    if format == "npz":
        np.savez(source, H=channel)
    elif format == "npy":
        np.save(source, channel)
    elif format == "mat":
        scipy.io.savemat(source, {"H": channel})
    elif format == "h5":
        with h5py.File(source, "w") as file:
            file["H"] = channel
    else:
        xr.Dataset({"H": (("realization", "transmitter", "receiver"), np.abs(channel.mT))}).to_netcdf(source)
    quantity = ["--quantity", "amplitude"] if format == "nc" else []
    shell("channels", "convert", source, "--out", out, *UNITS, *quantity)
    found = channels.to_channels(channels.load(out))
    np.testing.assert_allclose(found.gain, gain, rtol=1e-12)
    assert (found.noise_power, found.p_max) == (0.1, 2.0) and (found.weight == 1).all()
    assert shell.json("solve", out, "--method", "wmmse") == {
        **shell.json("solve", source, "--method", "wmmse", *UNITS, *quantity),
        "seconds": pytest.approx(0, abs=60),
    }


def test_options_go_before_what_a_file_says(shell, complex_file):
    out = shell.folder / "own.nc"
    shell("channels", "convert", complex_file[0], "--out", out, *UNITS)
    assert shell.json("channels", "check", out, "--noise-power", 0.4)["noise_power"] == 0.4


def test_a_file_is_described_in_decibels_over_the_noise(shell):
    gain = np.array([[[1.0, 0.1], [0.0, 10.0]]] * 3)  # noise 0.1 W, 1 W: SNRs 10 and 20 dB
    np.save(shell.folder / "g.npy", gain)
    options = ("--quantity", "gain", "--noise-power", 0.1, "--p-max", 1)
    found = shell.json("channels", "check", shell.folder / "g.npy", *options)
    snr = found["decibel"]["SNR of a link alone"]
    assert (snr["5 %"], snr["95 %"]) == (pytest.approx(10), pytest.approx(20))
    assert found["decibel"]["SINR of a link"]["5 %"] == pytest.approx(10 * np.log10(10 / 2))
    assert found["gains_of_zero"] == 3 and found["weights"]["mean"] == 1
    assert found["decibel"]["strongest interferer over noise"]["5 %"] is None  # minus infinity is no number of JSON
    assert "SNR of a link alone" in shell("channels", "check", shell.folder / "g.npy", *options).stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["draw", "rayleih", "--out", "a.nc"], "scenario is 'rayleih'; it must be one of: rayleigh, other, public"),
        (["draw", "rayleigh", "--split", "pool", "--out", "a.nc"], "split pool is no split of the study mine"),
        (["draw", "rayleigh", "--split", "tset", "--out", "a.nc"], "split is 'tset'; it must be one of: train"),
        (["draw", "rayleigh", "--out", "a.npz"], "output is 'a.npz'; it must end in one of: .nc"),
        (["draw", "rayleigh", "--links", "1", "--out", "a.nc"], "--links"),
        (["draw", "rayleigh"], "Missing option '--out'"),
        (["check", "no.nc"], "no.nc: no such file"),
    ],
)
def test_mistakes_are_one_line(shell, arguments, line):
    assert line in shell.refused("channels", *arguments)


def test_a_warning_is_one_line(shell):
    np.save(shell.folder / "g.npy", np.full((2, 3, 3), 1e20))
    options = ("--quantity", "gain", "--noise-power", 1, "--p-max", 1)
    said = shell("channels", "check", shell.folder / "g.npy", *options).stderr.splitlines()
    assert sum(line.startswith("warning: ") and "above 150 dB" in line for line in said) == 1
