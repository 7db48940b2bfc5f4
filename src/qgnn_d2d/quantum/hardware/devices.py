"""The registry of devices: PennyLane's simulators, and calibrations of real devices.

A calibration is a snapshot of a real device in qiskit-ibm-runtime (a fake backend). A star uses three
of its qubits, a line leaf - center - edge, and `Line` is that part of the device: a Qiskit target of three qubits.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

from qiskit.circuit import Measure, Parameter, Reset
from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
from qiskit.exceptions import QiskitError
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from ...checks import require_choice
from ...settings.noise import Calibration, NoiseModel

SIMULATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "default.qubit": ("backprop", {}),
    "lightning.qubit": ("adjoint", {}),
    "qiskit.aer": ("parameter-shift", {"method": "statevector"}),
}
"""PennyLane devices without noise: how they are differentiated, and their options.

``qiskit.aer`` is Qiskit Aer through PennyLane's plugin. Noise does not go this way (docs/noise.md says why):
`quantum.estimators` runs Aer with noise.
"""

CALIBRATIONS: tuple[str, ...] = get_args(Calibration)
"""Classes of qiskit_ibm_runtime.fake_provider that can be used; the list is `settings.noise.Calibration`."""

ROLES = ("center", "leaf", "edge")
"""The qubits of a line, in the order that they have in circuits."""

ENTANGLERS = ("cx", "cz", "ecr")
_NEEDED = ("rz", "sx", "x", "reset", "measure", "delay")


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


def line_for(noise: NoiseModel) -> Line:
    """Return the line that a noise model names (see `line_of`), readout without errors where it inverts them."""
    if noise.depolarizing is not None:
        return depolarizing_line(noise.depolarizing)
    assert noise.device is not None
    line = device_line(noise.device, None if noise.line is None else tuple(noise.line))
    # Inverting the readout map of exact expectation values leaves what perfect readout measures.
    return replace(line, readout=Line.readout) if noise.invert_readout else line


@lru_cache
def backend(device: str) -> Any:
    """Return the fake backend called ``device``; a ValueError if it is not in `CALIBRATIONS`."""
    require_choice("device", device, CALIBRATIONS)
    from qiskit_ibm_runtime import fake_provider

    return getattr(fake_provider, device)()


@lru_cache
def device_line(device: str, chosen: tuple[int, ...] | None = None) -> Line:
    """Return a line of a calibrated device; a ValueError for an unknown device, or see `line_of`."""
    return line_of(backend(device), device, chosen)


def line_of(backend: Any, device: str, chosen: tuple[int, ...] | None = None) -> Line:
    """Return a line of a device, found by rule or chosen.

    The rule: among the qubits with two usable neighbors, the center has the smallest readout error, because it alone
    is measured; its neighbors have the smallest two-qubit errors, the leaf the smaller one. Ties go to the smaller
    qubit number. A pair is usable when every direction in which the device has its two-qubit gate is calibrated with
    an error below 1.

    Args:
        backend: A Qiskit backend whose target is calibrated. Its properties, if it has any that do, tell how often each
            state is misread; a target knows their mean only, which then counts for both states.
        device: Its name.
        chosen: Physical (leaf, center, edge), instead of the rule's.

    Raises:
        ValueError: A gate that stars need is missing, there is no line, or a choice that is no line of usable pairs.
    """
    target = getattr(backend, "target", None)
    if target is None:
        raise ValueError(f"device {device} is of type {type(backend).__name__}, without a target; Qiskit's V2 have one")
    entangler = next((name for name in ENTANGLERS if name in target.operation_names), None)
    if entangler is None:
        raise ValueError(f"device {device} has no two-qubit gate among {', '.join(ENTANGLERS)}")
    missing = [name for name in _NEEDED if name not in target.operation_names]
    if missing:
        raise ValueError(f"device {device} has no {missing[0]}; stars need {', '.join(_NEEDED)}")
    if None in (target[entangler] or {None: None}) or None in (target["measure"] or {None: None}):
        raise ValueError(f"device {device} has no calibrated {entangler} and measure; stars need their errors by qubit")
    near: dict[int, list[tuple[float, int]]] = {}  # qubit to its usable neighbors, the best first
    for pair, error in _pair_errors(target, entangler).items():
        for qubit in pair:
            if error < 1:
                near[qubit] = sorted([*near.get(qubit, []), *((error, other) for other in pair - {qubit})])
    if chosen is None:
        centers = [(_mean_misread(target, qubit), qubit) for qubit, found in near.items() if len(found) > 1]
        if not centers:
            raise ValueError(f"device {device} has no three usable qubits in a row")
        center = min(centers)[1]
        chosen = near[center][0][1], center, near[center][1][1]
    leaf, center, edge = chosen
    neighbors = sorted(qubit for _, qubit in near.get(center, []))
    if leaf == edge or not {leaf, edge} <= set(neighbors):
        raise ValueError(
            f"line of {device} is [leaf, center, edge] = {list(chosen)}: it must be three qubits in a row with a "
            f"calibrated {entangler} between neighbors; qubit {center} has such a gate with {neighbors or 'no other'}"
        )
    misread = _misread(backend, center)
    if not max(misread) <= 1:
        raise ValueError(f"device {device} has no calibrated measurement of qubit {center}; stars need its error")
    qubits, readout = (center, leaf, edge), ((1 - misread[0], misread[0]), (misread[1], 1 - misread[1]))
    return Line(device, qubits, _cut(target, qubits, entangler), entangler, readout)


def _misread(backend: Any, qubit: int) -> tuple[float, float]:
    """How often |0> is read as 1, and |1> as 0: the target's mean for both where the properties do not say."""
    properties = backend.properties() if callable(getattr(backend, "properties", None)) else None
    if properties is not None:
        with contextlib.suppress(
            ValueError, QiskitError
        ):  # the backend of `AerSimulator.from_backend` has none of the two
            once, back = (properties.qubit_property(qubit, f"prob_meas{1 - i}_prep{i}")[0] for i in (0, 1))
            return float(once), float(back)
    return (_mean_misread(backend.target, qubit),) * 2


def _mean_misread(target: Target, qubit: int) -> float:
    """How often a qubit is misread, the mean of both states; infinite where this is not calibrated."""
    entry = target["measure"].get((qubit,))
    return math.inf if entry is None or entry.error is None else entry.error


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
    errors = _pair_errors(target, line.entangler)
    for name, neighbor in (("leaf", 1), ("edge", 2)):
        row[f"{name}_two_qubit_error"] = errors[frozenset((0, neighbor))]
        durations = [entry.duration for pair, entry in target[line.entangler].items() if neighbor in pair]
        row[f"{name}_two_qubit_ns"] = None if None in durations else 1e9 * max(durations)
    return row


def _pair_errors(target: Target, entangler: str) -> dict[frozenset[int], float]:
    """Pairs of neighbors to the larger error of their directions; infinite where one is not calibrated."""
    errors: dict[frozenset[int], float] = {}
    for pair, entry in target[entangler].items():
        error = math.inf if entry is None or entry.error is None else entry.error
        errors[frozenset(pair)] = max(error, errors.get(frozenset(pair), 0.0))
    return errors


def _cut(target: Target, qubits: Sequence[int], entangler: str) -> Target:
    """The part of a target that concerns ``qubits``, renumbered 0, 1, 2."""
    position = {qubit: i for i, qubit in enumerate(qubits)}
    known = target.qubit_properties or {}
    properties = [known[qubit] if known else QubitProperties() for qubit in qubits]
    part = Target(num_qubits=len(qubits), dt=target.dt, qubit_properties=properties)
    for name in (*_NEEDED, entangler):
        inside = {pair: entry for pair, entry in target[name].items() if set(pair) <= set(qubits)}
        entries = {tuple(position[qubit] for qubit in pair): entry for pair, entry in inside.items()}
        part.add_instruction(target.operation_from_name(name), entries)
    return part
