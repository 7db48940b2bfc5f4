"""The numbers that the README shows, made from the tables, and put between the README's markers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

_KINDS = {"stated": "sum_rate", "released": "released_metric"}


def results_block(table: pd.DataFrame, scenario: str) -> str:
    """Return a short results table as Markdown: every method once, in its own protocol's quantity.

    Args:
        table: What `tables.results` returns, of one scenario.
        scenario: For the heading line.
    """
    evaluation = table[table["split"] == "evaluation"]
    count = int(evaluation["num_realizations"].iloc[0])
    lines = [
        f"`{scenario}`, evaluation set of {count:,} realizations, last epoch, mean over seeds [95 % CI]:",
        "",
        "| protocol | method | parameters | k | learning rate | bps/Hz | % of WMMSE | % of WMMSE multistart |",
        "|" + " --- |" * 8,
    ]
    for protocol, metric in _KINDS.items():
        part = evaluation[(evaluation["metric"] == metric) & (evaluation["protocol"] == protocol)]
        if not (part["kind"] == "model").any():
            continue
        for row in part.to_dict("records"):
            cells = [
                protocol,
                f"`{row['method']}`",
                _text(row["parameters"], "{:,.0f}"),
                _text(row["k"], "{:.0f}"),
                _text(row["learning_rate"], "{:g}"),
                f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
                f"{row['percent_of_wmmse']:.1f}",
                f"{row['percent_of_wmmse_multistart']:.1f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cost_block(seconds: pd.Series, machine: Mapping[str, Any]) -> str:
    """Return what the full run cost, as one Markdown paragraph.

    Args:
        seconds: Wall seconds of every job, indexed by rule.
        machine: ``cpu``, ``cores``, ``wall_seconds`` from the first job's start to the last one's end.
    """
    parts = seconds.groupby(level=0).sum().sort_values(ascending=False)
    listed = ", ".join(f"`{rule}` {value / 60:.1f}" for rule, value in parts.items() if value >= 30)
    return (
        f"{len(seconds)} jobs in {machine['wall_seconds'] / 60:.0f} minutes on {machine['cores']} cores "
        f"({machine['cpu']}); {seconds.sum() / 60:.0f} core-minutes in all ({listed}).\n"
    )


def _literal(block: str) -> str:
    return block.replace("\\", r"\\")


def _text(value: float | None, template: str) -> str:
    return "" if value is None or pd.isna(value) else template.format(value)


def splice(text: str, blocks: Mapping[str, str]) -> str:
    r"""Put blocks between their markers, ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.

    Args:
        text: Markdown with a pair of markers for every block.
        blocks: Marker name to Markdown.

    Raises:
        ValueError: A pair of markers is missing.

    Example:
        >>> splice("a <!-- begin x -->old<!-- end x --> b", {"x": "new"})
        'a <!-- begin x -->\nnew\n<!-- end x --> b'
    """
    for name, block in blocks.items():
        pattern = re.compile(f"(<!-- begin {name} -->).*?(<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"no markers for block {name}")
        text = pattern.sub(rf"\1\n{_literal(block.rstrip())}\n\2", text)
    return text
