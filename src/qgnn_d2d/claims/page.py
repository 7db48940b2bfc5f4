"""The claims as pages and tables, from what `judge.judge` returns, or that read back from JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..objective import PROTOCOLS
from ..report.markdown import interval, number, table

_HOW_TO_READ = (
    "How to read: one row per claim, with our verdict and what it rests on. A measurement is reproduced where its "
    "whole 95 % interval lies in the range that the claim allows, not reproduced where interval and range are "
    "disjoint, and undecided otherwise. A claim's own verdict is that of its primary evidence; below the table, each "
    "claim has a section with all evidence. To the edge: how far the interval is from another verdict, in the unit of "
    "the value; negative where it reaches over the range's edge, by so much."
)
_ELSEWHERE = (
    "How to read: the same claims, ranges and rule, measured in eq. (2) in each scenario: value, 95 % interval, "
    "verdict. C1's range is a rate of the paper's scenario, which the paper does not state: it is judged as it stands. "
    "Which WMMSE is compared with, and the other starts, stand in the notes of C3 and C4."
)


def page(judged: Mapping[str, Any], cpu_minutes: Mapping[str, float] | None = None) -> str:
    """Lay out `judge.judge`'s result: a table of verdicts, then a section per claim with all evidence.

    Args:
        judged: The result.
        cpu_minutes: Run to the processor time of its training, where it is to be told.
    """
    rows = [
        {"": claim["id"], "claim": claim["claim"], "paper": claim["paper"], "verdict": f"**{claim['verdict']}**",
         "why": claim["why"]}
        for claim in judged["claims"]
    ]  # fmt: skip
    parts = ["# The paper's claims, measured", _HOW_TO_READ, table(rows)]
    if _scenarios(judged):
        parts += ["## In other scenarios", elsewhere(judged).rstrip()]
    for claim in judged["claims"]:
        parts.append(f"## {claim['id']}: {claim['claim']} (paper: {claim['paper']})")
        runs = sorted({run for item in claim["measurements"] for run in item["runs"]})
        cost = f", {sum(cpu_minutes[run] for run in runs):.1f} CPU minutes" if cpu_minutes is not None else ""
        verdict = f"Verdict: **{claim['verdict']}**"
        evidence = f"`make claim-{claim['id']}` repeats it (trainings: {len(runs)}{cost})"
        drawn = f"`snakemake {claim['target']}` draws the evidence"
        parts.append(f"{claim['quantity'].replace('|', '&#124;')}. {verdict}. {evidence}, {drawn}.")
        parts += [claim["redraws"]] if "redraws" in claim else []
        if not claim["measurements"]:
            parts.append(claim["why"])
            continue
        rows = [
            {
                "protocol": item["protocol"],
                "models": item["models"] + _standing(item),
                "value [95 % CI]": _interval(item),
                "verdict": item["verdict"],
                "to the edge": _finite(item["to_the_edge"]),
                "note": item["note"],
            }
            for item in claim["measurements"]
        ]
        parts.append(table(rows))
    return "\n\n".join(parts) + "\n"


def elsewhere(judged: Mapping[str, Any]) -> str:
    """Lay out the verdicts in all scenarios: a row per claim, its own verdict, then a column per other scenario."""
    names, rows = _scenarios(judged), []
    if not names:
        return "No claim is judged in another scenario.\n"
    for claim in judged["claims"]:
        if not claim["columns"]:
            continue
        row = {"claim": f"{claim['id']}: {claim['claim']}"}
        row["claims' own scenario"] = f"{''.join(map(_interval, _own(claim)))} **{claim['verdict']}**"
        for name in names:
            measured = _of(claim, "column", name)
            row[f"`{name}`"] = f"{''.join(map(_interval, measured))} **{claim['columns'].get(name, 'not judged')}**"
        rows.append(row)
    return f"{_ELSEWHERE}\n\n{table(rows)}\n"


def _scenarios(judged: Mapping[str, Any]) -> list[str]:
    """Return the other scenarios with verdicts; results of earlier versions know of none."""
    return list(dict.fromkeys(name for claim in judged["claims"] for name in claim.get("columns", {})))


def overview(judged: Mapping[str, Any]) -> str:
    """Lay out `judge.judge`'s result as one small table: a row per claim, its primary evidence in eq. (2)."""
    rows = [
        {
            "": claim["id"],
            "claim": f"{claim['claim']}: {claim['quantity']}",
            "paper": claim["paper"],
            "ours": "".join(map(_interval, _own(claim))),
            "verdict": f"**{claim['verdict']}**",
        }
        for claim in judged["claims"]
    ]
    return table(rows) + "\n"


def side_by_side(reference: Mapping[str, Any], judged: Mapping[str, Any]) -> str:
    """Lay out two results of `judge.judge` for the same claims: one row per claim, primary evidence in eq. (2)."""
    rows = [
        {
            "": claim["id"],
            "claim": claim["claim"],
            "paper": claim["paper"],
            "reference": "".join(map(_interval, _own(before))),
            "recomputed": "".join(map(_interval, _own(claim))),
            "verdict": f"**{claim['verdict']}**",
        }
        for before, claim in zip(reference["claims"], judged["claims"], strict=True)
    ]
    return table(rows) + "\n"


def beside(judged: Mapping[str, Any], run: str) -> str:
    """Lay out the claims on pairs with another QGNN, the first of the evidence's runs, after the primary evidence."""
    rows = []
    for claim in judged["claims"]:
        others = [
            item
            for item in claim["measurements"]
            if item["runs"][0] == run and any(not other.startswith(run) for other in item["runs"])
        ]
        own = _own(claim)
        if others:
            rows.append(
                {"claim": f"{claim['id']}: {claim['claim']}"}
                | {"as published" if item in own else item["models"]: f"{_interval(item)} **{item['verdict']}**"
                   for item in [*own, *others]}
            )  # fmt: skip
    return table(rows) + "\n"


def _own(claim: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the measurement on the primary evidence in eq. (2), if there is one."""
    return _of(claim, "primary", True)


def _of(claim: Mapping[str, Any], key: str, wanted: object) -> list[Mapping[str, Any]]:
    """Return the measurements in eq. (2) with some entry."""
    return [item for item in claim["measurements"] if item[key] == wanted and item["protocol"] == PROTOCOLS[0]]


def _standing(item: Mapping[str, Any]) -> str:
    if item["primary"]:
        return " (primary)"
    return f" (`{item['column']}`)" if item.get("column") else ""


def _finite(value: float | str) -> str:
    return number(float(value)) if math.isfinite(float(value)) else ""


def _interval(item: Mapping[str, Any]) -> str:
    value, low, high = (float(item[name]) for name in ("value", "low", "high"))
    if math.isnan(value):
        return "not measurable"
    return number(value) if math.isinf(low) and low == high else interval(value, low, high)
