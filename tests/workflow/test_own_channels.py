"""A study on channels of one's own, by its config alone: from a file to the tables."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from qgnn_d2d.artifact import records

CONFIG = """
study: mine
seed: 1
num_seeds: 1
splits: {train: 8, validation: 2, test: 4, evaluation: 10}
scenarios:
  site: {kind: file, path: ../data/mine.npz, num_links: 4, quantity: complex, noise_power: 0.1, p_max: 1.0}
training: {learning_rate: 0.01, batch_size: 4, epochs: 2}
experiments:
  main: [{model: [qgnn, gcn]}]
"""
TABLE = "results/mine/tables/main.csv"


def write(folder, channels):
    (folder / "data").mkdir(exist_ok=True)
    np.savez(folder / "data" / "mine.npz", H=channels)


@pytest.fixture(scope="module")
def channels():
    rng = np.random.default_rng(1)
    return rng.standard_normal((24, 4, 4)) + 1j * rng.standard_normal((24, 4, 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, channels):
    folder = tmp_path_factory.mktemp("own")
    (folder / "config").mkdir()
    (folder / "config" / "mine.yaml").write_text(CONFIG, encoding="utf-8")
    write(folder, channels)
    return folder


def run(snakemake, folder, *arguments):
    return snakemake(folder, *arguments, "--cores", "1", "--configfile", str(folder / "config" / "mine.yaml"))


def test_a_file_becomes_tables(folder, channels, snakemake):
    done = run(snakemake, folder, TABLE)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    table = pd.read_csv(folder / TABLE)
    methods = {"site-stated-qgnn", "site-stated-gcn", "wmmse", "optimum"}
    assert methods <= set(table["method"])
    test = xr.load_dataset(folder / "results/mine/channels/site/test.nc", engine="h5netcdf")
    np.testing.assert_array_equal(test.gain, channels.real[10:14] ** 2 + channels.imag[10:14] ** 2)
    known = records.load_records(folder / "results/mine/provenance")
    readers = {job for job, record in known.items() if "data/mine.npz" in record["inputs"]}
    assert readers == {"generate_channels/site"}


def test_a_changed_file_is_read_again(folder, channels, snakemake):
    assert (folder / TABLE).exists()
    write(folder, 2 * channels)
    later = (folder / TABLE).stat().st_mtime + 60
    os.utime(folder / "data" / "mine.npz", (later, later))
    planned = run(snakemake, folder, "--dry-run", TABLE)
    assert "Drawing the channels of site" in planned.stdout + planned.stderr


def test_a_mistake_is_one_line_of_the_job(folder, channels, snakemake):
    write(folder, np.concatenate([channels[:23], channels[:1]]))
    done = run(snakemake, folder, "results/mine/channels/site/test.nc", "--forcerun", "generate_channels")
    assert done.returncode != 0
    words = "generate_channels/site: mine.npz: realization 9 of split evaluation is realization 0 of split train"
    assert words in done.stdout + done.stderr


def test_a_missing_file_stops_the_run_by_name(folder, snakemake):
    (folder / "data" / "mine.npz").unlink()
    shutil.rmtree(folder / "results")
    done = run(snakemake, folder, "--dry-run", TABLE)
    assert done.returncode != 0 and "data/mine.npz" in done.stdout + done.stderr
