"""What the networks on stars do with their leaves."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d import stars, training
from qgnn_d2d.channels import Channels
from qgnn_d2d.models.star_network import gather, leaf_columns, star_edges
from qgnn_d2d.settings import NoiseModel
from tests.unit.models.cases import (
    BATCH,
    LINKS,
    NOISE_POWER,
    ON_STARS,
    ROUNDING,
    allocate,
    build,
    channels,
    draw_leaves,
)


@pytest.mark.parametrize(
    ("name", "options", "matters"),
    [
        ("gcn_informed", {}, False),
        ("mlp_informed", {}, False),
        ("twin_fourier", {}, False),
        ("twin_free", {"start_range": 1.0}, True),
        ("star_gnn", {}, False),
        ("qgnn", {"circuit": "qgcl_commuting", "start_range": 1.0}, False),
        ("qgnn", {"start_range": 1.0}, True),
        ("qgnn_released", {}, True),
    ],
)
def test_whether_the_order_of_leaves_matters(name, options, matters):
    model = build(name, **options).eval()
    leaves = draw_leaves(model)
    difference = allocate(model, *channels(), leaves.flip(-1)) - allocate(model, *channels(), leaves)
    assert (difference.abs().max() > 1e-6) == matters
    assert matters or difference.abs().max() < ROUNDING


@pytest.mark.parametrize("name", ON_STARS)
def test_every_round_can_have_leaves_of_its_own(name):
    model = build(name, seeds=range(2)).eval()
    one, gain, weight = draw_leaves(model)[:, 0], *channels()
    power = allocate(model, gain, weight, one)
    repeated = one.unsqueeze(1).repeat(1, model.num_rounds, 1, 1, 1)
    assert torch.equal(allocate(model, gain, weight, repeated), power)  # the same set in every round is one set
    other = repeated.clone()
    other[:, -1] = one.roll(1, dims=1)  # another realization's
    assert (allocate(model, gain, weight, other) - power).abs().max() > 1e-6
    networks = Channels(gain, weight, NOISE_POWER, 1.0)
    for leaves in (one, other):
        found = training.allocate(model, networks, leaves)  # by the kernel, where there is one
        torch.testing.assert_close(found, allocate(model, gain, weight, leaves), rtol=1e-12, atol=0)
    with pytest.raises(ValueError, match=r"or \(2, \d, 5, 6, 3\) for one set per round"):
        allocate(model, gain, weight, other[:, :0])


@pytest.mark.parametrize("name", ON_STARS)
def test_messages_come_from_leaves_only(name):
    model = build(name, k=1, **({} if name == "gcn_informed" else {"layers": 1})).eval()
    gain, weight = channels()
    leaves = torch.zeros(1, BATCH, LINKS, 1, dtype=torch.int64)
    leaves[:, :, 0] = 1  # link 0 is everyone's leaf, and link 1 is link 0's
    changed = weight.clone()
    changed[:, 2:] *= 0.5
    power, after = allocate(model, gain, weight, leaves), allocate(model, gain, changed, leaves)
    torch.testing.assert_close(after[..., :2], power[..., :2], rtol=0, atol=ROUNDING)
    assert (after[..., 2:] - power[..., 2:]).abs().max() > 1e-6


def test_a_gcn_on_stars_of_all_others_is_the_gcn():
    everyone = build("gcn_informed", scale="amplitude", k=LINKS - 1)
    leaves = draw_leaves(everyone)
    torch.testing.assert_close(allocate(everyone, *channels(), leaves), allocate(build("gcn"), *channels(), None))


@pytest.mark.parametrize(("heads", "layers", "depth"), [(1, 1, 1), (2, 3, 2), (3, 2, 4)])
def test_parameters_of_the_qgnn_and_its_twin_follow_their_formulas(heads, layers, depth):
    qgnn = build("qgnn", heads=heads, layers=layers, entangling_layers=depth)
    shared = layers * (6 * heads**2 + 12 * heads) + 8 * heads + 3
    assert qgnn.num_parameters["total"] == shared + 9 * layers * heads * depth
    twin = build("mlp_informed", heads=heads, layers=layers, width=depth)
    assert twin.num_parameters["total"] == shared + 10 * layers * heads * depth


def test_an_estimator_measures_every_layer_on_its_own_leaves():
    model = build("qgnn", seeds=range(2), start_range=1.0)
    leaves = draw_leaves(model)
    power = allocate(model, *channels(), leaves)
    model.estimator = lambda angles, *inputs: model.engine.expectations(angles.unsqueeze(1), *inputs)
    torch.testing.assert_close(allocate(model, *channels(), leaves), power, rtol=1e-12, atol=0)
    assert (allocate(model, *channels(), leaves[:, 0]) - power).abs().max() > 1e-6


def test_an_estimator_gets_what_the_exact_engine_gets():
    model = build("qgnn", k=1, layers=1, start_range=1.0)
    nodes = torch.rand(1, 2, LINKS, dtype=torch.float64)
    edges = torch.rand(1, 1, 2, LINKS, dtype=torch.float64)
    columns = (torch.arange(LINKS) + 1).remainder(LINKS).view(1, 1, LINKS)
    z = model.measure(0, model.prepare(), nodes, edges, columns)
    assert z.shape == (1, 3, LINKS) and (z.square().sum(1) <= 1 + ROUNDING).all()  # a Bloch vector
    seen = {}
    model.estimator = lambda angles, *inputs: seen.update(angles=angles, inputs=inputs) or torch.zeros(1, 3, LINKS)
    assert model.prepare() is None
    model.measure(0, None, nodes, edges, columns)
    assert torch.equal(seen["angles"], model.block_angles[:, 0].flatten(0, 1))
    assert torch.equal(seen["inputs"][0], nodes) and torch.equal(seen["inputs"][1], nodes[:, None, :, columns[0, 0]])


@pytest.mark.parametrize("noise", [{"depolarizing": 0.2}, {"device": "FakeLagosV2"}])
def test_noise_changes_the_powers_and_not_the_start(noise):
    ideal, noisy = (build("qgnn", start_range=1.0, noise=model) for model in (None, NoiseModel(**noise)))
    assert all(torch.equal(one, other) for one, other in zip(ideal.parameters(), noisy.parameters(), strict=True))
    leaves = draw_leaves(ideal)
    assert (allocate(noisy, *channels(), leaves) - allocate(ideal, *channels(), leaves)).abs().max() > 1e-4


def test_full_noise_leaves_nothing_of_the_messages():
    model = build("qgnn", layers=1, noise={"depolarizing": 1.0})
    gain, weight = channels()
    stronger = gain.clone()
    stronger[:, 0, 1:] *= 4
    powers = [allocate(model, values, weight, draw_leaves(model))[..., 0] for values in (gain, stronger)]
    torch.testing.assert_close(powers[0], powers[1], rtol=0, atol=1e-3)


def test_the_perceptron_is_what_its_docstring_says():
    model = build("mlp_informed", layers=1)
    u, v, e = (torch.randn(1, 2, 1, dtype=torch.float64) for _ in range(3))  # center, one leaf, its edge
    nodes, columns = torch.cat([u, v], dim=-1), torch.tensor([[[1, 0]]])
    edges = torch.stack([e, e], dim=-1).view(1, 1, 2, 2)
    z = model.measure(0, None, nodes, edges, columns)[0, :, 0]
    hidden, out = model.hidden[0, 0, 0], model.out[0, 0, 0]
    expected = torch.tanh(out @ torch.tanh(hidden[:, :6] @ torch.cat([u, v, e], dim=1)[0, :, 0] + hidden[:, 6]))
    torch.testing.assert_close(z, expected, rtol=0, atol=ROUNDING)


def test_the_fourier_features_are_what_their_docstring_says():
    model = build("twin_fourier", layers=1, features=4)
    nodes, edges = torch.randn(1, 2, 3, dtype=torch.float64), torch.randn(1, 2, 2, 3, dtype=torch.float64)
    z = model.measure(0, None, nodes, edges, torch.tensor([[[1, 2, 0], [2, 0, 1]]]))[0, :, 0]  # leaves 1 and 2 of 0
    frequencies, phases = model.frequencies[0, 0, 0], model.phases[0, 0, 0, :, 0]
    stars = [torch.cat([nodes[0, :, 0], nodes[0, :, 1 + i], edges[0, i, :, 0]]) for i in range(2)]
    waves = sum(torch.cos(frequencies @ angles + phases) for angles in stars)
    torch.testing.assert_close(z, torch.tanh(model.out[0, 0, 0] @ waves), rtol=0, atol=ROUNDING)
    assert set(model.frequencies.unique().tolist()) == {-1, 0, 1} and phases.abs().max() <= math.pi


def test_an_untrained_free_tensor_is_the_qgnns_of_the_same_seed():
    options = {"layers": 3, "heads": 2, "start_range": 1.0}
    twin, qgnn = (build(name, seeds=range(2), **options) for name in ("twin_free", "qgnn_informed"))
    torch.testing.assert_close(twin.transfer(), qgnn.transfer(), rtol=0, atol=1e-6)  # starts are float32
    leaves = draw_leaves(twin)
    powers = [allocate(model, *channels(), leaves) for model in (twin, qgnn)]
    torch.testing.assert_close(*powers, rtol=0, atol=1e-6)


def test_encoding_angles_are_within_their_range():
    model = build("qgnn", angle_range=0.25)
    assert model._angles(torch.full((1, 2, 1), 1e9, dtype=torch.float64)).tolist() == [[[math.pi / 4]] * 2]


@given(
    seed=st.integers(0, 2**32 - 1), links=st.integers(2, 5), size=st.integers(1, 3), k=st.integers(1, 5),
    width=st.integers(1, 3),
)  # fmt: skip
def test_leaves_and_edges_are_gathered_node_by_node(seed, links, size, k, width):
    generator = torch.Generator().manual_seed(seed)
    leaves = stars.sample(links, k, generator, (2, size))
    nodes = torch.rand(2, width, size * links, generator=generator)
    cross = torch.rand(2, size, links, links, generator=generator)
    taken = gather(nodes, leaf_columns(leaves))
    incoming, outgoing = star_edges(cross, leaves)
    for s, b, m, i in np.ndindex(2, size, links, leaves.shape[-1]):
        j = leaves[s, b, m, i]
        node, leaf = b * links + m, b * links + j
        assert torch.equal(taken[s, i, :, node], nodes[s, :, leaf])
        assert incoming[s, i, node] == cross[s, b, m, j] and outgoing[s, i, node] == cross[s, b, j, m]
