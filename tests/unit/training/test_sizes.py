"""Networks of several sizes: padding changes no power and no training."""

import numpy as np
import pytest
import torch

from qgnn_d2d import models, stars
from qgnn_d2d.channels import Channels
from qgnn_d2d.settings import MODELS
from qgnn_d2d.training import Trainer, allocate, evaluation_leaves
from tests.strategies import refused
from tests.unit.training.cases import SMALL, channels, run_of

MIXING = ["qgnn", "gcn", "gcn_informed", "mlp_informed", "twin_free", "twin_fourier", "star_gnn"]


def padded(data, links, sizes=None):
    """Networks with more links, which are padding."""
    shape = (len(data), links)
    gain, weight = torch.zeros(*shape, links).to(data.gain), torch.zeros(shape).to(data.weight)
    gain[:, : data.num_links, : data.num_links], weight[:, : data.num_links] = data.gain, data.weight
    sizes = torch.full((len(data),), data.num_links) if sizes is None else sizes
    return Channels(gain, weight, data.noise_power, data.p_max, sizes)


def mixed(count=4, sizes=(5, 6, 8), seed=3):
    """Networks of several sizes, in turn, and their parts of one size."""
    parts = [channels(count, seed + size, size) for size in sizes]
    wide = [padded(part, max(sizes)) for part in parts]
    order = torch.arange(count * len(sizes)).view(len(sizes), count).T.flatten()
    whole = Channels(
        *(torch.cat([getattr(part, name) for part in wide])[order] for name in ("gain", "weight")),
        wide[0].noise_power, wide[0].p_max, torch.cat([part.sizes for part in wide])[order],
    )  # fmt: skip
    return whole, parts


@pytest.mark.parametrize("model", MODELS)
def test_a_padded_network_gets_the_powers_that_it_gets_alone(model):
    data, parts = mixed()
    k = {"k": 3} if "k" in MODELS[model].model_fields else {}
    run = run_of(model, **k)
    network = models.build(model, SMALL.get(model, {}) | k, seed=5, seeds=range(2), dtype=torch.float64)
    network.features.fit(data.gain, data.weight, data.noise_power, data.p_max, data.real)
    leaves = evaluation_leaves(run, network, data, "test")
    power = allocate(network, data, leaves)
    assert power.shape == (2, len(data), 8) and not power[:, ~data.real].any()
    for i, part in enumerate(parts):
        own = None if network.k is None else leaves[:, :, i :: len(parts), : part.num_links]
        torch.testing.assert_close(
            power[:, i :: len(parts), : part.num_links], allocate(network, part, own), rtol=0, atol=0
        )


@pytest.mark.parametrize("rule", stars.RULES)
def test_padding_is_nobodys_leaf(rule):
    data, parts = mixed()
    leaves = stars.choose(rule, data, 3, torch.Generator().manual_seed(1), torch.Generator().manual_seed(2), num_sets=2)
    assert leaves.shape == (2 if rule in stars.DRAWN else 1, len(data), 8, 3)
    for size, own in zip(data.sizes.tolist(), leaves.unbind(1), strict=True):
        assert (own[:, :size] < size).all() and (own[:, :size] != torch.arange(size).unsqueeze(-1)).all()
        assert all(len(set(star)) == 3 for star in own[:, :size].flatten(0, 1).tolist())
        assert rule not in stars.DRAWN or not torch.equal(own[0, :size], own[1, :size])
    if rule not in stars.DRAWN:
        for i, part in enumerate(parts):
            alone = stars.choose(rule, part, 3, torch.Generator())
            assert torch.equal(leaves[:, i :: len(parts), : part.num_links], alone)
    refused(lambda: stars.choose(rule, data, 5, torch.Generator()), "realization 0 has 5 links", "k = 5", "at least 6")


def test_all_others_are_all_others():
    data, _ = mixed()
    leaves = stars.all_others(data)
    assert leaves.shape == (len(data), 8, 7)
    for size, own in zip(data.sizes.tolist(), leaves.tolist(), strict=True):
        for m in range(size):
            assert set(own[m]) == set(range(size)) - {m}


@pytest.mark.parametrize("compiled", [True, False], ids=["kernel", "torch"])
@pytest.mark.parametrize("model", MIXING)
def test_padding_changes_no_training(model, compiled):
    """Two more links in every network, with no gain and no weight: the same curves and weights."""
    stars_of = {"stars": "strongest", "k": 3} if "k" in MODELS[model].model_fields else {}
    run, curves, weights = run_of(model, num_seeds=1, **stars_of), [], []
    for change in (lambda data: data, lambda data: padded(data, data.num_links + 2)):
        data = {"train": change(channels(8)), "test": change(channels(4, seed=1))}
        trainer = Trainer(run, data["train"], data, dtype=torch.float64, compiled=compiled)
        trainer.train_epoch()
        curves.append(trainer.curves()["value"].to_numpy())
        weights.append(torch.cat([values.double().flatten() for values in trainer.model.state_dict().values()]))
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-12)
    torch.testing.assert_close(weights[1], weights[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", MIXING)
def test_a_step_on_several_sizes_is_the_mean_of_the_networks_steps(model):
    """The gradient of a padded batch is the mean of the gradients of its networks, each without padding."""
    stars_of = {"stars": "strongest", "k": 3} if "k" in MODELS[model].model_fields else {}
    (data, parts), run = mixed(1), run_of(model, num_seeds=1, **stars_of)

    def gradient(networks, batch):
        trainer = Trainer(run, batch, {}, dtype=torch.float64, compiled=False)
        trainer.model.features.fit(data.gain, data.weight, data.noise_power, data.p_max, data.real)
        leaves = evaluation_leaves(run, trainer.model, networks, "x")
        loss = -trainer.means(networks.gain.unsqueeze(0), networks.weight.unsqueeze(0), leaves).sum()
        return torch.cat([grad.flatten() for grad in torch.autograd.grad(loss, list(trainer.model.parameters()))])

    alone = torch.stack([gradient(part, part) for part in parts]).mean(dim=0)
    torch.testing.assert_close(gradient(data, data), alone, rtol=1e-9, atol=1e-12)


def test_kernels_train_on_several_sizes_as_torch_does():
    data, _ = mixed(2)
    for model in MIXING:
        curves = []
        for compiled in (True, False):
            trainer = Trainer(run_of(model, num_seeds=1), data, {"train": data}, dtype=torch.float64, compiled=compiled)
            trainer.train_epoch()
            curves.append(trainer.curves()["value"].to_numpy())
        np.testing.assert_allclose(curves[0], curves[1], rtol=1e-9)


def test_what_cannot_be_exact_is_refused():
    data, _ = mixed()
    for model in ("gcn_released", "qgnn_released", "unfolded_wmmse"):
        refused(lambda model=model: Trainer(run_of(model), data, {}), f"model is '{model}'", "one size only")
    refused(lambda: Trainer(run_of("gcn", "released"), data, {}), "protocol is 'released'", "it must be stated")
    refused(lambda: Trainer(run_of("gcn", "released"), channels(), {"test": data}), "protocol is 'released'")
