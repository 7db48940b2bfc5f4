"""The public code's draws, repeated in its own words."""

import numpy as np

from qgnn_d2d.channels.public_draws import public_draws
from qgnn_d2d.settings.scenario import PublicDraws


def test_draws_follow_the_public_order():
    drawn = public_draws(PublicDraws(num_links=3, draw_seed=1712), 4)
    generator = np.random.RandomState(1712)
    weight = generator.rand(4, 3)
    channel = np.abs(generator.randn(4, 3, 3) + 1j * generator.randn(4, 3, 3)) / np.sqrt(2)
    np.testing.assert_array_equal(drawn.weight, weight)
    np.testing.assert_allclose(drawn.gain, channel**2, rtol=1e-14)
    assert (drawn.attrs["p_max"], drawn.attrs["noise_power"]) == (1.0, 0.1)
