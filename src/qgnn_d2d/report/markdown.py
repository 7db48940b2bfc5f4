"""The one Markdown writer, and the one number format."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(
    r"[-+–]?[\d,.]*( \[.*\])?|never|none"
)  # a cell that is a number, with an interval or without, or empty


def number(value: float | None, decimals: int | None = None) -> str:
    """Return a number as text: three significant digits, or a fixed number of decimals; nothing for a missing one.

    An epoch that never comes is infinite: "never".

    Example:
        >>> number(-17.8712), number(float("inf")), number(2.6), number(10), number(10000.0), number(3.14159, 1)
        ('-17.9', 'never', '2.60', '10', '10,000', '3.1')
    """
    if value is None or str(value) in ("nan", "<NA>", "NaT"):
        return ""
    value = value.item() if hasattr(value, "item") else value  # NumPy's own integers are integers
    if isinstance(value, int):
        return f"{value:,}"
    if math.isinf(value):
        return "never" if value > 0 else "none"
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def interval(value: float | None, low: float | None, high: float | None, decimals: int | None = None) -> str:
    """Return a number with its 95 % interval; without one where there is none.

    Example:
        >>> interval(2.5, 2.25, 2.75, 2), interval(2.5, None, None, 2)
        ('2.50 [2.25, 2.75]', '2.50')
    """
    ends = ", ".join(filter(None, (number(end, decimals) for end in (low, high))))
    return f"{number(value, decimals)} [{ends}]" if ends else number(value, decimals)


def with_interval(row: Mapping[str, Any], name: str, decimals: int) -> str:
    """Return a column of a row with the interval whose ends stand in ``<name>_low`` and ``<name>_high``."""
    return interval(row[name], row.get(f"{name}_low"), row.get(f"{name}_high"), decimals)


def p_value(value: float) -> str:
    """Return a p value as text.

    Example:
        >>> p_value(0.0004), p_value(0.04)
        ('< 0.001', '0.040')
    """
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def table(rows: pd.DataFrame | Sequence[Mapping[str, Any]], columns: Mapping[str, str] | None = None) -> str:
    """Return rows as a Markdown table; what is no text is written by `number`, and the columns of numbers are aligned.

    ``columns`` maps a choice of columns to their headings; all stand under their own names by default.

    Example:
        >>> print(table([{"method": "a|b", "mean": 2.5}], {"method": "method", "mean": "bps/Hz"}))
        | method | bps/Hz |
        |:--|--:|
        | a&#124;b | 2.50 |
    """
    import pandas as pd

    frame = pd.DataFrame(rows)
    if columns is not None:
        frame = frame.reindex(columns=list(columns)).rename(columns=columns)
    text = frame.astype(object).map(lambda cell: cell.replace("|", "&#124;") if isinstance(cell, str) else number(cell))
    numeric = [all(map(_NUMBER.fullmatch, text[name])) for name in text.columns]
    written: str = text.to_markdown(
        index=False, disable_numparse=True, colalign=["right" if right else "left" for right in numeric]
    )
    lines = written.split("\n")
    # Without the writer's padding, so that a change of one cell changes one line.
    lines = [re.sub(r"-{2,}", "--", line) if i == 1 else re.sub(r" {2,}", " ", line) for i, line in enumerate(lines)]
    return "\n".join(lines)
