import warnings

import pytest
import torch

from qgnn_d2d import models, objective, stars
from qgnn_d2d.channels import Channels, realizations, to_channels
from qgnn_d2d.random_streams import torch_generator
from qgnn_d2d.settings import MODELS
from qgnn_d2d.settings.scenario import Geometric, Rayleigh
from qgnn_d2d.training import allocate, cast, evaluation_leaves, score
from qgnn_d2d.training.inference import mean_metric, warn_of_far
from tests.unit.training.cases import SMALL, channels, run_of


def test_evaluation_stars_are_kept_and_differ_by_seed_split_and_layer():
    run, model = run_of(), models.build("qgnn", seeds=range(2))
    draws = {split: evaluation_leaves(run, model, channels(), split) for split in ("train", "test")}
    assert draws["test"].shape == (2, 2, 20, 5, 3)
    assert torch.equal(draws["test"], evaluation_leaves(run, model, channels(), "test"))
    assert not torch.equal(draws["test"], draws["train"])
    assert not torch.equal(draws["test"][0], draws["test"][1])
    assert not torch.equal(draws["test"][:, 0], draws["test"][:, 1])


@pytest.mark.parametrize("model", ["qgnn", "qgnn_released", "gcn_informed", "mlp_informed"])
def test_leaves_are_of_one_set_where_that_is_chosen_or_nothing_is_drawn(model):
    rule = {} if model == "qgnn_released" else {"stars": "random"}
    cases = {"per_layer": rule, "one_set": {**rule, "leaves": "one_set"}, "competitors": {"stars": "competitors"}}
    found = {}
    for case, options in cases.items():
        if model != "qgnn_released" or case != "competitors":
            options = {**SMALL.get(model, {}), **options, "iterations" if model == "gcn_informed" else "layers": 2}
            network = models.build(model, options, seeds=range(2))
            found[case] = evaluation_leaves(run_of(), network, channels(), "test")
            assert found[case].shape == (2, 2 if case == "per_layer" else 1, 20, 5, 3)
    assert torch.equal(found["one_set"], found["per_layer"][:, :1])
    for s, own in enumerate(found["one_set"][:, 0]):
        assert torch.equal(own, stars.sample(5, 3, torch_generator(5, "stars", "test", s), (20,)))


@pytest.mark.parametrize("model", MODELS)
def test_realizations_are_allocated_one_by_one_whatever_the_chunk(model):
    run = run_of(model)
    network = models.build(model, SMALL.get(model), seed=5, seeds=range(2), dtype=torch.float64)
    data = channels(120)  # more than one chunk
    leaves = evaluation_leaves(run, network, data, "test")
    power = allocate(network.train(), data, leaves)
    assert power.shape == (2, 120, 5) and not power.requires_grad and not network.training
    for i in (0, 119):
        own = None if leaves is None else leaves[..., i : i + 1, :, :]
        torch.testing.assert_close(allocate(network, data.take([i]), own)[:, 0], power[:, i])


@pytest.mark.parametrize("protocol", objective.PROTOCOLS)
def test_the_mean_metric_is_the_mean_of_the_protocols_quantity(protocol):
    run = run_of("gcn_small", protocol)
    network, data = models.build("gcn_small", seeds=range(2), dtype=torch.float64), channels()
    power = allocate(network, data, None)
    values = objective.trained_quantity(protocol).values(data.gain, power, data.weight, data.noise_power)
    torch.testing.assert_close(mean_metric(run, network, data, None), values.mean(dim=1), rtol=1e-12, atol=0)


def test_a_score_is_the_mean_metric_in_float32_on_the_splits_stars():
    run, network = run_of(), models.build("qgnn", seeds=range(2))
    single = cast(channels(), torch.float32, "cpu")
    expected = mean_metric(run, network, single, evaluation_leaves(run, network, single, "validation"))
    assert torch.equal(score(run, network, channels(), "validation"), expected)


@pytest.mark.parametrize("leaf", [-1, 5])
def test_leaves_that_are_no_links_are_refused(leaf):
    network = models.build("qgnn", seeds=range(2), dtype=torch.float64)
    leaves = evaluation_leaves(run_of(), network, channels(), "test")
    leaves[0, 1, 0, 0, 0] = leaf
    with pytest.raises(ValueError, match=r"leaves are from .* to .*; they must be from 0 to 4"):
        allocate(network, channels(), leaves)


def fitted(model, data):
    network = models.build(model, SMALL.get(model), seed=5, seeds=range(1), dtype=torch.float64)
    network.features.fit(data.gain, data.weight, data.noise_power, data.p_max)
    return network


TRAINED_ON = channels(200)
# What is mistaken: gains, noise power, largest amplitude, by their factors
MISTAKES = {
    "mW for W in the noise": (1, 1e3, 1),
    "a loss in the place of a gain": (1e10, 1, 1),
    "dBm in the place of an amplitude": (1, 1, 40),
    "gains of another unit": (1e-6, 1, 1),
}


@pytest.mark.parametrize("scale", ["amplitude", "decibel", "rate"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_features_far_from_the_training_sets_are_warned_of(mistake, scale):
    factors = MISTAKES[mistake]
    network = models.build("qgnn", {"scale": scale}, seed=5, seeds=range(1), dtype=torch.float64)
    network.features.fit(TRAINED_ON.gain, TRAINED_ON.weight, TRAINED_ON.noise_power, TRAINED_ON.p_max)
    mine = channels(20, seed=7)
    wrong = Channels(mine.gain * factors[0], mine.weight, mine.noise_power * factors[1], mine.p_max * factors[2])
    if scale != "rate" and factors[0] == 1:  # neither noise nor amplitude is a feature
        assert silent(network, wrong)
    else:
        with pytest.warns(
            UserWarning, match=r"realization 0 and 1\d more: direct channels are .* deviations (above|below)"
        ):
            warn_of_far(network, wrong)


def silent(network, data):
    """Whether nothing is warned of."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn_of_far(network, data)
    return not found


def test_one_realization_that_is_far_is_named():
    network, mine = fitted("qgnn", TRAINED_ON), channels(20, seed=7)
    mine.gain[3] *= 400
    with pytest.warns(
        UserWarning, match=r"realization 3: direct channels are \d+\.\d deviations above the mean of the"
    ):
        allocate(network, mine, evaluation_leaves(run_of(num_seeds=1), network, mine, "test"))


@pytest.mark.parametrize("scenario", [Rayleigh(), Rayleigh(num_links=2), Geometric(), Geometric(num_links=4)])
@pytest.mark.parametrize("scale", ["amplitude", "decibel", "rate"])
def test_networks_like_the_training_sets_are_not_warned_of(scenario, scale):
    draws = [to_channels(realizations(scenario, count, seed)) for count, seed in ((300, 1), (300, 2), (1, 3))]
    network = models.build("qgnn", {"scale": scale}, seeds=range(1), dtype=torch.float64)
    network.features.fit(draws[0].gain, draws[0].weight, draws[0].noise_power, draws[0].p_max)
    assert all(silent(network, data) for data in draws)
    ones = Channels(draws[1].gain, torch.ones_like(draws[1].weight), draws[1].noise_power, draws[1].p_max)
    assert silent(network, ones)  # within what U(0, 1) has


def test_models_without_statistics_are_not_compared():
    assert silent(fitted("gcn", TRAINED_ON), Channels(channels().gain * 1e6, channels().weight, 0.1, 1.0))
    assert silent(models.build("qgnn", seeds=range(1)), channels())  # never fitted


def test_channels_are_cast():
    data = cast(channels(), torch.float32, "cpu")
    assert (data.gain.dtype, data.weight.dtype) == (torch.float32, torch.float32)
    assert (data.noise_power, data.p_max) == (channels().noise_power, channels().p_max)
