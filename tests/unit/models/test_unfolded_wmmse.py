"""Unfolded WMMSE is WMMSE where nothing corrects it."""

import pytest
import torch

from qgnn_d2d.objective.rates import weighted_sum_rate
from qgnn_d2d.solvers.wmmse import wmmse
from tests.unit.models.cases import NOISE_POWER, allocate, build, channels


def uncorrected(**options):
    """Return a model whose graph networks yield a = 1 and b = 0."""
    model = build("unfolded_wmmse", **options)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        a, b = model.bias_out.chunk(2, dim=-1)
        a.fill_(1e3)
        b.fill_(-1e3)
    return model


@pytest.mark.parametrize("p_max", [1.0, 10**0.5])
@pytest.mark.parametrize("layers", [1, 4, 30])
def test_without_corrections_it_is_wmmse(layers, p_max):
    gain, weight = channels(batch=40)
    gain[0, 0], weight[1], weight[2, 3] = 0, 0, 0
    power = allocate(uncorrected(layers=layers), gain, weight, None, p_max)[0]
    expected = wmmse(gain, weight, NOISE_POWER, p_max, iterations=layers)
    torch.testing.assert_close(power, expected, rtol=0, atol=1e-9)


def test_corrections_are_those_of_a_graph_network():
    model = build("unfolded_wmmse", layers=1, width=3)
    gain, weight = channels()
    a, b = model.corrections(gain.unsqueeze(0), weight.unsqueeze(0), NOISE_POWER, 1.0)
    for i, found in enumerate((a, b)):
        amplitude = gain[0].sqrt().mT  # H: transmitter first
        own = amplitude.diag().diag()
        x = torch.stack([torch.ones_like(weight[0]), weight[0]], dim=-1)
        w1, w0 = model.conv_in[0, :, 3 * i : 3 * i + 3].split(2)
        y = torch.relu(amplitude @ x @ w1 + own @ x @ w0 + model.bias_in[0, 3 * i : 3 * i + 3])
        w3, w2 = model.conv_out[0, i].unbind(-1)
        expected = torch.sigmoid(amplitude @ y @ w3 + own @ y @ w2 + model.bias_out[0, i])
        torch.testing.assert_close(found[0, 0, :, 0], expected)


def test_every_parameter_has_a_gradient_at_the_start():
    """Links at full power or off have none; the others suffice."""
    model = build("unfolded_wmmse")
    gain, weight = channels(batch=64)
    power = allocate(model, gain, weight, None)
    assert 0 < (power == 1).double().mean() < 0.9
    weighted_sum_rate(gain, power, weight, NOISE_POWER).mean().backward()
    a, b = model.bias_out.grad.chunk(2, dim=-1)
    assert (a != 0).all() and (b != 0).all() and torch.isfinite(model.conv_in.grad).all()
