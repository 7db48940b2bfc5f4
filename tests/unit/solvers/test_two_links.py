"""Two links: the certified optimum against its closed form, 500 networks at each SNR, with and without weights.

One of the links is at full power in an optimum. With link 1 at full power, the other's power x in [0, 1], gains in
units of the noise and S = G_11, the sign of the derivative of the weighted sum rate is that of the quadratic

    q(x) = a_2 G_22 (1 + G_12 x) (1 + G_12 x + S) - a_1 G_12 S (1 + G_21 + G_22 x),

which opens upwards. So there is one maximum inside at most, at the smaller root; others are corners. With equal weights
the coefficient of x is 2 G_12 G_22 > 0, so q grows for x > 0, no maximum is inside, and the optimum is a corner.
"""

import numpy as np
import pytest
import torch

from qgnn_d2d.solvers.branch_and_bound import optimum

NOISE_POWER, COUNT = 0.1, 500


def inner_maximum(gain, weight, full):
    """Powers with link ``full`` at full power, the other one at q's smaller root or at the end of [0, 1] next to it."""
    i, j = full, 1 - full
    own, at_i, other, at_j = gain[:, i, i], gain[:, i, j], gain[:, j, j], gain[:, j, i]
    a, b = weight[:, j] * other, weight[:, i] * at_i * own
    square, linear, constant = a * at_i**2, a * at_i * (2 + own) - b * other, a * (1 + own) - b * (1 + at_j)
    root = np.sqrt(np.maximum(linear**2 - 4 * square * constant, 0))
    # The smaller root without cancellation, whichever sign the linear coefficient has.
    q = -0.5 * (linear + np.where(linear >= 0, root, -root))
    smaller = np.where(linear >= 0, q / square, constant / np.where(q == 0, np.inf, q))
    power = np.ones((len(gain), 2))
    power[:, j] = np.clip(smaller, 0, 1)
    return power


def rate(gain, weight, power):
    """Weighted sum rate, bps/Hz."""
    signal = gain[:, [0, 1], [0, 1]] * power
    return (weight * np.log2(1 + signal / (1 + gain[:, [0, 1], [1, 0]] * power[:, ::-1]))).sum(axis=1)


@pytest.mark.parametrize("weights", ["equal", "uniform"])
@pytest.mark.parametrize("snr", [-10, 0, 10, 30])
def test_the_optimum_of_two_links_is_its_closed_form(snr, weights):
    generator = np.random.default_rng(snr + 100)
    gain = generator.exponential(size=(COUNT, 2, 2)) * 10 ** (snr / 10) * NOISE_POWER
    weight = np.ones((COUNT, 2)) if weights == "equal" else generator.random((COUNT, 2))
    in_noise = gain / NOISE_POWER
    candidates = [np.tile(corner, (COUNT, 1)) for corner in ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0])]
    of_corners = np.max([rate(in_noise, weight, power) for power in candidates], axis=0)
    candidates += [inner_maximum(in_noise, weight, full) for full in (0, 1)]
    best = np.max([rate(in_noise, weight, power) for power in candidates], axis=0)
    assert (best > of_corners * (1 + 1e-6)).any() == (weights == "uniform")  # see above
    found = optimum(torch.from_numpy(gain), torch.from_numpy(weight), NOISE_POWER, 1.0, gap=1e-8)
    assert found.certified.all()
    # Corners are found exactly, powers inside within the gap.
    np.testing.assert_allclose(found.lower, best, rtol=1e-9 if weights == "equal" else 1e-8)
    assert (found.upper.numpy() >= best).all()
