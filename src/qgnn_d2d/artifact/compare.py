"""A fresh run's numbers against the committed ones: what is compared, by which rule, and how it came out.

The reference is a folder like a study's results, with three files that `made` computes: ``channels.csv``, ``runs.csv``
and ``finals.csv``. Machines are the same where `machine` says the same of processor, C library, threads and
packages. The rules:

* channels: the same data, bit for bit. On another machine, where a C library or vector instructions may round a
  logarithm or a cosine differently, a checksum (see `_checksum`) to a relative `RTOL_CHECKSUM` will do.
* solvers and the certified optimum: means to a relative `RTOL_SOLVERS`, on any machine.
* everything that is trained: on the same machine the very same numbers, per seed, and the same curves and weights. On
  another machine rounding separates trainings, so means over seeds are compared: they may differ by
  `NUM_HALF_WIDTHS` sqrt(h² + h'²), with h and h' half the two 95 % intervals. That is more than four standard errors of
  the difference; independent trainings exceed it about once in 3,000 comparisons (10 seeds; 2,000 for 5). It is at
  least a relative `RTOL_ROUNDING`, as seeds can agree to the last digits. Without intervals: a relative `RTOL_SINGLE`.
* claims: their numbers likewise. A verdict that changed while its numbers agree is a miss on the same machine only:
  near the edge of a range it can flip with the machine.
* devices and resources: equal, as they are read from snapshots and counted from pinned transpilers' circuits.

Times are never compared, nor is what follows from numbers that are (comparisons, convergence, percentages).
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ..analysis import evaluation
from ..analysis.evaluation import seed_means
from ..analysis.statistics import t_interval
from ..channels import scenarios
from ..io import read_json, read_tensors, sha256

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

PACKAGES = (
    "torch", "numpy", "scipy", "pandas", "xarray", "pennylane", "pennylane-lightning", "pennylane-qiskit", "qiskit",
    "qiskit-aer", "qiskit-ibm-runtime", "h5netcdf", "safetensors", "snakemake",
)  # fmt: skip

SEARCH_SPLIT = "validation"
"""Drawn for the search alone, which is no part of a full run."""

_SAME_MACHINE = ("cpu", "cpu_id", "vector_instructions", "libc", "threads", "packages")

_MADE = {
    "channels.csv": ["scenario", "split", "variable", "sha256", "checksum"],
    "runs.csv": ["run", "curves_sha256", "weights_sha256"],
    "finals.csv": ["run", "seed", "split", "metric", "value"],
}
# Files that a study writes and the reference repeats: what they hold, and the columns that name a row.
_TABLES = {
    "tables/*.csv": ("tables", ["split", "metric", "method"]),
    "noise/summary.csv": ("noise study", ["noise", "training", "mitigation"]),
    "noise/shots.csv": ("noise study", ["noise", "training", "mitigation", "shots"]),
    "noise/devices.csv": ("devices", ["noise"]),
    "noise/resources.csv": ("resources", ["circuit", "k", "layout", "device"]),
    "scale/[0-9]*.csv": ("scale", ["num_links", "method", "k", "metric"]),
}
_VALUES = {
    "tables": ("kind", "mean", "low", "high"),
    "noise study": ("mean", "low", "high"),
    "scale": ("kind", "value"),
}
_COUNTED = ("devices", "resources")
_CLAIMS = "claims.json"
_COLUMNS = ["what", "name", "text", "value", "low", "high", "rule"]
_SHOWN_ROWS = 40

Snapshot = dict[str, pd.DataFrame]


# ---------------------------------------------------------------------------------------------------------------------
# What is compared


def snapshot(results: Path) -> Snapshot:
    """Return all numbers of a study that are compared.

    Args:
        results: The study's results, finished or not.

    Returns:
        Path in the reference to its content: what `made` returns, and the tables that the study wrote.

    Raises:
        ValueError: A file is truncated, foreign, or not the one that its manifest describes.
    """
    return made(results) | _read_tables(results)


def load(reference: Path) -> Snapshot:
    """Return a reference's numbers, as `snapshot` does a study's.

    Raises:
        FileNotFoundError: A file of `made` is missing.
        ValueError: A file is truncated or foreign.
    """
    return {name: _read_csv(reference / name, columns) for name, columns in _MADE.items()} | _read_tables(reference)


def made(results: Path) -> Snapshot:
    """Compute what a reference holds beside the study's own tables.

    Args:
        results: The study's results, finished or not.

    Returns:
        ``channels.csv``: scenario, split, variable (array, noise_power or p_max), sha256 of the data (a NetCDF file's
        bytes depend on library versions), checksum. ``runs.csv``: run, curves_sha256 of the file, weights_sha256 of the
        tensors (a safetensors file's metadata has no fixed order). ``finals.csv``: run, seed, split (train, test,
        evaluation), metric, value: the mean after the last epoch; evaluation for runs that stand in a table.

    Raises:
        ValueError: A file is truncated, or not the one that its manifest describes.
    """
    drawn = [path for path in sorted(results.glob("channels/*/*.nc")) if path.stem != SEARCH_SPLIT]
    channels = [row for path in drawn for row in _channel_rows(path)]
    columns = _MADE["finals.csv"]
    runs: list[tuple[str, str, str]] = []
    metrics: dict[str, str] = {}
    finals = [pd.DataFrame(columns=columns)]
    for path in sorted(results.glob("training/*/manifest.json")):
        manifest = _read_manifest(path)
        run, outputs = path.parent.name, {"curves": "curves.csv", "weights": "weights.safetensors"}
        files = {name: path.with_name(file) for name, file in outputs.items()}
        for name, file in files.items():
            if sha256(file) != manifest["outputs"][name]:
                raise ValueError(f"{file}: not the file that manifest.json describes")
        tensors = {name: tensor.numpy() for name, tensor in read_tensors(files["weights"])[0].items()}
        runs.append((run, manifest["outputs"]["curves"], _data_sha256(tensors)))
        metrics[run] = manifest["metric"]
        curves = _read_csv(files["curves"], ["epoch", *columns])
        epochs = _floats(str(files["curves"]), curves["epoch"])
        last = curves[epochs == epochs.max()]
        seeds = _floats(str(files["curves"]), last["seed"])
        if not np.isfinite(seeds).all():
            raise ValueError(f"{files['curves']}: column seed has an entry that is no number")
        finals.append(last.assign(seed=seeds.astype(int), value=_floats(str(files["curves"]), last["value"])))
    for path in sorted(results.glob("evaluation/*/evaluation.nc")):
        means = seed_means(evaluation.load(path))
        finals.append(means[means["metric"] == means["run"].map(metrics)].assign(split="evaluation"))
    return {
        "channels.csv": pd.DataFrame(channels, columns=_MADE["channels.csv"]),
        "runs.csv": pd.DataFrame(runs, columns=_MADE["runs.csv"]),
        "finals.csv": pd.concat(finals, ignore_index=True)[columns],
    }


def machine(results: Path, lock: Path) -> dict[str, Any]:
    """Return what numbers are made on: processor, system, threads, versions.

    Args:
        results: The study's results, for the threads of its trainings.
        lock: The lock file of the environment.
    """
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    # Clouds hide the name of a processor, hardly ever its family and model.
    identity = [fields.get(key, "") for key in ("vendor_id", "cpu family", "model", "stepping")]
    manifests = [_read_manifest(path) for path in results.glob("training/*/manifest.json")]
    return {
        "cpu": fields.get("model name") or platform.processor() or platform.machine(),
        "cpu_id": " ".join(filter(None, identity)),
        "vector_instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": max((manifest["settings"]["num_threads"] for manifest in manifests), default=None),
        "platform": platform.platform(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "lock_sha256": sha256(lock),
    }


def load_machine(reference: Path) -> dict[str, Any]:
    """Return the machine that a reference was made on.

    Raises:
        FileNotFoundError: The reference has none.
        ValueError: Its file is truncated or foreign.
    """
    return read_json(reference / "machine.json")


def machine_changes(reference: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """Return what tells two results of `machine` apart, and can change a rounding; empty for the same machine."""
    return [key for key in _SAME_MACHINE if reference.get(key) != fresh.get(key)]


def _channel_rows(path: Path) -> list[tuple[str, str, str, str, float]]:
    dataset = scenarios.load(path)
    arrays = {str(name): variable.values for name, variable in dataset.data_vars.items()}
    arrays |= {name: np.array([dataset.attrs[name]], dtype=np.float64) for name in ("noise_power", "p_max")}
    return [
        (path.parent.name, path.stem, name, _data_sha256({name: array}), _checksum(array))
        for name, array in arrays.items()
    ]


def _data_sha256(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of named arrays: names, types, shapes, and entries row by row, little endian."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{name} {plain.dtype.str} {plain.shape}\n".encode())
        digest.update(plain.tobytes())
    return digest.hexdigest()


def _checksum(array: NDArray[Any]) -> float:
    """Return the mean of all entries, each times its position's share of the whole, so that their order matters."""
    flat = array.ravel()
    return float((flat * np.arange(1, flat.size + 1)).mean() / flat.size)


def _read_manifest(path: Path) -> dict[str, Any]:
    manifest = read_json(path)
    try:
        wanted = (*(manifest["outputs"][name] for name in ("curves", "weights")), manifest["metric"])
        sizes = (manifest["settings"]["num_threads"],)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: no manifest of a run ({type(error).__name__}: {error})") from error
    if not all(isinstance(text, str) for text in wanted) or not all(type(size) is int for size in sizes):
        raise ValueError(f"{path}: no manifest of a run (an entry is of another type)")
    return manifest


def _read_tables(folder: Path) -> Snapshot:
    found = {
        str(path.relative_to(folder)): _read_csv(path, [*keys, *_VALUES.get(what, ())])
        for pattern, (what, keys) in _TABLES.items()
        for path in sorted(folder.glob(pattern))
    }
    return found | ({_CLAIMS: _read_claims(folder / _CLAIMS)} if (folder / _CLAIMS).exists() else {})


def _read_csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table as text, so that nothing is rounded on the way."""
    try:
        text = path.read_text(encoding="utf-8")
        header, *rows = csv.reader(text.splitlines(), strict=True)
    except (csv.Error, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path}: not a complete CSV file ({error})") from error
    if len(set(header)) < len(header):
        raise ValueError(f"{path}: columns are {header}; none may stand twice")
    missing = [name for name in columns if name not in header]
    if missing:
        raise ValueError(f"{path}: columns are {header}; {missing} are missing")
    if not text.endswith("\n") or any(len(row) != len(header) for row in rows):
        raise ValueError(f"{path}: not a complete CSV file (a row ends early)")
    return pd.DataFrame(rows, columns=header, dtype=str)


def _read_claims(path: Path) -> pd.DataFrame:
    """Return a row per claim and per measurement: name, verdict, value, low, high."""
    rows, content = [], read_json(path)
    try:
        for claim in content["claims"]:
            rows.append((claim["id"], claim["verdict"], math.nan, math.nan, math.nan))
            for item in claim["measurements"]:
                parts = [claim["id"], item["protocol"], item["models"], item.get("quantity")]
                ends = [math.nan if item[end] is None else float(item[end]) for end in ("value", "low", "high")]
                rows.append((", ".join(filter(None, parts)), item["verdict"], *ends))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: not a claims file ({type(error).__name__}: {error})") from error
    return pd.DataFrame(rows, columns=["name", "verdict", "value", "low", "high"])


# ---------------------------------------------------------------------------------------------------------------------
# Comparison


def compare(reference: Snapshot, fresh: Snapshot, *, same_machine: bool) -> pd.DataFrame:
    """Compare two snapshots by the module's rules.

    Args:
        reference: The committed numbers.
        fresh: The study's.
        same_machine: Whether they were made on the same machine.

    Returns:
        One row per comparison: what, name; reference and fresh with the ends of their intervals (_low, _high);
        difference (fresh minus reference), tolerance; rule; verdict, one of `VERDICTS`; note: what changed that is
        no number.

    Raises:
        ValueError: A file has two rows of one name, or text where a number belongs.
    """
    both = pd.merge(
        _all_rows(reference, same_machine),
        _all_rows(fresh, same_machine),
        on=["what", "name"],
        how="outer",
        sort=False,
        suffixes=("_reference", "_fresh"),
        indicator=True,
    )
    rows = [_judged(row) for row in both.to_dict("records")]
    columns = ["what", "name", "reference", "reference_low", "reference_high", "fresh", "fresh_low", "fresh_high"]
    table = pd.DataFrame(rows, columns=[*columns, "difference", "tolerance", "rule", "verdict", "note"])
    table["note"] = table["note"].fillna("")
    # A claim's own verdict has no number: it stands or falls with its measurements.
    claims = table[table["what"] == "claims"]
    for name in claims.loc[claims["verdict"].isin(MISSES), "name"].str.split(",").str[0].unique():
        own = (table["what"] == "claims") & (table["name"] == name) & (table["note"] != "")
        table.loc[own, "verdict"] = DIFFERS
    order = table["what"].map({what: i for i, what in enumerate(dict.fromkeys(table["what"]))})
    return table.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def _all_rows(found: Snapshot, same_machine: bool) -> pd.DataFrame:
    parts = [pd.DataFrame(columns=_COLUMNS)]
    for path, frame in found.items():
        rows = _rows(path, frame, same_machine)
        if rows.duplicated(["what", "name"]).any():
            twice = rows.loc[rows.duplicated(["what", "name"]), "name"].iloc[0]
            raise ValueError(f"{path}: two rows for {twice}")
        parts.append(rows)
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _rows(path: str, frame: pd.DataFrame, same_machine: bool) -> pd.DataFrame:
    """Return a file's content as what, name, text, value, low, high, rule."""
    if path == "channels.csv":
        return _named(
            "channels",
            _joined(frame, ["scenario", "split", "variable"]),
            text="sha256=" + frame["sha256"],
            value=_floats(path, frame["checksum"]),
            rule=EQUAL if same_machine else CHECKSUM,
        )
    if path == "runs.csv":
        kinds = ("curves", "weights") if same_machine else ()
        parts = [_named(kind, frame["run"], text="sha256=" + frame[f"{kind}_sha256"], rule=SAME) for kind in kinds]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    if path == "finals.csv":
        values = frame.assign(value=_floats(path, frame["value"]))
        if same_machine:
            names = _joined(values, ["run", "split", "metric", "seed"])
            return _named("finals, per seed", names, value=values["value"], rule=SAME)
        return _means("finals, mean over seeds", values, ["run", "split", "metric"])
    if path == _CLAIMS:
        return _named(
            "claims",
            frame["name"],
            text="verdict=" + frame["verdict"],
            **{end: frame[end] for end in ("value", "low", "high")},
            rule=SAME if same_machine else _by_interval(frame["low"]),
        )
    what, keys = next(layout for pattern, layout in _TABLES.items() if Path(path).match(pattern))
    if what in _COUNTED:
        text = ["; ".join(f"{key}={value}" for key, value in row.items()) for row in frame.to_dict("records")]
        return _named(what, _joined(frame, keys), text=text, rule=EQUAL)
    if what == "scale":
        rows = _means(what, frame.assign(value=_floats(path, frame["value"])), keys)
        solvers = frame.loc[frame["kind"] == "solver"].pipe(_joined, keys)
        return rows.assign(rule=np.where(rows["name"].isin(solvers), SOLVER, SAME if same_machine else rows["rule"]))
    ends = {
        end: _floats(path, frame[column]) for end, column in {"value": "mean", "low": "low", "high": "high"}.items()
    }
    solver = frame["kind"] == "solver" if "kind" in frame else frame["noise"] == "wmmse"
    counts = [column for column in ("num_seeds", "num_realizations") if column in frame]
    return _named(
        what,
        Path(path).stem + ": " + _joined(frame, keys),
        text=frame[counts].apply(lambda row: "; ".join(f"{key}={value}" for key, value in row.items()), axis=1),
        **ends,
        rule=np.where(solver, SOLVER, SAME if same_machine else _by_interval(ends["low"])),
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
    empty = {"text": "", "value": math.nan, "low": math.nan, "high": math.nan}
    return pd.DataFrame({"what": what, "name": names} | empty | columns, columns=_COLUMNS)


def _joined(frame: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Return a name per row, of its entries in the key columns that are not empty."""
    text = frame[list(keys)].astype(str)
    return text.apply(lambda row: ", ".join(filter(None, row)), axis=1) if len(text) else pd.Series(dtype=str)


def _by_interval(low: pd.Series) -> NDArray[Any]:
    return np.where(low.isna(), SINGLE, INTERVALS)


def _floats(path: str, column: pd.Series) -> pd.Series:
    try:
        return column.map(lambda value: float("nan" if value == "" else value)).astype(float)
    except ValueError as error:
        raise ValueError(f"{path}: column {column.name} has an entry that is no number ({error})") from None


def _judged(row: Mapping[str, Any]) -> dict[str, Any]:
    """Judge one row of the merged tables."""
    names = {"reference": "value_reference", "fresh": "value_fresh"}
    names |= {f"{side}_{end}": f"{end}_{side}" for side in ("reference", "fresh") for end in ("low", "high")}
    judged = {key: row[key] for key in ("what", "name")} | {key: row[name] for key, name in names.items()}
    if row["_merge"] != "both":
        is_new = row["_merge"] == "right_only"
        return judged | {
            "rule": row["rule_fresh" if is_new else "rule_reference"],
            "verdict": NEW if is_new else MISSING,
        }
    rule, reference, fresh = row["rule_reference"], row["value_reference"], row["value_fresh"]
    note = _changes(row["text_reference"], row["text_fresh"])
    numbers_equal = all(_equal(row[f"{end}_reference"], row[f"{end}_fresh"]) for end in ("value", "low", "high"))
    judged |= {"rule": rule, "note": note, "difference": 0.0 if _equal(reference, fresh) else fresh - reference}
    if numbers_equal and not note:
        return judged | {"verdict": IDENTICAL}
    if rule in (EQUAL, SAME):
        return judged | {"tolerance": 0.0, "verdict": DIFFERS}
    judged["tolerance"] = _tolerance(rule, row)
    within = abs(judged["difference"]) <= judged["tolerance"]
    # Under the other rules a text counts what was averaged, which must agree.
    agrees = not note or rule == CHECKSUM or row["what"] == "claims"
    return judged | {"verdict": WITHIN if within and agrees else DIFFERS}


def _tolerance(rule: str, row: Mapping[str, Any]) -> float:
    size = abs(row["value_reference"]) if math.isfinite(row["value_reference"]) else 0.0
    relative = {CHECKSUM: RTOL_CHECKSUM, SOLVER: RTOL_SOLVERS, SINGLE: RTOL_SINGLE}
    if rule in relative:
        return relative[rule] * size
    halves = [_half_width(row[f"low_{side}"], row[f"high_{side}"]) for side in ("reference", "fresh")]
    return max(NUM_HALF_WIDTHS * math.hypot(*halves), RTOL_ROUNDING * size)


def _half_width(low: float, high: float) -> float:
    return 0.0 if low == high else (high - low) / 2  # an interval may lie at infinity


def _equal(first: float, second: float) -> bool:
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


# ---------------------------------------------------------------------------------------------------------------------
# Report


def missed(table: pd.DataFrame) -> int:
    """Return how many rows of `compare`'s table are a miss."""
    return int(table["verdict"].isin(MISSES).sum())


def conclusion(table: pd.DataFrame) -> str:
    """Return one line: how the comparison came out."""
    if missed(table):
        return f"{missed(table)} of {len(table)} comparisons differ or are missing; see docs/troubleshooting.md"
    return f"{len(table)} comparisons, no miss"


def report(table: pd.DataFrame, changes: Sequence[str]) -> str:
    """Lay out `compare`'s table for a terminal: counts, then the rows that need a look.

    Args:
        table: What `compare` returns.
        changes: What `machine_changes` returns.
    """
    lines = [_on(changes), "", _counts(table).to_string()]
    shown = _noteworthy(table)
    if len(shown):
        first = shown.head(_SHOWN_ROWS)
        padded = first.apply(lambda column: column.str.ljust(max(map(len, [*column, column.name]))))
        lines += ["", padded.to_string(index=False, justify="left")]
    if len(shown) > _SHOWN_ROWS:
        lines.append(f"... and {len(shown) - _SHOWN_ROWS} more")
    return "\n".join([*lines, "", f"{conclusion(table)}."])


def markdown(table: pd.DataFrame, changes: Sequence[str]) -> str:
    """Lay out `compare`'s table as Markdown, like `report` but with every row that needs a look."""
    lines = ["# This run against the reference", "", f"{conclusion(table)}.", "", _on(changes)]
    for part in (_counts(table).reset_index(), _noteworthy(table)):
        if len(part):
            lines += ["", f"| {' | '.join(part.columns)} |", "|" + " --- |" * part.shape[1]]
            lines += [f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in row)} |" for row in part.to_numpy()]
    return "\n".join(lines) + "\n"


def _on(changes: Sequence[str]) -> str:
    if not changes:
        return "On the reference's machine: trainings must agree bit for bit."
    return f"On another machine than the reference's ({', '.join(changes)}): means over seeds must agree."


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    counts = pd.crosstab(table["what"], table["verdict"])
    found = [verdict for verdict in VERDICTS if verdict in counts]
    return counts.loc[list(dict.fromkeys(table["what"])), found].rename_axis(columns=None)


def _noteworthy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the misses, and what changed within its tolerance, with short numbers."""
    rows = table[table["verdict"].isin(MISSES) | (table["note"] != "")]
    rows = rows.iloc[rows["verdict"].map([*MISSES, *VERDICTS].index).argsort(kind="stable")]
    shown = rows[["verdict", "what", "name"]].copy()
    for side in ("reference", "fresh"):
        shown[side] = [_short(*ends) for ends in rows[[side, f"{side}_low", f"{side}_high"]].to_numpy()]
    for name in ("difference", "tolerance"):
        shown[name] = [_digits(value, 3) for value in rows[name]]
    return shown.assign(note=rows["note"])


def _short(value: float, low: float, high: float) -> str:
    return _digits(value, 6) + ("" if math.isnan(low) else f" [{_digits(low, 4)}, {_digits(high, 4)}]")


def _digits(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}g}"
