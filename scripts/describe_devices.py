"""Write which qubits of each device are used, and their calibration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run

from qgnn_d2d.io import write_whole
from qgnn_d2d.quantum import ansatz
from qgnn_d2d.quantum.hardware import devices
from qgnn_d2d.quantum.hardware.compile import native_star


def describe_devices(
    noise_models: Mapping[str, Mapping[str, Any]], circuit: str, entangling_layers: int, csv: Path
) -> None:
    """Write one row per noise model: qubits, calibration, and the native gates that one leaf costs.

    Args:
        noise_models: Name to setting.
        circuit: A key of `ansatz.ANSATZE`.
        entangling_layers: Of its block.
        csv: CSV file to write.
    """
    star = ansatz.build(circuit, entangling_layers)
    rows = []
    for name, settings in noise_models.items():
        line = devices.line_for(settings)
        counts = native_star(star, line).count()
        gates = {"sx_per_leaf": counts.get("sx", 0) + counts.get("x", 0)}
        gates["two_qubit_gates_per_leaf"] = counts[line.entangler]
        rows.append({"noise": name, "idle": settings.get("idle", False)} | devices.describe(line) | gates)
    write_whole(csv, lambda partial: pd.DataFrame(rows).to_csv(partial, index=False))


def main(snakemake: Any) -> None:
    """Map Snakemake's job to arguments."""
    params = snakemake.params
    describe_devices(params.noise_models, params.circuit, params.entangling_layers, Path(snakemake.output[0]))


if "snakemake" in globals():
    run(main, globals()["snakemake"])
