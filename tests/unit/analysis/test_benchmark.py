"""A benchmark: whole in its file, and gaps of the bound where an optimum is not certified."""

import numpy as np
import pytest
import torch
import xarray as xr

from qgnn_d2d.analysis import benchmark
from qgnn_d2d.channels import draw
from qgnn_d2d.settings.scenario import Rayleigh

DRAWN = draw("rayleigh", Rayleigh(num_links=6), "evaluation", 4, seed=1)


def test_what_is_saved_is_loaded(tmp_path):
    built = benchmark.build(DRAWN)
    benchmark.save(built, tmp_path / "a.nc")
    xr.testing.assert_identical(benchmark.load(tmp_path / "a.nc"), built)


def test_the_optimum_has_no_gap_and_silence_the_largest():
    built = benchmark.build(DRAWN)
    for power, gap in ((torch.from_numpy(built["optimal_power"].values), 0.0), (torch.zeros(4, 6).double(), 100.0)):
        found, gaps = benchmark.score(built, power.unsqueeze(0))
        np.testing.assert_allclose(gaps, gap, atol=1e-9)
        assert found["gap_median"] == pytest.approx(gap) and found["share_within_1_percent"] == (gap == 0)


def test_gaps_are_those_of_the_bound_where_an_optimum_is_not_certified():
    built = benchmark.build(DRAWN, max_boxes=1)
    assert not built["certified"].all()
    found, gaps = benchmark.score(built, torch.from_numpy(built["optimal_power"].values).unsqueeze(0))
    assert "percent_of_bound" in found and "percent_of_optimum" not in found
    np.testing.assert_allclose(gaps[0], 100 * (1 - built["optimal_sum_rate"] / built["upper_bound"]), atol=1e-9)


def test_powers_that_beat_the_bound_are_of_other_channels():
    built = benchmark.build(DRAWN)
    wrong = built.assign(upper_bound=built["upper_bound"] / 2, optimal_sum_rate=built["optimal_sum_rate"] / 2)
    with pytest.raises(ValueError, match="above the certified bound"):
        benchmark.score(wrong, torch.from_numpy(built["optimal_power"].values).unsqueeze(0))
