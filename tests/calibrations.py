"""Made-up calibrations, and fake backends to compare with."""

import json
from functools import cache

from qgnn_d2d.quantum.hardware import backends
from qgnn_d2d.settings.base import validated
from qgnn_d2d.settings.calibration import Calibration

fake = cache(backends.called)
"""A fake backend, made once."""


def content(readout=(0.01, 0.02, 0.03, 0.04), errors=None, sx=None, **changes):
    """Return a calibration file's content.

    ``readout``: by qubit; ``errors``: pair to the error of its cx, by default of a row; ``sx``: qubit to error of sx.
    """
    errors = {(q, q + 1): 0.01 for q in range(len(readout) - 1)} if errors is None else errors
    qubits = [
        {
            "t1_s": 1e-4, "t2_s": 9e-5, "reads_1_in_0": error, "reads_0_in_1": error,
            "reset_s": 1e-6, "measure_s": 1e-6,
            "sx": {"error": (sx or {}).get(q, 0.0), "duration_s": 4e-8}, "x": {"error": 0.0, "duration_s": 4e-8},
        }
        for q, error in enumerate(readout)
    ]  # fmt: skip
    pairs = [{"qubits": list(pair), "error": error, "duration_s": 4e-7} for pair, error in errors.items()]
    about = {"format": 1, "device": "tiny", "dt_s": 4e-9, "two_qubit_gate": "cx"}
    return {**about, "qubits": qubits, "pairs": pairs, **changes}


def calibration(*arguments, **changes):
    """Return a made-up calibration; arguments as of `content`."""
    return validated(Calibration, content(*arguments, **changes))


def write(path, data):
    """Write a calibration file as its owner would, and return its name."""
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return str(path)
