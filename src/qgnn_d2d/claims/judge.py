"""All claims, measured on all evidence and judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..report.markdown import number
from ..settings import Study
from . import IDS, MODULES
from .claim import NOT_TESTABLE, ONLY_RELEASED, Claim, Evidence, Measurement, overall, to_the_edge, verdict

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for module in MODULES for claim in module.CLAIMS), key=lambda claim: IDS.index(claim.id))
)
"""All claims, in the order of `claims.IDS`."""


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return the evidence that a study has in files that `claims.inputs` names, by its names."""
    needed = {module: module.inputs(study) for module in MODULES}
    having = [module for module, names in needed.items() if names is not None and names.keys() <= files.keys()]
    return [item for module in having for item in module.evidence(study, files)]


def judge(evidence: Sequence[Evidence], claims: Sequence[Claim] = CLAIMS) -> dict[str, Any]:
    """Measure and judge claims, each on all evidence of its kind.

    Returns:
        Plain data, for JSON: ``claims``, a list of id, claim, paper, quantity, allowed, verdict, why, target,
        ``columns`` (scenario to the verdict there, of other scenarios with primary evidence), and ``measurements``:
        protocol, models, primary, column, runs, value, low, high, verdict, to_the_edge, note. Numbers that are not
        finite are text ("inf", "-inf", "nan").
    """
    judged = []
    for claim in claims:
        found = [(item, claim.measure(item)) for item in evidence if isinstance(item, claim.evidence)]
        primary = {item.protocol: measured for item, measured in found if item.primary}
        verdict_of_claim = overall({protocol: verdict(claim, measured) for protocol, measured in primary.items()})
        elsewhere: dict[str, dict[str, str]] = {}
        for item, measured in found:
            if item.column:
                elsewhere.setdefault(item.column, {})[item.protocol] = verdict(claim, measured)
        judged.append(
            {
                "id": claim.id,
                "claim": claim.words,
                "paper": claim.paper,
                "quantity": claim.quantity,
                "allowed": [_plain(end) for end in claim.allowed],
                "verdict": verdict_of_claim,
                "why": why(claim, verdict_of_claim, primary),
                "target": claim.target,
                "columns": {scenario: overall(verdicts) for scenario, verdicts in elsewhere.items()},
                "measurements": [
                    {
                        **{name: getattr(item, name) for name in ("protocol", "models", "primary", "column")},
                        "runs": list(item.runs),
                        **{name: _plain(getattr(measured, name)) for name in ("value", "low", "high")},
                        "verdict": verdict(claim, measured),
                        "to_the_edge": _plain(to_the_edge(claim, measured)),
                        "note": measured.note,
                    }
                    for item, measured in found
                ],
            }
        )
    return {"claims": judged}


def why(claim: Claim, reached: str, primary: Mapping[str, Measurement]) -> str:
    """Return what the verdict that a claim reached rests on: its sentence, with the numbers of the primary measurement.

    Args:
        claim: The claim.
        reached: Its verdict.
        primary: Protocol to measurement.
    """
    measured = primary.get("released" if reached == ONLY_RELEASED else "stated")
    if measured is None:
        return "The study has no evidence of this kind."
    if reached == NOT_TESTABLE or (math.isinf(measured.value) and "{value}" in claim.why):  # no number to tell
        return f"{measured.note[:1].upper()}{measured.note[1:]}."
    facts = {**measured.facts, "value": measured.value, "low": measured.low, "high": measured.high}
    return claim.why.format(**{name: fact if isinstance(fact, str) else number(fact) for name, fact in facts.items()})


def _plain(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))
