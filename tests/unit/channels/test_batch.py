"""Channels as tensors: refused unless usable, and taken apart without losing what belongs together."""

import numpy as np
import pytest
import torch

from qgnn_d2d.channels import Channels, realizations, to_channels
from qgnn_d2d.settings.scenario import Rayleigh


def draw(num_links, num_realizations):
    return to_channels(realizations(Rayleigh(num_links=num_links), num_realizations, seed=1))


@pytest.mark.parametrize("indices", [[99], [-6], [0.5], [True, False], [], "ab", None, 3, slice(0.5), [[0]]])
def test_realizations_that_are_not_there_are_refused(indices):
    channels = draw(2, 5)
    with pytest.raises(
        ValueError, match=r"^(indices are|gain has shape|weight has shape|gain is of type .*not empty)"
    ) as refusal:
        channels.take(indices)
    assert "\n" not in str(refusal.value)


def test_realizations_are_taken_by_index_from_the_end_and_by_choice():
    channels = draw(2, 3)
    for indices in ([2, 0], [-1, -3], torch.tensor([2, 0])):
        assert torch.equal(channels.take(indices).gain, channels.gain[[2, 0]])
    assert torch.equal(channels.take([True, False, True]).weight, channels.weight[[0, 2]])
    assert torch.equal(channels.take(slice(2)).weight, channels.weight[:2])


def test_channels_of_arrays_or_of_two_types_are_refused():
    channels = draw(2, 3)
    with pytest.raises(ValueError, match=r"gain is of type float64.*; it must be a real floating-point tensor"):
        Channels(channels.gain.numpy(), channels.weight.numpy(), 0.1, 1.0)
    with pytest.raises(ValueError, match=r"dtype of weight is torch.float32; it must be that of gain, torch.float64"):
        Channels(channels.gain, channels.weight.float(), 0.1, 1.0)


def test_channels_are_copies_of_the_dataset():
    dataset = realizations(Rayleigh(num_links=3), 4, seed=1)
    channels, before = to_channels(dataset), dataset.copy(deep=True)
    assert channels.gain.dtype == channels.weight.dtype == torch.float64
    assert (len(channels), channels.num_links) == (4, 3)
    assert (channels.noise_power, channels.p_max) == (0.1, 1.0)
    channels.gain.zero_()
    assert dataset.identical(before)


@pytest.mark.parametrize(
    "indices",
    [slice(1, 3), [1, 2], torch.tensor([1, 2]), torch.tensor([False, True, True, False]), np.array([1, 2])],
)
def test_take_keeps_gains_and_weights_together(indices):
    channels = draw(3, 4)
    taken = channels.take(indices)
    assert torch.equal(taken.gain, channels.gain[1:3])
    assert torch.equal(taken.weight, channels.weight[1:3])
    assert taken.p_max == channels.p_max


def test_unusable_channels_are_refused():
    with pytest.raises(ValueError, match=r"shape \(0, 3, 3\).*not empty"):
        draw(3, 4).take(slice(0))
    with pytest.raises(ValueError, match=r"must be \(N, M, M\)"):
        Channels(torch.ones(3, 3), torch.ones(3), 0.1, 1.0)
    with pytest.raises(ValueError, match=r"gain has 1 bad"):
        Channels(torch.tensor([[[-1.0]]]), torch.ones(1, 1), 0.1, 1.0)
