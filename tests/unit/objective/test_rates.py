"""Eq. (1)-(2) and the public code's quantities against formulas written out link by link in NumPy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.channels import to_channels
from qgnn_d2d.channels.geometric import geometric
from qgnn_d2d.objective import released_gain, released_metric, released_wmmse_rate, sinr, weighted_sum_rate
from qgnn_d2d.settings.scenario import Geometric

RTOL_FLOAT64 = 1e-12
RTOL_FLOAT32 = 1e-5


def slow_sum_rate(amplitude_gain, amplitude, weight, noise_power):
    """Eq. (1)-(2) as the paper prints them: g[m, k] = |g_km| and p are amplitudes."""
    total = 0.0
    for m in range(len(amplitude)):
        interference = sum(abs(amplitude_gain[m, k] * amplitude[k]) ** 2 for k in range(len(amplitude)) if k != m)
        gamma = abs(amplitude_gain[m, m] * amplitude[m]) ** 2 / (interference + noise_power)
        total += weight[m] * np.log1p(gamma) / np.log(2)
    return total


def slow_released_metric(gain, power, weight, noise_power):
    """The public code's model metric: weight in the logarithm, interference over direct gains."""
    total = 0.0
    for m in range(len(power)):
        others = sum(power[j] for j in range(len(power)) if j != m)
        total += np.log2(1 + weight[m] * gain[m, m] * power[m] / (gain[m, m] * others + noise_power))
    return total


def slow_released_wmmse_rate(gain, power, weight, noise_power):
    """The public code's WMMSE figure: transposed gains, power as amplitude, nats."""
    total = 0.0
    for m in range(len(power)):
        interference = sum(gain[k, m] * power[k] ** 2 for k in range(len(power)) if k != m)
        total += weight[m] * np.log(1 + gain[m, m] * power[m] ** 2 / (interference + noise_power))
    return total


def draw(seed, num_links, decades, batch=()):
    rng = np.random.default_rng(seed)
    gain = 10.0 ** rng.uniform(-decades, 0, (*batch, num_links, num_links))
    power, weight = rng.uniform(0, 2, (*batch, num_links)), rng.random((*batch, num_links))
    return [torch.tensor(values) for values in (gain, power, weight)]


networks = given(seed=st.integers(0, 2**32), num_links=st.integers(1, 8), decades=st.sampled_from([0, 2, 10]))


@networks
def test_every_quantity_equals_its_slow_formula(seed, num_links, decades):
    gain, power, weight = draw(seed, num_links, decades)
    arguments = (gain.numpy(), power.numpy(), weight.numpy(), 1e-3)
    amplitudes = (gain.sqrt().numpy(), power.sqrt().numpy(), weight.numpy(), 1e-3)
    for fast, slow in [
        (weighted_sum_rate, slow_sum_rate(*amplitudes)),
        (released_metric, slow_released_metric(*arguments)),
        (released_wmmse_rate, slow_released_wmmse_rate(*arguments)),
    ]:
        assert fast(gain, power, weight, 1e-3).item() == pytest.approx(slow, rel=RTOL_FLOAT64), fast.__name__


def test_geometric_powers_are_squares_of_the_papers_amplitudes():
    channels = to_channels(geometric(Geometric(num_links=5), 20, seed=3))
    assert channels.p_max == pytest.approx(math.sqrt(10))
    amplitude = channels.p_max * torch.rand(20, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    fast = weighted_sum_rate(channels.gain, amplitude**2, channels.weight, channels.noise_power)
    for n in range(20):
        slow = slow_sum_rate(
            channels.gain[n].sqrt().numpy(),
            amplitude[n].numpy(),
            channels.weight[n].numpy(),
            channels.noise_power,
        )
        assert fast[n].item() == pytest.approx(slow, rel=RTOL_FLOAT64)


def test_weak_interference_beside_a_strong_link_is_not_lost():
    gain = torch.tensor([[1e-4, 1e-14], [1e-14, 1e-4]])  # float32: 1e-4 + 1e-14 == 1e-4
    expected = 1e-4 / (1e-14 + 1e-20)
    assert sinr(gain, torch.ones(2), 1e-20)[0].item() == pytest.approx(expected, rel=RTOL_FLOAT32)


def test_batches_broadcast():
    gain, _, weight = draw(1, 4, 2, batch=(6,))
    power = torch.rand(3, 6, 4, dtype=torch.float64)
    together = weighted_sum_rate(gain, power, weight, 0.1)
    assert together.shape == (3, 6)
    assert released_metric(gain, power, weight, 0.1).shape == (3, 6)
    assert released_wmmse_rate(gain, power, weight, 0.1).shape == (3, 6)
    one = weighted_sum_rate(gain[4], power[2, 4], weight[4], 0.1)
    assert together[2, 4].item() == pytest.approx(one.item(), rel=RTOL_FLOAT64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(dtype):
    gain, power, weight = (values.to(dtype) for values in draw(2, 4, 2))
    assert weighted_sum_rate(gain, power, weight, 0.1).dtype == dtype
    assert released_metric(gain, power, weight, 0.1).dtype == dtype


@pytest.mark.parametrize("objective", [weighted_sum_rate, released_metric, released_wmmse_rate])
def test_gradients_are_right(objective):
    gain, power, weight = draw(4, 3, 1, batch=(2,))
    power.requires_grad_()
    assert torch.autograd.gradcheck(lambda p: objective(gain, p, weight, 0.1), power)


def test_gradient_is_finite_when_all_are_off():
    gain, power, weight = draw(5, 3, 1)
    power = torch.zeros_like(power, requires_grad=True)
    weighted_sum_rate(gain, power, weight, 0.1).backward()
    assert torch.isfinite(power.grad).all()


def test_released_gain_uses_the_direct_gains_only():
    gain, _, weight = draw(6, 3, 1)
    equivalent = released_gain(gain, weight)
    direct = gain.diagonal()
    assert torch.equal(equivalent.diagonal(), weight * direct)
    for m in range(3):
        for j in range(3):
            if j != m:
                assert equivalent[m, j] == direct[m]


@pytest.mark.parametrize(
    ("gain_shape", "power_shape", "weight_shape", "message"),
    [
        ((3, 4), (4,), (4,), "gain has shape"),
        ((4, 4), (3,), (4,), "power has shape"),
        ((4, 4), (4,), (1,), "weight has shape"),
        ((4, 4), (), (4,), "power has shape"),
        ((0, 0), (0,), (0,), r"gain has shape \(0, 0\)"),
        ((4, 4), (2, 4), (3, 4), "power has shape .* and weight has shape .*; leading sizes must broadcast"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(gain_shape, power_shape, weight_shape, message):
    with pytest.raises(ValueError, match=message):
        weighted_sum_rate(torch.ones(gain_shape), torch.ones(power_shape), torch.ones(weight_shape), 0.1)


def test_noise_and_types_that_do_not_fit_are_refused():
    gain, power, weight = draw(7, 3, 1)
    with pytest.raises(ValueError, match="noise_power is 0"):
        weighted_sum_rate(gain, power, weight, 0)
    with pytest.raises(ValueError, match=r"weight has dtype torch.int64; it must be real floating point"):
        weighted_sum_rate(gain, power, torch.ones(3, dtype=torch.int64), 0.1)
    assert torch.equal(
        weighted_sum_rate(gain, power, weight, torch.tensor(0.1, dtype=torch.float64)),
        weighted_sum_rate(gain, power, weight, 0.1),
    )
