"""What every script does around its work: what is printed goes to the rule's log, an error ends in one line.

Snakemake itself sets OMP_NUM_THREADS, MKL_NUM_THREADS and their like to the rule's threads.
"""

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any


def run(main: Callable[[Any], None], snakemake: Any) -> None:
    """Call ``main(snakemake)`` with stdout and stderr in the rule's log.

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
            main(snakemake)
        except Exception as error:
            traceback.print_exc()
            line = " ".join(str(error).split()) or type(error).__name__
            os.write(terminal, f"{snakemake.rule}: {line}\n".encode())
            raise SystemExit(1) from None
