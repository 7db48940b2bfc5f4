"""Jobs start only what they need: a plot loads no PyTorch, the training of a GCN no PennyLane."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = {
    "the training of a GCN": (
        """
from qgnn_d2d import channels, models, training
models.build("gcn")
""",
        ("pennylane", "qiskit", "matplotlib", "xarray", "seaborn"),
    ),
    "a plot": (
        """
import matplotlib
matplotlib.use("Agg")
import pandas as pd
from qgnn_d2d import figures
figures.FIGURES["fig2"].draw(pd.read_csv("figures/fig2.csv"))
""",
        ("torch", "numba", "pennylane", "qiskit", "xarray"),
    ),
    "a comparison with the reference": (
        """
from pathlib import Path
from qgnn_d2d.artifact import compare, reference
known = reference.load(Path("results/reference"))
assert not compare.missed(compare.compare(known, known, same_machine=False))
""",
        ("pennylane", "qiskit", "matplotlib"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_job_loads_only_what_it_needs(name):
    code, unneeded = CASES[name]
    code += f"\nimport sys\nprint([name for name in {unneeded} if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
