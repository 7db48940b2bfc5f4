"""The geometric scenario: distances, path loss, fading, units, squares that are too crowded or too large."""

import math

import numpy as np
import pytest

from qgnn_d2d.channels import to_channels
from qgnn_d2d.channels.geometric import geometric
from qgnn_d2d.settings.scenario import Geometric

SIGMAS = 5  # tolerance of sample means, in standard errors


def draw(num_links, num_realizations, seed, **options):
    return geometric(Geometric(num_links=num_links, **options), num_realizations, seed)


def test_crowded_squares_are_prefix_nested_too():
    crowded = {"area_edge": 60.0, "min_crosslink_distance": 6.0}  # most realizations need many redraws
    small, large = draw(6, 20, seed=2, **crowded), draw(6, 150, seed=2, **crowded)
    assert small.identical(large.isel(realization=slice(20)))


def link_distances(drawn):
    offset = drawn.receiver_position.values[:, :, None] - drawn.transmitter_position.values[:, None]
    return np.linalg.norm(offset, axis=-1)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"area_edge": 60.0, "min_crosslink_distance": 6.0, "pair_distance_min": 5.0, "pair_distance_max": 20.0}],
)
def test_distances_are_within_range(parameters):
    drawn = draw(6, 300, seed=4, **parameters)
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
    drawn = draw(5, 50, seed=4, fading=False)
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
    path, faded = draw(10, 300, seed=4, fading=False), draw(10, 300, seed=4)
    factor = (faded.gain / path.gain).values
    assert factor.mean() == pytest.approx(1.0, abs=SIGMAS / math.sqrt(factor.size))
    assert factor.var() == pytest.approx(1.0, abs=SIGMAS * math.sqrt(8 / factor.size))
    assert faded.attrs["fading"] == 1
    assert path.attrs["fading"] == 0


def test_forty_dbm_are_ten_watts_and_an_amplitude_of_sqrt_ten():
    attributes = draw(2, 1, seed=0).attrs
    assert attributes["p_max"] == pytest.approx(math.sqrt(10), rel=1e-14)
    assert attributes["noise_power"] == pytest.approx(10 ** (-19.9) * 5e6, rel=1e-12)  # W


def test_overcrowded_square_is_refused_instead_of_searched_forever():
    with pytest.raises(ValueError, match=r"min_crosslink_distance is 90\.0; for 10 links in a square of edge 100"):
        draw(10, 1, seed=0, area_edge=100.0, min_crosslink_distance=90.0)


def test_squares_so_large_that_distances_are_lost_are_refused():
    with pytest.raises(ValueError, match=r"area_edge is 1e\+30; with pair_distance_min = 2.0 it is so large"):
        draw(2, 5, seed=0, area_edge=1e30)


def test_gains_survive_float32():
    assert (to_channels(draw(10, 100, seed=1)).gain.float() > 0).all()
