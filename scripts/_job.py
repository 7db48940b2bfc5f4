"""What every script does around its work: what is printed goes to the rule's log, an error ends in one line.

A job that succeeds leaves a record of what it came from (`qgnn_d2d.artifact.records`). Snakemake itself sets
OMP_NUM_THREADS, MKL_NUM_THREADS and their like to the rule's threads. Nothing heavy is loaded here: a script loads what
its work needs.
"""

import contextlib
import errno
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgnn_d2d import settings
from qgnn_d2d.artifact import records
from qgnn_d2d.io import write_json
from qgnn_d2d.settings import Study

ROOT = Path(__file__).resolve().parents[1]
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def run(main: Callable[[Study, Any], None], snakemake: Any) -> None:
    """Call ``main(study, snakemake)`` with stdout and stderr in the rule's log, and write the job's record.

    Args:
        main: Maps the study and Snakemake's job to arguments.
        snakemake: The job.

    Raises:
        SystemExit: ``main`` failed; the log has the traceback, the terminal one line.
    """
    terminal = os.dup(2)
    log = snakemake.log[0]
    try:
        with open(log, "w", encoding="utf-8") as file:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(file.fileno(), 1)  # the descriptors, so that libraries in C are caught too
            os.dup2(file.fileno(), 2)
        record = records.record_path(log)
        record.unlink(missing_ok=True)  # of a former run of the job
        config_files = json.loads(os.environ.get("QGNN_D2D_CONFIG_FILES", "[]"))
        content = records.describe(snakemake, config_files, ROOT)  # the code and inputs that the work begins with
        records.check_inputs(content["inputs"], Path(*record.parts[:3]))  # results/<study>/provenance
        main(settings.load(snakemake.config), snakemake)
        write_json(record, content | {"outputs": records.file_hashes(snakemake.output, ROOT)})
    except Exception as error:
        os.write(terminal, f"{snakemake.rule}: {_line(error, log)}\n".encode())
        with contextlib.suppress(OSError):  # the log's disk may be the full one
            traceback.print_exc()
        raise SystemExit(1) from None


def _line(error: Exception, log: str) -> str:
    """Return what an error says, in one line."""
    if isinstance(error, OSError) and error.errno in NO_SPACE and not error.filename:
        return f"{log}: not written ({error.strerror})"  # all else is written by `qgnn_d2d.io`, which names the file
    return " ".join(str(error).split()) or type(error).__name__
