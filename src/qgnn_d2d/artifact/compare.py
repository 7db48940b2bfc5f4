"""A fresh run's numbers against the reference's: by which rule, and how it came out.

Machines are the same where `machine.describe` says the same of processor, C library, threads and packages. The rules:

* channels: the same data, bit for bit. On another machine, where a C library or vector instructions may round a
  logarithm or a cosine differently, a checksum to a relative `RTOL_CHECKSUM` will do.
* solvers and the certified optimum: means to a relative `RTOL_SOLVERS`, on any machine.
* everything that is trained: on the same machine the very same numbers, per seed, and the same curves and weights. On
  another machine rounding separates trainings, so means over seeds are compared: they may differ by
  `NUM_HALF_WIDTHS` sqrt(h² + h'²), with h and h' half the two 95 % intervals. That is more than four standard errors of
  the difference; independent trainings exceed it about once in 3,000 comparisons (10 seeds; 2,000 for 5). It is at
  least a relative `RTOL_ROUNDING`, as seeds can agree to the last digits. Without intervals: a relative `RTOL_SINGLE`.
  A run whose curves have no hash in the reference is compared by its weights and final values.
* everything that is evaluated anew with the reference's own weights, and gradients of untrained networks: a relative
  `RTOL_ROUNDING`, on any machine, of the number or of half its interval, whichever is larger; random shots as if
  trained anew.
* claims: their numbers likewise. A verdict that changed while its numbers agree is a miss on the same machine only:
  near the edge of a range it can flip with the machine.
* devices and resources: equal, as they are read from snapshots and counted from pinned transpilers' circuits.

Times are never compared, nor is what follows from numbers that are (comparisons, convergence, percentages).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..analysis.statistics import t_interval
from ..report import markdown
from ..solvers import METHODS
from .reference import CLAIMS, LAYOUTS, Snapshot, floats

RTOL_CHECKSUM = 1e-9
RTOL_SOLVERS = 1e-6
RTOL_ROUNDING = 1e-5  # of means in float32
RTOL_SINGLE = 0.02
NUM_HALF_WIDTHS = 2.0

IDENTICAL, WITHIN, DIFFERS, MISSING, NEW = "identical", "within tolerance", "differs", "missing", "new"
VERDICTS = (IDENTICAL, WITHIN, DIFFERS, MISSING, NEW)
MISSES = (DIFFERS, MISSING)

EQUAL = "equal"
SAME = "same machine: equal"
CHECKSUM = f"equal, or its checksum to {RTOL_CHECKSUM:g}"
SOLVER = f"relative {RTOL_SOLVERS:g}"
INTERVALS = f"{NUM_HALF_WIDTHS:g} sqrt(h² + h'²)"
SINGLE = f"relative {RTOL_SINGLE:g}"
ROUNDED = f"relative {RTOL_ROUNDING:g}"

SHOTS = "noise/shots.csv"  # random outcomes, which may change with the last digit of their probability
_RELATIVE = {CHECKSUM: RTOL_CHECKSUM, SOLVER: RTOL_SOLVERS, SINGLE: RTOL_SINGLE}
_SIDES, _ENDS = ("reference", "fresh"), ("value", "low", "high")
_COLUMNS = ["what", "name", "text", *_ENDS, "rule"]
_UNKNOWN = "sha256="  # a hash that the reference does not have


def compare(reference: Snapshot, fresh: Snapshot, *, same_machine: bool, same_weights: bool = False) -> pd.DataFrame:
    """Compare the study's numbers with the committed ones by the module's rules.

    Args:
        reference: The committed numbers.
        fresh: The study's.
        same_machine: Whether the machines are the same.
        same_weights: Whether the study has taken the reference's weights.

    Returns:
        One row per comparison: what, name; reference and fresh with the ends of their intervals (_low, _high);
        difference (fresh minus reference), tolerance; rule; verdict, one of `VERDICTS`; note: what changed that is
        no number.

    Raises:
        ValueError: A file has two rows of one name, or text where a number belongs.
    """
    before, after = (_all_rows(snapshot, same_machine, same_weights) for snapshot in (reference, fresh))
    suffixes = [f"_{side}" for side in _SIDES]
    both = before.merge(after, "outer", on=["what", "name"], sort=False, suffixes=suffixes, indicator=True)
    both = both[both["text_reference"] != _UNKNOWN]
    columns = ["what", "name", *(side + end for side in _SIDES for end in ("", "_low", "_high"))]
    columns += ["difference", "tolerance", "rule", "verdict", "note"]
    table = pd.DataFrame([_judged(row) for row in both.to_dict("records")], columns=columns)
    # A claim's own verdict has no number: it stands or falls with its measurements.
    claims = table["what"] == "claims"
    missed_claims = table.loc[claims & table["verdict"].isin(MISSES), "name"].str.split(",").str[0]
    table.loc[claims & table["name"].isin(missed_claims) & (table["note"] != ""), "verdict"] = DIFFERS
    return table.sort_values("what", key=lambda what: pd.factorize(what)[0], kind="stable", ignore_index=True)


def _all_rows(snapshot: Snapshot, same_machine: bool, same_weights: bool) -> pd.DataFrame:
    """Return the rows of all files."""
    parts = []
    for path, frame in snapshot.items():
        rows = _rows(path, frame, same_machine)
        if same_weights and path != SHOTS:
            rows["rule"] = rows["rule"].replace({SAME: ROUNDED, INTERVALS: ROUNDED, SINGLE: ROUNDED})
        if (twice := rows.duplicated(["what", "name"])).any():
            raise ValueError(f"{path}: two rows for {rows.loc[twice, 'name'].iloc[0]}")
        parts.append(rows)
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=_COLUMNS)


def _rows(path: str, frame: pd.DataFrame, same_machine: bool) -> pd.DataFrame:
    """Return a file's content as what, name, text, value, low, high, rule."""
    if path == "channels.csv":
        name, rule = _joined(frame, ["scenario", "split", "variable"]), EQUAL if same_machine else CHECKSUM
        checksum = floats(path, frame["checksum"])
        return _named("channels", name, text="sha256=" + frame["sha256"], value=checksum, rule=rule)
    if path == "runs.csv":
        kinds = ("curves", "weights") if same_machine else ()
        parts = [_named(kind, frame["run"], text="sha256=" + frame[f"{kind}_sha256"], rule=SAME) for kind in kinds]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    if path == "finals.csv":
        frame = frame.assign(value=floats(path, frame["value"]))
        if same_machine:
            names = _joined(frame, ["run", "split", "metric", "seed"])
            return _named("finals, per seed", names, value=frame["value"], rule=SAME)
        return _means("finals, mean over seeds", frame, ["run", "split", "metric"])
    if path == CLAIMS:
        rules = SAME if same_machine else _by_interval(frame["low"])
        numbers = {end: frame[end] for end in _ENDS}
        return _named("claims", frame["name"], text="verdict=" + frame["verdict"], **numbers, rule=rules)
    layout = next(layout for pattern, layout in LAYOUTS.items() if Path(path).match(pattern))
    if not layout.values:
        return _named(layout.what, _joined(frame, layout.keys), text=_texts(frame, frame.columns), rule=EQUAL)
    if layout.what == "scale":
        rows = _means(layout.what, frame.assign(value=floats(path, frame["value"])), layout.keys)
        solver = rows["name"].isin(_joined(frame[frame["kind"] == "solver"], layout.keys))
        name = f"{Path(path).parent.name}: " + rows["name"]
        return rows.assign(name=name, rule=np.where(solver, SOLVER, SAME if same_machine else rows["rule"]))
    if layout.what == "gradients":  # of starts, which are drawn, not trained
        numbers = {end: floats(path, frame[column]) for end, column in zip(_ENDS, layout.values, strict=True)}
        texts = _texts(frame, ["starts", "realizations"])
        return _named(layout.what, _joined(frame, layout.keys), text=texts, **numbers, rule=ROUNDED)
    if layout.what == "readings":  # of solvers alone
        parts = [
            _named(
                layout.what, f"{column}: " + _joined(frame, layout.keys), value=floats(path, frame[column]), rule=SOLVER
            )
            for column in layout.values
        ]
        return pd.concat(parts, ignore_index=True)
    solver = frame["kind"] == "solver" if "kind" in frame else frame["noise"].isin(METHODS)
    numbers = {end: floats(path, frame[column]) for end, column in zip(_ENDS, ("mean", "low", "high"), strict=True)}
    return _named(
        layout.what,
        Path(path).stem + ": " + _joined(frame, layout.keys),
        text=_texts(frame, [column for column in ("num_seeds", "num_realizations") if column in frame]),
        **numbers,
        rule=np.where(solver, SOLVER, SAME if same_machine else _by_interval(numbers["low"])),
    )


def _means(what: str, values: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the means over seeds, with their 95 % t intervals."""
    rows = []
    for name, group in values.assign(name=_joined(values, keys)).groupby("name", sort=False)["value"]:
        low, high = t_interval(group.to_numpy()) if len(group) > 1 else (math.nan, math.nan)
        rows.append((name, f"num_seeds={len(group)}", group.mean(), low, high))
    means = pd.DataFrame(rows, columns=["name", "text", "value", "low", "high"])
    return _named(what, means.pop("name"), **means, rule=_by_interval(means["low"]))


def _named(what: str, names: pd.Series, **columns: Any) -> pd.DataFrame:
    """Return rows with some of the columns."""
    empty = {"text": "", "value": math.nan, "low": math.nan, "high": math.nan}
    return pd.DataFrame({"what": what, "name": names} | empty | columns, columns=_COLUMNS)


def _joined(frame: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Return a name per row, of its entries in the key columns that are not empty."""
    names = [", ".join(filter(None, row)) for row in frame[list(keys)].astype(str).to_numpy()]
    return pd.Series(names, frame.index, str)


def _texts(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return ``column=entry; column=entry`` per row."""
    rows = frame[list(columns)].to_dict("records")
    return ["; ".join(f"{key}={value}" for key, value in row.items()) for row in rows]


def _by_interval(low: pd.Series) -> NDArray[Any]:
    """Return the rule for numbers that are trained on another machine."""
    return np.where(low.isna(), SINGLE, INTERVALS)


def _judged(row: Mapping[str, Any]) -> dict[str, Any]:
    """Judge one row of the merged tables."""
    judged = {"what": row["what"], "name": row["name"], "note": ""}
    for side in _SIDES:
        judged |= {side: row[f"value_{side}"], f"{side}_low": row[f"low_{side}"], f"{side}_high": row[f"high_{side}"]}
    if row["_merge"] == "right_only":
        return judged | {"rule": row["rule_fresh"], "verdict": NEW}
    rule, before, after = row["rule_reference"], judged["reference"], judged["fresh"]
    if row["_merge"] == "left_only":
        return judged | {"rule": rule, "verdict": MISSING}
    note = _changes(row["text_reference"], row["text_fresh"])
    judged |= {"rule": rule, "note": note, "difference": 0.0 if _equal(before, after) else after - before}
    if not note and all(_equal(row[f"{end}_reference"], row[f"{end}_fresh"]) for end in _ENDS):
        return judged | {"verdict": IDENTICAL}
    if rule in (EQUAL, SAME):
        return judged | {"tolerance": 0.0, "verdict": DIFFERS}
    size = abs(before) if math.isfinite(before) else 0.0
    ends = [(judged[f"{side}_low"], judged[f"{side}_high"]) for side in _SIDES]
    halves = (0.0 if low == high else (high - low) / 2 for low, high in ends)  # an interval may lie at infinity
    half = math.hypot(*halves)
    if rule == ROUNDED:
        tolerance = RTOL_ROUNDING * max(size, half)
    else:
        by_interval = max(NUM_HALF_WIDTHS * half, RTOL_ROUNDING * size)
        tolerance = _RELATIVE[rule] * size if rule in _RELATIVE else by_interval
    # Under these rules a text counts what was averaged, which must agree; a hash and a verdict may change.
    agrees = not note or rule == CHECKSUM or row["what"] == "claims"
    within = abs(judged["difference"]) <= tolerance and agrees
    return judged | {"tolerance": tolerance, "verdict": WITHIN if within else DIFFERS}


def _equal(first: float, second: float) -> bool:
    """Whether two numbers are the same, or both none."""
    return first == second or (math.isnan(first) and math.isnan(second))


def _changes(reference: str, fresh: str) -> str:
    """Return what differs between two texts of the form ``key=value; key=value``; hashes in short."""
    if reference == fresh:
        return ""
    before, after = (dict(part.split("=", 1) for part in text.split("; ")) for text in (reference, fresh))
    return "; ".join(
        f"{key} {before.get(key, '')[:30]} → {after.get(key, '')[:30]}"
        for key in before | after
        if before.get(key) != after.get(key)
    )


def missed(table: pd.DataFrame) -> int:
    """Return how many rows of `compare`'s table are a miss."""
    return int(table["verdict"].isin(MISSES).sum())


def conclusion(table: pd.DataFrame) -> str:
    """Return one line: how the comparison came out."""
    if missed(table):
        return f"{missed(table)} of {len(table)} comparisons differ or are missing; see docs/troubleshooting.md"
    return f"{len(table)} comparisons, no miss"


def report(table: pd.DataFrame, changes: Sequence[str], most: int | None = None, *, same_weights: bool = False) -> str:
    """Lay out `compare`'s table and `machine.changes` as Markdown: counts, then the rows that need a look.

    ``most`` of these rows are shown, or all.
    """
    machine = (
        "With the reference's weights: numbers must agree to rounding."
        if same_weights
        else (
            f"On another machine than the reference's ({', '.join(changes)}): means over seeds must agree."
            if changes
            else "On the reference's machine: trainings must agree bit for bit."
        )
    )
    counts, rows = pd.crosstab(table["what"], table["verdict"]), _noteworthy(table)
    counts = counts.loc[table["what"].unique(), [verdict for verdict in VERDICTS if verdict in counts]].reset_index()
    shown = [markdown.table(part) for part in (counts, rows[:most]) if len(part)]
    more = [f"... and {len(rows) - most} more"] if most is not None and len(rows) > most else []
    return "\n\n".join(["# This run against the reference", f"{conclusion(table)}.", machine, *shown, *more]) + "\n"


def _noteworthy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the misses, and what changed within its tolerance, with short numbers."""
    rows = table[table["verdict"].isin(MISSES) | (table["note"] != "")]
    rows = rows.iloc[rows["verdict"].map([*MISSES, *VERDICTS].index).argsort(kind="stable")]
    shown = rows[["verdict", "what", "name"]].copy()
    for side in _SIDES:
        shown[side] = [_short(*ends) for ends in rows[[side, f"{side}_low", f"{side}_high"]].to_numpy()]
    for name in ("difference", "tolerance"):
        shown[name] = [_digits(value, 3) for value in rows[name]]
    return shown.assign(note=rows["note"])


def _short(value: float, low: float, high: float) -> str:
    return _digits(value, 6) + ("" if math.isnan(low) else f" [{_digits(low, 4)}, {_digits(high, 4)}]")


def _digits(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}g}"
