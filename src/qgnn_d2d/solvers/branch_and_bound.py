"""The global optimum of the weighted sum rate, with a certificate: branch and bound over boxes of powers.

Every box is worked on by the three steps of `bounds`, in its units. A box whose bound is within the gap of the best
rate known is done. Of another one, the powers at which the bound is below that rate are cut off; where that was much,
the steps are repeated, else the box is split.

Boxes of all realizations are worked on together, about a thousand at a time, last in first out. The bounds are derived
in `bounds`; for another way to such certificates see Matthiesen, Hellings, Jorswieck and Utschick, "Mixed monotonic
programming for fast global optimization", IEEE Trans. Signal Process., 2020.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..checks import check_channels, require_count
from ..objective.rates import weighted_sum_rate
from .bounds import (
    Boxes,
    FloatArray,
    IntArray,
    Networks,
    branching_score,
    divisible,
    envelope,
    join,
    scaled,
    split,
    tighten_by_bound,
    tighten_by_conditions,
)
from .wmmse import wmmse_multistart

# Certificates hold up to rounding in float64, which is far below this share of the optimum; upper bounds are raised
# by it. A gap must leave room for it.
ROUNDING_ALLOWANCE = 1e-9
_MIN_GAP, _MAX_GAP = 1e-8, 1e6

# These change the time, never the result's validity. Values are the best of a few tried, and flat around.
_CHUNK = 1024  # boxes worked on together: their gains fit into the cache
_REPEAT_BELOW = 0.9  # share of the (branching-weighted) width up to which tightening makes a repetition worthwhile


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


@torch.no_grad()
def optimum(
    gain: Tensor, weight: Tensor, noise_power: float, p_max: float, *, gap: float = 1e-4, max_boxes: int = 1_000_000
) -> Certified:
    """Maximize the weighted sum rate of eq. (2) globally, with a certificate.

    Branch and bound from the best of `wmmse_multistart`. The result is deterministic. The number of boxes
    grows exponentially with the number of links: in Rayleigh networks at 10 dB from some tens for M = 5 to some
    thousands for M = 20. At high SNR, where many links are on at partial power, realizations differ by orders of
    magnitude.

    Certificates hold up to rounding in float64; upper bounds include an allowance of 1e-9 of their value for it.

    Arguments: see `qgnn_d2d.solvers`; and

    * gap: relative gap to certify: upper <= (1 + gap) lower. From 1e-8 to 1e6; a smaller gap hardly takes longer.
    * max_boxes: number of boxes after which a realization is given up: it is returned with the bounds reached so
      far, `certified` False. It is checked between batches of boxes and can be exceeded by one batch.

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
    if not _MIN_GAP <= gap <= _MAX_GAP:
        raise ValueError(f"gap is {gap!r}; it must be from {_MIN_GAP} to {_MAX_GAP:g}")
    require_count("max_boxes", max_boxes)

    noise_power, p_max = check_channels(gain, weight, noise_power, p_max)
    start = wmmse_multistart(gain, weight, noise_power, p_max) / p_max**2
    networks = scaled(gain, weight, noise_power, p_max)
    search = _Search(networks, start.cpu().numpy().reshape(networks.weight.shape), gap, max_boxes)
    search.run()

    gain, weight = gain.to(torch.float64), weight.to(torch.float64)
    power = torch.from_numpy(search.power).to(gain.device).reshape(weight.shape) * p_max**2
    lower = weighted_sum_rate(gain, power, weight, noise_power)
    upper_nats = search.upper() * networks.unit + networks.left_out
    upper = torch.from_numpy(upper_nats / math.log(2)).to(gain.device).reshape(lower.shape)
    boxes = torch.from_numpy(search.boxes).to(gain.device).reshape(lower.shape)
    return Certified(power, lower, upper, upper <= lower * (1 + gap), boxes)


class _Search:
    """The branch and bound over N networks: best powers (N, M), their rates (N,), numbers of boxes examined (N,)."""

    def __init__(self, networks: Networks, start: FloatArray, gap: float, max_boxes: int) -> None:
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
        self._stack = [Boxes(np.arange(len(start)), low, high, spread, np.full(len(start), np.inf))]

    def run(self) -> None:
        """Examine boxes until none is left."""
        while self._stack:
            boxes = self._pop()
            # Negated, so that no comparison with NaN could ever discard a box.
            is_open = ~(boxes.bound <= self._threshold(boxes.owner))
            over = is_open & (self.boxes[boxes.owner] >= self._max_boxes)
            self._give_up(boxes.take(over))
            boxes = boxes.take(is_open & ~over)
            if len(boxes.owner):
                self.boxes += np.bincount(boxes.owner, minlength=len(self.boxes))
                self._examine(boxes)

    def upper(self) -> FloatArray:
        """Return the upper bounds of all networks once the search has ended, shape (N,)."""
        return np.maximum(self.rate * self._factor, self._given_up) * (1 + ROUNDING_ALLOWANCE)

    def _threshold(self, owner: IntArray) -> FloatArray:
        """Return the rates up to which a box need not be examined further."""
        return self.rate[owner] * self._factor

    def _pop(self) -> Boxes:
        parts = [self._stack.pop()]
        while self._stack and sum(len(part.owner) for part in parts) < _CHUNK:
            parts.append(self._stack.pop())
        boxes = join(parts)
        if len(boxes.owner) > _CHUNK:
            self._stack.append(boxes.take(slice(_CHUNK, None)))
        return boxes.take(slice(_CHUNK))

    def _give_up(self, boxes: Boxes) -> None:
        np.maximum.at(self._given_up, boxes.owner, boxes.bound)

    def _examine(self, boxes: Boxes) -> None:
        networks = self.networks.take(boxes.owner)
        low, high, alive = tighten_by_conditions(networks, boxes.low, boxes.high)
        bound, slope, spread = envelope(networks, low, high, boxes.spread)
        # A parent's bound may be lower by rounding or luck; `tighten_by_bound` needs the one that `slope` is of.
        keep = np.flatnonzero(alive & ~(bound <= self._threshold(boxes.owner)))
        if not len(keep):
            return
        boxes = Boxes(boxes.owner, low, high, spread, bound).take(keep)
        networks, slope = self.networks.take(boxes.owner), slope[keep]
        self._offer(boxes.owner, np.where(slope > 0, boxes.high, boxes.low), networks)
        # A point's bound is its rate, up to rounding: it cannot be improved, and cannot be split.
        is_point = np.logical_not(divisible(boxes.low, boxes.high).any(axis=1))
        self._give_up(boxes.take(is_point))

        score = branching_score(networks, boxes)
        low, high = tighten_by_bound(boxes, slope, self._threshold(boxes.owner))
        before, after = (score * (boxes.high - boxes.low)).sum(axis=1), (score * (high - low)).sum(axis=1)
        repeat = (after < _REPEAT_BELOW * before) | ~divisible(low, high).any(axis=1)
        tightened = boxes._replace(low=low, high=high)
        again, halved = repeat & ~is_point, ~repeat & ~is_point
        self._stack.append(join([*split(tightened.take(halved), score[halved]), tightened.take(again)]))

    def _offer(self, owner: IntArray, power: FloatArray, networks: Networks) -> None:
        """Take powers, one row per owner, that are better than the best ones known."""
        rate = networks.rate(power)
        for index in np.flatnonzero(rate > self.rate[owner]):
            realization = owner[index]
            if rate[index] > self.rate[realization]:  # several boxes may belong to one realization
                self.rate[realization], self.power[realization] = rate[index], power[index]
