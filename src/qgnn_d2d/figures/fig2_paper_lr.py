"""Sum rate against epoch at the paper's learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..objective import PROTOCOLS
from ..settings import Study
from . import curves

if TYPE_CHECKING:
    import pandas as pd

NAME = "fig2_paper_lr"
CLAIMS = "C1 to C7"
CAPTION = (
    "Sum rate against epoch at the paper's learning rate of 5e-2, with the public code's batch size, epochs and "
    "schedule. How to read: as Fig. 2. Bands are wide where some seeds fail to train."
)
PRESET = "lr5e-2"
draw = curves.draw


def _runs(study: Study) -> dict[str, list[str]]:
    shown = {protocol: study.select("main", protocol=protocol, preset=PRESET) for protocol in PROTOCOLS}
    return {protocol: runs for protocol, runs in shown.items() if runs}


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the curves at that learning rate, and the methods' means."""
    return curves.inputs(study, _runs(study))


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return one row per plotted point (see `curves.data`)."""
    return curves.data(study, files, _runs(study), ("optimum",))
