"""Sum rate against epoch of all other models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..objective import PROTOCOLS
from ..settings import MODELS, Study
from . import curves

if TYPE_CHECKING:
    import pandas as pd

NAME = "fig2_all"
CLAIMS = "C1 to C7"
CAPTION = (
    "Sum rate against epoch of the models beside the paper's two: a GCN of the QGNN's size, the public code's "
    "networks, the QGNN with all nodes as leaves, and the QGNN on informed stars. How to read: as Fig. 2; WMMSE "
    "(full-power start) and the certified optimum are the same lines as there."
)
draw = curves.draw


def _runs(study: Study) -> dict[str, list[str]]:
    """Return protocol to runs without a preset, but for Fig. 2's.

    Of variants, those with stars of another size; of networks on informed stars, the QGNN (figure `informed` has all).
    """
    shown: dict[str, list[str]] = {}
    for protocol in PROTOCOLS:
        for run in study.select("main", protocol=protocol, preset=None):
            variant = study.variants[run]
            shown_elsewhere = ("qgnn", "gcn", "gcn_informed", "mlp_informed")
            if variant not in shown_elsewhere and (variant in MODELS or study.about(run)):
                shown.setdefault(protocol, []).append(run)
    return shown


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the curves of the other models, and the methods' means."""
    return curves.inputs(study, _runs(study))


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return one row per plotted point (see `curves.data`)."""
    return curves.data(study, files, _runs(study), ("optimum",))
