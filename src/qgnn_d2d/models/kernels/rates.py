"""The weighted sum rate of one realization and its gradient with respect to the logits of the powers."""

from __future__ import annotations

import math

from ...compiled import compiled
from .base import Array

_LOG2E = 1 / math.log(2)


@compiled
def sum_rate(
    logit: Array, gain: Array, weight: Array, noise_power: float, p_max: float, scale: float, power: Array, slope: Array
) -> float:
    """Return the weighted sum rate R of one realization, bps/Hz; set its powers, and slope to scale · dR/d(logit).

    P_m = (P_max a_m)², a_m = sigmoid(logit_m);  eq. (1): γ_m = G_mm P_m / (I_m + σ²), I_m = sum_{j ≠ m} G_mj P_j;
    eq. (2): R = sum_m α_m log2(1 + γ_m). With c_m = α_m / (ln 2 (I_m + σ²) (1 + γ_m)):

    dR/dP_j = c_j G_jj - sum_{m ≠ j} c_m γ_m G_mj,  dP_j/d(logit_j) = 2 P_j (1 - a_j).

    Args:
        logit: (M,), as weight α, power and slope; gain (M, M) has the receiver first.
        gain: See logit.
        weight: See logit.
        noise_power: σ², W.
        p_max: P_max, an amplitude.
        scale: Of the gradient; 0 leaves it out.
        power: Output.
        slope: Output.
    """
    real, links = logit.dtype.type, len(logit)
    one, floor, largest, factor, rate = real(1), real(noise_power), real(p_max), real(scale * _LOG2E), real(0)
    for m in range(links):
        amplitude = largest / (one + math.exp(-logit[m]))
        power[m], slope[m] = amplitude * amplitude, 0
    for m in range(links):
        row, interference = gain[m], floor
        for j in range(m):
            interference += row[j] * power[j]
        for j in range(m + 1, links):
            interference += row[j] * power[j]
        sinr = row[m] * power[m] / interference
        rate += weight[m] * math.log1p(sinr)
        if scale != 0:
            c = factor * weight[m] / (interference * (one + sinr))
            own = slope[m] + c * row[m]
            for j in range(links):
                slope[j] -= c * sinr * row[j]
            slope[m] = own
    for m in range(links):
        slope[m] *= 2 * power[m] * (one - math.sqrt(power[m]) / largest)
    return real(_LOG2E) * rate
