"""The ablation over layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ablation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "ablation_l"
CLAIMS = "C2, C7, C9"
CAPTION = (
    "Sum rate of the QGNN against the number of layers, under both protocols, and what a node's circuits cost. All "
    "points have the training options tuned at the paper's point (k = 3, L = 2, the heavier line). How to read: where "
    "a line is flat, more layers do not help; intervals that overlap cannot be told apart. Right: qubits, gates and "
    "parameters, on a logarithmic scale; with reset, a star needs three qubits whatever its k."
)
inputs, data = ablation.inputs, ablation.data


def draw(table: pd.DataFrame) -> Figure:
    """Draw sum rate and cost against the number of layers."""
    return ablation.draw(table, "layers")
