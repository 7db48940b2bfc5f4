"""Fig. 2: the paper's comparison, sum rate against epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..objective import PROTOCOLS
from ..settings import Study
from . import curves

if TYPE_CHECKING:
    import pandas as pd

NAME = "fig2"
CLAIMS = "C1 to C7"
CAPTION = (
    "Sum rate against epoch: the paper's comparison of the QGNN with a GCN and with WMMSE, and the certified optimum. "
    "Left: everything in eq. (2). Right: the public code's quantities, in which the models' curves and WMMSE's line "
    "have different units. How to read: a model that is better ends higher; no method can be above the certified "
    "optimum. Solid curves are on the test set, dashed ones on the training set."
)
draw = curves.draw


def _runs(study: Study) -> dict[str, list[str]]:
    shown = {
        protocol: [
            run
            for model in ("qgnn", "gcn")
            for run in study.select("main", protocol=protocol, variant=model, preset=None)
        ]
        for protocol in PROTOCOLS
    }
    return {protocol: runs for protocol, runs in shown.items() if runs}


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the curves of QGNN and GCN, and the methods' means."""
    return curves.inputs(study, _runs(study))


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return one row per plotted point (see `curves.data`)."""
    return curves.data(study, files, _runs(study), ("optimum",))
