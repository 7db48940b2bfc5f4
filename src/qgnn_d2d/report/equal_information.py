"""The QGNN and classical networks with equal information, in README and docs: the same leaves, each tuned for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..analysis.statistics import holm
from ..settings.model import network
from .markdown import number, p_value, table
from .readme import evaluated, percent_of

SIGNIFICANT = 0.05  # Holm p value, below which a difference between networks is named

Rows = Sequence[Mapping[str, Any]]


def rows(comparisons: pd.DataFrame, results: pd.DataFrame, model: str = "qgnn_informed") -> list[dict[str, Any]]:
    """Return a model and all others on the same leaves: a row per leaf rule and network, those of a rule together.

    Args:
        comparisons: Those of the experiment (`tables.comparisons`).
        results: Its results (`tables.results`).
        model: The one that is compared with all others.

    Returns:
        leaves (the rule in words), model, parameters, percent (of WMMSE), against (the model minus the other one, as
        `percent_of`) and p_holm, adjusted over these rows; of the model itself, the last two are None.
    """
    found = evaluated(results, "stated").dropna(subset=["k", "stars"])
    compared, made = comparisons.set_index(["method", "reference"]), list[dict[str, Any]]()
    for run, own in found[found["model"] == model].iterrows():
        same = found[(found[["k", "stars", "leaves"]] == own[["k", "stars", "leaves"]]).all(axis=1)]
        one_set = ", one set for all layers" if own["leaves"] == "one_set" else ""
        for name, other in same.iterrows():
            row = {"leaves": f"{own['stars']}{one_set}", "model": other["model"], "parameters": other["parameters"]}
            row |= {"percent": other["percent_of_wmmse"], "against": None, "p_holm": None}
            if name != run:
                difference = compared.loc[(run, name)]
                row |= {"against": percent_of(difference, other["mean"]), "p_holm": float(difference["p_value"])}
            made.append(row)
    compared_ones = [row for row in made if row["against"] is not None]
    adjusted = holm(np.array([row["p_holm"] for row in compared_ones]))
    for row, value in zip(compared_ones, adjusted, strict=True):
        row["p_holm"] = float(value)
    return made


def _by_leaves(found: Rows) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in found:
        groups.setdefault(row["leaves"], []).append(row)
    return groups


def _difference(row: Mapping[str, Any]) -> str:
    value, low, high = row["against"]
    return f"{value:+.1f} % [{low:+.1f}, {high:+.1f}], Holm p {p_value(row['p_holm'])}"


def block(found: Rows) -> str:
    """Return what `rows` returns as a table, and below it where the model is ahead of others and where behind."""
    shown = [
        {
            "leaves": row["leaves"],
            "network": network(row["model"]),
            "parameters": number(row["parameters"], 0),
            "% of WMMSE": number(row["percent"], 1),
            "QGNN minus it, % [95 % CI]": "" if row["against"] is None else _difference(row),
        }
        for row in found
    ]
    lines = ["Differences that the seeds show (Welch's test, Holm p below 0.05):"]
    for leaves, group in _by_leaves(found).items():
        words = [
            f"{'above' if row['against'][0] > 0 else 'below'} {network(row['model'])}"
            for row in group
            if row["against"] is not None and row["p_holm"] < SIGNIFICANT
        ]
        lines.append(f"- {leaves}: the QGNN is {'; '.join(words)}." if words else f"- {leaves}: none.")
    return f"{table(shown)}\n\n{lines[0]}\n\n" + "\n".join(lines[1:]) + "\n"


def bullet(found: Rows, leaves: str) -> str:
    """Return a sentence: the model on these leaves, and the best of the others there."""
    group = _by_leaves(found)[leaves]
    (own,) = (row for row in group if row["against"] is None)
    best = max((row for row in group if row["against"] is not None), key=lambda row: row["percent"])
    values = f"{number(own['percent'], 1)} % of WMMSE", f"{number(best['percent'], 1)} % ({network(best['model'])})"
    return (
        f"Same {leaves.removesuffix('s')} neighbors, each tuned: larger QGNN {values[0]}, best other "
        f"{values[1]}, Holm p {p_value(best['p_holm'])}."
    )
