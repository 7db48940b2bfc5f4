"""The stochastic star decomposition: every node is the center of one star, with k other nodes as leaves."""

from __future__ import annotations

import torch

from .checks import require_choice, require_count


def sample(num_nodes: int, k: int, generator: torch.Generator, batch_shape: tuple[int, ...] = ()) -> torch.Tensor:
    """Draw the leaves of every star uniformly without replacement, in random order (paper, Section III-A).

    Args:
        num_nodes: Number of nodes (links), M.
        k: Leaves per star. Where a graph has fewer than k + 1 nodes, all M - 1 others are leaves.
        generator: Source of randomness.
        batch_shape: Leading dims, one independent decomposition each.

    Returns:
        (*batch_shape, M, min(k, M - 1)) int64; row m holds the leaves of the star centered at m, never m itself and
        no node twice.

    Raises:
        ValueError: ``num_nodes`` is below 2, ``k`` below 1 or a size in ``batch_shape`` negative.

    Example:
        >>> sample(4, 3, torch.Generator().manual_seed(0)).sort(dim=-1).values.tolist()
        [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    """
    require_count("num_nodes", num_nodes, minimum=2)
    require_count("k", k)
    for size in batch_shape:
        require_count("size in batch_shape", size, minimum=0)
    keys = torch.rand((*batch_shape, num_nodes, num_nodes), generator=generator)
    keys.diagonal(dim1=-2, dim2=-1).fill_(2.0)  # the center itself sorts last
    return keys.argsort(dim=-1)[..., : min(k, num_nodes - 1)]


def _random(gain: torch.Tensor, k: int, generator: torch.Generator) -> torch.Tensor:
    """Uniformly without replacement, in random order: the paper's rule."""
    return sample(gain.shape[-1], k, generator, tuple(gain.shape[:-2]))


def _fixed(gain: torch.Tensor, k: int, generator: torch.Generator) -> torch.Tensor:
    """The next k nodes by number, m + 1, ..., m + k (modulo M): never drawn anew."""
    num_nodes = gain.shape[-1]
    steps = torch.arange(1, min(k, num_nodes - 1) + 1)
    leaves = (torch.arange(num_nodes).unsqueeze(-1) + steps) % num_nodes
    return leaves.expand(*gain.shape[:-2], -1, -1)


def _strongest(gain: torch.Tensor, k: int, generator: torch.Generator) -> torch.Tensor:
    """The k strongest interferers, argmax_j |g_jm|², the strongest first."""
    num_nodes = gain.shape[-1]
    cross = gain.masked_fill(torch.eye(num_nodes, dtype=torch.bool, device=gain.device), -1.0)
    return cross.argsort(dim=-1, descending=True, stable=True)[..., : min(k, num_nodes - 1)].cpu()


RULES = {"random": _random, "fixed": _fixed, "strongest": _strongest}
"""Leaf rules by their names in the config: which k nodes are the leaves of a center."""


def choose(rule: str, gain: torch.Tensor, k: int, generator: torch.Generator) -> torch.Tensor:
    """Choose the leaves of every star by a rule; every node is the center of one star.

    Args:
        rule: A key of `RULES`.
        gain: (..., M, M) power gains, receiver first.
        k: Leaves per star, all M - 1 others where there are fewer.
        generator: Source of randomness, for the rule that draws.

    Returns:
        (..., M, min(k, M - 1)) int64, as `sample`.

    Raises:
        ValueError: An unknown rule, k below 1, or gains that are not square or of fewer than 2 nodes. Entries are not
            checked here (training draws stars in every epoch) but in `scenarios.Channels`.

    Example:
        >>> gain = torch.tensor([[9.0, 1.0, 2.0], [3.0, 9.0, 1.0], [1.0, 2.0, 9.0]])
        >>> choose("strongest", gain, 1, torch.Generator()).tolist()
        [[2], [0], [1]]
    """
    require_choice("stars", rule, RULES)
    require_count("k", k)
    if gain.ndim < 2 or gain.shape[-1] != gain.shape[-2] or gain.shape[-1] < 2:
        raise ValueError(f"gain has shape {tuple(gain.shape)}; it must be (..., M, M), M at least 2")
    return RULES[rule](gain, k, generator)


def relabel(leaves: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Carry a decomposition along when links are relabelled so that new link i is old link ``order[i]``.

    Args:
        leaves: (..., M, k) leaf indices.
        order: (M,) a permutation.

    Returns:
        (..., M, k): the same stars in the new labels, each star's leaf order kept.

    Raises:
        ValueError: ``order`` is no permutation of the nodes of ``leaves``.
    """
    nodes = torch.arange(leaves.shape[-2]) if leaves.ndim > 1 else torch.empty(0)
    if order.shape != nodes.shape or not torch.equal(order.sort().values.cpu(), nodes):
        raise ValueError(
            f"order is {order.tolist()}; it must be a permutation of the nodes of leaves {tuple(leaves.shape)}"
        )
    return torch.argsort(order)[leaves[..., order, :]]
