"""The stochastic star decomposition: every node is the center of one star, with k other nodes as leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import torch

from .channels import Channels
from .checks import require_choice, require_count
from .compiled import compiled
from .objective.rates import single_link_rate
from .settings.model import StarRule

Generators = Sequence[torch.Generator]

_LANES = 64  # stars that are ranked side by side
_SMALLEST_SCORE = 1e-12  # bps/Hz; a node that is worth nothing is still drawn where no other is left


def sample(num_nodes: int, k: int, generator: torch.Generator, batch_shape: tuple[int, ...] = ()) -> torch.Tensor:
    """Draw the leaves of every star uniformly without replacement, in random order (paper, Section III-A).

    Returns:
        (*batch_shape, M, min(k, M - 1)) int64; row m holds the leaves of the star centered at m, never m itself and
        no node twice.

    Example:
        >>> sample(4, 3, torch.Generator().manual_seed(0)).sort(dim=-1).values.tolist()
        [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    """
    draws = torch.rand((*batch_shape, num_nodes, num_nodes), generator=generator, dtype=torch.float32)
    return _ranked(-draws, k)


def _scores(channels: Channels) -> torch.Tensor:
    """Return what every node is worth alone, `objective.single_link_rate`, as each center sees it: (N, M, M)."""
    score = single_link_rate(channels.gain, channels.weight, channels.noise_power, channels.p_max)
    return score.unsqueeze(-2).expand(channels.gain.shape)


def _draws(channels: Channels, generators: Generators) -> torch.Tensor:
    """Return numbers uniform in [0, 1), one for every center and node, an equal part from each generator: (N, M, M)."""
    shape = (len(channels) // len(generators), *channels.gain.shape[1:])
    draws = [torch.rand(shape, generator=generator, dtype=torch.float32) for generator in generators]
    return torch.cat(draws).to(channels.gain.device)


def _ranked(keys: torch.Tensor, k: int) -> torch.Tensor:
    """Return the k other nodes of largest key (..., M, M), the largest first, the first of equals first."""
    links = keys.shape[-1]
    leaves = torch.empty((*keys.shape[:-1], min(k, links - 1)), dtype=torch.int64)
    _rank(keys.reshape(-1, links, links).contiguous().cpu().numpy(), leaves.view(-1, *leaves.shape[-2:]).numpy())
    return leaves


@compiled
def _rank(keys: Any, leaves: Any) -> None:
    """Set leaves (N, M, k) to the indices of the largest keys (N, M, M) of each row, its own node left out.

    Stars lie side by side, so that the processor ranks many at once: node after node takes the place of the first of
    its star's k best so far with a smaller key, and moves all after it.
    """
    nodes, k, stars = keys.shape[2], leaves.shape[2], len(keys) * keys.shape[2]
    rows, to = keys.reshape(stars, nodes), leaves.reshape(stars, k)
    key, node, moved = np.empty(_LANES, keys.dtype), np.empty(_LANES, np.int32), np.empty(_LANES, np.int32)
    best, found = np.empty((k, _LANES), keys.dtype), np.zeros((k, _LANES), np.int32)
    center = np.empty(_LANES, np.int32)
    for start in range(0, stars, _LANES):
        count = min(_LANES, stars - start)
        best[:] = -np.inf
        for v in range(count):
            center[v] = (start + v) % nodes
        for j in range(nodes):
            for v in range(count):
                key[v] = rows[start + v, j] if center[v] != j else -np.inf
            node[:], moved[:] = j, 0
            for i in range(k):
                first, second = best[i], found[i]
                for v in range(_LANES):
                    a, b, c, d = key[v], first[v], node[v], second[v]
                    larger = (a > b) | (moved[v] > 0)
                    first[v], second[v] = a if larger else b, c if larger else d
                    key[v], node[v], moved[v] = b if larger else a, d if larger else c, larger
        for v in range(count):
            for i in range(k):
                to[start + v, i] = found[i, v]


def random(channels: Channels, k: int, generators: Generators) -> torch.Tensor:
    """Uniformly without replacement, in random order: the paper's rule."""
    return _ranked(-_draws(channels, generators), k)


def fixed(channels: Channels, k: int, generators: Generators) -> torch.Tensor:
    """The next k nodes by number, m + 1, ..., m + k (modulo M): never drawn anew."""
    num_nodes = channels.num_links
    steps = torch.arange(1, min(k, num_nodes - 1) + 1)
    leaves = (torch.arange(num_nodes).unsqueeze(-1) + steps) % num_nodes
    return leaves.expand(len(channels), -1, -1)


def strongest(channels: Channels, k: int, generators: Generators) -> torch.Tensor:
    """The k strongest interferers, argmax_j |g_jm|², the strongest first."""
    return _ranked(channels.gain, k)


def competitors(channels: Channels, k: int, generators: Generators) -> torch.Tensor:
    """The k nodes that are worth most alone, argmax_j α_j log2(1 + P_max² |g_jj|² / σ²), the best first."""
    return _ranked(_scores(channels), k)


def mixed(channels: Channels, k: int, generators: Generators) -> torch.Tensor:
    """The best competitor, then k - 1 of the others uniformly without replacement."""
    best = competitors(channels, 1, generators).to(channels.gain.device)
    return _ranked(_draws(channels, generators).scatter(-1, best, 2.0), k)


def sampled(channels: Channels, k: int, generators: Generators) -> torch.Tensor:
    """Drawn one after the other with probabilities proportional to what the nodes that are left are worth alone."""
    # The k first of exponential clocks with these rates (Efraimidis and Spirakis, 2006).
    draws = _draws(channels, generators).clamp_min(torch.finfo(torch.float32).tiny)
    return _ranked(draws.log().double() / _scores(channels).clamp_min(_SMALLEST_SCORE), k)


Rule = Callable[[Channels, int, Generators], torch.Tensor]
RULES: dict[str, Rule] = {rule: globals()[rule] for rule in get_args(StarRule)}
"""Leaf rules by their names in the config: which k nodes are the leaves of a center, (N, M, k)."""
DRAWN = ("random", "mixed", "sampled")
"""Rules that draw; every other one chooses the same leaves for all layers."""


def choose(rule: str, channels: Channels, k: int, *generators: torch.Generator, num_sets: int = 1) -> torch.Tensor:
    """Choose the leaves of every star by a rule, one set after the other; every node is the center of one star.

    Args:
        rule: A key of `RULES`.
        channels: N realizations of M links.
        k: Leaves per star, all M - 1 others where there are fewer.
        generators: Sources of randomness, for the rules that draw: each for an equal part of the realizations.
        num_sets: Sets of leaves: one, or one per layer (`PowerModel.num_sets`).

    Returns:
        (num_sets, N, M, min(k, M - 1)) int64, as `sample`; a single set by a rule that draws nothing (`DRAWN`).
        Padding is nobody's leaf.

    Raises:
        ValueError: An unknown rule, k or num_sets below 1, a single node, realizations that cannot be shared equally,
            or networks of several sizes of which one has too few links for k leaves.

    Example:
        >>> gain = torch.tensor([[9.0, 1.0, 2.0], [3.0, 4.0, 1.0], [1.0, 2.0, 5.0]])
        >>> channels = Channels(gain.unsqueeze(0), torch.ones(1, 3), noise_power=0.1, p_max=1.0)
        >>> choose("strongest", channels, 1, torch.Generator()).tolist()
        [[[[2], [0], [1]]]]
        >>> choose("competitors", channels, 1, torch.Generator()).tolist()
        [[[[2], [0], [0]]]]
        >>> choose("random", channels, 1, torch.Generator(), num_sets=2).shape
        torch.Size([2, 1, 3, 1])
    """
    require_choice("stars", rule, RULES)
    require_count("num_links", channels.num_links, minimum=2)
    require_count("k", k)
    require_count("num_sets", num_sets)
    if not generators or len(channels) % len(generators):
        raise ValueError(f"{len(channels)} realizations cannot be shared equally by {len(generators)} generators")
    num_sets = num_sets if rule in DRAWN else 1
    if channels.sizes is None:
        return _sets(rule, channels, k, generators, num_sets)
    _require_leaves(channels, k)
    leaves = torch.arange(k).expand(num_sets, *channels.weight.shape, k).clone()  # of padding: any
    share = len(channels) // len(generators)
    for i, generator in enumerate(generators):
        for index, part in channels.take(slice(i * share, (i + 1) * share)).by_size():
            leaves[:, i * share + index, : part.num_links] = _sets(rule, part, k, [generator], num_sets)
    return leaves


def _sets(rule: str, channels: Channels, k: int, generators: Generators, num_sets: int) -> torch.Tensor:
    if num_sets == 1:
        return RULES[rule](channels, k, generators).unsqueeze(0)  # a view where the rule gives one
    return torch.stack([RULES[rule](channels, k, generators) for _ in range(num_sets)])


def all_others(channels: Channels) -> torch.Tensor:
    """Return all other nodes as leaves, (N, M, M - 1) int64; in a smaller network, some of them several times.

    For models that take the maximum of what they get: twice the same is once.
    """
    links = channels.num_links
    count = torch.full((len(channels),), links) if channels.sizes is None else channels.sizes.cpu()
    steps = torch.arange(links - 1) % (count - 1).clamp_min(1).unsqueeze(-1) + 1  # (N, M - 1), each below the size
    nodes = torch.arange(links).unsqueeze(-1)
    return (nodes + steps.unsqueeze(1)) % count.view(-1, 1, 1)


def _require_leaves(channels: Channels, k: int) -> None:
    assert channels.sizes is not None
    small = (channels.sizes <= k).nonzero()
    if len(small):
        first = int(small[0])
        raise ValueError(
            f"realization {first} has {int(channels.sizes[first])} links; among networks of several sizes, stars of "
            f"k = {k} leaves need at least {k + 1} in each"
        )
