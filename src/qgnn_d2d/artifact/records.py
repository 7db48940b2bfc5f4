"""What a result came from: one record per job, beside the results.

A record has no time, no name of a host and no path outside the repository: the same job on the same machine gives the
same record.
"""

from __future__ import annotations

import functools
import hashlib
import math
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..io import json_text, read_json, sha256
from . import machine

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")

_TEXTS = (
    "rule", "library.version", "library.path", "library.sha256", "script.path", "script.sha256", "config.sha256",
    "environment.lock_sha256",
)  # fmt: skip


def json_sha256(content: Any) -> str:
    """Return the SHA-256 of the file that `io.write_json` makes of ``content``."""
    return hashlib.sha256(json_text(content).encode()).hexdigest()


def beside_log(log: Path | str, folder: str) -> Path:
    """Return where a job's file belongs in another of the study's folders: named as its log in ``logs``.

    Raises:
        ValueError: The log is not ``results/<study>/logs/...``.

    Example:
        >>> beside_log("results/paper/logs/train_model/a.log", "provenance").as_posix()
        'results/paper/provenance/train_model/a.json'
    """
    results, study, logs, *rest = [*Path(log).parts, "", "", ""]
    if (results, logs) != ("results", "logs") or not any(rest):
        raise ValueError(f"{log}: not a log in results/<study>/logs")
    return Path(results, study, folder, *rest).with_suffix(".json")


def job_name(log: Path | str) -> str:
    """Return what a job is called: its log without the study's folder and suffix. It begins with its script's name.

    Example:
        >>> job_name("results/paper/logs/train_model/a.log")
        'train_model/a'
    """
    return Path(*Path(log).parts[3:]).with_suffix("").as_posix()


def load_records(folder: Path) -> dict[str, dict[str, Any]]:
    """Return job to record, of all in a study's folder ``provenance``; a job is named as its record, without suffix.

    Raises:
        ValueError: A file is no record; the line names it.
    """
    records = {}
    for path in sorted(folder.rglob("[!.]*.json")):
        try:
            record = read_json(path)
        except FileNotFoundError:  # its job was started again just now
            continue
        if not _is_record(record):
            raise ValueError(f"{path}: not the record of a job; repeat the job (--forcerun RULE), or delete the file")
        records[path.relative_to(folder).with_suffix("").as_posix()] = record
    return records


def _is_record(record: Mapping[str, Any]) -> bool:
    """Whether all that is read of a record has its type."""
    try:
        texts = [functools.reduce(operator.getitem, name.split("."), record) for name in _TEXTS]
        texts += [text for part in ("inputs", "outputs") for entry in record[part].items() for text in entry]
        return all(isinstance(text, str) for text in texts) and isinstance(record["machine"], dict)
    except (AttributeError, KeyError, TypeError):
        return False


def check_inputs(inputs: Mapping[str, str], folder: Path) -> None:
    """Refuse an input that is not what the job that wrote it left.

    Args:
        inputs: Path to SHA-256, relative to the repository; a file that no record names is not refused.
        folder: The study's folder ``provenance``.

    Raises:
        ValueError: Records name a file, but with another content.
    """
    written: dict[str, dict[str, str]] = {}
    for job, record in load_records(folder).items():
        for path, digest in record["outputs"].items():
            written.setdefault(path, {})[digest] = job  # two contents: one rule had another name before
    for path, digest in inputs.items():
        known = written.get(path, {digest: ""})
        if digest not in known:
            job = ", ".join(sorted(known.values()))
            raise ValueError(f"{path}: changed since the job {job} wrote it; delete it, and it is made again")


def describe(job: Any, config_files: Iterable[Path | str], root: Path) -> dict[str, Any]:
    """Return a job's record as far as it is known before the job's work: files come with their SHA-256.

    Args:
        job: As Snakemake describes it to a script.
        config_files: Where the config was loaded from.
        root: The repository.
    """
    rule = job_name(job.log[0]).partition("/")[0]
    script, library = root / "scripts" / f"{rule}.py", root / "src" / "qgnn_d2d"
    return {
        "rule": rule,
        "script": {"path": _portable(script, root), "sha256": sha256(script)},
        "library": {"path": _portable(library, root), "sha256": _tree_sha256(library), "version": __version__},
        "wildcards": _plain(dict(job.wildcards.items()), root),
        "params": _plain(dict(job.params.items()), root),
        "threads": job.threads,
        "study": job.config["study"],
        "seed": job.config["seed"],
        "config": {"files": [_portable(path, root) for path in config_files], "sha256": json_sha256(job.config)},
        "inputs": file_hashes(job.input, root),
        "environment": machine.environment(root / "envs" / "requirements.lock"),
        "machine": machine.processor() | {name: os.environ.get(name) for name in THREAD_VARIABLES},
    }


def file_hashes(paths: Iterable[Path | str], root: Path) -> dict[str, str]:
    """Return path to SHA-256."""
    return {_portable(path, root): sha256(path) for path in paths}


def _tree_sha256(folder: Path) -> str:
    """Return the SHA-256 of all Python files below a folder, with their names."""
    return json_sha256([(path.relative_to(folder).as_posix(), sha256(path)) for path in sorted(folder.rglob("*.py"))])


def _plain(value: Any, root: Path) -> Any:
    """Return ``value`` as plain JSON, without paths outside the repository."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry, root) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(entry, root) for entry in value]
    is_number = value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return value if is_number else _portable(str(value), root)


def _portable(path: Path | str, root: Path) -> str:
    """Return a path relative to the repository; of one outside, the name; any other text as it is."""
    if not Path(path).is_absolute():
        return str(path)
    return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else Path(path).name
