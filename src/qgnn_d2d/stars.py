"""The stochastic star decomposition: every node is the center of one star, with k other nodes as leaves."""

from __future__ import annotations

import torch

from .checks import require_count


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
        ValueError: ``num_nodes`` is below 2 or ``k`` below 1.

    Example:
        >>> sample(4, 3, torch.Generator().manual_seed(0)).sort(dim=-1).values.tolist()
        [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    """
    require_count("num_nodes", num_nodes, minimum=2)
    require_count("k", k)
    keys = torch.rand((*batch_shape, num_nodes, num_nodes), generator=generator)
    keys.diagonal(dim1=-2, dim2=-1).fill_(2.0)  # the center itself sorts last
    return keys.argsort(dim=-1)[..., : min(k, num_nodes - 1)]


def relabel(leaves: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Carry a decomposition along when links are relabelled so that new link i is old link ``order[i]``.

    Args:
        leaves: (..., M, k) leaf indices.
        order: (M,) a permutation.

    Returns:
        (..., M, k): the same stars in the new labels, each star's leaf order kept.
    """
    return torch.argsort(order)[leaves[..., order, :]]
