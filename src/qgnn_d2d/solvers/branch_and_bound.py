"""The global optimum of the weighted sum rate, with a certificate: branch and bound over boxes of powers.

Units in this module: powers are shares of p_max^2, gains are SNRs (gain * p_max^2 / noise_power), rates are nats,
weights are such that a realization's best single link is worth 1. A box is a set of powers low <= p <= high. With
G the gains, a the weights, D_m(p) = 1 + sum_{j != m} G_mj p_j what disturbs receiver m, and f the objective, a box
is worked on as follows.

1. Scaling all powers up raises every SINR, so some link is at full power in an optimum, and the optimum meets the
   first-order conditions of the whole cube: `_tighten_by_conditions`.
2. rate_m = log(1 + G_mm p_m / D_m) is concave in p_m and convex in D_m. For any beta_m > 0, alpha(D) = max over p_m
   of rate_m(p_m, D) - beta_m p_m is convex in D, hence below its chord over the box, and rate_m <= beta_m p_m +
   chord(D_m(p)). The sum over links is affine in p; its largest value is the box's bound: `_envelope`.
3. A box whose bound is within the gap of the best rate known is done. Otherwise the affine function also says how
   far each power can be from its maximizer: `_tighten_by_bound`. If that cut much off, 1-3 are repeated, else the
   box is split: `_split`.

Boxes of all realizations are worked on together, about a thousand at a time, last in first out. The bounds are derived
above; for another way to such certificates see Matthiesen, Hellings, Jorswieck and Utschick, "Mixed monotonic
programming for fast global optimization", IEEE Trans. Signal Process., 2020.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..checks import check_channels, require_count, require_finite
from ..objective import weighted_sum_rate
from .wmmse import wmmse_multistart

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# Certificates hold up to rounding in float64, which is far below this share of the optimum; upper bounds are raised
# by it. A gap must leave room for it.
ROUNDING_ALLOWANCE = 1e-9
_MIN_GAP, _MAX_GAP = 1e-8, 1e6

# Margin of every single comparison of rounded quantities, relative to the terms that were summed.
_ROUNDING = 1e-12

# Beyond this SNR, and below its inverse, products and quotients of gains could leave float64's range.
_MAX_SNR = 1e30

# Links whose rate alone at full power is below this share of the best single link's, divided by M, are left off.
_NEGLIGIBLE_SHARE = 1e-12

# What follows changes the time, never the result's validity. Values are the best of a few tried, and flat around.
_CHUNK = 1024  # boxes worked on together: their gains fit into the cache
_ENVELOPE_STEPS = 2  # improvements of beta per visit of a box
_REPEAT_BELOW = 0.9  # share of the (branching-weighted) width up to which tightening makes a repetition worthwhile
_SPLIT_SHARE = 0.4  # smallest share of the width below a split; at most one half


@dataclass(frozen=True)
class Certified:
    """Powers and what is known about the optimum: lower <= optimum <= upper for every realization.

    Attributes:
        power: Transmit powers from 0 to p_max^2, W, float64, shape (..., M).
        lower: Weighted sum rate of `power` (`objective.weighted_sum_rate`), bps/Hz, shape (...).
        upper: Certified upper bound on the weighted sum rate of any powers from 0 to p_max^2, bps/Hz, shape (...).
        certified: Whether upper <= (1 + gap) lower, shape (...). False where the box limit ended the search; the
            bounds hold even then.
        boxes: Number of boxes examined, int64, shape (...).
    """

    power: Tensor
    lower: Tensor
    upper: Tensor
    certified: Tensor
    boxes: Tensor

    @property
    def gap(self) -> Tensor:
        """Relative gap (upper - lower) / lower, shape (...); 0 where both are 0."""
        return torch.where(self.upper > self.lower, (self.upper - self.lower) / self.lower, 0.0)


@torch.no_grad()
def optimum(
    gain: Tensor, weight: Tensor, noise_power: float, p_max: float, *, gap: float = 1e-4, max_boxes: int = 1_000_000
) -> Certified:
    """Maximize the weighted sum rate of eq. (2) globally, with a certificate.

    Branch and bound as the module describes it, from the best of `wmmse_multistart`. The result is deterministic.
    The number of boxes grows exponentially with the number of links: in Rayleigh networks at 10 dB from some tens
    for M = 5 to some thousands for M = 20. At high SNR, where many links are on at partial power, realizations
    differ by orders of magnitude.

    Certificates hold up to rounding in float64; upper bounds include an allowance of 1e-9 of their value for it.

    Args:
        gain: Power gains (dimensionless), receiver first, shape (..., M, M).
        weight: Link weights alpha (dimensionless), shape (..., M).
        noise_power: Noise power sigma^2 at every receiver, W.
        p_max: Largest transmit amplitude, sqrt(W).
        gap: Relative gap to certify: upper <= (1 + gap) lower. From 1e-8 to 1e6; a smaller gap hardly takes longer.
        max_boxes: Number of boxes after which a realization is given up: it is returned with the bounds reached so
            far, `certified` False. It is checked between batches of boxes and can be exceeded by one batch.

    Returns:
        Powers, bounds and certificates, each of leading shape (...).

    Raises:
        ValueError: If the network is not usable (`checks.check_channels`), a gain exceeds 1e30 noise_power / p_max^2,
            or `gap` or `max_boxes` is out of range.

    Example:
        >>> gain = torch.tensor([[4.0, 9.0], [9.0, 1.0]], dtype=torch.float64)
        >>> best = optimum(gain, torch.ones(2, dtype=torch.float64), 0.1, 1.0)
        >>> best.power
        tensor([1., 0.], dtype=torch.float64)
        >>> bool(best.certified), round(best.lower.item(), 4), bool(best.upper <= best.lower * 1.0001)
        (True, 5.3576, True)
    """
    check_channels(gain, weight, noise_power, p_max)
    require_finite("gap", gap)
    if not _MIN_GAP <= gap <= _MAX_GAP:
        raise ValueError(f"gap is {gap!r}; it must be from {_MIN_GAP} to {_MAX_GAP:g}")
    require_count("max_boxes", max_boxes)

    networks = _scale(gain, weight, noise_power, p_max)
    start = wmmse_multistart(gain, weight, noise_power, p_max) / p_max**2
    search = _Search(networks, start.cpu().numpy().reshape(networks.weight.shape), gap, max_boxes)
    search.run()

    gain, weight = gain.to(torch.float64), weight.to(torch.float64)
    power = torch.from_numpy(search.power).to(gain.device).reshape(weight.shape) * p_max**2
    lower = weighted_sum_rate(gain, power, weight, noise_power)
    upper_nats = search.upper() * networks.unit + networks.left_out
    upper = torch.from_numpy(upper_nats / math.log(2)).to(gain.device).reshape(lower.shape)
    boxes = torch.from_numpy(search.boxes).to(gain.device).reshape(lower.shape)
    return Certified(power, lower, upper, upper <= lower * (1 + gap), boxes)


@dataclass(frozen=True)
class _Networks:
    """Networks in the module's units.

    Attributes:
        direct: Direct gains, above zero, shape (N, M); 1 for links that are left off.
        cross: Gains of the interference, shape (N, M, M), receiver first; zero on the diagonal and for links that
            are left off.
        weight: Weights, shape (N, M); 0 for links that are left off.
        usable: Which links may transmit, shape (N, M).
        unit: Rate of the best single link, nats, shape (N,).
        left_out: What the links that are left off could add to the rate at most, nats, shape (N,).
    """

    direct: FloatArray
    cross: FloatArray
    weight: FloatArray
    usable: BoolArray
    unit: FloatArray
    left_out: FloatArray

    def take(self, index: IntArray) -> "_Networks":
        """Return one network per index."""
        return _Networks(*(getattr(self, field.name)[index] for field in fields(self)))

    def rate(self, power: FloatArray) -> FloatArray:
        """Return the weighted sum rates, shape (N,), of powers of shape (N, M)."""
        rates: FloatArray = (self.weight * np.log1p(self.direct * power / self.disturbance(power))).sum(-1)
        return rates

    def disturbance(self, power: FloatArray) -> FloatArray:
        """Return noise plus interference D at every receiver, shape (N, M)."""
        return 1.0 + self.interference(power)

    def interference(self, power: FloatArray) -> FloatArray:
        """Return the interference at every receiver, shape (N, M)."""
        received: FloatArray = np.matmul(self.cross, power[..., None])[..., 0]
        return received

    def caused(self, price: FloatArray) -> FloatArray:
        """Return what every transmitter's interference costs at prices per receiver, shape (N, M)."""
        total: FloatArray = np.matmul(price[:, None, :], self.cross)[:, 0, :]
        return total


@dataclass(frozen=True)
class _Boxes:
    """B boxes of powers.

    Attributes:
        owner: Realization that the box belongs to, shape (B,).
        low: Smallest powers, shape (B, M).
        high: Largest powers, shape (B, M).
        spread: 1 / beta of the envelope, the best one found for the box or its parent, shape (B, M).
        bound: Upper bound on the rate in the box, shape (B,).
    """

    owner: IntArray
    low: FloatArray
    high: FloatArray
    spread: FloatArray
    bound: FloatArray

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, index: slice | IntArray | BoolArray) -> "_Boxes":
        """Return some of the boxes."""
        return _Boxes(*(getattr(self, field.name)[index] for field in fields(self)))

    @classmethod
    def join(cls, parts: Sequence["_Boxes"]) -> "_Boxes":
        """Return the boxes of all parts, in their order."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


class _Search:
    """The branch and bound over N networks.

    Attributes:
        power: Best powers found, shape (N, M).
        rate: Their weighted sum rates, shape (N,).
        boxes: Number of boxes examined, shape (N,).
    """

    def __init__(self, networks: _Networks, start: FloatArray, gap: float, max_boxes: int) -> None:
        self.networks = networks
        self.power = np.where(networks.usable, np.minimum(start, 1.0), 0.0)
        self.rate = networks.rate(self.power)
        self.boxes = np.zeros(len(start), dtype=np.int64)
        self._max_boxes = max_boxes
        # Twice the allowance: once for the raised upper bound, once for the rounding of `lower` itself.
        self._factor = (1.0 + gap) * (1.0 - 2 * ROUNDING_ALLOWANCE)
        self._given_up = np.zeros(len(start))  # largest bound of boxes that were not examined to the end
        low, high = np.zeros_like(start), networks.usable.astype(np.float64)
        spread = 0.5 * high + np.sqrt(networks.disturbance(high)) / networks.direct
        self._stack = [_Boxes(np.arange(len(start)), low, high, spread, np.full(len(start), np.inf))]

    def run(self) -> None:
        """Examine boxes until none is left."""
        while self._stack:
            boxes = self._pop()
            # Negated, so that no comparison with NaN could ever discard a box.
            is_open: BoolArray = np.logical_not(boxes.bound <= self._threshold(boxes.owner))
            over = is_open & (self.boxes[boxes.owner] >= self._max_boxes)
            self._give_up(boxes.take(over))
            boxes = boxes.take(is_open & ~over)
            if len(boxes):
                self.boxes += np.bincount(boxes.owner, minlength=len(self.boxes))
                self._examine(boxes)

    def upper(self) -> FloatArray:
        """Return the upper bounds of all networks once the search has ended, shape (N,)."""
        bounds: FloatArray = np.maximum(self._threshold(slice(None)), self._given_up) * (1 + ROUNDING_ALLOWANCE)
        return bounds

    def _threshold(self, owner: IntArray | slice) -> FloatArray:
        """Return the rates up to which a box need not be examined further."""
        threshold: FloatArray = self.rate[owner] * self._factor
        return threshold

    def _pop(self) -> _Boxes:
        parts = [self._stack.pop()]
        size = len(parts[0])
        while self._stack and size < _CHUNK:
            parts.append(self._stack.pop())
            size += len(parts[-1])
        boxes = _Boxes.join(parts)
        if size > _CHUNK:
            self._stack.append(boxes.take(slice(_CHUNK, None)))
            boxes = boxes.take(slice(_CHUNK))
        return boxes

    def _give_up(self, boxes: _Boxes) -> None:
        np.maximum.at(self._given_up, boxes.owner, boxes.bound)

    def _examine(self, boxes: _Boxes) -> None:
        networks = self.networks.take(boxes.owner)
        low, high, alive = _tighten_by_conditions(networks, boxes.low, boxes.high)
        bound, slope, spread = _envelope(networks, low, high, boxes.spread)
        # A parent's bound may be lower by rounding or luck; `_tighten_by_bound` needs the one that `slope` is of.
        keep = np.flatnonzero(alive & ~(bound <= self._threshold(boxes.owner)))
        if not len(keep):
            return
        boxes = _Boxes(boxes.owner, low, high, spread, bound).take(keep)
        networks, slope = networks.take(keep), slope[keep]
        self._offer(boxes.owner, np.where(slope > 0, boxes.high, boxes.low), networks)
        # A point's bound is its rate, up to rounding: it cannot be improved, and cannot be split.
        is_point: BoolArray = np.logical_not(_divisible(boxes.low, boxes.high).any(axis=1))
        self._give_up(boxes.take(is_point))

        score = _branching_score(networks, boxes)
        low, high = _tighten_by_bound(boxes, slope, self._threshold(boxes.owner))
        before, after = (score * (boxes.high - boxes.low)).sum(axis=1), (score * (high - low)).sum(axis=1)
        repeat = (after < _REPEAT_BELOW * before) | ~_divisible(low, high).any(axis=1)
        tightened = _Boxes(boxes.owner, low, high, boxes.spread, boxes.bound)
        again, split = repeat & ~is_point, ~repeat & ~is_point
        self._stack.append(_Boxes.join([*_split(tightened.take(split), score[split]), tightened.take(again)]))

    def _offer(self, owner: IntArray, power: FloatArray, networks: _Networks) -> None:
        """Take powers, one row per owner, that are better than the best ones known."""
        rate = networks.rate(power)
        for index in np.flatnonzero(rate > self.rate[owner]):
            realization = owner[index]
            if rate[index] > self.rate[realization]:  # several boxes may belong to one realization
                self.rate[realization], self.power[realization] = rate[index], power[index]


def _scale(gain: Tensor, weight: Tensor, noise_power: float, p_max: float) -> _Networks:
    """Return networks in the module's units, without links that cannot matter.

    Args:
        gain: Power gains, shape (..., M, M).
        weight: Link weights, shape (..., M).
        noise_power: Noise power, W.
        p_max: Largest transmit amplitude, sqrt(W).

    Returns:
        The N networks.

    Raises:
        ValueError: If a gain is too large.
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
    return _Networks(
        direct=np.where(usable, direct, 1.0),
        cross=np.where(pairs, snr, 0.0),
        weight=np.where(usable, alpha / unit[:, None], 0.0),
        usable=usable,
        unit=unit,
        left_out=np.where(usable, 0.0, alone).sum(axis=1),
    )


def _tighten_by_conditions(
    networks: _Networks, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Shrink boxes by conditions that some optimum meets: one link at full power, and the gradient's signs.

    With S_m = G_mm p_m, df/dp_k = a_k G_kk / (D_k + S_k) - sum_{m != k} a_m G_mk S_m / (D_m (D_m + S_m)). Where it is
    positive all over the box, p_k = 1 in an optimum, so the box must reach 1; where it is negative, p_k = 0.

    Args:
        networks: The boxes' networks.
        low: Smallest powers, shape (B, M).
        high: Largest powers, shape (B, M).

    Returns:
        Smallest and largest powers, shape (B, M), and whether the box can hold that optimum, shape (B,).
    """
    at_full = high >= 1.0
    num_full = at_full.sum(axis=1)
    alive = num_full > 0
    low = np.where(at_full & (num_full == 1)[:, None], 1.0, low)

    quiet, loud = networks.disturbance(low), networks.disturbance(high)
    weak, strong = networks.direct * low, networks.direct * high
    own = networks.weight * networks.direct
    own_min, own_max = own / (loud + strong), own / (quiet + weak)
    harm_min = networks.caused(networks.weight * weak / (loud * (loud + weak)))
    harm_max = networks.caused(networks.weight * strong / (quiet * (quiet + strong)))
    rising = own_min * (1 - _ROUNDING) > harm_max
    falling = own_max < harm_min * (1 - _ROUNDING)
    alive &= ~((rising & (high < 1.0)) | (falling & (low > 0.0))).any(axis=1)
    return np.where(rising, high, low), np.where(falling, low, high), alive


def _envelope(
    networks: _Networks, low: FloatArray, high: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bound the rate over boxes by an affine function of the powers (step 2 of the module).

    Every beta gives a valid bound. It is improved by a fixed-point iteration: the best bound is reached where every
    link's coefficient a_k beta_k - price_k is zero or beta_k is at an end of its range, with price_k the chords'
    total slope with respect to p_k. The best of all iterations is returned, box by box.

    Args:
        networks: The boxes' networks.
        low: Smallest powers, shape (B, M).
        high: Largest powers, shape (B, M).
        spread: 1 / beta to start from, shape (B, M).

    Returns:
        Upper bounds, shape (B,); the affine functions' coefficients, shape (B, M); 1 / beta, shape (B, M).
    """
    width = high - low
    quiet = networks.disturbance(low)
    extent = networks.interference(width)  # of D over the box
    # Where D hardly varies, the chord's value at the quiet end is bound enough, and safe from rounding.
    per_extent = np.divide(1.0, extent, out=np.zeros_like(extent), where=extent > _ROUNDING * quiet)
    quiet_power, loud_power = quiet / networks.direct, (quiet + extent) / networks.direct
    # Beyond these beta, the maximizing power is an end of its range all over the box.
    smallest, largest = low + quiet_power, high + loud_power

    best_bound = np.full(len(low), np.inf)
    best_slope, best_spread = np.zeros_like(low), spread
    for step in range(_ENVELOPE_STEPS + 1):
        spread = np.clip(spread, smallest, largest)
        at_quiet, at_loud = _alpha(quiet_power, low, high, spread), _alpha(loud_power, low, high, spread)
        price = networks.caused(networks.weight * np.maximum(at_quiet - at_loud, 0.0) * per_extent)
        slope = networks.weight / spread - price
        at_low = (networks.weight * (low / spread + at_quiet)).sum(axis=1)
        bound = at_low + (np.maximum(slope, 0.0) * width).sum(axis=1)

        better = bound < best_bound
        best_bound = np.where(better, bound, best_bound)
        best_slope = np.where(better[:, None], slope, best_slope)
        best_spread = np.where(better[:, None], spread, best_spread)
        if step < _ENVELOPE_STEPS:
            with np.errstate(over="ignore"):  # an infinite quotient is clipped like any large one
                spread = np.divide(networks.weight, price, out=largest.copy(), where=price > 0)
    return best_bound, best_slope, best_spread


def _alpha(disturbing_power: FloatArray, low: FloatArray, high: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the largest value of log(1 + p G_mm / D) - beta p for low <= p <= high.

    Args:
        disturbing_power: D / G_mm, shape (B, M).
        low: Smallest powers, shape (B, M).
        high: Largest powers, shape (B, M).
        spread: 1 / beta, shape (B, M).

    Returns:
        The values, nats, shape (B, M).
    """
    power = np.clip(spread - disturbing_power, low, high)
    value: FloatArray = np.log1p(power / disturbing_power) - power / spread
    return value


def _branching_score(networks: _Networks, boxes: _Boxes) -> FloatArray:
    """Return how much of the bound's looseness each power is responsible for, per unit of its width.

    A link's looseness is how far alpha is below its chord where D is in the middle; powers share it by what they
    contribute to D's extent.

    Args:
        networks: The boxes' networks.
        boxes: The boxes.

    Returns:
        Scores, shape (B, M).
    """
    quiet = networks.disturbance(boxes.low)
    extent = networks.interference(boxes.high - boxes.low)
    quiet_power, half_power = quiet / networks.direct, 0.5 * extent / networks.direct
    at_quiet, at_middle, at_loud = (
        _alpha(quiet_power + part * half_power, boxes.low, boxes.high, boxes.spread) for part in (0, 1, 2)
    )
    loose = networks.weight * np.maximum(0.5 * (at_quiet + at_loud) - at_middle, 0.0)
    return networks.caused(np.divide(loose, extent, out=np.zeros_like(extent), where=extent > _ROUNDING * quiet))


def _tighten_by_bound(boxes: _Boxes, slope: FloatArray, threshold: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cut off the powers at which the affine bound is below the threshold.

    A power that is d from its best end costs |slope| d of the bound. A bound below the threshold leaves that end.

    Args:
        boxes: The boxes, with the affine function's largest value as bound.
        slope: Coefficients of the affine function, shape (B, M).
        threshold: Rates that are of no interest, shape (B,).

    Returns:
        Smallest and largest powers, shape (B, M).
    """
    slack = np.maximum(boxes.bound - threshold, 0.0) + _ROUNDING * boxes.bound
    with np.errstate(over="ignore"):  # hardly any slope: no limit, as without one
        reach = np.divide(slack[:, None], np.abs(slope), out=np.full_like(slope, np.inf), where=slope != 0)
    low = np.where(slope > 0, np.maximum(boxes.low, boxes.high - reach), boxes.low)
    high = np.where(slope < 0, np.minimum(boxes.high, boxes.low + reach), boxes.high)
    return low, high


def _split(boxes: _Boxes, score: FloatArray) -> tuple[_Boxes, _Boxes]:
    """Split boxes in two along the power with the largest score times width.

    Args:
        boxes: The boxes; each has a power that is divisible.
        score: Looseness per unit of width, shape (B, M).

    Returns:
        The lower and the upper parts.
    """
    width = boxes.high - boxes.low
    divisible = _divisible(boxes.low, boxes.high)
    value = np.where(divisible, score * width, 0.0)
    # Where no power is responsible for the looseness, beta is: the widest box side.
    value = np.where(value.any(axis=1, keepdims=True), value, np.where(divisible, width, 0.0))
    index = (np.arange(len(boxes)), value.argmax(axis=1))
    low, high = boxes.low[index], boxes.high[index]
    # The geometric mean, because rates depend on the powers' logarithms, but not too far from the middle.
    cut = np.clip(np.sqrt(low * high), low + _SPLIT_SHARE * (high - low), 0.5 * (low + high))
    lower_high, upper_low = boxes.high.copy(), boxes.low.copy()
    lower_high[index], upper_low[index] = cut, cut
    return (
        _Boxes(boxes.owner, boxes.low, lower_high, boxes.spread, boxes.bound),
        _Boxes(boxes.owner, upper_low, boxes.high, boxes.spread, boxes.bound),
    )


def _divisible(low: FloatArray, high: FloatArray) -> BoolArray:
    """Return which sides of boxes are wide enough to be split in float64, shape (B, M)."""
    wide: BoolArray = high - low > _ROUNDING * high
    return wide
