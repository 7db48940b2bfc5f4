"""All numbers of a study that a run is held against, and the reference: the committed ones.

The reference is a folder like a study's results: the tables that the study writes, claims.json, and what `made`
computes, ``channels.csv``, ``runs.csv`` and ``finals.csv``; beside them ``machine.json``.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import math
import shutil
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import channels
from ..analysis import values
from ..io import read_csv, read_json, read_tensors, sha256, write_whole
from ..settings import RunSettings, Study
from ..training.weights import check_manifest
from . import machine

SEARCH_SPLIT = "validation"
"""Drawn for the search alone, which is no part of a full run."""

CLAIMS = "claims.json"

Snapshot = dict[str, pd.DataFrame]
"""Path in the reference to its content: CSV files as text, so that nothing is rounded on the way."""


class Layout(NamedTuple):
    """A table that a study writes and the reference repeats."""

    what: str
    """What it is called in a comparison."""
    keys: list[str]
    """Columns that name a row."""
    values: tuple[str, ...] = ()
    """Columns that it must have besides; without any, all is read or counted, nothing computed."""


LAYOUTS = {
    "tables/*.csv": Layout("tables", ["split", "metric", "method"], ("kind", "mean", "low", "high")),
    "noise/summary.csv": Layout("noise study", ["noise", "training", "mitigation"], ("mean", "low", "high")),
    "noise/shots.csv": Layout("noise study", ["noise", "training", "mitigation", "shots"], ("mean", "low", "high")),
    "noise/devices.csv": Layout("devices", ["noise"]),
    "noise/resources.csv": Layout("resources", ["circuit", "k", "layout", "device"]),
    "gradients.csv": Layout(
        "gradients", ["axis", "k", "layers", "heads", "noise", "start", "angles"], ("variance", "low", "high")
    ),
    "readings.csv": Layout("readings", ["reading", "models", "line", "draws", "num_links"], ("wmmse", "optimum")),
    "redraws.csv": Layout("redraws", ["kind", "name", "part", "draw"], ("mean", "low", "high")),
    "scale/*/[0-9]*.csv": Layout("scale", ["num_links", "method", "k", "metric"], ("kind", "value")),
}
"""Pattern of a path to the layout of the files."""

_MADE = {
    "channels.csv": ["scenario", "split", "variable", "sha256", "checksum"],
    "runs.csv": ["run", "curves_sha256", "weights_sha256"],
    "finals.csv": ["run", "seed", "split", "metric", "value"],
}


def snapshot(results: Path) -> Snapshot:
    """Return all numbers of a study, finished or not, that are compared; errors as in `made`."""
    return made(results) | _tables(results)


def load(reference: Path) -> Snapshot:
    """Return a reference's numbers, as `snapshot` does a study's; a file of `made` must be there."""
    return {name: _read_csv(reference / name, columns) for name, columns in _MADE.items()} | _tables(reference)


def part(whole: Snapshot, study: Study) -> Snapshot:
    """Return what there is of a study's runs and experiments in numbers of a larger one."""
    found = {
        path: table
        for path, table in whole.items()
        if not path.startswith("tables/") or Path(path).stem in study.experiments
        if path != "redraws.csv" or study.redraws
    }
    return found | {name: found[name][found[name]["run"].isin(study.runs)] for name in ("runs.csv", "finals.csv")}


def keep(run: str, source: Path, reference: Path) -> None:
    """Copy a trained run into a reference; `take` reads it.

    Args:
        run: Its id.
        source: The study's folder ``training``.
        reference: The reference's folder.
    """
    target = reference / "training" / run
    for name in ("weights.safetensors", "manifest.json"):
        _copy(source / run / name, target / name)
    packed = gzip.compress((source / run / "curves.csv").read_bytes(), mtime=0)  # no time: the same bytes again
    write_whole(target / "curves.csv.gz", lambda partial: partial.write_bytes(packed))


def take(run: RunSettings, reference: Path, target: Path) -> None:
    """Copy a run of a reference to the folder of a trained run.

    Raises:
        FileNotFoundError: The reference has no such run.
        ValueError: It has one of other settings, or a file is damaged; the line names it.
    """
    source = reference / "training" / run.id
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such run; the committed ones are those of config/check.yaml")
    try:
        curves = gzip.decompress((source / "curves.csv.gz").read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{source / 'curves.csv.gz'}: not a complete gzip file ({error})") from error
    write_whole(target / "curves.csv", lambda partial: partial.write_bytes(curves))
    for name in ("weights.safetensors", "manifest.json"):
        _copy(source / name, target / name)
    files = {"curves": target / "curves.csv", "weights": target / "weights.safetensors"}
    check_manifest(run, target / "manifest.json", **files)


def _copy(source: Path, target: Path) -> None:
    write_whole(target, lambda partial: shutil.copyfile(source, partial))


def machine_of(results: Path, lock: Path) -> dict[str, Any]:
    """Return this machine as one that made a study with that lock file; its trainings tell the threads."""
    threads = [_read_manifest(path)["settings"]["num_threads"] for path in results.glob("training/*/manifest.json")]
    return machine.describe(lock, max(threads, default=None))


def made(results: Path) -> Snapshot:
    """Compute what a reference holds beside the tables of a study, finished or not.

    Returns:
        ``channels.csv``: scenario, split, variable (array, noise_power or p_max), sha256 of the data (a NetCDF file's
        bytes depend on library versions), checksum. ``runs.csv``: run, curves_sha256 of the file (empty in a reference
        whose run had another name, which the file holds), weights_sha256 of the tensors (a safetensors file's metadata
        has no fixed order). ``finals.csv``: run, seed, split (train, test, evaluation), metric, value: the mean after
        the last epoch.

    Raises:
        ValueError: A file is truncated, foreign, or not the one that its manifest describes.
    """
    drawn = [path for path in sorted(results.glob("channels/*/*.nc")) if path.stem != SEARCH_SPLIT]
    rows = [row for path in drawn for row in _channel_rows(path)]
    runs: list[tuple[str, str, str]] = []
    finals, metrics = [pd.DataFrame(columns=_MADE["finals.csv"])], {}
    for path in sorted(results.glob("training/*/manifest.json")):
        manifest, run = _read_manifest(path), path.parent.name
        curves, weights = path.with_name("curves.csv"), path.with_name("weights.safetensors")
        for name, file in {"curves": curves, "weights": weights}.items():
            if sha256(file) != manifest["outputs"][name]:
                raise ValueError(f"{file}: not the file that manifest.json describes")
        tensors = {name: tensor.numpy() for name, tensor in read_tensors(weights)[0].items()}
        runs.append((run, manifest["outputs"]["curves"], _data_sha256(tensors)))
        metrics[run] = manifest["metric"]
        finals.append(_last(curves))
    for path in sorted(results.glob("training/*/evaluation.nc")):
        means = values.seed_means(values.load(path))
        finals.append(means[means["metric"] == means["run"].map(metrics)].assign(split="evaluation"))
    return {
        "channels.csv": pd.DataFrame(rows, columns=_MADE["channels.csv"]),
        "runs.csv": pd.DataFrame(runs, columns=_MADE["runs.csv"]),
        "finals.csv": pd.concat(finals, ignore_index=True)[_MADE["finals.csv"]],
    }


def floats(path: Path | str, column: pd.Series) -> pd.Series:
    """Return a column of text as numbers, empty entries as NaN; an entry that is no number is a ValueError."""
    try:
        return column.map(lambda value: float("nan" if value == "" else value)).astype(float)
    except ValueError as error:
        raise ValueError(f"{path}: column {column.name} has an entry that is no number ({error})") from None


def _last(path: Path) -> pd.DataFrame:
    """Return a run's values after its last epoch."""
    curves = _read_csv(path, ["epoch", *_MADE["finals.csv"]])
    curves = curves.astype({"epoch": int, "seed": int}).assign(value=floats(path, curves["value"]))
    return curves[curves["epoch"] == curves["epoch"].max()]


def _channel_rows(path: Path) -> list[tuple[str, str, str, str, float]]:
    """Return a row of channels.csv for every variable of a channel file."""
    dataset = channels.load(path)
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
    """Return a manifest that has what is read of one here."""
    manifest = read_json(path)
    with contextlib.suppress(KeyError, TypeError):
        texts = [manifest["outputs"]["curves"], manifest["outputs"]["weights"], manifest["metric"]]
        if all(isinstance(text, str) for text in texts) and type(manifest["settings"]["num_threads"]) is int:
            return manifest
    raise ValueError(f"{path}: no manifest of a run")


def _tables(folder: Path) -> Snapshot:
    """Return the tables that a study wrote."""
    found = {
        str(path.relative_to(folder)): _read_csv(path, [*layout.keys, *layout.values])
        for pattern, layout in LAYOUTS.items()
        for path in sorted(folder.glob(pattern))
    }
    return found | ({CLAIMS: read_claims(folder / CLAIMS)} if (folder / CLAIMS).exists() else {})


def _read_csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table as text."""
    read_csv(path, columns)  # refuses what is damaged, but for a row that ends early
    header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"{path}: not a complete CSV file (a row ends early)")
    return pd.DataFrame(rows, columns=header, dtype=str)


def read_claims(path: Path) -> pd.DataFrame:
    """Return a row per claim and per measurement: name, verdict, value, low, high; errors as in `io.read_json`."""
    rows, content = [], read_json(path)
    try:
        for claim in content["claims"]:
            rows.append((claim["id"], claim["verdict"], math.nan, math.nan, math.nan))
            for item in claim["measurements"]:
                parts = [claim["id"], item["protocol"], item.get("column"), item["models"], item.get("quantity")]
                ends = [math.nan if item[end] is None else float(item[end]) for end in ("value", "low", "high")]
                rows.append((", ".join(filter(None, parts)), item["verdict"], *ends))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: not a claims file ({type(error).__name__}: {error})") from error
    return pd.DataFrame(rows, columns=["name", "verdict", "value", "low", "high"])
