"""A device's calibration: what its file says of qubits and gates, and how the file is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .base import Positive, Settings, Whole, validated

Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class GateCalibration(Settings):
    """A gate's error and duration."""

    error: Probability | None = None
    """1 - F, F the average gate fidelity; 1 for a broken gate; without it, the gate is not calibrated."""
    duration_s: Seconds | None = None
    """Duration, s."""


class QubitCalibration(Settings):
    """A qubit and its gates. Its rz is a change of frame: free of errors, and instantaneous."""

    t1_s: Positive | None = None
    """Relaxation time T1, s."""
    t2_s: Positive | None = None
    """Dephasing time T2, s."""
    reads_1_in_0: Probability | None = None
    """Probability to read 1 in state 0; without it, the measurement is not calibrated."""
    reads_0_in_1: Probability | None = None
    """Probability to read 0 in state 1."""
    sx: GateCalibration = GateCalibration()
    """The square root of x."""
    x: GateCalibration = GateCalibration()
    """The flip."""
    reset_s: Seconds | None = None
    """Duration of a reset, s."""
    measure_s: Seconds | None = None
    """Duration of a measurement, s."""

    @property
    def misread(self) -> float | None:
        """Probability to be misread, the mean over both states; None where it is not calibrated."""
        if self.reads_1_in_0 is None or self.reads_0_in_1 is None:
            return None
        return (self.reads_1_in_0 + self.reads_0_in_1) / 2


class PairCalibration(GateCalibration):
    """Two coupled qubits, in the direction in which the device has its two-qubit gate."""

    qubits: Annotated[list[Whole], Field(min_length=2, max_length=2)]
    """Their numbers, the control (of ecr, the first qubit) first."""


class Source(Settings):
    """Where a calibration comes from."""

    package: str | None = None
    """Python package."""
    version: str | None = None
    """Its version."""
    backend: str | None = None
    """Name of the backend there."""


class Calibration(Settings):
    """A file that describes a device, in JSON."""

    format: Literal[1]
    """Version of this format."""
    device: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+\z")]
    """The device's name, in tables."""
    source: Source = Source()
    """Where the numbers come from."""
    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z")] | None = None
    """Day of the calibration, year-month-day."""
    dt_s: Positive | None = None
    """The device's step of time, s, which durations are multiples of; idle relaxation needs it."""
    two_qubit_gate: Literal["cx", "cz", "ecr"]
    """The two-qubit gate; the basis gates are rz, sx, x and this one."""
    qubits: Annotated[list[QubitCalibration], Field(min_length=3)]
    """The qubits; a qubit's number is its place, from 0."""
    pairs: Annotated[list[PairCalibration], Field(min_length=1)]
    """The coupled pairs of qubits. A gate that the device has in both directions stands here twice."""

    @model_validator(mode="after")
    def _pairs_are_of_these_qubits(self) -> Calibration:
        seen = set()
        for i, pair in enumerate(self.pairs):
            first, second = pair.qubits
            if first == second or max(pair.qubits) >= len(self.qubits):
                raise ValueError(
                    f"pairs[{i}].qubits is {pair.qubits}; it must be two different qubits below {len(self.qubits)}, "
                    "the number of qubits"
                )
            if (first, second) in seen:
                raise ValueError(f"pairs[{i}].qubits is {pair.qubits}, which stands twice")
            seen.add((first, second))
        return self

    @property
    def coupling(self) -> list[tuple[int, int]]:
        """The coupled pairs of qubits, each in the directions of its gate."""
        return [(first, second) for first, second in (pair.qubits for pair in self.pairs)]


def read(path: Path | str) -> tuple[Calibration, str]:
    """Return a calibration file's content, and its SHA-256 in hexadecimal.

    Raises:
        ValueError: There is no such file, or it is no calibration; the line names file, key, value, what is allowed.
    """
    try:
        raw = Path(path).read_bytes()
        content = json.loads(raw, object_pairs_hook=_with_each_key_once)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a JSON file ({' '.join(str(error).split())[:200]})") from None
    try:
        return validated(Calibration, content, "calibration"), hashlib.sha256(raw).hexdigest()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _with_each_key_once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make a mapping; JSON itself would drop the first of two equal keys."""
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"key {key} stands twice")
        content[key] = value
    return content
