"""`allocate`, `solve`, `compare`: the right powers, the seed that validation says, and one line for every mistake."""

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from qgnn_d2d import objective, training
from qgnn_d2d.artifact.trained import find
from qgnn_d2d.channels import Channels, draw_splits, to_channels
from qgnn_d2d.solvers import METHODS
from tests.unit.command_line.conftest import UNITS
from tests.unit.studied import RUN


def meant(gain):
    return Channels(torch.tensor(gain), torch.ones(gain.shape[:2], dtype=torch.float64), 0.1, 2.0)


def powers_of(results, run, channels):
    """The powers of all seeds, by the library alone, for a model without stars."""
    trained = find(results)
    single = training.cast(channels, torch.float32, "cpu")
    return training.allocate(trained.load(run), single, None).double()


def rates(channels, power):
    return objective.weighted_sum_rate(channels.gain, power, channels.weight, channels.noise_power).numpy()


@pytest.mark.parametrize("suffix", ["nc", "npz", "csv"])
def test_powers_of_every_seed_are_written_with_their_rates(shell, results, complex_file, suffix):
    path, gain = complex_file
    out = shell.folder / f"p.{suffix}"
    shell("allocate", path, "--model", "gcn_small", "--seed", "all", "--out", out, *UNITS)
    channels = meant(gain)
    power = powers_of(results, RUN, channels)
    if suffix == "nc":
        found = xr.load_dataset(out)
        assert found.attrs["run"] == RUN and found["power"].dims == ("seed", "realization", "link")
    elif suffix == "npz":
        with np.load(out) as file:  # noqa: TID251 (the test's own file, arrays only)
            found = {name: file[name] for name in file.files}
    else:
        table = pd.read_csv(out)
        assert list(table["seed"]) == [seed for seed in range(6) for _ in range(6)]
        columns = [f"power_{link}" for link in range(5)]
        found = {"power": table[columns].to_numpy().reshape(6, 6, 5), "sum_rate": table["sum_rate"].to_numpy()}
    np.testing.assert_allclose(np.asarray(found["power"]), power.numpy(), rtol=1e-5)  # float32
    np.testing.assert_allclose(np.ravel(found["sum_rate"]), rates(channels, power).ravel(), rtol=1e-6)


def test_the_best_seed_is_the_validation_splits_and_not_the_test_splits(shell, results, complex_file):
    path, gain = complex_file
    study, scores = find(results).study, {}
    for split, drawn in draw_splits(study, "rayleigh", ["validation", "test"]).items():
        channels = to_channels(drawn)
        scores[split] = rates(channels, powers_of(results, RUN, channels)).mean(axis=1)
    best = int(scores["validation"].argmax())
    assert best != int(scores["test"].argmax())  # or the test could not fail
    found = shell.json("allocate", path, "--model", "gcn_small", *UNITS)
    assert found["seeds"] == [best] and found["chosen_by"] == "validation"
    np.testing.assert_allclose(found["validation"], scores["validation"], rtol=1e-5)
    power = powers_of(results, RUN, meant(gain))[best]
    assert found["sum_rate"]["mean"] == pytest.approx(rates(meant(gain), power).mean(), rel=1e-6)


def test_a_seed_by_number(shell, results, complex_file):
    path, gain = complex_file
    found = shell.json("allocate", path, "--run", RUN, "--seed", 4, *UNITS)
    expected = rates(meant(gain), powers_of(results, RUN, meant(gain))[4]).mean()
    assert found["seeds"] == [4] and found["sum_rate"]["mean"] == pytest.approx(expected, rel=1e-6)


def test_what_is_used_is_said(shell, complex_file):
    path, _ = complex_file
    said = shell("allocate", path, "--model", "gcn_small", *UNITS).stderr
    for text in (f"run {RUN}; 3 more", "validation split", "trained on networks of 4 links; these have 5"):
        assert text in said
    small = shell.folder / "small.npy"
    np.save(small, np.full((2, 3, 3), 1 + 0j))
    assert "k = 3 leaves" in shell("allocate", small, "--model", "qgnn", "--seed", "0", *UNITS).stderr
    released = shell("allocate", path, "--run", "rayleigh-released-gcn_small", *UNITS).stderr
    assert "the public code's metric" in released


def test_a_scenario_chooses_the_run(shell, complex_file):
    found = shell.json("allocate", complex_file[0], "--model", "gcn_small", "--scenario", "other", *UNITS)
    assert found["run"] == "other-stated-gcn_small"


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_solved(shell, complex_file, method):
    path, gain = complex_file
    out = shell.folder / "p.nc"
    found = shell.json("solve", path, "--method", method, "--out", out, *UNITS)
    channels = meant(gain)
    power = METHODS[method].solve(channels.gain, channels.weight, 0.1, 2.0)
    np.testing.assert_allclose(xr.load_dataset(out)["power"][0], power, rtol=1e-6, atol=1e-9)
    assert found["sum_rate"]["mean"] == pytest.approx(rates(channels, power).mean(), rel=1e-9)
    assert ("upper_bound" in found) == METHODS[method].certified


def test_methods_and_models_are_compared(shell, complex_file):
    path, gain = complex_file
    found = shell.json("compare", path, *UNITS)
    rows = {row["method"]: row for row in found["rows"]}
    assert rows.keys() == {*METHODS, "gcn_small", "qgnn", "qgnn_released"} and rows["gcn_small"]["run"] == RUN
    channels = meant(gain)
    mean = {
        name: rates(channels, METHODS[name].solve(channels.gain, channels.weight, 0.1, 2.0)).mean()
        for name in ("wmmse", "full_power", "optimum")
    }
    row = rows["full_power"]
    assert row["percent_of_wmmse"]["mean"] == pytest.approx(100 * mean["full_power"] / mean["wmmse"], rel=1e-9)
    assert row["percent_of_optimum"]["mean"] == pytest.approx(100 * mean["full_power"] / mean["optimum"], rel=1e-9)
    assert row["percent_of_wmmse"]["low"] < row["percent_of_wmmse"]["mean"] < row["percent_of_wmmse"]["high"]
    means = [row["sum_rate"]["mean"] for row in found["rows"]]
    assert means == sorted(means)


def test_runs_are_compared_by_id_and_models_by_scenario(shell, complex_file):
    options = ("--method", "full_power", "--seed", "all", *UNITS)
    found = shell.json("compare", complex_file[0], "--run", "rayleigh-released-gcn_small", *options)
    assert {row["run"] for row in found["rows"]} == {None, "rayleigh-released-gcn_small"}
    found = shell.json("compare", complex_file[0], "--scenario", "other", *options)
    assert {row["run"] for row in found["rows"]} == {None, "other-stated-gcn_small"}


def test_where_an_optimum_is_not_certified_its_bound_stands_in_its_place(shell, complex_file):
    options = (complex_file[0], "--method", "optimum", "--model", "gcn_small", "--max-boxes", 1, *UNITS)
    found = shell.json("compare", *options)
    assert all("percent_of_bound" in row and "percent_of_optimum" not in row for row in found["rows"])
    assert all(row["percent_of_bound"]["mean"] <= 100 for row in found["rows"])
    assert "% of bound" in shell("compare", *options).stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--model", "gcm"], "model is 'gcm'; it must be one of: gcn_small, qgnn"),
        (["--run", "a"], "run is 'a'; it must be one of"),
        (["--model", "qgnn", "--scenario", "other"], "model qgnn has no run of scenario other"),
        (["--model", "qgnn", "--scenario", "mine"], "scenario is 'mine'; it must be one of: rayleigh, other, public"),
        (["--model", "gcn_small", "--seed", "6"], "seed is '6'; it must be best, all, or from 0 to 5"),
        (["--model", "gcn_small", "--seed", "-1"], "seed is '-1'"),
        (["--model", "gcn_small", "--seed", "first"], "seed is 'first'"),
        ([], "--model or --run must be given"),
        (["--model", "gcn_small", "--run", RUN], "--model or --run must be given, not both"),
        (["--model", "gcn_small", "--out", "p.txt"], "output is 'p.txt'; it must end in one of: .nc, .npz, .csv"),
        (["--run", "public-released-gcn_small"], "no seed of it can be called the best"),
        (["--model", "gcn_small", "--modl", "a"], "No such option"),
        (["--model", "gcn_small", "--results", "nowhere"], "nowhere/training: no such folder"),
        (["--model", "gcn_small", "--config", "no.yaml"], "no.yaml"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_asked_for_is_one_line(shell, complex_file, arguments, line):
    assert line in shell.refused("allocate", complex_file[0], *UNITS, *arguments)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--p-max", "1"], "noise_power is not in the file; --noise-power must say it (W)"),
        (["--noise-power", "1"], "p_max is not in the file; --p-max must say it"),
        (["--noise-power", "-1", "--p-max", "1"], "noise_power is -1.0; it must be above 0"),
        (["--noise-power", "much", "--p-max", "1"], "--noise-power"),
        ([*UNITS, "--quantity", "gain"], "for quantity gain it must be real"),
        ([*UNITS, "--quantity", "power"], "quantity is 'power'; it must be one of: complex, amplitude, gain"),
        ([*UNITS, "--axes", "a,b"], "axes is ['a', 'b']; it must be a list or mapping of at least 3"),
        ([*UNITS, "--variable", "G"], "G is missing"),
    ],
)
def test_a_mistake_in_what_the_file_holds_is_one_line(shell, complex_file, arguments, line):
    assert line in shell.refused("solve", complex_file[0], "--method", "wmmse", *arguments)


def test_other_mistakes_are_one_line(shell, complex_file):
    assert "no.npz: no such file" in shell.refused("solve", "no.npz", "--method", "wmmse", *UNITS)
    (shell.folder / "h.txt").write_text("1 2 3", encoding="utf-8")
    text = shell.refused("solve", shell.folder / "h.txt", "--method", "wmmse", *UNITS)
    assert "path is 'h.txt'; it must end in one of: .nc" in text
    assert "method is 'wmse'; it must be one of: wmmse" in shell.refused(
        "solve", complex_file[0], "--method", "wmse", *UNITS
    )
    assert "No such command" in shell.refused("alocate")
    weights = shell.results / "training" / RUN / "weights.safetensors"
    content = weights.read_bytes()
    try:
        weights.write_bytes(content[:100])
        assert str(weights) in shell.refused("allocate", complex_file[0], "--run", RUN, *UNITS)
    finally:
        weights.write_bytes(content)


def test_networks_of_several_sizes_are_solved_as_each_alone(shell):
    generator = np.random.default_rng(6)
    gain, sizes = generator.uniform(0.1, 1, (3, 4, 4)), [4, 2, 3]
    for n, size in enumerate(sizes):
        gain[n, size:], gain[n, :, size:] = 0, 0
    np.savez(shell.folder / "g.npz", gain=gain, links=np.array(sizes))
    options = ("--quantity", "gain", "--variable", "gain", "--sizes", "links", *UNITS)
    shell("channels", "convert", shell.folder / "g.npz", "--out", shell.folder / "own.nc", *options)
    for arguments in (("solve", "--method", "optimum"), ("allocate", "--model", "gcn_small", "--seed", "0")):
        out = shell.folder / "p.nc"
        command, *rest = arguments
        shell(command, shell.folder / "own.nc", *rest, "--out", out)
        power = xr.load_dataset(out)["power"].values[0]
        for n, size in enumerate(sizes):
            np.save(shell.folder / "one.npy", gain[n : n + 1, :size, :size])
            shell(command, shell.folder / "one.npy", *rest, "--quantity", "gain", *UNITS, "--out", out)
            np.testing.assert_allclose(power[n, :size], xr.load_dataset(out)["power"][0, 0], rtol=1e-5, atol=1e-7)
            assert (power[n, size:] == 0).all()
    about = shell.json("channels", "check", shell.folder / "own.nc")
    assert about["gains_of_zero"] == 0 and about["weights"]["lowest"] == 1
