"""Pairs placed uniformly in a square: the system model of the paper's text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..random_streams import Seed, numpy_generator
from ..settings.scenario import Geometric
from .layout import FADING_STREAM, RECEIVER_STREAM, TRANSMITTER_STREAM, WEIGHT_STREAM, FloatArray, dataset

if TYPE_CHECKING:
    import xarray as xr

SPEED_OF_LIGHT = 299_792_458.0  # m/s

# Rounds of joint redraws before a geometry is declared infeasible; the paper's geometries need a few dozen.
_MAX_PLACEMENT_ROUNDS = 5_000


def geometric(settings: Geometric, num_realizations: int, seed: Seed) -> xr.Dataset:
    """Draw pairs placed uniformly in a square.

    Transmitters are uniform in the square. Each receiver stands at a uniform angle and a uniform distance
    from its transmitter, redrawn until it is inside the square; if any cross link of a realization is then
    too short, all its receivers are redrawn (as the public code of reference [14] does). Path loss is ITU-R
    P.1411 line of sight with breakpoint R = 4 h^2 / lambda and L_R = |20 log10(lambda^2 / (8 pi h^2))|: in
    dB, L_R + 6 + 20 log10(d/R), plus another 20 log10(d/R) beyond R. Weights are U(0, 1).

    The dataset also holds `transmitter_position` and `receiver_position`, m, of shape (N, M, 2).

    Raises:
        ValueError: The square is too crowded to keep the cross links apart, or so large that distances are lost.
    """
    shape = (num_realizations, settings.num_links)
    transmitter = settings.area_edge * numpy_generator(seed, TRANSMITTER_STREAM).random((*shape, 2))
    receiver = _place_receivers(transmitter, settings, seed)
    distance = _link_distances(transmitter, receiver)
    if not (distance > 0).all():
        raise ValueError(
            f"area_edge is {settings.area_edge!r}; with pair_distance_min = {settings.pair_distance_min!r} it is so "
            "large that receivers stand where their transmitters do, by rounding"
        )
    gain_db = -_path_loss_db(distance, settings.carrier_frequency, settings.antenna_height)
    gain_db += settings.direct_antenna_gain_db * np.eye(settings.num_links)
    gain = 10.0 ** (gain_db / 10)
    if settings.fading:
        gain *= numpy_generator(seed, FADING_STREAM).standard_exponential((*shape, settings.num_links))
    weight = numpy_generator(seed, WEIGHT_STREAM).random(shape)

    p_max = math.sqrt(10 ** ((settings.p_max_dbm - 30) / 10))
    noise_power = 10 ** ((settings.noise_density_dbm + 10 * math.log10(settings.bandwidth) - 30) / 10)
    attributes = settings.model_dump(exclude={"kind", "num_links", "features", "optimum"})
    attributes["fading"] = int(settings.fading)  # NetCDF has no boolean attributes
    drawn = dataset(gain, weight, settings.kind, p_max, noise_power, seed, attributes)
    for name, position in (("transmitter", transmitter), ("receiver", receiver)):
        about = {"units": "m", "long_name": f"{name} position in the square"}
        drawn[f"{name}_position"] = (("realization", name, "axis"), position, about)
    return drawn


def _place_receivers(transmitter: FloatArray, settings: Geometric, seed: Seed) -> FloatArray:
    """Place receivers by rejection, shape (N, M, 2), such that a realization never depends on later ones."""
    # Each round has its own stream, which serves the realizations that are still open in their order.
    num_links = transmitter.shape[1]
    smallest, largest = settings.pair_distance_min, settings.pair_distance_max
    receiver = np.empty_like(transmitter)
    is_open = np.ones(transmitter.shape[:2], dtype=bool)
    cross_links = ~np.eye(num_links, dtype=bool)
    for round_index in range(_MAX_PLACEMENT_ROUNDS):
        rows = np.flatnonzero(is_open.any(axis=1))
        uniform = numpy_generator(seed, RECEIVER_STREAM, round_index).random((rows.size, num_links, 2))
        distance = smallest + (largest - smallest) * uniform[..., :1]
        angle = 2 * np.pi * uniform[..., 1:]
        proposal = transmitter[rows] + distance * np.concatenate([np.cos(angle), np.sin(angle)], axis=-1)
        placed = np.where(is_open[rows][..., None], proposal, receiver[rows])

        outside = np.any((placed < 0) | (placed > settings.area_edge), axis=-1)
        too_close = _link_distances(transmitter[rows], placed) < settings.min_crosslink_distance
        crowded = ~np.any(outside, axis=1) & np.any(too_close & cross_links, axis=(1, 2))
        receiver[rows] = placed
        is_open[rows] = outside | crowded[:, None]
        if not is_open.any():
            return receiver
    raise ValueError(
        f"min_crosslink_distance is {settings.min_crosslink_distance!r}; for {num_links} links in a square of edge "
        f"{settings.area_edge!r} it must be smaller: {int(is_open.any(axis=1).sum())} realizations found "
        f"no placement in {_MAX_PLACEMENT_ROUNDS} rounds"
    )


def _link_distances(transmitter: FloatArray, receiver: FloatArray) -> FloatArray:
    """Return distances in m, shape (N, M, M), receiver first."""
    offset = receiver[:, :, None, :] - transmitter[:, None, :, :]
    return np.hypot(offset[..., 0], offset[..., 1])


def _path_loss_db(distance: FloatArray, carrier_frequency: float, antenna_height: float) -> FloatArray:
    """Return the ITU-R P.1411 line-of-sight path loss in dB, for distances in m."""
    wavelength = SPEED_OF_LIGHT / carrier_frequency
    breakpoint_distance = 4 * antenna_height**2 / wavelength
    breakpoint_loss = abs(20 * math.log10(wavelength**2 / (8 * math.pi * antenna_height**2)))
    slope = 20 * np.log10(distance / breakpoint_distance)
    return breakpoint_loss + 6 + slope + np.maximum(slope, 0.0)
