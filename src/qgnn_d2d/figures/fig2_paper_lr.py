"""Sum rate against epoch at the paper's learning rate."""

from __future__ import annotations

from ..objective import PROTOCOLS
from ..settings import Study
from . import curves

NAME = "fig2_paper_lr"
CLAIMS = "C1 to C7"
CAPTION = (
    "Sum rate against epoch at the paper's learning rate of 5e-2, with the public code's batch size, epochs and "
    "schedule. How to read: as Fig. 2. A wide band means that the seeds are far apart, as where some of them fail to "
    "train."
)


def runs(study: Study) -> curves.Runs:
    """Return the runs at that learning rate by protocol."""
    return {protocol: study.select("main", protocol=protocol, preset="lr5e-2") for protocol in PROTOCOLS}


inputs, data = curves.of(runs)
draw = curves.draw
