"""A study's channel files: drawn as its config says, and held against it when they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from ..random_streams import seed_sequence
from ..settings.study import RunSettings, Study
from . import scenarios
from .scenarios import Channels

_SAME = 1e-9  # relative: powers of ten may round differently on another machine


def draw(name: str, scenario: Mapping[str, Any], split: str, size: int, seed: int) -> xr.Dataset:
    """Draw one split of a study's scenario.

    Args:
        name: The scenario's name, which its random stream is named after.
        scenario: kind, parameters and draw_seed, as in `study.Study.scenarios`.
        split: Name of the split.
        size: Number of realizations.
        seed: The study's seed.

    Returns:
        The split, as `scenarios.splits` draws it.

    Raises:
        ValueError: See `scenarios.splits`.
    """
    stream = scenario["draw_seed"] if scenario["kind"] == "public_draws" else seed_sequence(seed, "channels", name)
    return scenarios.splits(scenario["kind"], scenario["parameters"], {split: size}, stream)[split]


def training_split(run: RunSettings) -> str:
    """Return the name of the split that a run's training realizations are taken from."""
    return "train" if run.train_size is None else "pool"


def read(study: Study, name: str, files: Mapping[str, Path]) -> dict[str, Channels]:
    """Read splits of a study's scenario.

    Held against the study are the numbers of realizations and links, and all attributes: kind, parameters, split, seed,
    noise and largest amplitude. The entries themselves are held by the records of `make provenance`, and by
    `make verify`; gains that are all zero are channels, too.

    Args:
        study: The study.
        name: The scenario's name.
        files: Split to its file.

    Returns:
        Split to its realizations.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A file is damaged (see `scenarios.load`) or holds something else than the split; the line names it.
    """
    scenario, channels = study.scenarios[name], {}
    for split, path in files.items():
        found = scenarios.load(path)
        expected = draw(name, scenario, split, 1, study.seed).attrs  # the same for any number of realizations
        del expected["package_version"]
        expected |= {"realizations": study.splits[split], "links": scenario["parameters"]["num_links"]}
        sizes = {"realizations": found.sizes["realization"], "links": found.sizes["receiver"]}
        for key, value in expected.items():
            own = {**found.attrs, **sizes}.get(key)
            if not _agree(own, value):
                raise ValueError(f"{path}: {key} is {own!s}; split {split} of scenario {name} has {value}")
        channels[split] = scenarios.to_channels(found)
    return channels


def _agree(found: Any, expected: Any) -> bool:
    """Whether an attribute is the expected one, numbers but for their rounding."""
    if isinstance(expected, str):
        return isinstance(found, str) and found == expected
    try:
        return math.isclose(found, expected, rel_tol=_SAME)
    except TypeError:  # no single number
        return False
