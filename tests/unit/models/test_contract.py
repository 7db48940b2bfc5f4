"""What every model keeps to: a model is tested by being registered."""

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import models
from qgnn_d2d.settings import MODELS
from qgnn_d2d.settings.model import Scale
from tests.unit.models.cases import (
    BATCH,
    LINKS,
    NOISE_POWER,
    ROUNDING,
    allocate,
    build,
    channels,
    draw_leaves,
    relabelled,
)  # fmt: skip

SMALL = {
    "gcn_released": {"width": 4, "layers": 1},
    "qgnn_released": {"width": 4, "layers": 1, "entangling_layers": 1},
}


@pytest.mark.parametrize(
    ("name", "options", "quantum", "total"),
    [
        ("qgnn", {}, 36, 83),
        ("qgnn", {"layers": 3}, 54, 119),
        ("qgnn", {"layers": 4, "heads": 4, "entangling_layers": 3}, 432, 1043),
        ("qgnn", {"circuit": "qgcl_ancilla"}, 64, 107),
        ("gcn", {}, 0, 1233),
        ("gcn_small", {}, 0, 81),
        ("gcn", {"message_widths": [12, 22], "update_width": 12}, 0, 683),
        ("qgnn_released", {}, 136, 15001),
        ("gcn_released", {}, 0, 67073),
        ("qgnn_informed", {"layers": 3, "heads": 4}, 216, 683),
        ("gcn_informed", {}, 0, 1233),
        ("mlp_informed", {"layers": 3, "heads": 4}, 0, 707),
        ("twin_free", {"layers": 3, "heads": 4}, 0, 2771),
        ("twin_fourier", {"layers": 3, "heads": 4}, 0, 683),
        ("star_gnn", {}, 0, 1023),
        ("unfolded_wmmse", {}, 0, 288),
        ("unfolded_wmmse", {"layers": 3, "width": 2}, 0, 90),
    ],
)
def test_parameter_counts(name, options, quantum, total):
    expected = {"quantum": quantum, "classical": total - quantum, "total": total}
    assert build(name, seeds=range(2), **options).num_parameters == expected


@pytest.mark.parametrize("p_max", [1.0, 10**0.5])
@pytest.mark.parametrize("links", [2, 3, LINKS])
@pytest.mark.parametrize("name", MODELS)
def test_powers_of_any_number_of_links_are_within_bounds(name, links, p_max):
    model = build(name, seeds=range(2))
    power = allocate(model, *channels(links=links), draw_leaves(model, links), p_max)
    assert power.shape == (2, BATCH, links) and power.dtype == torch.float64
    assert (power >= 0).all() and (power <= p_max**2).all() and power.max() > 0


@pytest.mark.parametrize("name", MODELS)
def test_relabelling_the_links_relabels_the_powers(name):
    """Of models on stars, when leaves and their order are relabelled along."""
    model = build(name).eval()
    gain, weight = channels()
    leaves, order = draw_leaves(model), torch.randperm(LINKS, generator=torch.Generator().manual_seed(8))
    power = allocate(model, gain, weight, leaves)
    moved = allocate(model, gain[:, order][:, :, order], weight[:, order], relabelled(leaves, order))
    torch.testing.assert_close(moved, power[..., order], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", MODELS)
def test_power_depends_on_own_channel_weight_and_neighbors(name):
    """A model that ignores its messages would pass every other test."""
    model = build(name).eval()
    gain, weight = channels()
    leaves = draw_leaves(model)
    power = allocate(model, gain, weight, leaves)
    own, heavier, interfered = gain.clone(), weight.clone(), gain.clone()
    own[:, 0, 0] *= 4
    heavier[:, 0] *= 0.5
    interfered[:, 0, 1:] *= 4
    for changed in ((own, weight), (gain, heavier), (interfered, weight)):
        assert (power[..., 0] - allocate(model, *changed, leaves)[..., 0]).abs().max() > 1e-6


@pytest.mark.parametrize("name", MODELS)
def test_gradients_of_stacked_seeds_are_those_of_each_seed_alone(name):
    together = build(name, seeds=range(3), **SMALL.get(name, {}))
    leaves = draw_leaves(together)
    allocate(together, *channels(), leaves).sum().backward()
    stacked = dict(together.named_parameters())
    for s in range(3):
        alone = build(name, seeds=range(s, s + 1), **SMALL.get(name, {}))
        allocate(alone, *channels(), None if leaves is None else leaves[s : s + 1]).sum().backward()
        for parameter_name, parameter in alone.named_parameters():
            gradient = stacked[parameter_name].grad[s : s + 1]
            torch.testing.assert_close(gradient, parameter.grad, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", MODELS)
def test_every_seed_starts_differently_and_the_same_in_any_company_and_type(name):
    stacked = build(name, seeds=range(2)).state_dict()
    alone = models.build(name, seed=3, seeds=range(1, 2), dtype=torch.float32).double().state_dict()
    for parameter, _ in build(name).named_parameters():
        assert torch.equal(stacked[parameter][1:], alone[parameter])
    assert any((values[0] != values[1]).any() for values in stacked.values() if values.ndim > 1)
    other = models.build(name, seed=4, seeds=range(1, 2), dtype=torch.float64).state_dict()
    assert any((other[parameter] != stacked[parameter][1:]).any() for parameter, _ in build(name).named_parameters())


@pytest.mark.parametrize("scale", get_args(Scale))
@pytest.mark.parametrize("name", MODELS)
def test_isolated_links_and_links_without_weight_have_finite_powers_and_gradients(name, scale):
    model = build(name, seeds=range(2), scale=scale, **SMALL.get(name, {}))
    gain, weight = channels()
    gain[0, 0], gain[0, :, 0], weight[0, 0] = 0, 0, 0  # left out in training
    gain[1, 1, [0, 2, 3, 4, 5]] = 0  # receives nobody's interference
    weight[2], gain[3] = 0, 0
    power = allocate(model, gain, weight, draw_leaves(model))
    power.sum().backward()
    assert torch.isfinite(power).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters() if parameter.grad is not None)


BUILT = {name: build(name, seeds=range(2), **SMALL.get(name, {})).eval() for name in MODELS}


@given(
    name=st.sampled_from(list(MODELS)),
    seed=st.integers(0, 2**32 - 1),
    links=st.integers(2, 5),
    decades=st.sampled_from([0, 1, 5]),
    noise_power=st.sampled_from([1e-14, 0.1, 100.0]),
    p_max=st.sampled_from([0.01, 1.0, 100.0]),
)
def test_any_network_has_powers_within_bounds_that_follow_labels(name, seed, links, decades, noise_power, p_max):
    numpy, model = np.random.default_rng(seed), BUILT[name]
    gain = torch.from_numpy(10 ** numpy.uniform(-decades, decades, (1, links, links)))
    weight = torch.from_numpy(numpy.random((1, links)))
    leaves = draw_leaves(model, links, 1)
    order = torch.from_numpy(numpy.permutation(links))

    def powers(gain, weight, leaves):
        return model(gain.expand(2, 1, -1, -1), weight.expand(2, 1, -1), noise_power, p_max, leaves)

    power = powers(gain, weight, leaves)
    assert (power >= 0).all() and (power <= p_max**2 * (1 + 1e-12)).all()
    moved = powers(gain[:, order][:, :, order], weight[:, order], relabelled(leaves, order))
    torch.testing.assert_close(moved, power[..., order], rtol=1e-6, atol=1e-9 * p_max)


# Refusals

MISFITS = {
    "not square": ("gain", lambda gain: gain[..., :-1], r"gain has shape \(1, 5, 6, 5\)"),
    "no batch": ("gain", lambda gain: gain[:, 0], "gain has shape"),
    "two seeds": ("gain", lambda gain: gain.expand(2, -1, -1, -1), r"gain has shape \(2, .* this model has S = 1"),
    "fewer weights": ("weight", lambda weight: weight[..., :-1], r"weight has shape \(1, 5, 5\)"),
    "gains of another type": ("gain", torch.Tensor.float, "gain has dtype torch.float32; it must be the model's"),
    "weights of another type": ("weight", torch.Tensor.float, "weight has dtype torch.float32"),
    "no leaves": ("leaves", lambda leaves: None, "needs leaves"),
    "fewer leaves": ("leaves", lambda leaves: leaves[..., :2], r"of shape \(1, 5, 6, 3\)"),
    "leaves of another batch": ("leaves", lambda leaves: leaves[..., :1, :, :], "leaves are"),
    "leaves of another type": ("leaves", torch.Tensor.int, "leaves are torch.int32"),
}


@pytest.mark.parametrize("misfit", MISFITS)
@pytest.mark.parametrize("name", MODELS)
def test_tensors_that_do_not_fit_are_refused(name, misfit):
    which, change, words = MISFITS[misfit]
    model = build(name, **SMALL.get(name, {}))
    tensors = {"gain": channels()[0][None], "weight": channels()[1][None], "leaves": draw_leaves(model)}
    if tensors[which] is None:
        return
    tensors[which] = change(tensors[which])
    with pytest.raises(ValueError, match=words):
        model(tensors["gain"], tensors["weight"], NOISE_POWER, 1.0, tensors["leaves"])


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("gnn", {}, "model is 'gnn'"),
        ("gcn", {"depth": 3}, "model gcn: unknown key 'depth'"),
        ("gcn", {"scale": "log"}, r"model gcn\.scale is 'log'"),
        ("qgnn", {"k": 0}, r"model qgnn\.k is 0"),
        ("qgnn", {"start_range": 1e300}, "start_range"),
        ("qgnn", {"noise": "lagos"}, "noise is 'lagos'; it must be a mapping"),
        ("qgnn", {"noise": {"device": "FakeLagosV2", "depolarizing": 0.1}}, "noise: .* one of the keys"),
        ("qgnn_released", {"dropout": 1.0}, "dropout is 1.0; it must be below 1"),
    ],
)
def test_unknown_models_and_options_are_refused(name, options, words):
    with pytest.raises(ValueError, match=words) as refusal:
        models.build(name, options)
    assert "\n" not in str(refusal.value)


def test_options_may_be_settings_and_no_others():
    assert models.build("gcn", MODELS["gcn"](iterations=2)).iterations == 2
    with pytest.raises(ValueError, match="model gcn"):
        models.build("gcn", MODELS["qgnn"]())
    with pytest.raises(ValueError, match="number of seeds"):
        models.build("gcn", seeds=range(0))
    with pytest.raises(ValueError, match="seed"):
        models.build("gcn", seed=-1)


@pytest.mark.parametrize("device", ["warp", "meta", "cuda:99", 3.5])
def test_devices_that_are_not_here_are_refused(device):
    with pytest.raises(ValueError, match=r"device is .*; it must be a device that PyTorch has here"):
        models.build("gcn", device=device)
