"""The star decomposition."""

import pytest
import torch

from qgnn_d2d import stars


def test_leaves_are_others_and_all_different():
    leaves = stars.sample(10, 3, torch.Generator().manual_seed(0), (200,))
    assert leaves.shape == (200, 10, 3)
    assert (leaves != torch.arange(10).view(10, 1)).all()
    ordered = leaves.sort(dim=-1).values
    assert (ordered[..., 1:] > ordered[..., :-1]).all()


def test_every_other_node_is_drawn_equally_often():
    draws = 20_000
    leaves = stars.sample(5, 2, torch.Generator().manual_seed(1), (draws,))
    frequency = torch.bincount(leaves[:, 0].flatten(), minlength=5) / draws
    deviation = (0.25 / draws) ** 0.5
    assert frequency[0] == 0
    assert ((frequency[1:] - 0.5).abs() < 5 * deviation).all()


def test_small_graphs_use_all_other_nodes():
    assert stars.sample(3, 9, torch.Generator(), (2,)).shape == (2, 3, 2)


def test_relabelling_carries_stars_along():
    generator = torch.Generator().manual_seed(2)
    leaves = stars.sample(6, 3, generator)
    order = torch.randperm(6, generator=generator)
    new = stars.relabel(leaves, order)
    for m in range(6):
        assert order[new[m]].tolist() == leaves[order[m]].tolist()


@pytest.mark.parametrize(("num_nodes", "k"), [(1, 1), (4, 0), (4, -1)])
def test_impossible_stars_are_refused(num_nodes, k):
    with pytest.raises(ValueError, match="must be an integer"):
        stars.sample(num_nodes, k, torch.Generator())
