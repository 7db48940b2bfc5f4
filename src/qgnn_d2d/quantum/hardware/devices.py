"""The registry of devices: PennyLane's simulators, and calibrations of real devices.

A calibration is a file (see `settings.calibration`): one of this library's, beside this module, or one's own. A star
uses three of a device's qubits, a line leaf - center - edge, and `Line` is that part of the device: a Qiskit target of
three qubits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from qiskit.circuit import Delay, Gate, Measure, Parameter, Reset
from qiskit.circuit.library import CXGate, CZGate, ECRGate, RZGate, SXGate, XGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from ...checks import require_choice
from ...settings import calibration as files
from ...settings.calibration import Calibration, GateCalibration
from ...settings.noise import NoiseModel, StoredDevice

SIMULATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "default.qubit": ("backprop", {}),
    "lightning.qubit": ("adjoint", {}),
    "qiskit.aer": ("parameter-shift", {"method": "statevector"}),
}
"""PennyLane devices without noise: how they are differentiated, and their options.

``qiskit.aer`` is Qiskit Aer through PennyLane's plugin. Noise does not go this way (docs/noise.md says why):
`quantum.estimators` runs Aer with noise.
"""

CALIBRATIONS: tuple[str, ...] = get_args(StoredDevice)
"""Devices whose calibration is stored here; the list is `settings.noise.StoredDevice`."""

ROLES = ("center", "leaf", "edge")
"""The qubits of a line, in the order that they have in circuits."""

ENTANGLERS: dict[str, type[Gate]] = {"cx": CXGate, "cz": CZGate, "ecr": ECRGate}
"""Two-qubit gates that a device may have."""

_SX_PER_READING = 2 / 3  # X and Y are read through one sx, Z through none
_FOLDER = Path(__file__).with_name("calibrations")


@dataclass(frozen=True, eq=False)
class Line:
    """Three qubits of a device in a row, leaf - center - edge, with their gates and calibration.

    Attributes:
        device: The device's name.
        qubits: The physical qubits of center, leaf and edge.
        target: Qiskit target of these three qubits, numbered as in `ROLES`: gates rz, sx, x and the entangler,
            reset and measurement, with errors and durations.
        entangler: Name of the two-qubit gate.
        readout: ((p00, p01), (p10, p11)) of the center: p_ij is the probability to read j in state i.
    """

    device: str
    qubits: tuple[int, int, int]
    target: Target
    entangler: str
    readout: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.0), (0.0, 1.0))


@lru_cache
def stored(device: str) -> Calibration:
    """Return a stored calibration; a ValueError if ``device`` is not in `CALIBRATIONS`.

    Example:
        >>> found = stored("FakeLagosV2")
        >>> found.date, found.two_qubit_gate, len(found.qubits), found.qubits[3].reads_0_in_1
        ('2024-05-27', 'cx', 7, 0.0188)
    """
    require_choice("device", device, CALIBRATIONS)
    return files.read(_FOLDER / f"{device}.json")[0]


def calibration(device: str) -> Calibration:
    """Return the calibration of a stored device, or of a file of one's own, which ends in .json.

    Raises:
        ValueError: There is no such device; or a bad file (see `settings.calibration.read`).
    """
    return files.read(device)[0] if device.endswith(".json") else stored(device)


def line_for(noise: NoiseModel) -> Line:
    """Return the line that a noise model names, readout without errors where it inverts them.

    Raises:
        ValueError: See `line_of`; or a calibration file is bad, or not the one that the noise model was made with.
    """
    if noise.depolarizing is not None:
        return depolarizing_line(noise.depolarizing)
    chosen = None if noise.line is None else tuple(noise.line)
    if noise.calibration is not None:
        assert noise.sha256 is not None
        line = _line_of_file(noise.calibration, noise.sha256, chosen)
    else:
        assert noise.device is not None
        line = device_line(noise.device, chosen)
    # Inverting the readout map of exact expectation values leaves what perfect readout measures.
    return replace(line, readout=Line.readout) if noise.invert_readout else line


@lru_cache
def device_line(device: str, chosen: tuple[int, ...] | None = None) -> Line:
    """Return a line of a stored device; a ValueError for an unknown device, or see `line_of`."""
    return line_of(stored(device), chosen)


@lru_cache
def _line_of_file(path: str, sha256: str, chosen: tuple[int, ...] | None) -> Line:
    """Return a line of the device that a file describes, if the file is still the same."""
    found, digest = files.read(path)
    if digest != sha256:
        raise ValueError(f"{path}: its SHA-256 is {digest}; it must be {sha256}, as when its noise model was made")
    return line_of(found, chosen)


def line_of(calibration: Calibration, chosen: tuple[int, ...] | None = None) -> Line:
    """Return a line of a device, found by rule or chosen.

    The rule: among the qubits with two usable neighbors, the center has the smallest readout error, because it alone is
    measured; two thirds of its sx error count with it, as of X, Y and Z two are read through an sx. Its neighbors have
    the smallest sums of the two-qubit error and their own sx error, the leaf the smaller one. Ties go to the smaller
    qubit number. A pair is usable when every direction in which the device has its two-qubit gate, and sx and x of both
    qubits, are calibrated with an error below 1.

    Args:
        calibration: The device.
        chosen: Physical (leaf, center, edge), instead of the rule's.

    Raises:
        ValueError: There is no line, or a choice that is no line of usable pairs.

    Example:
        >>> line_of(stored("FakeLagosV2")).qubits  # center, leaf, edge
        (3, 1, 5)
    """
    device, gate, qubits = calibration.device, calibration.two_qubit_gate, calibration.qubits
    near: dict[int, list[tuple[float, int]]] = {}  # qubit to its usable neighbors, the best first
    for pair, error in _pair_errors(calibration).items():
        if max(error, *(_error(getattr(qubits[qubit], name)) for qubit in pair for name in ("sx", "x"))) < 1:
            for qubit in pair:
                (other,) = pair - {qubit}
                near[qubit] = sorted([*near.get(qubit, []), (error + _error(qubits[other].sx), other)])
    if chosen is None:
        centers = [
            (misread + _SX_PER_READING * _error(qubits[qubit].sx), qubit)
            for qubit, found in near.items()
            if len(found) > 1 and (misread := qubits[qubit].misread) is not None
        ]
        if not centers:
            raise ValueError(f"device {device} has no three usable qubits in a row, the middle one with a readout")
        center = min(centers)[1]
        chosen = near[center][0][1], center, near[center][1][1]
    leaf, center, edge = chosen
    neighbors = sorted(qubit for _, qubit in near.get(center, []))
    if leaf == edge or not {leaf, edge} <= set(neighbors):
        raise ValueError(
            f"line of {device} is [leaf, center, edge] = {list(chosen)}: it must be three qubits in a row with a "
            f"calibrated {gate} between neighbors, and with sx and x; qubit {center} has such a gate with "
            f"{neighbors or 'no other'}"
        )
    once, back = qubits[center].reads_1_in_0, qubits[center].reads_0_in_1
    if once is None or back is None:
        raise ValueError(f"device {device} has no calibrated measurement of qubit {center}; stars need its error")
    line = (center, leaf, edge)
    return Line(device, line, _cut(calibration, line), gate, ((1 - once, once), (back, 1 - back)))


@lru_cache
def depolarizing_line(probability: float) -> Line:
    """Return a synthetic line: cx followed by two-qubit depolarizing noise, sx and x by one of a tenth of it.

    With probability p, from 0 to 1, rho becomes (1 - p) rho + p I / 4; readout is perfect, and nothing takes time.
    """
    target = Target(num_qubits=3, qubit_properties=[QubitProperties() for _ in ROLES])
    # A target holds average gate infidelities: p (d - 1) / d for depolarizing noise in d dimensions.
    one, two = probability / 10 / 2, probability * 3 / 4
    each, pairs = ((0,), (1,), (2,)), ((0, 1), (1, 0), (0, 2), (2, 0))  # positions in ROLES
    for operation, places, error in (
        (RZGate(Parameter("angle")), each, 0.0), (SXGate(), each, one), (XGate(), each, one), (CXGate(), pairs, two),
        (Reset(), each, 0.0), (Measure(), each, 0.0),
    ):  # fmt: skip
        target.add_instruction(operation, {place: InstructionProperties(error=error) for place in places})
    return Line(f"depolarizing {probability:g}", (0, 1, 2), target, "cx")


def describe(line: Line) -> dict[str, Any]:
    """Return a line's qubits and calibration as one flat row: errors, T1 and T2 in microseconds, durations in ns."""
    target = line.target
    row: dict[str, Any] = {"device": line.device, "two_qubit_gate": line.entangler}
    row |= {f"{role}_qubit": qubit for role, qubit in zip(ROLES, line.qubits, strict=True)}
    for position, role in enumerate(ROLES):
        row[f"{role}_sx_error"] = target["sx"][(position,)].error
        qubit = target.qubit_properties[position]
        row[f"{role}_t1_us"] = None if qubit.t1 is None else 1e6 * qubit.t1
        row[f"{role}_t2_us"] = None if qubit.t2 is None else 1e6 * qubit.t2
    (_, row["center_reads_1_in_0"]), (row["center_reads_0_in_1"], _) = line.readout
    for name, neighbor in (("leaf", 1), ("edge", 2)):
        entries = [entry for pair, entry in target[line.entangler].items() if neighbor in pair]
        row[f"{name}_two_qubit_error"] = max(entry.error for entry in entries)
        durations = [entry.duration for entry in entries]
        row[f"{name}_two_qubit_ns"] = None if None in durations else 1e9 * max(durations)
    return row


def listed() -> list[dict[str, Any]]:
    """Return a row per stored device: device, qubits, two_qubit_gate, date, source (package and version)."""
    return [_summary(stored(device)) for device in CALIBRATIONS]


def details(device: str, chosen: tuple[int, ...] | None = None) -> dict[str, Any]:
    """Return what is known of a device, as one flat row: as in `listed`, and of its line as in `describe`.

    Arguments and errors are those of `calibration` and `line_of`.
    """
    found = calibration(device)
    return _summary(found) | describe(line_of(found, chosen))


def _summary(calibration: Calibration) -> dict[str, Any]:
    source = " ".join(filter(None, [calibration.source.package, calibration.source.version])) or None
    return {
        "device": calibration.device, "qubits": len(calibration.qubits), "two_qubit_gate": calibration.two_qubit_gate,
        "date": calibration.date, "source": source,
    }  # fmt: skip


def _error(gate: GateCalibration) -> float:
    """A gate's error; infinite where it is not calibrated."""
    return math.inf if gate.error is None else gate.error


def _pair_errors(calibration: Calibration) -> dict[frozenset[int], float]:
    """Pairs of neighbors to the larger error of their directions; infinite where one is not calibrated."""
    errors: dict[frozenset[int], float] = {}
    for pair in calibration.pairs:
        neighbors = frozenset(pair.qubits)
        errors[neighbors] = max(_error(pair), errors.get(neighbors, 0.0))
    return errors


def _cut(calibration: Calibration, line: Sequence[int]) -> Target:
    """The part of a device that concerns three qubits, renumbered 0, 1, 2."""
    qubits, position = [calibration.qubits[qubit] for qubit in line], {qubit: i for i, qubit in enumerate(line)}

    def each(*entries: InstructionProperties | None) -> dict[tuple[int, ...], InstructionProperties | None]:
        return {(i,): entry for i, entry in enumerate(entries) if entry is not None}

    part = Target(
        num_qubits=len(qubits), dt=calibration.dt_s,
        qubit_properties=[QubitProperties(t1=qubit.t1_s, t2=qubit.t2_s) for qubit in qubits],
    )  # fmt: skip
    part.add_instruction(RZGate(Parameter("angle")), each(*(InstructionProperties(0.0, 0.0) for _ in qubits)))
    part.add_instruction(SXGate(), each(*(_properties(qubit.sx) for qubit in qubits)))
    part.add_instruction(XGate(), each(*(_properties(qubit.x) for qubit in qubits)))
    part.add_instruction(Reset(), each(*(InstructionProperties(qubit.reset_s) for qubit in qubits)))
    measure = (InstructionProperties(qubit.measure_s, qubit.misread) for qubit in qubits)
    part.add_instruction(Measure(), each(*measure))
    part.add_instruction(Delay(Parameter("time")), each(*(InstructionProperties() for _ in qubits)))
    pairs = {
        tuple(position[qubit] for qubit in pair.qubits): _properties(pair)
        for pair in calibration.pairs
        if set(pair.qubits) <= set(line)
    }
    part.add_instruction(ENTANGLERS[calibration.two_qubit_gate](), pairs)
    return part


def _properties(gate: GateCalibration) -> InstructionProperties:
    return InstructionProperties(gate.duration_s, gate.error)
