"""Write which qubits of each device are used, their calibration, and the native gates that one leaf costs."""

from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d.io import write_csv
from qgnn_d2d.quantum import ansatz
from qgnn_d2d.quantum.hardware import devices
from qgnn_d2d.quantum.hardware.compile import native_star
from qgnn_d2d.settings import Study


def main(study: Study, snakemake: Any) -> None:
    """Write one row per noise model of the noise study."""
    noise = study.config.noise
    options = study.runs[noise.run].architecture
    star = ansatz.build(options.circuit, options.entangling_layers)
    rows = []
    for name in noise.names:
        model = study.noise_models[name]
        line = devices.line_for(model)
        counts = native_star(star, line).count()
        gates = {"sx_per_leaf": counts.get("sx", 0) + counts.get("x", 0)}
        gates["two_qubit_gates_per_leaf"] = counts[line.entangler]
        rows.append({"noise": name, "idle": model.idle} | devices.describe(line) | gates)
    write_csv(Path(snakemake.output[0]), pd.DataFrame(rows))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
