"""Which reading of the paper gives its numbers?

The paper reports 2.67 for the QGNN, 6 % more than a GCN at WMMSE's level, and therefore 2.52 for WMMSE. It does not say
in which unit, on which draws, or at which noise. A *reading* fills these in. Each is held against what is possible at
all: WMMSE's level, and the certified optimum in the models' quantity, on the public code's own draws.

A reading fits where WMMSE's level does, the optimum reaches the rate, and leaves room for the gain, each within the
range that the claims C1 and C2 allow. With many readings, one that fits is no proof.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from scipy.optimize import brentq

from .. import channels
from ..channels import Channels
from ..objective import QUANTITIES, released_gain, trained_quantity
from ..objective.rates import single_link_rate, weighted_sum_rate
from ..settings import Study
from ..settings.scenario import PublicDraws, Readings
from ..solvers import METHODS
from . import curves

_BITS = math.log(2)  # nats in a bit
_ALLOWED = {claim.id: claim.allowed for claim in curves.CLAIMS}
_RATE, _GAIN = _ALLOWED["C1"], _ALLOWED["C2"]  # the ranges that the claims' words allow
PAPER = {"paper_qgnn": 2.67, "paper_wmmse": 2.67 / 1.06, "paper_gain": 6.0}
"""The paper's numbers: the QGNN's final rate, WMMSE's level that follows from it and the gain, the gain in percent."""
LEVELS = _RATE[0] / (1 + _GAIN[1] / 100), _RATE[1] / (1 + _GAIN[0] / 100)

# A notebook of the public code (src/d2d/results.ipynb, commit 8471955) keeps WMMSE's value for this seed and number of
# draws; `--power 10` is the default of its main.py, an amplitude.
_STORED_SEED, _STORED_DRAWS, _STORED = 1309, 100, 2.4749
_PUBLIC_POWER = 10.0

_NOISE_GAP = 1e-4  # relative gap of the optimum at fitted noise
_NOISE_RANGE = 1e-6, 1e3  # W: where the fitted noise is looked for


@dataclass(frozen=True)
class Levels:
    """What WMMSE reaches and what is possible on some draws: means in bits, but for the public code's nats."""

    wmmse: float  # eq. (2)
    optimum: float  # eq. (2), certified
    public_wmmse: float  # WMMSE's powers as the public code evaluates them, nats; NaN for P_max other than 1
    released_wmmse: float  # the public code's model metric, WMMSE run on it
    released_optimum: float  # the same, certified


def levels(network: Channels) -> Levels:
    """Solve a set of channels in eq. (2) and in the public code's model metric.

    Raises:
        ValueError: A realization's optimum is not certified.
    """
    wmmse, best = (_powers(network, name) for name in ("wmmse", "optimum"))
    gain, unit = released_gain(network.gain, network.weight), torch.ones_like(network.weight)
    released = Channels(gain, unit, network.noise_power, network.p_max)
    public = QUANTITIES["released_wmmse_rate"]
    nats = _mean(public.values(network.gain, wmmse, network.weight, network.noise_power))
    return Levels(
        _rate(network, wmmse), _rate(network, best), nats if network.p_max == public.only_p_max else math.nan,
        *(_rate(released, _powers(released, name)) for name in ("wmmse", "optimum")),
    )  # fmt: skip


def without_messages(network: Channels) -> float:
    """Return the best mean of eq. (2), bits, of a rule that needs no message: full power above one threshold.

    A link transmits where its own `objective.single_link_rate` is above the threshold, which is the same for all links
    and chosen on these very channels.

    Example:
        >>> gain = torch.tensor([[[3.0, 9.0], [9.0, 1.0]]])
        >>> without_messages(Channels(gain, torch.ones(1, 2), 1.0, 1.0))
        2.0
    """
    score = single_link_rate(network.gain, network.weight, network.noise_power, network.p_max)
    steps = torch.linspace(0, 1, 201, dtype=score.dtype)
    powers = ((score >= threshold) * network.p_max**2 for threshold in score.flatten().quantile(steps))
    return max(_rate(network, power.to(score.dtype)) for power in powers)


def fitted_noise(network: Channels, level: float, nats: bool) -> float:
    """Return the noise power, W, at which WMMSE reaches a mean level of eq. (2), in bits or nats.

    Raises:
        ValueError: No noise from 1e-6 to 1e3 W does.
    """

    def above(exponent: float) -> float:
        return _unit(_rate(noisy := _at_noise(network, 10**exponent), _powers(noisy, "wmmse")), nats) - level

    low, high = map(math.log10, _NOISE_RANGE)
    if above(low) * above(high) > 0:
        raise ValueError(f"WMMSE reaches {level:g} at no noise power from {_NOISE_RANGE[0]:g} to {_NOISE_RANGE[1]:g} W")
    return float(10 ** brentq(above, low, high, xtol=1e-5))


def readings(study: Study, draws: Channels, finals: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    """Compute all readings.

    Args:
        study: A study with a section ``readings``.
        draws: The test set of its scenario: the public code's draws.
        finals: (protocol, ``qgnn`` or ``gcn``) to our model's final mean in the protocol's own quantity.

    Returns:
        A row per reading: reading, draws, models, line (what the models and WMMSE's line are measured in), num_links,
        noise_power (W), wmmse, optimum, largest_gain (percent), qgnn, gcn (our models' finals, in the models' quantity;
        empty where no run has it), level_fits, rate_possible, gain_possible, the paper's numbers (`PAPER`), note.

    Raises:
        ValueError: See `levels` and `fitted_noise`.
    """
    rows = [*_of_the_draws(study, draws, finals), *_of_fitted_noise(study)]
    table = pd.DataFrame(rows)
    table.insert(8, "largest_gain", 100 * (table["optimum"] / table["wmmse"] - 1))
    table["level_fits"] = table["wmmse"].between(*LEVELS)
    table["rate_possible"] = table["optimum"] >= _RATE[0]
    table["gain_possible"] = table["largest_gain"] >= _GAIN[0]
    return table.assign(**PAPER)[[*(name for name in table if name != "note"), *PAPER, "note"]]


def _of_the_draws(study: Study, draws: Channels, finals: Mapping[tuple[str, str], float]) -> Iterator[dict[str, Any]]:
    """Yield the readings at the public code's number of links and noise."""
    settings, section = _section(study)
    smaller = _public(section, settings.smaller_set)
    at, at_smaller = levels(draws), levels(smaller)
    names = f"{len(draws)} draws", f"{len(smaller)} draws"
    bits, nats, metric = "eq. (2), bits", "eq. (2), nats", "public metric, bits"
    nothing = {"qgnn": math.nan, "gcn": math.nan}

    def ours(protocol: str, scale: float = 1.0) -> dict[str, float]:
        return {kind: scale * finals[protocol, kind] for kind in nothing}

    def row(
        reading: str, where: str, models: str, line: str, wmmse: float, optimum: float, note: str,
        own: Mapping[str, float], noise: float = draws.noise_power,
    ) -> dict[str, Any]:  # fmt: skip
        return {"reading": reading, "draws": where, "models": models, "line": line, "num_links": draws.num_links,
                "noise_power": noise, "wmmse": wmmse, "optimum": optimum, **own, "note": note}  # fmt: skip

    in_nats, in_nats_smaller = at.wmmse * _BITS, at_smaller.wmmse * _BITS
    yield row("R1", names[0], bits, bits, at.wmmse, at.optimum, "one unit throughout, as the paper's text has it",
              ours("stated"))  # fmt: skip
    yield row("R2", names[0], nats, nats, in_nats, at.optimum * _BITS, "one unit throughout, the natural logarithm",
              ours("stated", _BITS))  # fmt: skip
    yield row(
        "R3", f"line: {names[0]}, models: {names[1]}", f"{nats}, {names[1]}", nats, in_nats, at_smaller.optimum * _BITS,
        f"WMMSE itself is {100 * (in_nats_smaller / in_nats - 1):.2f} % higher on the {names[1]}; on the {names[0]} no "
        f"training curve can be above {at.optimum * _BITS:.3f}",
        ours("stated", _BITS),
    )  # fmt: skip
    stored = levels(_public(section.model_copy(update={"draw_seed": _STORED_SEED}), _STORED_DRAWS)).public_wmmse
    yield row(
        "R4", names[0], metric, "public evaluation, nats", at.public_wmmse, at.released_optimum,
        f"two quantities, as in the public code; its notebook keeps {_STORED} for WMMSE on {_STORED_DRAWS} draws of "
        f"seed {_STORED_SEED}, and this evaluation gives {stored:.4f}",
        ours("released"),
    )  # fmt: skip
    yield row("R5", names[0], metric, metric, at.released_wmmse, at.released_optimum,
              "one quantity, WMMSE run on it, too", ours("released"))  # fmt: skip
    yield row(
        "R6", names[0], bits, nats, in_nats, at.optimum,
        f"two units; a rule without any message reaches {without_messages(draws):.2f} bits", ours("stated"),
    )  # fmt: skip
    plain = Channels(draws.gain, torch.ones_like(draws.weight), draws.noise_power, draws.p_max)
    wmmse, best = (_rate(plain, _powers(plain, name)) for name in ("wmmse", "optimum"))
    yield row("R7", names[0], "unweighted, bits", "unweighted, bits", wmmse, best, "all weights 1", nothing)
    yield row("R7", names[0], "unweighted, nats", "unweighted, nats", wmmse * _BITS, best * _BITS, "all weights 1",
              nothing)  # fmt: skip
    strong = Channels(draws.gain, draws.weight, draws.noise_power, _PUBLIC_POWER * draws.p_max)
    wmmse, best = (_rate(strong, _powers(strong, name)) * _BITS for name in ("wmmse", "optimum"))
    note = "the public code's default, --power 10, taken as the largest amplitude"
    strongly = f"{nats}, amplitude {_PUBLIC_POWER:g}"
    yield row("R8", names[0], strongly, strongly, wmmse, best, note, nothing)


def _of_fitted_noise(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the readings in one unit whose noise is fitted to the paper's level of WMMSE."""
    settings, section = _section(study)
    for num_links in settings.links:
        network = _public(section.model_copy(update={"num_links": num_links}), study.splits["test"])
        for unit in ("bits", "nats"):
            noise = fitted_noise(network, PAPER["paper_wmmse"], unit == "nats")
            noisy = _at_noise(network, noise)
            values = [_rate(noisy, _powers(noisy, "wmmse")), _rate(noisy, _powers(noisy, "optimum", gap=_NOISE_GAP))]
            wmmse, best = (_unit(value, unit == "nats") for value in values)
            yield {
                "reading": "R9", "draws": f"{len(network)} draws", "models": f"eq. (2), {unit}",
                "line": f"eq. (2), {unit}", "num_links": num_links, "noise_power": noise, "wmmse": wmmse,
                "optimum": best, "qgnn": math.nan, "gcn": math.nan, "note": "noise fitted to WMMSE's level",
            }  # fmt: skip


def finals(study: Study, tables: Sequence[pd.DataFrame]) -> dict[tuple[str, str], float]:
    """Return (protocol, ``qgnn`` or ``gcn``) to the final mean of the primary pair on the evaluation set.

    Args:
        study: The study.
        tables: What `tables.results` returns of the experiments with these runs.
    """
    rows = pd.concat(tables, ignore_index=True).query("split == 'evaluation' and kind == 'model'")
    found: dict[tuple[str, str], float] = {}
    for pair in study.config.claims:
        scenario, protocol = study.runs[pair.qgnn].scenario, study.runs[pair.qgnn].protocol
        own = rows[rows["metric"] == trained_quantity(protocol).name].set_index("method")["mean"]
        if pair.primary and scenario == study.first_scenario:
            found |= {(protocol, "qgnn"): float(own[pair.qgnn]), (protocol, "gcn"): float(own[pair.gcn])}
    return found


def _section(study: Study) -> tuple[Readings, PublicDraws]:
    """Return what the study compares, and the scenario of its draws."""
    settings = study.config.readings
    assert settings is not None
    scenario = study.scenarios[settings.scenario]
    assert isinstance(scenario, PublicDraws)
    return settings, scenario


def _public(scenario: PublicDraws, size: int) -> Channels:
    return channels.to_channels(channels.realizations(scenario, size, 0))


def _at_noise(network: Channels, noise: float) -> Channels:
    return Channels(network.gain, network.weight, noise, network.p_max)


def _powers(network: Channels, name: str, **options: Any) -> torch.Tensor:
    """Return a method's powers; the optimum's only where all are certified."""
    method = METHODS[name]
    function: Callable[..., Any] = method.function
    arguments = network.gain, network.weight, network.noise_power, network.p_max
    found = function(*arguments, **{**method.options, **options})
    if method.certified and (missing := int((~found.certified).sum())):
        raise ValueError(f"{missing} of {len(network)} realizations have no certified optimum")
    power: torch.Tensor = found.power if method.certified else found
    return power


def _rate(network: Channels, power: torch.Tensor) -> float:
    return _mean(weighted_sum_rate(network.gain, power, network.weight, network.noise_power))


def _mean(values: torch.Tensor) -> float:
    return float(values.mean())


def _unit(bits: float, nats: bool) -> float:
    return bits * _BITS if nats else bits
