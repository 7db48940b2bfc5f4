"""Fig. 2: the paper's comparison, sum rate against epoch."""

from __future__ import annotations

from ..objective import PROTOCOLS
from ..settings import Study
from . import curves

NAME = "fig2"
CLAIMS = "C1 to C7"
CAPTION = (
    "Sum rate against epoch: the paper's comparison of the QGNN with a GCN and with WMMSE, and the certified optimum, "
    "on the test set. Left: everything in eq. (2). Right: the public code's quantities, in which the models' curves "
    "and WMMSE's line have different units, so that a curve above that line does not surpass WMMSE. How to read: a "
    "model that is better ends higher. On the test set no method can be above the certified optimum; bands and curves "
    "of the training set can."
)
MODELS = ("qgnn", "gcn")


def runs(study: Study) -> curves.Runs:
    """Return the tuned runs of the paper's two models by protocol."""
    return {
        protocol: [run for name in MODELS for run in study.select("main", protocol=protocol, variant=name, preset=None)]
        for protocol in PROTOCOLS
    }


inputs, data = curves.of(runs)
draw = curves.draw
