"""The streams of splits: part of the data format."""

import numpy as np

from qgnn_d2d.channels import draw, realizations
from qgnn_d2d.random_streams import seed_sequence
from qgnn_d2d.settings.scenario import SPLITS, PublicDraws, Rayleigh


def test_splits_are_the_children_of_the_scenarios_stream_in_their_order():
    children = seed_sequence(3, "channels", "a").spawn(len(SPLITS))
    for split, child in zip(SPLITS, children, strict=True):
        assert draw("a", Rayleigh(num_links=4), split, 6, 3).gain.equals(
            realizations(Rayleigh(num_links=4), 6, child).gain
        )
    assert SPLITS == ("train", "validation", "test", "evaluation", "pool")


def test_public_splits_share_their_seed_on_purpose():
    settings = PublicDraws(num_links=4, draw_seed=1712)
    train, test, validation = (
        draw("a", settings, split, size, seed)
        for split, size, seed in [("train", 30, 1), ("test", 10, 2), ("validation", 10, 3)]
    )
    np.testing.assert_array_equal(train.weight[:10], test.weight)
    assert not np.isin(train.gain, test.gain).any()
    assert test.gain.equals(validation.gain)
