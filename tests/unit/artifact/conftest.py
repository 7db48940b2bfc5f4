"""A made-up study of three runs that has everything that a reference holds."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from qgnn_d2d import channels
from qgnn_d2d.artifact import reference as references
from qgnn_d2d.io import sha256, write_json, write_tensors
from qgnn_d2d.settings.scenario import Geometric

LOCK = Path(__file__).parents[3] / "envs" / "requirements.lock"
GEOMETRIC = Geometric(num_links=3)
VALUES = {"a-run": [2.8, 2.9, 3.1], "alone": [1.5], "swept": [2.0, 2.2, 2.3]}
EXPERIMENTS = {"main": ["a-run", "alone"], "ablation": ["swept"]}
WMMSE = {"noise": "wmmse", "training": "none", "mitigation": "none", "mean": 3.6}
NOISY = {"noise": "lagos", "training": "unaware", "mitigation": "raw", "mean": 2.7, "low": 2.6, "high": 2.8}


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)


def write_run(folder, run, values):
    rows = [
        {"run": run, "seed": seed, "epoch": epoch, "split": split, "metric": "sum_rate", "value": value + epoch / 7}
        for seed, value in enumerate(values)
        for epoch in (0, 1, 2)
        for split in ("train", "test")
    ]
    write_csv(folder / "curves.csv", rows)
    write_tensors(folder / "weights.safetensors", {"a": torch.ones(2), "b": torch.zeros(len(values), 2)}, {"run": run})
    write_manifest(folder)


def write_manifest(folder):
    outputs = {"curves": sha256(folder / "curves.csv"), "weights": sha256(folder / "weights.safetensors")}
    settings = {"id": folder.name, "num_threads": 1}
    write_json(folder / "manifest.json", {"metric": "sum_rate", "settings": settings, "outputs": outputs})


def write_evaluation(path, runs):
    copies = [(run, seed, value) for run in runs for seed, value in enumerate(VALUES[run])]
    names, seeds, values = (list(column) for column in zip(*copies, strict=True))
    rates = np.array(values)[:, np.newaxis] + np.array([-0.1, 0.1])
    path.parent.mkdir(parents=True, exist_ok=True)
    xr.Dataset(
        {metric: (("copy", "realization"), rates, {"units": "bps/Hz"}) for metric in ("sum_rate", "released_metric")},
        coords={"run": ("copy", names), "seed": ("copy", seeds)},
    ).to_netcdf(path, engine="h5netcdf")


def measurement(verdict, value, low, high):
    numbers = {"value": value, "low": low, "high": high}
    return {"protocol": "stated", "models": "QGNN and GCN", "primary": True, "verdict": verdict, **numbers}


def table_row(method, kind, mean, low, high):
    where = {"split": "test", "metric": "sum_rate", "num_realizations": 2}
    return {"method": method, "kind": kind, "num_seeds": 3, "mean": mean, "low": low, "high": high} | where


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """The study's results; not to be written to."""
    study = tmp_path_factory.mktemp("results")
    for seed, split in enumerate(["train", "test", "pool"]):
        channels.save(channels.realizations(GEOMETRIC, 2, seed), study / "channels" / "geometric" / f"{split}.nc")
    for run, values in VALUES.items():
        write_run(study / "training" / run, run, values)
        write_evaluation(study / "training" / run / "evaluation.nc", [run])
    for experiment, runs in EXPERIMENTS.items():
        model = table_row(runs[0], "model", 2.9, 2.5, 3.3)
        write_csv(study / "tables" / f"{experiment}.csv", [model, table_row("wmmse", "solver", 3.6, 3.5, 3.7)])
    write_csv(study / "noise" / "summary.csv", [WMMSE, NOISY])
    write_csv(study / "noise" / "shots.csv", [WMMSE, NOISY | {"shots": 128}, NOISY | {"shots": 256}])
    write_csv(study / "noise" / "devices.csv", [{"noise": "lagos", "center_qubit": 3}, {"noise": "p1"}])
    write_csv(study / "noise" / "resources.csv", [{"circuit": "qgcl", "k": 1, "layout": "line", "device": None}])
    setting = {"axis": "k", "k": 1, "layers": 2, "heads": 1, "noise": "ideal", "start": "narrow", "angles": "all"}
    numbers = {"variance": 4e-6, "low": 3e-6, "high": 5e-6, "starts": 9, "realizations": 2}
    write_csv(study / "gradients.csv", [setting | numbers, setting | numbers | {"angles": "first layer"}])
    at_20 = {"num_links": 20, "metric": "sum_rate"}
    model = at_20 | {"method": "a-run", "kind": "model", "k": 3}
    optimum = at_20 | {"method": "optimum", "kind": "solver"}  # not certified: no value
    write_csv(
        study / "scale" / "rayleigh" / "20.csv", [model | {"seed": s, "value": 4 + s} for s in range(3)] + [optimum]
    )
    write_csv(study / "scale" / "rayleigh" / "inference.csv", [{"seconds": 1.0}])
    claims = [
        {"id": "C5", "verdict": "reproduced", "measurements": [measurement("reproduced", -1.2, -1.4, -0.1)]},
        {"id": "C4", "verdict": "undecided", "measurements": [measurement("undecided", "inf", 59.0, "inf")]},
        {"id": "C6", "verdict": "not testable", "measurements": [measurement("not testable", *["nan"] * 3)]},
    ]
    write_json(study / "claims.json", {"claims": [claim | {"claim": "x", "paper": "y"} for claim in claims]})
    return study


@pytest.fixture(scope="session")
def fresh(results):
    """The study's numbers."""
    return references.snapshot(results)


def write_reference(results, folder):
    """Write what `make reference` does of a study."""
    for part in ("tables", "noise", "scale"):
        shutil.copytree(results / part, folder / part)
    for name in ("claims.json", "gradients.csv"):
        shutil.copyfile(results / name, folder / name)
    for name, table in references.made(results).items():
        table.to_csv(folder / name, index=False)
    write_json(folder / "machine.json", references.machine_of(results, LOCK))


@pytest.fixture(scope="session")
def written(results, tmp_path_factory):
    """The reference made of the study; not to be written to."""
    folder = tmp_path_factory.mktemp("written") / "reference"
    write_reference(results, folder)
    return folder


@pytest.fixture
def reference(written, tmp_path):
    """A copy of the reference."""
    return shutil.copytree(written, tmp_path / "reference")


@pytest.fixture(scope="session")
def committed(written):
    """The reference's numbers."""
    return references.load(written)
