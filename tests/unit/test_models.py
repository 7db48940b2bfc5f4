"""The models: parameter counts, bounds, symmetry, stacking."""

import pytest
import torch

from qgnn_d2d import models, objective, stars
from qgnn_d2d.channels import scenarios
from qgnn_d2d.models import MODELS, architecture_options
from qgnn_d2d.training import trainer as training

ROUNDING = 1e-10  # float64
BATCH, LINKS = 5, 6
NOISE_POWER = 0.1
INFORMED = ["qgnn_informed", "gcn_informed", "mlp_informed"]


def channels(seed=0, links=LINKS, batch=BATCH):
    generator = torch.Generator().manual_seed(seed)
    gain = torch.empty(batch, links, links, dtype=torch.float64).exponential_(generator=generator)
    return gain, torch.rand(batch, links, generator=generator, dtype=torch.float64)


def build(name, seeds=range(1), **options):
    model = models.build(name, options, seed=3, seeds=seeds, dtype=torch.float64)
    model.features.fit(*channels(seed=9), NOISE_POWER, 1.0)
    return model


def draw_leaves(model, seeds, links=LINKS, batch=BATCH):
    if model.k is None:
        return None
    return stars.sample(links, model.k, torch.Generator().manual_seed(4), (seeds, batch))


def allocate(model, gain, weight, leaves, p_max=1.0):
    seeds = model.num_seeds
    return model(gain.expand(seeds, *gain.shape), weight.expand(seeds, *weight.shape), NOISE_POWER, p_max, leaves)


@pytest.mark.parametrize(
    ("name", "options", "quantum", "total"),
    [
        ("qgnn", {}, 36, 83),
        ("qgnn", {"layers": 3}, 54, 119),
        ("qgnn", {"layers": 4, "heads": 4, "entangling_layers": 3}, 432, 1043),
        ("gcn", {}, 0, 1233),
        ("gcn_small", {}, 0, 81),
        ("qgnn_released", {}, 136, 6425),
        ("gcn_released", {}, 0, 67073),
        ("qgnn_informed", {"layers": 3, "heads": 4}, 216, 683),
        ("gcn_informed", {}, 0, 1233),
        ("mlp_informed", {"layers": 3, "heads": 4}, 0, 707),
    ],
)
def test_parameter_counts(name, options, quantum, total):
    assert build(name, **options).num_parameters == {
        "quantum": quantum,
        "classical": total - quantum,
        "total": total,
    }


def test_qgnn_parameters_follow_the_formula():
    for heads, layers, depth in [(1, 1, 1), (2, 3, 2), (3, 2, 4)]:
        model = build("qgnn", heads=heads, layers=layers, entangling_layers=depth)
        expected = layers * (6 * heads**2 + 12 * heads + 9 * heads * depth) + 8 * heads + 3
        assert model.num_parameters["total"] == expected


def test_another_circuit_can_take_the_layers_place():
    model = build("qgnn", circuit="qgcl_ancilla")
    power = allocate(model, *channels(), draw_leaves(model, 1))
    assert torch.isfinite(power).all()
    assert model.num_parameters["quantum"] == 2 * 32


@pytest.mark.parametrize("p_max", [1.0, 10**0.5])
@pytest.mark.parametrize("name", list(MODELS))
def test_powers_are_within_bounds(name, p_max):
    model = build(name, seeds=range(2))
    power = allocate(model, *channels(), draw_leaves(model, 2), p_max)
    assert power.shape == (2, BATCH, LINKS)
    assert (power >= 0).all() and (power <= p_max**2).all()
    assert power.max() > 0


@pytest.mark.parametrize("links", [2, 3, 12])
@pytest.mark.parametrize("name", list(MODELS))
def test_any_number_of_links(name, links):
    model = build(name).eval()
    power = allocate(model, *channels(links=links), draw_leaves(model, 1, links))
    assert power.shape == (1, BATCH, links) and torch.isfinite(power).all()


@pytest.mark.parametrize(
    ("name", "k"),
    [("gcn", None), ("gcn_small", None), ("gcn_released", None), ("qgnn", 9), *((name, 3) for name in INFORMED)],
)
def test_relabelling_the_links_relabels_the_powers(name, k):
    """Of models on stars, when the leaves and their order are carried along."""
    model = build(name, **({"k": k} if k else {})).eval()
    gain, weight = channels(links=10)
    leaves = draw_leaves(model, 1, 10)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(8))
    power = allocate(model, gain, weight, leaves)
    relabelled_leaves = None if leaves is None else stars.relabel(leaves, order)
    relabelled = allocate(model, gain[:, order][:, :, order], weight[:, order], relabelled_leaves)
    torch.testing.assert_close(relabelled, power[..., order], rtol=0, atol=ROUNDING)


def test_released_qgnn_is_not_invariant_to_leaf_order():
    model = build("qgnn_released").eval()
    leaves = draw_leaves(model, 1)
    power = allocate(model, *channels(), leaves)
    assert (allocate(model, *channels(), leaves.flip(-1)) - power).abs().max() > 1e-6


@pytest.mark.parametrize("name", list(MODELS))
def test_power_depends_on_the_neighbors(name):
    """A model that ignores its messages would pass every other test."""
    model = build(name).eval()
    gain, weight = channels()
    leaves = draw_leaves(model, 1)
    louder = gain.clone()
    louder[:, 0, 1:] *= 4  # what link 0 receives from the others
    power, changed = allocate(model, gain, weight, leaves), allocate(model, louder, weight, leaves)
    assert (power[..., 0] - changed[..., 0]).abs().max() > 1e-6


@pytest.mark.parametrize("name", list(MODELS))
def test_gradients_of_stacked_seeds_are_those_of_each_seed_alone(name):
    seeds = 3
    together = build(name, seeds=range(seeds))
    leaves = draw_leaves(together, seeds)
    allocate(together, *channels(), leaves).sum().backward()
    for s in range(seeds):
        alone = build(name, seeds=range(s, s + 1))
        allocate(alone, *channels(), None if leaves is None else leaves[s : s + 1]).sum().backward()
        stacked = dict(together.named_parameters())
        for parameter_name, parameter in alone.named_parameters():
            gradient = stacked[parameter_name].grad[s : s + 1]
            torch.testing.assert_close(gradient, parameter.grad, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize(
    ("name", "options"),
    [("gcn_informed", {}), ("mlp_informed", {}), ("qgnn", {"circuit": "qgcl_commuting", "start_range": 1.0})],
)
def test_stars_whose_leaves_may_come_in_any_order(name, options):
    model = build(name, **options).eval()
    leaves = draw_leaves(model, 1)
    power = allocate(model, *channels(), leaves)
    torch.testing.assert_close(allocate(model, *channels(), leaves.flip(-1)), power, rtol=0, atol=ROUNDING)


def test_a_gcn_on_stars_of_all_others_is_the_gcn():
    everyone = build("gcn_informed", scale="amplitude", k=LINKS - 1)
    leaves = draw_leaves(everyone, 1)
    torch.testing.assert_close(allocate(everyone, *channels(), leaves), allocate(build("gcn"), *channels(), None))


@pytest.mark.parametrize("name", INFORMED)
def test_nodes_hear_their_leaves_only(name):
    model = build(name, k=1, **({} if name == "gcn_informed" else {"layers": 1})).eval()
    gain, weight = channels()
    leaves = torch.zeros(1, BATCH, LINKS, 1, dtype=torch.int64)
    leaves[:, :, 0] = 1  # everyone hears link 0, which hears link 1
    changed = weight.clone()
    changed[:, 2:] *= 0.5
    power, after = allocate(model, gain, weight, leaves), allocate(model, gain, changed, leaves)
    torch.testing.assert_close(after[..., :2], power[..., :2], rtol=0, atol=ROUNDING)
    assert (after[..., 2:] - power[..., 2:]).abs().max() > 1e-6


def test_the_perceptrons_are_what_the_docstring_says():
    model = build("mlp_informed", layers=1)
    u, v, e = (torch.randn(1, 2, 1, dtype=torch.float64) for _ in range(3))  # center, one leaf, its edge
    nodes, columns = torch.cat([u, v], dim=-1), torch.tensor([[[1, 0]]])
    edges = torch.stack([e, e], dim=-1).view(1, 1, 2, 2)
    z = model.measure(0, None, nodes, edges, columns)[0, :, 0]
    hidden, out = model.hidden[0, 0, 0], model.out[0, 0, 0]
    expected = torch.tanh(out @ torch.tanh(hidden[:, :6] @ torch.cat([u, v, e], dim=1)[0, :, 0] + hidden[:, 6]))
    torch.testing.assert_close(z, expected, rtol=0, atol=ROUNDING)


def test_rate_features_are_what_links_are_worth():
    gain, weight = channels(batch=400)
    features = models.build("qgnn_informed", dtype=torch.float64).features
    features.fit(gain, weight, NOISE_POWER, 2.0)
    direct, alpha, cross = features(gain, weight, NOISE_POWER, 2.0)
    for values in (direct, alpha, cross[:, ~torch.eye(LINKS, dtype=torch.bool)]):
        assert abs(values.mean()) < 1e-6 and abs(values.std() - 1) < 1e-6
    worth = objective.single_link_rate(gain, weight, NOISE_POWER, 2.0)
    assert torch.corrcoef(torch.stack([direct.flatten(), worth.flatten()]))[0, 1] > 1 - 1e-9


@pytest.mark.parametrize("name", ["qgnn", "qgnn_released", *INFORMED])
def test_models_on_stars_need_leaves(name):
    with pytest.raises(ValueError, match="needs leaves"):
        allocate(build(name), *channels(), None)


def test_wrong_number_of_seeds_is_refused():
    gain, weight = channels()
    with pytest.raises(ValueError, match=r"gain has shape \(1, .* this model has S = 2"):
        build("gcn", seeds=range(2))(gain[None], weight[None], 0.1, 1.0)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="model is 'gnn'"):
        architecture_options("gnn")
    with pytest.raises(ValueError, match="option of model gcn is 'depth'"):
        build("gcn", depth=3)
    with pytest.raises(ValueError, match="features is 'log'"):
        build("gcn", scale="log")


OUT_OF_RANGE = [
    ("qgnn", {"k": 0}),
    ("qgnn", {"layers": 0}),
    ("qgnn", {"heads": -1}),
    ("qgnn", {"angle_range": 0.0}),
    ("qgnn", {"angle_range": 1e300}),
    ("qgnn", {"start_range": float("inf")}),
    ("qgnn", {"start_range": -0.1}),
    ("qgnn", {"start_range": 1e300}),
    ("qgnn", {"noise": "lagos"}),
    ("qgnn", {"noise": ["device"]}),
    ("qgnn_released", {"dropout": -1}),
    ("qgnn_released", {"dropout": 1.0}),
    ("qgnn_released", {"dropout": float("nan")}),
    ("gcn", {"update_width": -1}),
    ("gcn", {"message_widths": []}),
    ("gcn", {"message_widths": [4]}),
    ("gcn", {"message_widths": [4, 0]}),
    ("gcn", {"message_widths": 4}),
    ("gcn_informed", {"message_widths": [4, 4, 4]}),
    ("gcn_released", {"width": 0}),
]


@pytest.mark.parametrize(("name", "options"), OUT_OF_RANGE)
def test_options_out_of_range_are_refused(name, options):
    with pytest.raises(ValueError, match=next(iter(options))) as refusal:
        build(name, **options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("device", ["warp", "meta", "cuda:99", 3.5])
def test_devices_that_are_not_here_are_refused(device):
    with pytest.raises(ValueError, match=r"device is .*; it must be a device that PyTorch has here"):
        models.build("gcn", device=device)


MISFITS = {
    "links": (lambda gain, weight, leaves: (gain[..., :-1], weight, leaves), r"gain has shape \(1, 5, 6, 5\)"),
    "no batch": (lambda gain, weight, leaves: (gain[:, 0], weight, leaves), "gain has shape"),
    "weights": (lambda gain, weight, leaves: (gain, weight[..., :-1], leaves), r"weight has shape \(1, 5, 5\)"),
    "gain's type": (lambda gain, weight, leaves: (gain.float(), weight, leaves), "gain has dtype torch.float32"),
    "weight's type": (lambda gain, weight, leaves: (gain, weight.float(), leaves), "weight has dtype torch.float32"),
    "fewer leaves": (lambda gain, weight, leaves: (gain, weight, leaves[..., :2]), r"of shape \(1, 5, 6, 3\)"),
    "leaves' batch": (lambda gain, weight, leaves: (gain, weight, leaves[:, :1]), "leaves are"),
    "leaves' type": (lambda gain, weight, leaves: (gain, weight, leaves.int()), "leaves are torch.int32"),
}


@pytest.mark.parametrize("misfit", MISFITS)
@pytest.mark.parametrize("name", ["qgnn", "qgnn_released", *INFORMED])
def test_tensors_that_do_not_fit_are_refused(name, misfit):
    change, words = MISFITS[misfit]
    model = build(name)
    gain, weight = (values.unsqueeze(0) for values in channels())
    model(gain, weight, NOISE_POWER, 1.0, draw_leaves(model, 1))
    gain, weight, leaves = change(gain, weight, draw_leaves(model, 1))
    with pytest.raises(ValueError, match=words):
        model(gain, weight, NOISE_POWER, 1.0, leaves)


@pytest.mark.parametrize("leaf", [-1, LINKS])
def test_leaves_that_are_no_links_are_refused(leaf):
    model = build("qgnn")
    leaves = draw_leaves(model, 1)
    leaves[0, 0, 0, 0] = leaf
    with pytest.raises(ValueError, match=r"leaves are from .* to .*; they must be from 0 to 5"):
        training.allocate(model, scenarios.Channels(*channels(), NOISE_POWER, 1.0), leaves)


def test_decibel_features_are_standardized():
    gain, weight = channels(batch=400)
    gain = gain * 1e-9
    model = build("gcn", scale="decibel")
    model.features.fit(gain, weight, NOISE_POWER, 1.0)
    direct, alpha, cross = model.features(gain, weight, NOISE_POWER, 1.0)
    off_diagonal = cross[:, ~torch.eye(LINKS, dtype=torch.bool)]
    for values in (direct, off_diagonal):
        assert abs(values.mean()) < 1e-6 and abs(values.std() - 1) < 1e-6
    torch.testing.assert_close(alpha, weight)
