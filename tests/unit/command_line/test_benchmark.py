"""`benchmark`: what is exported is the study's with certified optima; what is scored gets the right percentages."""

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d import channels, objective
from qgnn_d2d.artifact.trained import find
from qgnn_d2d.solvers import METHODS


@pytest.fixture
def exported(shell):
    out = shell.folder / "set.nc"
    about = shell.json("benchmark", "export", "--out", out)
    assert about["certified_share"] == 1 and about["wmmse"] <= about["optimum"] <= about["upper_bound"]
    return out


def test_the_networks_are_the_studys_and_the_powers_reach_the_rates(shell, results, exported):
    drawn = channels.draw_splits(find(results).study, "rayleigh", ["evaluation"])["evaluation"]
    found = channels.load(exported)
    np.testing.assert_array_equal(found["gain"], drawn["gain"])
    data = channels.to_channels(found)
    for name in ("wmmse", "optimum"):
        power = METHODS[name].solve(data.gain, data.weight, data.noise_power, data.p_max)
        rate = objective.weighted_sum_rate(data.gain, power, data.weight, data.noise_power)
        variable = {"wmmse": "wmmse_sum_rate", "optimum": "optimal_sum_rate"}[name]
        np.testing.assert_allclose(found[variable], rate, rtol=1e-9)
    archive = shell.folder / "set.npz"
    shell("benchmark", "export", "--out", archive)
    with np.load(archive) as file:  # noqa: TID251 (the test's own file, arrays only)
        np.testing.assert_array_equal(file["optimal_power"], found["optimal_power"])
        assert file["noise_power"] == found.attrs["noise_power"]


@pytest.mark.parametrize("suffix", ["csv", "npy"])
def test_powers_are_scored(shell, exported, suffix):
    found = channels.load(exported)
    power, path = found["wmmse_power"].values, shell.folder / f"mine.{suffix}"
    if suffix == "csv":
        pd.DataFrame(power, columns=[f"power_{link}" for link in range(4)]).to_csv(path, index=False)
    else:
        np.save(path, power)
    gaps = shell.folder / "gaps.csv"
    score = shell.json("benchmark", "score", path, "--set", exported, "--out", gaps)
    assert score["percent_of_wmmse"] == {name: pytest.approx(100) for name in ("mean", "low", "high")}
    ratio = found["wmmse_sum_rate"].values / found["optimal_sum_rate"].values
    mean = 100 * found["wmmse_sum_rate"].values.mean() / found["optimal_sum_rate"].values.mean()
    assert score["percent_of_optimum"]["mean"] == pytest.approx(mean)
    np.testing.assert_allclose(pd.read_csv(gaps)["gap_percent_0"], 100 * (1 - ratio), atol=1e-9)
    text = shell("benchmark", "score", path, "--set", exported).stdout
    assert "percent of the optimum" in text and "percent of WMMSE" in text


def test_the_set_is_solved_where_it_is_not_given(shell, exported):
    path = shell.folder / "mine.npy"
    np.save(path, channels.load(exported)["optimal_power"].values)
    assert shell.json("benchmark", "score", path) == shell.json("benchmark", "score", path, "--set", exported)


def test_powers_of_allocate_are_scored_with_their_seeds(shell, exported):
    for suffix in ("nc", "npz", "csv"):
        out = shell.folder / f"p.{suffix}"
        shell("allocate", exported, "--model", "gcn_small", "--seed", "all", "--out", out)
        score = shell.json("benchmark", "score", out, "--set", exported)
        assert score["seeds"] == 6 and score["percent_of_optimum"]["mean"] < 100


@pytest.mark.parametrize(
    ("power", "line"),
    [
        (np.ones((5, 3)), "powers have shape (5, 3); it must be (5, 4), or (seeds, 5, 4)"),
        (np.full((5, 4), -0.5), "the first at index (0, 0, 0) is -0.5"),
        (np.full((5, 4), np.nan), "is nan"),
        (np.full((5, 4), 1.5), "is 1.5 W; the largest allowed is p_max² = 1 W"),
        (np.ones(5), "variables are array; one must be called power"),
        (np.ones((5, 4)) * 1j, "array is complex; powers are real"),
    ],
)
def test_powers_that_are_none_are_one_line(shell, exported, power, line):
    np.save(shell.folder / "p.npy", power)
    assert line in shell.refused("benchmark", "score", shell.folder / "p.npy", "--set", exported)


def test_other_mistakes_are_one_line(shell, exported):
    path = shell.folder / "p.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    assert "they must have power_0" in shell.refused("benchmark", "score", path, "--set", exported)
    assert "no such file" in shell.refused("benchmark", "score", "no.csv", "--set", exported)
    out = shell.folder / "drawn.nc"
    shell("channels", "draw", "rayleigh", "--out", out)
    assert "no benchmark: it must have wmmse_sum_rate" in shell.refused("benchmark", "score", path, "--set", out)
    assert "split is 'tset'" in shell.refused("benchmark", "score", path, "--split", "tset")
    assert "it must end in one of: .nc, .npz" in shell.refused("benchmark", "export", "--out", "a.csv")
