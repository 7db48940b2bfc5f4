"""A finished study as an RO-Crate: its files, and from the jobs' records what each was made of.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the profile Process Run Crate 0.5. Every result in the crate has the
content that its job's record names: a chain without a gap from figures, tables and claims back to the channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity, DataEntity, File
from rocrate.rocrate import ROCrate

from ..io import json_text, sha256

METADATA = "ro-crate-metadata.json"
CONFIG = "config.json"

_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_EXTRA_TERMS = {"sha256": "http://schema.org/sha256"}  # newer than RO-Crate 1.1
_FORMATS = {
    ".csv": "text/csv", ".html": "text/html", ".json": "application/json", ".md": "text/markdown",
    ".nc": "application/x-netcdf", ".pdf": "application/pdf", ".png": "image/png",
}  # fmt: skip

Record = Mapping[str, Any]


def place(path: Path | str, results: Path | str) -> str:
    """Return a file's path in the crate, whose root is the study's ``results``: of a file elsewhere, the path it has.

    Example:
        >>> place("results/paper/claims.md", "results/paper"), place("figures/fig2.png", "results/paper")
        ('claims.md', 'figures/fig2.png')
    """
    whole = PurePosixPath(path)
    return str(whole.relative_to(results) if whole.is_relative_to(results) else whole)


def is_source(path: Path | str) -> bool:
    """Whether a job's input is no job's output: a file of channels of one's own."""
    return PurePosixPath(path).parts[:1] not in ((), ("results",), ("figures",))


def lineage(files: Iterable[str], records: Mapping[str, Record]) -> list[str]:
    """Return the jobs that wrote ``files``, that wrote what those read, and so on; sorted.

    ``records`` are those of all jobs: what `records.load_records` returns.

    Raises:
        ValueError: No record names a file with the content that it has now, or that a job read.
    """
    writers: dict[tuple[str, str], str] = {}
    for job in sorted(records):
        for output in records[job]["outputs"].items():
            writers.setdefault(output, job)  # two of them: one rule had another name before
    found: set[str] = set()
    waiting = [(path, sha256(path), "") for path in files]
    while waiting:
        path, digest, reader = waiting.pop()
        if (path, digest) not in writers:
            content = f"what {reader} read" if reader else "its content"
            raise ValueError(f"{path}: no record names {content}; repeat the job that writes it (--forcerun RULE)")
        job = writers[path, digest]
        if job not in found:
            found.add(job)
            waiting += [(*entry, job) for entry in records[job]["inputs"].items() if not is_source(entry[0])]
    return sorted(found)


def summary(records: Mapping[str, Record], jobs: Iterable[str]) -> str:
    """Return in words how many jobs a crate holds, and what they do not have in common.

    A study may be made in several sittings, under other configs or code, as long as every job read what the job before
    it wrote; so this says how many there were.
    """
    chosen = [records[job] for job in jobs]
    parts = {
        "configs": {record["config"]["sha256"] for record in chosen},
        "states of the library": {record["library"]["sha256"] for record in chosen},
        "locks": {record["environment"]["lock_sha256"] for record in chosen},
        "machines": {json_text(record["machine"]) for record in chosen},
    }
    mixed = [f"{len(found)} {what}" for what, found in parts.items() if len(found) > 1]
    return f"{len(chosen)} jobs, by {' and '.join(mixed) or 'one config, library, lock and machine'}"


def metadata(
    results: Path, records: Mapping[str, Record], jobs: Iterable[str], config: Path, citation: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the content of the crate's metadata file.

    Args:
        results: The study's results, which are the crate's root.
        records: Job to its record; the record itself is the file ``provenance/<job>.json``.
        jobs: What `lineage` returns.
        config: The study's config as loaded, a file below ``results``.
        citation: Content of a CITATION.cff.

    Raises:
        ValueError: A file is missing, or not what its job wrote.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(_EXTRA_TERMS)
    for key, value in _root(crate, citation, results.name).items():
        crate.root_dataset[key] = _single(value)
    settings = _file(crate, results, place(config, results), name="The study's config as loaded")
    crate.root_dataset["mentions"] = [_action(crate, results, job, records[job], settings) for job in jobs]
    return dict(crate.metadata.generate())


def _root(crate: ROCrate, citation: Mapping[str, Any], study: str) -> dict[str, Any]:
    """Return the properties of the crate's root; what they refer to is added to the crate."""
    paper, license_id = citation["preferred-citation"], citation["license"]
    names = [f"{person['given-names']} {person['family-names']}" for person in paper["authors"]]
    people = [_add(crate, f"#{quote(name)}", "Person", name=name) for name in names]
    about = f"The license with the SPDX identifier {license_id}"
    terms, doi = f"https://spdx.org/licenses/{license_id}", f"https://doi.org/{paper['doi']}"
    return {
        "name": f"{citation['title']} (study {study})",
        "description": " ".join(citation["abstract"].split()),
        "datePublished": str(citation["date-released"]),
        "version": citation["version"],
        "keywords": citation["keywords"],
        "author": [
            _add(crate, f"#author-{number}", "Organization", name=author["name"])
            for number, author in enumerate(citation["authors"], start=1)
        ],
        "license": _add(crate, terms, "CreativeWork", name=license_id, description=about),
        "citation": _add(crate, doi, "ScholarlyArticle", name=paper["title"], author=people),
        "conformsTo": _add(crate, _PROFILE, "CreativeWork", name="Process Run Crate", version="0.5"),
    }


def _action(crate: ROCrate, results: Path, job: str, record: Record, settings: DataEntity) -> ContextEntity:
    """Add a job, its outputs and its record; return the job's entity."""
    outputs = [_file(crate, results, place(path, results), digest) for path, digest in record["outputs"].items()]
    inputs = [
        _add(crate, f"#{quote(path)}-{digest[:12]}", "CreativeWork", name=path, sha256=digest)
        if is_source(path)
        else {"@id": quote(place(path, results))}  # another job's output
        for path, digest in record["inputs"].items()
    ]
    of_this_config = record["config"]["sha256"] == settings["sha256"]
    name = job.replace("/", " ")
    action = _add(
        crate,
        f"#{quote(job)}",
        "CreateAction",
        name=name,
        description=f"A job of the rule {record['rule']}; parameters, packages and machine stand in its record.",
        instrument=[_software(crate, record[kind], record["library"]["version"]) for kind in ("script", "library")],
        object=inputs + [settings] * of_this_config,
        result=outputs,
    )
    _file(crate, results, f"provenance/{job}.json", name=f"Record of {name}", about=action)
    return action


def _software(crate: ROCrate, source: Mapping[str, str], version: str) -> ContextEntity:
    """Return the entity of a script or the library, one per content."""
    return _add(
        crate,
        f"#{source['path']}-{source['sha256'][:12]}",
        "SoftwareSourceCode",
        name=source["path"],
        version=version,
        sha256=source["sha256"],
        programmingLanguage=_add(crate, "https://www.python.org/", "ComputerLanguage", name="Python"),
    )


def _file(crate: ROCrate, results: Path, path: str, digest: str | None = None, **properties: Any) -> DataEntity:
    """Add a file, which must have the SHA-256 ``digest`` where one is given."""
    file = results / path
    found = sha256(file) if file.is_file() else ""
    if not found or digest not in (None, found):
        raise ValueError(f"{file}: missing, or not what its job wrote; repeat that job (--forcerun RULE)")
    known = {
        "name": path,
        "encodingFormat": _FORMATS.get(file.suffix, "application/octet-stream"),
        "contentSize": str(file.stat().st_size),
        "sha256": found,
    }
    return crate.add(File(crate, dest_path=path, properties=known | properties))


def _add(crate: ROCrate, identifier: str, kind: str, **properties: Any) -> ContextEntity:
    compact = {key: _single(value) for key, value in properties.items() if value != []}
    return crate.add(ContextEntity(crate, identifier, {"@type": kind, **compact}))


def _single(value: Any) -> Any:
    """Return the entry of a list of one, as RO-Crate wants it; anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
