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


def gains(num_nodes=6, seed=0):
    return torch.rand(3, 5, num_nodes, num_nodes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("rule", stars.RULES)
@pytest.mark.parametrize("k", [1, 3, 9])
def test_every_rule_gives_every_center_distinct_others(rule, k):
    leaves = stars.choose(rule, gains(), k, torch.Generator().manual_seed(1))
    assert leaves.shape == (3, 5, 6, min(k, 5))
    for star in leaves.reshape(-1, *leaves.shape[-2:]):
        for center, chosen in enumerate(star.tolist()):
            assert center not in chosen
            assert len(set(chosen)) == len(chosen)


def test_strongest_interferers_are_those_the_receiver_hears_loudest():
    gain = gains()
    leaves = stars.choose("strongest", gain, 2, torch.Generator())
    for index in [(0, 0), (2, 4)]:
        for center in range(6):
            others = sorted((j for j in range(6) if j != center), key=lambda j: -gain[(*index, center, j)])
            assert leaves[index][center].tolist() == others[:2]


def test_the_random_rule_is_sample():
    drawn = stars.choose("random", gains(), 2, torch.Generator().manual_seed(4))
    assert torch.equal(drawn, stars.sample(6, 2, torch.Generator().manual_seed(4), (3, 5)))


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="stars is 'nearest'; it must be one of: random, fixed, strongest"):
        stars.choose("nearest", gains(), 2, torch.Generator())
