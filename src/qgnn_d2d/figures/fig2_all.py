"""Sum rate against epoch of all other models."""

from __future__ import annotations

from ..objective import PROTOCOLS
from ..settings import MODELS, Study
from . import curves, fig2

NAME = "fig2_all"
CLAIMS = "C1 to C7"
CAPTION = (
    "Sum rate against epoch of the models beside the paper's two: a GCN of the QGNN's size, the public code's "
    "networks, the QGNN with all other nodes as leaves, and the QGNN on informed stars. How to read: as Fig. 2; WMMSE "
    "(full-power start) and the certified optimum are the same lines as there. A wide band means that the seeds are "
    "far apart."
)
_ELSEWHERE = (*fig2.MODELS, "gcn_informed", "mlp_informed")  # in Fig. 2 and in the figure `informed`


def runs(study: Study) -> curves.Runs:
    """Return tuned runs by protocol; of variants, those with stars of another size."""
    shown: curves.Runs = {}
    for protocol in PROTOCOLS:
        for run in study.select("main", protocol=protocol, preset=None):
            variant = study.variants[run]
            if variant not in _ELSEWHERE and (variant in MODELS or study.about(run)):
                shown.setdefault(protocol, []).append(run)
    return shown


inputs, data = curves.of(runs)
draw = curves.draw
