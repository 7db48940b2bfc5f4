"""Files that say how they are read."""

import numpy as np
import pytest

from qgnn_d2d.channels import described, read_file, realizations, save, to_channels
from qgnn_d2d.settings.scenario import Rayleigh


def test_a_file_of_save_says_how_it_is_read_and_others_say_nothing(tmp_path):
    dataset = realizations(Rayleigh(num_links=3), 2, seed=1)
    save(dataset, tmp_path / "own.nc")
    options = described(tmp_path / "own.nc")
    assert options == {
        "quantity": "gain", "variable": "gain", "weights": "weight", "noise_power": dataset.attrs["noise_power"],
        "p_max": dataset.attrs["p_max"],
    }  # fmt: skip
    found, own = read_file(tmp_path / "own.nc", **options), to_channels(dataset)
    assert (found.gain == own.gain).all() and (found.weight == own.weight).all()
    dataset.drop_attrs().to_netcdf(tmp_path / "bare.nc", engine="h5netcdf")
    dataset.to_netcdf(tmp_path / "classic.nc", format="NETCDF3_64BIT", engine="scipy")
    np.savez(tmp_path / "own.npz", gain=own.gain)
    for name in ("bare.nc", "classic.nc", "own.npz"):
        assert described(tmp_path / name) == {}
    with pytest.raises(FileNotFoundError, match=r"none\.nc: no such file"):
        described(tmp_path / "none.nc")
