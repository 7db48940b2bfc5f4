"""Evidence of every kind with known answers."""

from importlib import import_module

import numpy as np

from qgnn_d2d.analysis.convergence import Curves
from qgnn_d2d.claims import judge
from qgnn_d2d.claims.device_noise import Noisy
from qgnn_d2d.claims.pairs import Pair, Scores
from qgnn_d2d.claims.scaling import Scaling
from qgnn_d2d.claims.training_size import Sizes

SEEDS = 10
SCATTER = np.linspace(-1, 1, SEEDS)


def curves(final, start=1.0, epochs=20, rate=0.5, spread=0.005):
    """Exponential approach to ``final``, one curve per seed."""
    shape = 1 - np.exp(-rate * np.arange(epochs + 1))
    return start + (final + spread * SCATTER[:, None] - start) * shape


def scores(final, parameters, gap=0.0, **options):
    test = curves(final, **options)
    return scored(test * (1 + gap), test, parameters)


def scored(train, test, parameters):
    """Scores of curves with a point after every epoch; the large set has their final means."""
    return Scores(Curves(np.arange(test.shape[1]), train, test), evaluated(test[:, -1]), parameters)


def evaluated(means):
    """Values on a large set, (S, N), whose rows have these means."""
    return means[:, np.newaxis] + 0.001 * np.tile([-1.0, 1.0], 200)


def pair(qgnn=2.67, gcn=2.52, wmmse=2.52, gap=0.0, parameters=83, protocol="stated", primary=True, **options):
    """A QGNN and a GCN; the defaults are the paper's numbers."""
    best = 1.05 * wmmse
    lines = wmmse, evaluated(np.array([wmmse])), {"train": best, "test": best}
    models = scores(qgnn, parameters, **options), scores(gcn, 1233, gap)
    return Pair(protocol, "made up", primary, ("q", "g"), *models, *lines, headroom="the optimum is somewhere")


def sizes(final=2.67, most=2.67, spread=0.005, primary=True):
    rates = {size: evaluated(value + spread * SCATTER) for size, value in [(300, final), (10000, most)]}
    return Sizes("stated", "made up", primary, ("n300", "n10000"), rates, 300, 3.6)


def scaling(at_home=80.0, far=79.0):
    rates = {links: (share + SCATTER)[:, None] * np.full(20, 0.04) for links, share in ((10, at_home), (100, far))}
    return Scaling("stated", "made up", True, ("q",), rates, {10: np.full(20, 4.0), 100: np.full(20, 4.0)}, 10, 3, 2)


def noisy(kept=99.0, half=1.0, floor=88.0):
    return Noisy("stated", "made up", True, ("q",), {"a": (kept, kept - half, kept + half), "b": (100, 99, 101)}, floor)


def examples():
    """Return evidence of every kind; of kinds that are not made up here, the ``EXAMPLE`` of their claims' own test."""
    found = [pair(), sizes(), scaling(), noisy()]
    for kind in dict.fromkeys(claim.evidence for claim in judge.CLAIMS):
        if kind not in map(type, found):
            module = kind.__module__.rpartition(".")[2]
            found.append(import_module(f"tests.unit.claims.test_{module}").EXAMPLE)
    return found
