"""Small networks and models, in float64."""

import torch

from qgnn_d2d import models, stars
from qgnn_d2d.settings import MODELS

ROUNDING = 1e-10  # float64
BATCH, LINKS = 5, 6
NOISE_POWER = 0.1
ON_STARS = [name for name, options in MODELS.items() if "k" in options.model_fields]


def channels(seed=0, links=LINKS, batch=BATCH):
    """Return gains (B, M, M) and weights (B, M)."""
    generator = torch.Generator().manual_seed(seed)
    gain = torch.empty(batch, links, links, dtype=torch.float64).exponential_(generator=generator)
    return gain, torch.rand(batch, links, generator=generator, dtype=torch.float64)


def build(name, seeds=range(1), **options):
    """Return a model whose features are those of other networks."""
    model = models.build(name, options, seed=3, seeds=seeds, dtype=torch.float64)
    model.features.fit(*channels(seed=9), NOISE_POWER, 1.0)
    return model


def draw_leaves(model, links=LINKS, batch=BATCH):
    """Return leaves for every seed and round of a model; None for one without stars."""
    if model.k is None:
        return None
    return stars.sample(links, model.k, torch.Generator().manual_seed(4), (model.num_seeds, model.num_rounds, batch))


def relabelled(leaves, order):
    """Return the same stars (..., M, k), their leaves' order kept, where new link i is old link ``order[i]``."""
    return None if leaves is None else torch.argsort(order)[leaves[..., order, :]]


def allocate(model, gain, weight, leaves, p_max=1.0):
    """Return the powers of every seed on the same networks: (S, B, M)."""
    seeds = model.num_seeds
    return model(gain.expand(seeds, *gain.shape), weight.expand(seeds, *weight.shape), NOISE_POWER, p_max, leaves)
