"""What every script does around its work: what is printed goes to the rule's log, an error ends in one line.

A job that succeeds leaves a record of what it came from (`qgnn_d2d.artifact.records`), and what it took. Snakemake
itself sets OMP_NUM_THREADS, MKL_NUM_THREADS and their like to the rule's threads. Nothing heavy is loaded here: a
script loads what its work needs.
"""

import contextlib
import errno
import gc
import io
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgnn_d2d import settings
from qgnn_d2d.artifact import records
from qgnn_d2d.io import write_json
from qgnn_d2d.settings import Study

ROOT = Path(__file__).resolve().parents[1]
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_TERMINAL = os.dup(2)
gc.set_threshold(50_000)  # else it goes through all of PyTorch and PennyLane again and again while they are loaded
_spent = {"seconds": time.monotonic(), "cpu_seconds": 0.0}  # when this process's last job ended; Python's start counts


class Progress(io.TextIOBase):
    """What is written takes the place of what was written last, so that a log has few such lines, however long a job.

    The first line stays: it says where a training goes on. What others print stays, and so does the line before it.
    """

    def __init__(self, descriptor: int = 2) -> None:
        self.descriptor = descriptor
        self._start, self._end = 0, -1  # of the line, in the log
        self._written = 0

    def write(self, text: str) -> int:
        """Write a line, its carriage returns left out."""
        if line := text.strip():
            with contextlib.suppress(OSError):  # a terminal or a pipe has no places
                place = os.lseek(self.descriptor, 0, os.SEEK_CUR)
                if place == self._end and self._written > 1:
                    os.ftruncate(self.descriptor, os.lseek(self.descriptor, self._start, os.SEEK_SET))
                else:
                    self._start = place
            written = f"{line}\n".encode()
            os.write(self.descriptor, written)
            self._end = self._start + len(written)
            self._written += 1
        return len(text)


@dataclass(frozen=True)
class Part:
    """One of the jobs that a process does: what is its own of Snakemake's job."""

    rule: str
    log: Sequence[str]
    input: Sequence[str]
    output: Sequence[str]
    wildcards: Mapping[str, str]
    params: Mapping[str, str]
    threads: int
    config: Mapping[str, Any]


def run_each(
    main: Callable[[Study, Any], None],
    snakemake: Any,
    what: str,
    inputs: Callable[[Study, str], Sequence[str]],
    outputs: Callable[[Study, str], Sequence[str]],
) -> None:
    """Call ``main(study, part)`` for everything that Snakemake's job names, each with its log, record and outputs.

    Args:
        main: As in `run`.
        snakemake: The job; its ``params.settings`` map names to settings, and its logs are in their order.
        what: What is named: ``part.wildcards`` maps it to the name.
        inputs: Name to files.
        outputs: Name to files.
    """
    study = settings.load(snakemake.config)
    named = list(zip(snakemake.params.settings.items(), snakemake.log, strict=True))
    for i, ((name, text), log) in enumerate(named, start=1):
        params = {"settings": text, "code": snakemake.params.code}
        run(main, Part(
            snakemake.rule, [log], inputs(study, name), outputs(study, name), {what: name}, params, snakemake.threads,
            snakemake.config,
        ), last=i == len(named))  # fmt: skip


def run(main: Callable[[Study, Any], None], job: Any, *, last: bool = True) -> None:
    """Call ``main(study, job)`` with stdout and stderr in the job's log; write its record, and what it took.

    The process then ends at once: to take down PyTorch and PennyLane, Python would need up to a second more.

    Args:
        main: Maps the study and the job to arguments.
        job: Snakemake's, or a `Part` of it.
        last: Whether the process ends with the job.

    Raises:
        SystemExit: ``main`` failed; the log has the traceback, the terminal one line.
    """
    log = job.log[0]
    try:
        with open(log, "w", encoding="utf-8") as file:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(file.fileno(), 1)  # the descriptors, so that libraries in C are caught too
            os.dup2(file.fileno(), 2)
        record = records.beside_log(log, "provenance")
        record.unlink(missing_ok=True)  # of a former run of the job
        config_files = json.loads(os.environ.get("QGNN_D2D_CONFIG_FILES", "[]"))
        content = records.describe(job, config_files, ROOT)  # the code and inputs that the work begins with
        records.check_inputs(content["inputs"], Path(*record.parts[:3]))  # results/<study>/provenance
        main(settings.load(job.config), job)
        outputs = [path for path in job.output if Path(path) != record]
        write_json(record, content | {"outputs": records.file_hashes(outputs, ROOT)})
        write_json(records.beside_log(log, "usage"), {"process": job.rule, **_usage()})
    except Exception as error:
        os.write(_TERMINAL, f"{records.job_name(log)}: {_line(error, log)}\n".encode())
        with contextlib.suppress(OSError):  # the log's disk may be the full one
            traceback.print_exc()
        raise SystemExit(1) from None
    if last:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _usage() -> dict[str, float]:
    """Return what this process and its children took since its last job ended: seconds, of a processor, peak memory."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    now = {"seconds": time.monotonic(), "cpu_seconds": sum(one.ru_utime + one.ru_stime for one in (own, children))}
    taken = {name: round(now[name] - _spent[name], 2) for name in now}
    _spent.update(now)
    return taken | {"max_rss_mb": round(max(own.ru_maxrss, children.ru_maxrss) / 1024, 1)}  # Linux counts KiB


def _line(error: Exception, log: str) -> str:
    """Return what an error says, in one line."""
    if isinstance(error, OSError) and error.errno in NO_SPACE and not error.filename:
        return f"{log}: not written ({error.strerror})"  # all else is written by `qgnn_d2d.io`, which names the file
    return " ".join(str(error).split()) or type(error).__name__
