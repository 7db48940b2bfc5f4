"""Boxes of powers, and bounds on the weighted sum rate in them: what `branch_and_bound` is made of.

Units: powers are shares of p_max^2, gains are SNRs (gain * p_max^2 / noise_power), rates are nats, weights are such
that a realization's best single link is worth 1. A box is a set of powers low <= p <= high. With G the gains, a the
weights and D_m(p) = 1 + sum_{j != m} G_mj p_j what disturbs receiver m:

1. Scaling all powers up raises every SINR, so some link is at full power in an optimum, and the optimum meets the
   first-order conditions of the whole cube: `tighten_by_conditions`.
2. rate_m = log(1 + G_mm p_m / D_m) is concave in p_m and convex in D_m. For any beta_m > 0, alpha(D) = max over p_m
   of rate_m(p_m, D) - beta_m p_m is convex in D, hence below its chord over the box, and rate_m <= beta_m p_m +
   chord(D_m(p)). The sum over links is affine in p; its largest value is the box's bound: `envelope`.
3. The affine function also says how far each power can be from its maximizer: `tighten_by_bound`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# Margin of every single comparison of rounded quantities, relative to the terms that were summed.
_ROUNDING = 1e-12

# Beyond this SNR, and below its inverse, products and quotients of gains could leave float64's range.
_MAX_SNR = 1e30

# Links whose rate alone at full power is below this share of the best single link's, divided by M, are left off.
_NEGLIGIBLE_SHARE = 1e-12

# What follows changes the time, never the result's validity. Values are the best of a few tried, and flat around.
_ENVELOPE_STEPS = 2  # improvements of beta per visit of a box
_SPLIT_SHARE = 0.4  # smallest share of the width below a split; at most one half


class Networks(NamedTuple):
    """Networks in the module's units."""

    direct: FloatArray  # direct gains, above zero, (N, M); 1 for links that are left off
    cross: FloatArray  # the others, (N, M, M), receiver first; zero on the diagonal and for links that are left off
    weight: FloatArray  # (N, M); 0 for links that are left off
    usable: BoolArray  # which links may transmit, (N, M)
    unit: FloatArray  # rate of the best single link, nats, (N,)
    left_out: FloatArray  # what the links that are left off could add to the rate at most, nats, (N,)

    def take(self, index: IntArray) -> "Networks":
        """Return one network per index."""
        if len(index) and (index == index[0]).all():  # views: one network stays in the cache, many copies do not
            return Networks._make(np.broadcast_to(values[index[0]], (len(index), *values.shape[1:])) for values in self)
        return Networks._make(values[index] for values in self)

    def rate(self, power: FloatArray) -> FloatArray:
        """Return the weighted sum rates, shape (N,), of powers of shape (N, M)."""
        return (self.weight * np.log1p(self.direct * power / self.disturbance(power))).sum(-1)

    def disturbance(self, power: FloatArray) -> FloatArray:
        """Return noise plus interference D at every receiver, shape (N, M)."""
        return 1.0 + self.interference(power)

    def interference(self, power: FloatArray) -> FloatArray:
        """Return the interference at every receiver, shape (N, M)."""
        return np.matmul(self.cross, power[..., None])[..., 0]

    def caused(self, price: FloatArray) -> FloatArray:
        """Return what every transmitter's interference costs at prices per receiver, shape (N, M)."""
        return np.matmul(price[:, None, :], self.cross)[:, 0, :]


class Boxes(NamedTuple):
    """B boxes of powers."""

    owner: IntArray  # realization that the box belongs to, (B,)
    low: FloatArray  # smallest powers, (B, M)
    high: FloatArray  # largest powers, (B, M)
    spread: FloatArray  # 1 / beta of the envelope, the best one found for the box or its parent, (B, M)
    bound: FloatArray  # upper bound on the rate in the box, (B,)

    def take(self, index: slice | IntArray | BoolArray) -> "Boxes":
        """Return some of the boxes."""
        return Boxes._make(values[index] for values in self)


def join(parts: Sequence[Boxes]) -> Boxes:
    """Return the boxes of all parts, in their order."""
    return Boxes._make(map(np.concatenate, zip(*parts, strict=True)))


def scaled(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> Networks:
    """Return networks (N) in the module's units, without links that cannot matter.

    Raises:
        ValueError: A gain is so large that quotients could leave float64's range.
    """
    num_links = gain.shape[-1]
    scale = p_max * p_max / noise_power  # a power of a float would raise where it overflows
    largest = gain.max().item()
    if not largest * scale <= _MAX_SNR:
        raise ValueError(f"gain is up to {largest:.6g}; gain * p_max^2 / noise_power must be at most {_MAX_SNR}")
    snr = scale * gain.detach().cpu().to(torch.float64).numpy().reshape(-1, num_links, num_links)
    alpha = weight.detach().cpu().to(torch.float64).numpy().reshape(-1, num_links)
    direct = snr.diagonal(axis1=1, axis2=2)
    alone = alpha * np.log1p(direct)
    best_alone = alone.max(axis=1)
    # The second condition keeps quotients of gains in range.
    usable = (alone > (_NEGLIGIBLE_SHARE / num_links) * best_alone[:, None]) & (direct > 1 / _MAX_SNR)
    unit = np.where(usable.any(axis=1), best_alone, 1.0)
    pairs = usable[:, :, None] & usable[:, None, :] & ~np.eye(num_links, dtype=bool)
    return Networks(
        direct=np.where(usable, direct, 1.0),
        cross=np.where(pairs, snr, 0.0),
        weight=np.where(usable, alpha / unit[:, None], 0.0),
        usable=usable,
        unit=unit,
        left_out=np.where(usable, 0.0, alone).sum(axis=1),
    )


def tighten_by_conditions(
    networks: Networks, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Shrink boxes by conditions that some optimum meets: one link at full power, and the gradient's signs.

    With S_m = G_mm p_m, df/dp_k = a_k G_kk / (D_k + S_k) - sum_{m != k} a_m G_mk S_m / (D_m (D_m + S_m)). Where it is
    positive all over the box, p_k = 1 in an optimum, so the box must reach 1; where it is negative, p_k = 0.

    Returns:
        Smallest and largest powers, shape (B, M), and whether the box can hold that optimum, shape (B,).
    """
    at_full = high >= 1.0
    num_full = at_full.sum(axis=1)
    alive = num_full > 0
    low = np.where(at_full & (num_full == 1)[:, None], 1.0, low)

    d_low, d_high = networks.disturbance(low), networks.disturbance(high)
    weak, strong = networks.direct * low, networks.direct * high
    own = networks.weight * networks.direct
    own_min, own_max = own / (d_high + strong), own / (d_low + weak)
    harm_min = networks.caused(networks.weight * weak / (d_high * (d_high + weak)))
    harm_max = networks.caused(networks.weight * strong / (d_low * (d_low + strong)))
    rising = own_min * (1 - _ROUNDING) > harm_max
    falling = own_max < harm_min * (1 - _ROUNDING)
    alive &= ~((rising & (high < 1.0)) | (falling & (low > 0.0))).any(axis=1)
    return np.where(rising, high, low), np.where(falling, low, high), alive


def envelope(
    networks: Networks, low: FloatArray, high: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bound the rate over boxes by an affine function of the powers.

    Every beta gives a valid bound. It is improved by a fixed-point iteration: the best bound is reached where every
    link's coefficient a_k beta_k - price_k is zero or beta_k is at an end of its range, with price_k the chords'
    total slope with respect to p_k. ``spread`` is 1 / beta to start from, (B, M).

    Returns:
        The best of all iterations, box by box: upper bounds, (B,); the affine functions' coefficients, (B, M);
        1 / beta, (B, M).
    """
    width = high - low
    d_low = networks.disturbance(low)
    extent = networks.interference(width)  # of D over the box
    # Where D hardly varies, the chord's value at its lower end is bound enough, and safe from rounding.
    per_extent = np.divide(1.0, extent, out=np.zeros_like(extent), where=extent > _ROUNDING * d_low)
    ratio_low, ratio_high = d_low / networks.direct, (d_low + extent) / networks.direct
    # Beyond these beta, the maximizing power is an end of its range all over the box.
    smallest, largest = low + ratio_low, high + ratio_high

    best_bound = np.full(len(low), np.inf)
    best_slope, best_spread = np.zeros_like(low), spread
    for step in range(_ENVELOPE_STEPS + 1):
        spread = np.clip(spread, smallest, largest)
        alpha_low, alpha_high = _alpha(ratio_low, low, high, spread), _alpha(ratio_high, low, high, spread)
        price = networks.caused(networks.weight * np.maximum(alpha_low - alpha_high, 0.0) * per_extent)
        slope = networks.weight / spread - price
        at_low = (networks.weight * (low / spread + alpha_low)).sum(axis=1)
        bound = at_low + (np.maximum(slope, 0.0) * width).sum(axis=1)

        better = bound < best_bound
        best_bound = np.where(better, bound, best_bound)
        best_slope = np.where(better[:, None], slope, best_slope)
        best_spread = np.where(better[:, None], spread, best_spread)
        if step < _ENVELOPE_STEPS:
            with np.errstate(over="ignore"):  # an infinite quotient is clipped like any large one
                spread = np.divide(networks.weight, price, out=largest.copy(), where=price > 0)
    return best_bound, best_slope, best_spread


def _alpha(ratio: FloatArray, low: FloatArray, high: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the largest log(1 + p G_mm / D) - beta p for low <= p <= high, given D / G_mm and 1 / beta: (B, M)."""
    power = np.clip(spread - ratio, low, high)
    return np.log1p(power / ratio) - power / spread


def branching_score(networks: Networks, boxes: Boxes) -> FloatArray:
    """Return how much of the bound's looseness each power is responsible for, per unit of its width, shape (B, M).

    A link's looseness is how far alpha is below its chord where D is in the middle; powers share it by what they
    contribute to D's extent.
    """
    d_low = networks.disturbance(boxes.low)
    extent = networks.interference(boxes.high - boxes.low)
    ratio_low, half_extent = d_low / networks.direct, 0.5 * extent / networks.direct
    alpha_low, alpha_middle, alpha_high = (
        _alpha(ratio_low + part * half_extent, boxes.low, boxes.high, boxes.spread) for part in (0, 1, 2)
    )
    loose = networks.weight * np.maximum(0.5 * (alpha_low + alpha_high) - alpha_middle, 0.0)
    return networks.caused(np.divide(loose, extent, out=np.zeros_like(extent), where=extent > _ROUNDING * d_low))


def tighten_by_bound(boxes: Boxes, slope: FloatArray, threshold: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cut off the powers at which the affine bound is below the threshold; return smallest and largest ones, (B, M).

    A power that is d from its best end costs |slope| d of the bound. A bound below the threshold leaves that end. The
    boxes' bound is the largest value of the affine function of coefficients ``slope``, (B, M).
    """
    slack = np.maximum(boxes.bound - threshold, 0.0) + _ROUNDING * boxes.bound
    with np.errstate(over="ignore"):  # hardly any slope: no limit, as without one
        reach = np.divide(slack[:, None], np.abs(slope), out=np.full_like(slope, np.inf), where=slope != 0)
    low = np.where(slope > 0, np.maximum(boxes.low, boxes.high - reach), boxes.low)
    high = np.where(slope < 0, np.minimum(boxes.high, boxes.low + reach), boxes.high)
    return low, high


def split(boxes: Boxes, score: FloatArray) -> tuple[Boxes, Boxes]:
    """Split boxes in two, lower and upper parts, along the power of largest score times width; one is divisible."""
    width = boxes.high - boxes.low
    wide = divisible(boxes.low, boxes.high)
    value = np.where(wide, score * width, 0.0)
    # Where no power is responsible for the looseness, beta is: the widest box side.
    value = np.where(value.any(axis=1, keepdims=True), value, np.where(wide, width, 0.0))
    index = (np.arange(len(boxes.owner)), value.argmax(axis=1))
    low, high = boxes.low[index], boxes.high[index]
    # The geometric mean, because rates depend on the powers' logarithms, but not too far from the middle.
    cut = np.clip(np.sqrt(low * high), low + _SPLIT_SHARE * (high - low), 0.5 * (low + high))
    lower_high, upper_low = boxes.high.copy(), boxes.low.copy()
    lower_high[index], upper_low[index] = cut, cut
    return boxes._replace(high=lower_high), boxes._replace(low=upper_low)


def divisible(low: FloatArray, high: FloatArray) -> BoolArray:
    """Return which sides of boxes are wide enough to be split in float64, shape (B, M)."""
    return high - low > _ROUNDING * high
