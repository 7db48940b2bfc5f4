"""Every kernel computes what its model and torch's autograd do: a kernel is tested by being served."""

import copy

import numpy as np
import pytest
import torch

from qgnn_d2d import models, stars
from qgnn_d2d.models.kernels import computed_by, kernel_of
from qgnn_d2d.objective import trained_quantity
from qgnn_d2d.settings import MODELS
from tests.unit.models.cases import NOISE_POWER, channels

P_MAX = 1.3
SERVED = [name for name in MODELS if kernel_of(models.build(name)) is not None]
VARIANTS = {
    "gcn": {"message_widths": [9, 19], "update_width": 17, "iterations": 2},
    "gcn_informed": {"k": 2, "scale": "decibel"},
}
CASES = [(name, {}) for name in SERVED] + [(name, VARIANTS[name]) for name in SERVED if name in VARIANTS]
every = pytest.mark.parametrize(("name", "options"), CASES, ids=str)
both = pytest.mark.parametrize("protocol", ["stated", "released"])


def build(name, options, seeds=2, dtype=torch.float64, links=6):
    model = models.build(name, options, seed=3, seeds=range(seeds), dtype=dtype)
    model.features.fit(*(x.to(dtype) for x in channels(9, links)), NOISE_POWER, P_MAX)
    return model


def draw(model, links=6, batch=5, shared=False):
    """Return gains, weights and leaves per layer; ``shared`` has one set of channels for all seeds."""
    dtype, seeds = next(model.parameters()).dtype, model.num_seeds
    gain, weight = (x.to(dtype) for x in channels(1, links, batch * (1 if shared else seeds)))
    gain, weight = gain.view(-1, batch, links, links), weight.view(-1, batch, links)
    if model.k is None:
        return gain, weight, None
    size = (seeds, model.num_rounds, batch)
    return gain, weight, stars.sample(links, model.k, torch.Generator().manual_seed(4), size)


def autograd(model, gain, weight, leaves, protocol):
    """Return sums of rates (S,), powers and all gradients of minus the mean."""
    seeds = model.num_seeds
    gain, weight = gain.expand(seeds, -1, -1, -1), weight.expand(seeds, -1, -1)
    power = model(gain, weight, NOISE_POWER, P_MAX, leaves)
    rates = trained_quantity(protocol).values(gain, power, weight, NOISE_POWER)
    gradients = torch.autograd.grad(-rates.mean(1).sum(), list(model.parameters()))
    return rates.sum(1).detach(), power.detach(), gradients


def difference(kernel, gradients):
    """Return the largest difference of any parameter's gradient, relative to that parameter's largest."""
    pairs = zip(kernel.model.parameters(), gradients, strict=True)
    return max(float((p.grad - g).abs().max() / g.abs().max()) for p, g in pairs)


def served(name, options, protocol="stated", **how):
    """Return a model's kernel, its inputs, and what they were made of."""
    model = build(name, options, **{key: how.pop(key) for key in ("seeds", "dtype") if key in how}, links=how["links"])
    drawn = draw(model, **how)
    kernel = kernel_of(model)
    gain, weight, leaves = drawn
    return kernel, kernel.inputs(gain, weight, NOISE_POWER, P_MAX, leaves, trained_quantity(protocol)), drawn


@both
@every
@pytest.mark.parametrize(("links", "batch", "shared"), [(6, 5, False), (2, 9, True), (11, 31, True)])
def test_float64(name, options, protocol, links, batch, shared):
    kernel, inputs, drawn = served(name, options, protocol, links=links, batch=batch, shared=shared)
    rates, power, gradients = autograd(kernel.model, *drawn, protocol)
    found, powers = kernel.run(inputs, 0, batch, gradients=True)
    np.testing.assert_allclose(found, rates, rtol=1e-13)
    np.testing.assert_allclose(powers, power, rtol=1e-12)
    assert difference(kernel, gradients) < 1e-12


@both
@every
def test_float32_at_the_papers_sizes(name, options, protocol):
    kernel, inputs, drawn = served(name, options, protocol, links=10, batch=16, seeds=10, dtype=torch.float32)
    rates, power, gradients = autograd(kernel.model, *drawn, protocol)
    found, powers = kernel.run(inputs, 0, 16, gradients=True)
    np.testing.assert_allclose(found, rates, rtol=1e-5)
    np.testing.assert_allclose(powers, power, rtol=1e-4, atol=1e-6)
    assert powers.dtype == np.float32
    assert difference(kernel, gradients) < 1e-5


@every
def test_a_part_of_the_realizations_is_that_part_alone(name, options):
    kernel, inputs, (gain, weight, leaves) = served(name, options, links=6, batch=5)
    part = slice(3, 5)
    own = None if leaves is None else leaves[..., part, :, :]
    expected = autograd(kernel.model, gain[:, part], weight[:, part], own, "stated")
    rates, power = kernel.run(inputs, 3, 5, gradients=True)
    np.testing.assert_allclose(rates, expected[0], rtol=1e-13)
    np.testing.assert_allclose(power, expected[1], rtol=1e-12)
    assert difference(kernel, expected[2]) < 1e-12


@every
def test_scoring_leaves_gradients_alone_and_training_writes_them(name, options):
    kernel, inputs, _ = served(name, options, links=6, batch=5)
    first = kernel.run(inputs, 0, 5, gradients=True)
    gradients = kernel.gradients.copy()
    second = kernel.run(inputs, 0, 5, gradients=False)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    kernel.run(inputs, 0, 5, gradients=True)
    assert gradients.any() and (kernel.gradients == gradients).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@every
def test_a_seed_alone_is_the_same_as_in_company(name, options, dtype):
    whole, inputs, (gain, weight, leaves) = served(name, options, links=6, batch=7, seeds=3, dtype=dtype)
    alone = kernel_of(build(name, options, 1, dtype))
    for part, values in zip(alone.model.parameters(), whole.model.parameters(), strict=True):
        part.data.copy_(values[2:])
    own = (gain[2:], weight[2:], NOISE_POWER, P_MAX, None if leaves is None else leaves[2:])
    rates, power = alone.run(alone.inputs(*own, trained_quantity("stated")), 0, 7, gradients=True)
    found, powers = whole.run(inputs, 0, 7, gradients=True)
    assert rates[0] == found[2] and (power[0] == powers[2]).all()
    for part, values in zip(alone.slopes.values(), whole.slopes.values(), strict=True):
        assert (part[0] == values[2]).all()


@every
def test_one_set_of_leaves_is_the_same_set_in_every_layer(name, options):
    kernel, inputs, (gain, weight, leaves) = served(name, options, links=6, batch=5)
    if leaves is None:
        assert inputs.leaves is None
        return
    results = []
    for one in (leaves[:, 0], leaves[:, :1], leaves[:, :1].expand_as(leaves)):
        inputs = kernel.inputs(gain, weight, NOISE_POWER, P_MAX, one, trained_quantity("stated"))
        assert inputs.leaves.shape[1] == (leaves.shape[1] if one.shape == leaves.shape else 1)
        results.append((kernel.run(inputs, 0, 5, gradients=True)[0], kernel.gradients.copy()))
    for rates, gradients in results[1:]:
        assert (rates == results[0][0]).all()
        np.testing.assert_allclose(gradients, results[0][1], rtol=1e-12)
    own = kernel.inputs(gain, weight, NOISE_POWER, P_MAX, leaves, trained_quantity("stated"))
    assert (kernel.run(own, 0, 5, gradients=True)[0] != results[0][0]).all()


@pytest.mark.parametrize("gradients", [True, False])
@every
def test_nan_reaches_the_rates(name, options, gradients):
    kernel, inputs, _ = served(name, options, links=6, batch=5)
    kernel.values[next(iter(kernel.values))][1] = np.nan
    rates, power = kernel.run(inputs, 0, 5, gradients=gradients)
    assert np.isfinite(rates[0]) and np.isnan(rates[1]) and np.isnan(power[1]).all()
    kernel, inputs, _ = served(name, options, links=6, batch=5)
    inputs.cross[1, 2] = np.nan
    rates, power = kernel.run(inputs, 0, 5, gradients=gradients)
    assert np.isfinite(rates[0]) and np.isnan(rates[1]) and np.isnan(power[1, 2]).all()


@every
def test_parameters_are_views(name, options):
    kernel, inputs, drawn = served(name, options, links=6, batch=5)
    other = models.build(name, options, seed=4, seeds=range(2), dtype=torch.float64)
    before = kernel.parameters.copy()
    kernel.model.load_state_dict(other.state_dict())
    assert (kernel.parameters != before).any()
    gain, weight, leaves = drawn
    inputs = kernel.inputs(gain, weight, NOISE_POWER, P_MAX, leaves, trained_quantity("stated"))
    rates, _, gradients = autograd(other, *drawn, "stated")
    np.testing.assert_allclose(kernel.run(inputs, 0, 5, gradients=True)[0], rates, rtol=1e-13)
    assert difference(kernel, gradients) < 1e-12
    kernel.parameters[:] = before
    flat = torch.cat([parameter.detach().flatten() for parameter in kernel.model.parameters()])
    assert (flat.numpy() == before).all()


@pytest.mark.parametrize("name", [name for name in SERVED if kernel_of(models.build(name)).model.k is not None])
def test_leaves_out_of_range_are_refused(name):
    kernel, _, (gain, weight, leaves) = served(name, {}, links=6, batch=5)
    for wrong in (leaves - 6, leaves + 1, leaves.int(), leaves[..., :4, :, :], None):
        with pytest.raises(ValueError, match=r"leaves must be|must be int64|needs leaves"):
            kernel.inputs(gain, weight, NOISE_POWER, P_MAX, wrong, trained_quantity("stated"))


def test_what_no_kernel_serves():
    assert kernel_of(models.build("gcn", dtype=torch.float16)) is None
    assert kernel_of(models.build("gcn_released")) is None
    assert {"gcn", "gcn_small", "gcn_informed"} <= set(SERVED)


def test_a_model_keeps_its_kernel_and_a_copy_gets_its_own():
    model = models.build("gcn")
    kernel = kernel_of(model)
    assert kernel_of(model) is kernel
    copied = copy.deepcopy(model)
    own = kernel_of(copied)
    assert own is not kernel and own.model is copied and not np.shares_memory(own.parameters, kernel.parameters)
    cast = kernel_of(model.double())
    assert cast is not kernel and cast.parameters.dtype == np.float64


@pytest.mark.parametrize(
    ("name", "compiled", "expected"),
    [
        ("gcn", True, "kernel"), ("gcn", False, "torch"), ("mlp_informed", True, "torch"),
        ("gcn_released", True, "torch and compiled parts"), ("gcn_released", False, "torch"),
    ],
)  # fmt: skip
def test_what_computes_a_model_is_known(name, compiled, expected):
    model = models.build(name, compiled=compiled)
    assert computed_by(model) == expected and (kernel_of(model) is None) == (expected != "kernel")
