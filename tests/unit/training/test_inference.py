import pytest
import torch

from qgnn_d2d import models, objective
from qgnn_d2d.settings import MODELS
from qgnn_d2d.training import allocate, cast, evaluation_leaves, score
from qgnn_d2d.training.inference import mean_metric
from tests.unit.training.cases import SMALL, channels, run_of


def test_evaluation_stars_are_kept_and_differ_by_seed_and_split():
    run, model = run_of(), models.build("qgnn", seeds=range(2))
    draws = {split: evaluation_leaves(run, model, channels(), split) for split in ("train", "test")}
    assert draws["test"].shape == (2, 20, 5, 3)
    assert torch.equal(draws["test"], evaluation_leaves(run, model, channels(), "test"))
    assert not torch.equal(draws["test"], draws["train"])
    assert not torch.equal(draws["test"][0], draws["test"][1])


@pytest.mark.parametrize("model", MODELS)
def test_realizations_are_allocated_one_by_one_whatever_the_chunk(model):
    run = run_of(model)
    network = models.build(model, SMALL.get(model), seed=5, seeds=range(2), dtype=torch.float64)
    data = channels(120)  # more than one chunk
    leaves = evaluation_leaves(run, network, data, "test")
    power = allocate(network.train(), data, leaves)
    assert power.shape == (2, 120, 5) and not power.requires_grad and not network.training
    for i in (0, 119):
        own = None if leaves is None else leaves[:, i : i + 1]
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
    leaves[0, 0, 0, 0] = leaf
    with pytest.raises(ValueError, match=r"leaves are from .* to .*; they must be from 0 to 4"):
        allocate(network, channels(), leaves)


def test_channels_are_cast():
    data = cast(channels(), torch.float32, "cpu")
    assert (data.gain.dtype, data.weight.dtype) == (torch.float32, torch.float32)
    assert (data.noise_power, data.p_max) == (channels().noise_power, channels().p_max)
