"""Results do not depend on what a caller has set for all of torch: default dtype, modes of autograd, its seed."""

import contextlib

import pytest
import torch

from qgnn_d2d import models, stars
from qgnn_d2d.settings import MODELS
from qgnn_d2d.training import Trainer, train
from tests.unit.training.cases import SMALL, channels, run_of


@contextlib.contextmanager
def double_precision():
    """As PennyLane's and many other notebooks set it."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def another_seed():
    with torch.random.fork_rng():
        torch.manual_seed(99)
        torch.rand(3)
        yield


SETTINGS = [double_precision, torch.no_grad, torch.inference_mode, another_seed]
every_setting = pytest.mark.parametrize("setting", SETTINGS)


@every_setting
@pytest.mark.parametrize("name", MODELS)
def test_models_start_alike(name, setting):
    expected = models.build(name, SMALL.get(name), seed=3).state_dict()
    with setting():
        found = models.build(name, SMALL.get(name), seed=3).state_dict()
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].dtype == torch.float32 and torch.equal(found[key], value)


@every_setting
@pytest.mark.parametrize("rule", stars.RULES)
def test_leaves_are_chosen_alike(rule, setting):
    def chosen():
        generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
        return stars.choose(rule, channels(), 2, *generators), stars.sample(5, 3, generators[0], (4,))

    expected = chosen()
    with setting():
        found = chosen()
    assert all(map(torch.equal, found, expected))


@every_setting
@pytest.mark.parametrize("name", ["qgnn", "gcn", "gcn_released", "qgnn_released", "mlp_informed"])
def test_trainings_are_alike(name, setting):
    run = run_of(name, "released" if name.endswith("released") else "stated", training={"drop_links": 0.3})
    with setting():
        found = train(run, channels(), {"test": channels(seed=1)})
    expected = train(run, channels(), {"test": channels(seed=1)})
    assert found.curves.equals(expected.curves)
    for own, other in zip(found.model.parameters(), expected.model.parameters(), strict=True):
        assert torch.equal(own, other)


@every_setting
@pytest.mark.parametrize("name", ["qgnn", "gcn"])
def test_trainings_by_torch_alone_are_alike(name, setting):
    def scored():
        trainer = Trainer(run_of(name), channels(), {"test": channels(seed=1)}, compiled=False)
        trainer.train_epoch()
        return trainer.score("test")

    expected = scored()
    with setting():
        assert torch.equal(scored(), expected)
