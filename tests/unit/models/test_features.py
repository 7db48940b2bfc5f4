import pytest
import torch

from qgnn_d2d import models, objective
from tests.unit.models.cases import LINKS, NOISE_POWER, channels

OFF_DIAGONAL = ~torch.eye(LINKS, dtype=torch.bool)


def fitted(name, scale, gain, weight, p_max=2.0):
    features = models.build(name, {"scale": scale}, dtype=torch.float64).features
    features.fit(gain, weight, NOISE_POWER, p_max)
    return features(gain, weight, NOISE_POWER, p_max)


def is_standardized(values):
    return bool(abs(values.mean()) < 1e-6 and abs(values.std() - 1) < 1e-6)


@pytest.mark.parametrize(
    ("name", "scale", "standardized"),
    [("gcn", "amplitude", (False, False)), ("gcn", "decibel", (True, False)), ("gcn", "rate", (True, False)),
     ("qgnn", "amplitude", (True, True)), ("qgnn", "decibel", (True, True)), ("qgnn", "rate", (True, True))],
)  # fmt: skip
def test_what_is_standardized_over_the_training_set(name, scale, standardized):
    gain, weight = channels(batch=400)
    direct, alpha, cross = fitted(name, scale, gain * 1e-3, weight)
    assert (is_standardized(direct), is_standardized(alpha)) == standardized
    assert is_standardized(cross[:, OFF_DIAGONAL]) == standardized[0]
    if not standardized[1]:
        assert torch.equal(alpha, weight)


def test_amplitudes_are_the_channels_own():
    gain, weight = channels()
    direct, _, cross = fitted("gcn", "amplitude", gain, weight)
    assert torch.equal(cross, gain.sqrt()) and torch.equal(direct, gain.sqrt().diagonal(dim1=-2, dim2=-1))


def test_rates_are_what_links_are_worth_alone():
    gain, weight = channels(batch=400)
    direct, _, cross = fitted("gcn", "rate", gain, weight)
    worth = objective.single_link_rate(gain, weight, NOISE_POWER, 2.0)
    rate = torch.log2(1 + 4 * gain / NOISE_POWER)
    for found, expected in ((direct, worth), (cross, rate)):
        assert torch.corrcoef(torch.stack([found.flatten(), expected.flatten()]))[0, 1] > 1 - 1e-9


def test_features_of_new_networks_are_those_of_the_training_sets_scale():
    gain, weight = channels(batch=400)
    features = models.build("qgnn", dtype=torch.float64).features
    features.fit(gain, weight, NOISE_POWER, 1.0)
    direct, _, _ = features(gain, weight, NOISE_POWER, 1.0)
    stronger, _, _ = features(gain * 4, weight, NOISE_POWER, 1.0)
    assert stronger.mean() > 1 and abs(direct.mean()) < 1e-6


def test_one_network_has_no_deviation_to_divide_by():
    gain, weight = torch.ones(1, 2, 2, dtype=torch.float64), torch.ones(1, 2, dtype=torch.float64)
    for values in fitted("qgnn", "decibel", gain, weight):
        assert torch.isfinite(values).all()


@pytest.mark.parametrize("scale", ["amplitude", "decibel", "rate"])
def test_distance_is_in_deviations_of_the_training_set_and_padding_has_none(scale):
    gain, weight = channels(batch=400)
    features = models.build("qgnn", {"scale": scale}, dtype=torch.float64).features
    features.fit(gain, weight, NOISE_POWER, 2.0)
    real = torch.ones_like(weight, dtype=torch.bool)
    found = features.distance(gain, weight, NOISE_POWER, 2.0, real)
    direct, alpha, cross = features(gain, weight, NOISE_POWER, 2.0)
    for name, values in {"direct channels": direct, "weights": alpha, "cross channels": cross[:, OFF_DIAGONAL]}.items():
        expected = values.flatten(1).quantile(0.5, dim=1)
        torch.testing.assert_close(found[name][0], expected, rtol=1e-6, atol=1e-6)
        if name == "weights" or scale != "decibel":
            assert found[name][1].mean().item() == pytest.approx(1, rel=1e-6)
    padding = (0, 2)
    wide = torch.nn.functional.pad(gain, padding * 2), torch.nn.functional.pad(weight, padding)
    padded = features.distance(*wide, NOISE_POWER, 2.0, torch.nn.functional.pad(real, padding))
    for name, values in found.items():
        torch.testing.assert_close(padded[name], values)
