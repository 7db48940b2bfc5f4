"""The public code's models compute with compiled operations what they compute in torch alone."""

import numpy as np
import pytest
import torch

from qgnn_d2d import models, stars
from qgnn_d2d.models.kernels.released import Messages
from qgnn_d2d.objective import weighted_sum_rate
from tests.unit.models.cases import NOISE_POWER, channels

MODELS = {"gcn_released": {"width": 16, "layers": 2}, "qgnn_released": {"width": 16, "layers": 2}}
every = pytest.mark.parametrize("name", MODELS)


def build(name, compiled, dtype=torch.float64, **options):
    model = models.build(name, MODELS[name] | options, seed=3, seeds=range(2), dtype=dtype)
    model.compiled = compiled
    return model


def step(model, links=6, batch=10):
    """Return powers and the gradients of the sum rate."""
    dtype = next(model.parameters()).dtype
    gain, weight = (x.to(dtype) for x in channels(1, links, 2 * batch))
    gain, weight = gain.view(2, batch, links, links), weight.view(2, batch, links)
    k = None if model.k is None else stars.sample(links, model.k, torch.Generator().manual_seed(4), (2, batch))
    power = model(gain, weight, NOISE_POWER, 1.3, k)
    rate = weighted_sum_rate(gain, power, weight, NOISE_POWER).mean(1).sum()
    return power.detach(), torch.autograd.grad(rate, list(model.parameters()))


def distance(gradients, expected):
    """Return the largest difference, relative to the largest gradient of all: some are zero but for rounding."""
    largest = max(float(g.abs().max()) for g in expected)
    return max(float((a - b).abs().max()) for a, b in zip(gradients, expected, strict=True)) / largest


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("links", "batch"), [(6, 10), (3, 1), (2, 5)])
@every
def test_float64(name, links, batch, training):
    (power, gradients), (expected, reference) = (
        step(build(name, compiled).train(training), links, batch) for compiled in (True, False)
    )
    torch.testing.assert_close(power, expected, rtol=1e-12, atol=0)
    assert distance(gradients, reference) < 1e-12


@every
def test_float32_is_as_exact_as_torch(name):
    size = {"gcn_released": {"width": 64}, "qgnn_released": {}}[name]
    expected, truth = step(build(name, False, **size), 10, 16)
    power, gradients = step(build(name, True, torch.float32, **size), 10, 16)
    _, own = step(build(name, False, torch.float32, **size), 10, 16)
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-5)
    assert distance(gradients, truth) < max(1e-5, 3 * distance(own, truth))


@every
def test_nan_reaches_the_powers(name):
    model = build(name, True).eval()
    with torch.no_grad():
        next(model.rounds[0].parameters())[1] = torch.nan
    power, _ = step(model)
    assert power[0].isfinite().all() and power[1].isnan().all()


def test_changed_angles_make_another_transfer_tensor():
    one, other = (build("qgnn_released", compiled).eval() for compiled in (True, False))
    step(one)
    for model in (one, other):
        model.rounds[0].message_block_angles.data.numpy()[:] += 0.3  # unknown to torch's version counter
    torch.testing.assert_close(step(one)[0], step(other)[0])


def test_messages_of_a_seed_alone_are_the_same_as_in_company():
    shapes = [(3, 9, 5, 16), (3, 9, 5, 16), (3, 9, 5, 5), (3, 16), (3, 16, 32), (3, 32)]
    tensors = [torch.randn(shape, generator=torch.Generator().manual_seed(i)) for i, shape in enumerate(shapes)]
    for tensor in tensors:
        tensor.requires_grad_()
    whole = Messages.apply(*tensors)
    alone = Messages.apply(*(tensor[2:] for tensor in tensors))
    assert (whole[2:] == alone).all()
    pairs = [
        torch.autograd.grad(y.square().sum(), [t for i, t in enumerate(tensors) if i != 2]) for y in (whole, alone)
    ]
    assert all((a[2] == b[2]).all() for a, b in zip(*pairs, strict=True))


def test_widths_that_fill_no_vectors_are_left_to_torch():
    torch.testing.assert_close(*(step(build("gcn_released", c, width=5))[0] for c in (True, False)), rtol=0, atol=0)
