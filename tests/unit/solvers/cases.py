"""Networks that all solvers are tested on."""

import numpy as np
import torch
from hypothesis import strategies as st

from qgnn_d2d.channels import Channels, to_channels
from qgnn_d2d.channels.geometric import geometric
from qgnn_d2d.channels.rayleigh import rayleigh
from qgnn_d2d.objective import weighted_sum_rate
from qgnn_d2d.settings.scenario import Geometric, Rayleigh

NUM_LINKS = 6


def draw(num_links, num_realizations, seed, kind="rayleigh", **options):
    """Return channels of a kind of scenario; one link is allowed here."""
    settings = {"rayleigh": Rayleigh, "geometric": Geometric}[kind](**options).model_copy(
        update={"num_links": num_links}
    )
    function = {"rayleigh": rayleigh, "geometric": geometric}[kind]
    return to_channels(function(settings, num_realizations, seed))


CASES = {
    "rayleigh": draw(NUM_LINKS, 30, seed=8),
    "rayleigh_strong": draw(NUM_LINKS, 30, seed=8, p_max=3.0, noise_power=0.01),
    "geometric": draw(NUM_LINKS, 30, seed=8, kind="geometric"),
}


def arguments(channels):
    """Return what every solver takes."""
    return channels.gain, channels.weight, channels.noise_power, channels.p_max


def rate(channels, power):
    """Return the weighted sum rate of powers."""
    return weighted_sum_rate(channels.gain, power, channels.weight, channels.noise_power)


@st.composite
def random_networks(draw, max_links=5):
    """Networks with gains over up to 12 decades, some gains and weights zero, at most 3 realizations."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    num_links, num_realizations = draw(st.integers(1, max_links)), draw(st.integers(1, 3))
    shape = (num_realizations, num_links, num_links)
    gain = 10.0 ** (draw(st.integers(0, 12)) * (generator.random(shape) - 0.5))
    gain *= generator.random(shape) >= draw(st.sampled_from([0.0, 0.3, 0.8]))
    weight = generator.random(shape[:2]) * (generator.random(shape[:2]) >= draw(st.sampled_from([0.0, 0.4])))
    noise_power, p_max = 10.0 ** draw(st.integers(-8, 2)), 10.0 ** draw(st.integers(-2, 2))
    return Channels(torch.from_numpy(gain), torch.from_numpy(weight), noise_power, p_max), generator
