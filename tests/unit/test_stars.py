"""The star decomposition."""

import numpy as np
import pytest
import torch

from qgnn_d2d import stars
from qgnn_d2d.channels import Channels
from tests.unit.models.cases import relabelled


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


def test_a_single_link_has_no_star():
    with pytest.raises(ValueError, match="num_links is 1; it must be an integer of at least 2"):
        stars.choose("fixed", channels(num_nodes=1), 1, torch.Generator())


def channels(num_nodes=6, count=15, seed=0):
    generator = torch.Generator().manual_seed(seed)
    gain = torch.rand(count, num_nodes, num_nodes, generator=generator, dtype=torch.float64)
    return Channels(gain, torch.rand(count, num_nodes, generator=generator, dtype=torch.float64), 0.1, 2.0)


def worth(network, i):
    """What every node of a realization is worth alone, by NumPy."""
    direct = network.gain[i].diagonal().numpy()
    return network.weight[i].numpy() * np.log2(1 + network.p_max**2 * direct / network.noise_power)


@pytest.mark.parametrize("rule", stars.RULES)
@pytest.mark.parametrize("k", [1, 3, 9])
def test_every_rule_gives_every_center_distinct_others(rule, k):
    leaves = stars.choose(rule, channels(), k, torch.Generator().manual_seed(1), num_sets=2)
    assert leaves.shape == (2 if rule in stars.DRAWN else 1, 15, 6, min(k, 5))
    for star in leaves.flatten(0, 1):
        for center, chosen in enumerate(star.tolist()):
            assert center not in chosen
            assert len(set(chosen)) == len(chosen)


@pytest.mark.parametrize("rule", stars.RULES)
def test_every_rule_works_where_no_node_is_worth_anything(rule):
    nothing = Channels(torch.zeros(2, 4, 4), torch.zeros(2, 4), 0.1, 1.0)
    leaves = stars.choose(rule, nothing, 3, torch.Generator().manual_seed(1)).sort(dim=-1).values
    assert leaves[0].tolist() == [[[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]] * 2


def test_strongest_interferers_are_those_of_largest_gain_into_the_center():
    network = channels()
    leaves = stars.choose("strongest", network, 2, torch.Generator())
    for i in (0, 14):
        for center in range(6):
            others = sorted((j for j in range(6) if j != center), key=lambda j: -network.gain[i, center, j])
            assert leaves[0, i, center].tolist() == others[:2]


def test_competitors_are_the_others_that_are_worth_most_alone():
    network = channels()
    leaves = stars.choose("competitors", network, 3, torch.Generator())
    for i in (0, 14):
        for center in range(6):
            others = sorted((j for j in range(6) if j != center), key=lambda j: -worth(network, i)[j])
            assert leaves[0, i, center].tolist() == others[:3]


def test_mixed_stars_have_the_best_competitor_and_random_others():
    network = channels(count=2000)
    (leaves,) = stars.choose("mixed", network, 3, torch.Generator().manual_seed(2))
    assert torch.equal(leaves[..., :1], stars.choose("competitors", network, 1, torch.Generator())[0])
    for place in (1, 2):  # as often any of the four that are left
        chosen = torch.bincount(leaves[:, 0, place], minlength=6)[1:]
        best = torch.bincount(leaves[:, 0, 0], minlength=6)[1:]
        expected = (2000 - best) / 4
        assert ((chosen - expected).abs() < 5 * expected.sqrt()).all()


def test_sampled_leaves_follow_what_nodes_are_worth():
    one = channels(count=1)
    draws = 20_000
    network = Channels(one.gain.expand(draws, -1, -1), one.weight.expand(draws, -1), one.noise_power, one.p_max)
    leaves = stars.choose("sampled", network, 2, torch.Generator().manual_seed(3))[0, :, 0]
    score = worth(one, 0)
    first = score[1:] / score[1:].sum()
    frequency = torch.bincount(leaves[:, 0], minlength=6)[1:].numpy() / draws
    assert (np.abs(frequency - first) < 5 * np.sqrt(first * (1 - first) / draws)).all()
    after = leaves[leaves[:, 0] == 1, 1]  # where node 1 came first
    second = score[2:] / score[2:].sum()
    frequency = torch.bincount(after, minlength=6)[2:].numpy() / len(after)
    assert (np.abs(frequency - second) < 5 * np.sqrt(second * (1 - second) / len(after))).all()


@pytest.mark.parametrize("rule", ["strongest", "competitors"])
def test_rules_without_draws_follow_a_relabelling(rule):
    network = channels()
    order = torch.randperm(6, generator=torch.Generator().manual_seed(5))
    renamed = Channels(network.gain[:, order][:, :, order], network.weight[:, order], 0.1, 2.0)
    leaves = stars.choose(rule, network, 3, torch.Generator())
    assert torch.equal(stars.choose(rule, renamed, 3, torch.Generator()), relabelled(leaves, order))


@pytest.mark.parametrize("num_sets", [1, 3])
def test_the_random_rule_is_sample(num_sets):
    drawn = stars.choose("random", channels(), 2, torch.Generator().manual_seed(4), num_sets=num_sets)
    assert torch.equal(drawn, stars.sample(6, 2, torch.Generator().manual_seed(4), (num_sets, 15)))


@pytest.mark.parametrize("rule", stars.RULES)
def test_sets_differ_and_the_first_is_that_of_one_set(rule):
    generator = torch.Generator().manual_seed(6)
    sets = stars.choose(rule, channels(), 2, generator, num_sets=2)
    assert torch.equal(sets[:1], stars.choose(rule, channels(), 2, torch.Generator().manual_seed(6)))
    if rule in stars.DRAWN:
        assert not torch.equal(sets[0], sets[1])
    else:
        assert torch.equal(generator.get_state(), torch.Generator().manual_seed(6).get_state()), "it draws"


@pytest.mark.parametrize(("links", "k"), [(2, 1), (7, 2), (10, 9), (33, 5)])
def test_ranks_are_those_of_a_stable_sort(links, k):
    keys = torch.rand(57, links, links, generator=torch.Generator().manual_seed(1))
    for values in (keys, (5 * keys).round(), keys.double()):  # with equals, too
        others = values.masked_fill(torch.eye(links, dtype=torch.bool), -1.0)
        assert torch.equal(stars._ranked(values, k), others.sort(dim=-1, descending=True, stable=True).indices[..., :k])
