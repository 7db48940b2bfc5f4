"""The block of gradients: the ends of every axis, and a factor per qubit."""

import pandas as pd

from qgnn_d2d.report import gradients


def test_gradients_are_shown_by_their_ends_and_per_qubit():
    about = {"axis": "k", "start": "uniform", "low": 1e-7, "high": 4e-6, "angles": "all"}
    rows = [about | {"k": k, "qubits": 2 * k + 1, "variance": 8e-6 / 4**k} for k in (1, 2, 3)]
    block = gradients.block(pd.DataFrame([*rows, rows[0] | {"start": "narrow", "variance": 1.0}]))
    assert "| leaves k: 1 to 3 | all | 2.0e-06 [1.0e-07, 4.0e-06] | 1.2e-07 [1.0e-07, 4.0e-06] | 0.062 |" in block
    assert block.endswith("a factor of 0.062 (angles: all), 0.50 per qubit.\n") and "nan" not in block
