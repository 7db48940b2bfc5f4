"""What every script does around its work: what is printed goes to the rule's log, an error ends in one line.

A job that succeeds leaves a record of what it came from (`qgnn_d2d.provenance`). Snakemake itself sets
OMP_NUM_THREADS, MKL_NUM_THREADS and their like to the rule's threads.
"""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgnn_d2d import provenance
from qgnn_d2d.files import write_json

ROOT = Path(__file__).resolve().parents[1]


def run(main: Callable[[Any], None], snakemake: Any) -> None:
    """Call ``main(snakemake)`` with stdout and stderr in the rule's log, and write the job's record.

    Args:
        main: Maps Snakemake's job to arguments.
        snakemake: The job.

    Raises:
        SystemExit: ``main`` failed; the log has the traceback, the terminal one line.
    """
    terminal = os.dup(2)
    with open(snakemake.log[0], "w", encoding="utf-8") as log:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(log.fileno(), 1)  # the descriptors, so that libraries in C are caught too
        os.dup2(log.fileno(), 2)
        try:
            record = provenance.record_path(snakemake.log[0])
            record.unlink(missing_ok=True)  # of a former run of the job
            content = _describe(snakemake)  # the code and inputs that the work begins with
            main(snakemake)
            write_json(record, content | {"outputs": provenance.file_hashes(snakemake.output, ROOT)})
        except Exception as error:
            traceback.print_exc()
            line = " ".join(str(error).split()) or type(error).__name__
            os.write(terminal, f"{snakemake.rule}: {line}\n".encode())
            raise SystemExit(1) from None


def _describe(snakemake: Any) -> dict[str, Any]:
    """Map Snakemake's job to the arguments of its record."""
    return provenance.describe(
        rule=snakemake.rule,
        wildcards=dict(snakemake.wildcards.items()),
        params=dict(snakemake.params.items()),
        threads=snakemake.threads,
        config=snakemake.config,
        config_files=filter(None, os.environ.get("QGNN_D2D_CONFIG_FILES", "").split(os.pathsep)),
        inputs=snakemake.input,
        root=ROOT,
    )
