"""What all figures share: style, colors, labels, and byte-stable files."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
import seaborn
from matplotlib.figure import Figure

from ..io import write_whole

LABELS = {
    "qgnn": "QGNN",
    "gcn": "GCN (IGCNet)",
    "gcn_small": "GCN, small",
    "qgnn_released": "QGNN, public code",
    "gcn_released": "GCN, public code",
    "qgnn_informed": "QGNN, informed stars",
    "gcn_informed": "GCN, informed stars",
    "mlp_informed": "MLP, informed stars",
}
"""Models to legend labels; a model without one goes by its name."""

PALETTE = seaborn.color_palette("colorblind")

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "lines.linewidth": 1.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "qgnn_d2d",
    "savefig.dpi": 200,
}
# Neither dates nor versions in the files: the same data give the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
}

PANELS = {
    "stated": (
        "Stated: eq. (2) for everything",
        "weighted sum rate (bps/Hz)",
    ),
    "released": (
        "Released: the public code's quantities",
        "models: public code's metric (bps/Hz)\nWMMSE: public code's evaluation (nats)",
    ),
}

QUANTITIES = {"stated": "weighted sum rate, eq. (2) (bps/Hz)", "released": "the public code's metric (bps/Hz)"}


def model_colors(models: Iterable[str]) -> dict[str, Any]:
    """Return model to color, the same in every figure; models come in the order of `LABELS`, then of ``models``."""
    given = list(dict.fromkeys(models))
    names = [*LABELS, *(name for name in given if name not in LABELS)]
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names) if name in given}


def styled() -> AbstractContextManager[None]:
    """Return a context in which figures have the common style."""
    return matplotlib.rc_context(STYLE)  # type: ignore[arg-type]


def save(figure: Figure, path: Path | str) -> None:
    """Write a figure in the format of the path's suffix (pdf, png, svg), byte-stable, whole or not at all."""
    metadata = _METADATA[Path(path).suffix]
    with styled():
        write_whole(path, lambda partial: figure.savefig(partial, metadata=metadata))
