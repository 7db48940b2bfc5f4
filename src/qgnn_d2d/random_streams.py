"""Independent, named random streams that all derive from one integer seed.

A stream is addressed by names, never by the order in which it is asked for, so adding a stream changes no other one.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from .checks import require_count

if TYPE_CHECKING:
    import torch

Seed = int | np.random.SeedSequence


def seed_sequence(seed: int, *names: str | int) -> np.random.SeedSequence:
    """Return the seed sequence of a stream below ``seed``, the same one on every machine.

    Args:
        seed: The study's or the run's seed, at least 0.
        *names: The stream's address, for example ``("training", 3, "shuffle")``. Text enters by its CRC-32.

    Raises:
        ValueError: ``seed``, or a number in the address, is no integer of at least 0.

    Example:
        >>> int(seed_sequence(7, "shuffle", 0).generate_state(1)[0])
        3958424833
    """
    require_count("seed", seed, minimum=0)
    for name in names:
        if not isinstance(name, str):
            require_count("number in the address of a random stream", name, minimum=0)
    keys = [zlib.crc32(name.encode()) if isinstance(name, str) else name for name in names]
    return np.random.SeedSequence(seed, spawn_key=keys)


def child(seed: Seed, *key: int) -> np.random.SeedSequence:
    """Return the child that the first calls of `spawn` would give, without advancing the parent's counter."""
    parent = seed if isinstance(seed, np.random.SeedSequence) else seed_sequence(seed)
    return np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, *key), pool_size=parent.pool_size)


def numpy_generator(seed: Seed, *key: int) -> np.random.Generator:
    """Return a NumPy generator on a child of a seed (see `child`)."""
    return np.random.default_rng(child(seed, *key))


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """Return a CPU ``torch.Generator`` on the stream ``names`` below ``seed`` (see `seed_sequence`)."""
    import torch

    state = int(seed_sequence(seed, *names).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(state % 2**63)
