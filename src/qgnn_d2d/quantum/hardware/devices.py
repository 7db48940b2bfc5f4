"""The registry of devices: PennyLane's simulators, and calibrations of real devices.

A calibration is a snapshot of a real device in qiskit-ibm-runtime (a fake backend). A star uses three
of its qubits, a line leaf - center - edge, and `Line` is that part of the device: a Qiskit target of three qubits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args

from ...checks import require_choice
from ...settings.noise import Calibration, NoiseModel

if TYPE_CHECKING:  # Qiskit is loaded only where a device is built
    from qiskit.transpiler import Target

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
_PAIRS = ((0, 1), (1, 0), (0, 2), (2, 0))  # positions in ROLES that are neighbors


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
    """Return the line that a noise model names, readout without errors where it inverts them.

    Raises:
        ValueError: The line that it chooses is no line of usable pairs.
    """
    if noise.depolarizing is not None:
        return depolarizing_line(noise.depolarizing)
    assert noise.device is not None
    line = device_line(noise.device, None if noise.line is None else (noise.line[0], noise.line[1], noise.line[2]))
    # Inverting the readout map of exact expectation values leaves what perfect readout measures.
    return replace(line, readout=Line.readout) if noise.invert_readout else line


@lru_cache
def backend(device: str) -> Any:
    """Return the fake backend called ``device``.

    Raises:
        ValueError: It is not in `CALIBRATIONS`.
    """
    require_choice("device", device, CALIBRATIONS)
    from qiskit_ibm_runtime import fake_provider

    return getattr(fake_provider, device)()


@lru_cache
def device_line(device: str, chosen: tuple[int, int, int] | None = None) -> Line:
    """Return a line of a calibrated device (see `line_of`).

    Raises:
        ValueError: An unknown device, or a choice that is no line of usable pairs.
    """
    return line_of(backend(device), device, chosen)


def line_of(backend: Any, device: str, chosen: tuple[int, int, int] | None = None) -> Line:
    """Return a line of a device, found by rule or chosen.

    The rule: among the qubits with two usable neighbors, the center has the smallest readout error, because it alone
    is measured; its neighbors have the smallest two-qubit errors, the leaf the smaller one. Ties go to the smaller
    qubit number. A pair is usable when every direction in which the device has its two-qubit gate is calibrated with
    an error below 1.

    Args:
        backend: A Qiskit backend whose target is calibrated. Its properties, if it has any, tell how often each state
            is misread; a target knows their mean only, which then counts for both states.
        device: Its name.
        chosen: Physical (leaf, center, edge), instead of the rule's.

    Raises:
        ValueError: A gate that stars need is missing, there is no line, or a choice that is no line of usable pairs.
    """
    target = backend.target
    entangler = next((name for name in ENTANGLERS if name in target.operation_names), None)
    if entangler is None:
        raise ValueError(f"device {device} has no two-qubit gate among {', '.join(ENTANGLERS)}")
    missing = [name for name in _NEEDED if name not in target.operation_names]
    if missing:
        raise ValueError(f"device {device} has no {missing[0]}; stars need {', '.join(_NEEDED)}")
    pairs = _usable_pairs(target, entangler)
    if chosen is None:
        chosen = _best_line(target, pairs, device)
    leaf, center, edge = chosen
    qubits = (center, leaf, edge)
    for neighbor in (leaf, edge):
        if frozenset((center, neighbor)) not in pairs or len(set(qubits)) < 3:
            near = sorted(q for pair in pairs if center in pair for q in pair if q != center)
            raise ValueError(
                f"line of {device} is [leaf, center, edge] = {list(chosen)}: it must be three qubits in a row with a "
                f"calibrated {entangler} between neighbors; qubit {center} has such a gate with {near or 'no other'}"
            )
    return Line(device, qubits, _cut(target, qubits, entangler), entangler, _readout(backend, center))


def _readout(backend: Any, qubit: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """How often each state of a qubit is read as each value."""
    properties = backend.properties() if hasattr(backend, "properties") else None
    if properties is None:
        misread = [backend.target["measure"][(qubit,)].error] * 2
    else:
        names = ("prob_meas1_prep0", "prob_meas0_prep1")
        misread = [float(properties.qubit_property(qubit, name)[0]) for name in names]
    return (1 - misread[0], misread[0]), (misread[1], 1 - misread[1])


def depolarizing_line(probability: float) -> Line:
    """Return a synthetic line: cx followed by two-qubit depolarizing noise, sx and x by one of a tenth of it.

    Args:
        probability: p, of the cx, from 0 to 1. rho becomes (1 - p) rho + p I / 4; readout is perfect, and nothing
            takes time.
    """
    from qiskit.circuit import Measure, Parameter, Reset
    from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
    from qiskit.transpiler import InstructionProperties, QubitProperties, Target

    target = Target(num_qubits=3, qubit_properties=[QubitProperties() for _ in ROLES])
    target.add_instruction(RZGate(Parameter("angle")), {(q,): InstructionProperties(error=0.0) for q in range(3)})
    # A target holds average gate infidelities: p (d - 1) / d for depolarizing noise in d dimensions.
    for gate in (SXGate(), XGate()):
        target.add_instruction(gate, {(q,): InstructionProperties(error=probability / 10 / 2) for q in range(3)})
    target.add_instruction(CXGate(), {pair: InstructionProperties(error=probability * 3 / 4) for pair in _PAIRS})
    for operation in (Reset(), Measure()):
        target.add_instruction(operation, {(q,): InstructionProperties(error=0.0) for q in range(3)})
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
        row[f"{name}_two_qubit_error"] = _pair_error(target, line.entangler, 0, neighbor)
        durations = [target[line.entangler][pair].duration for pair in _directions(target, line.entangler, 0, neighbor)]
        row[f"{name}_two_qubit_ns"] = None if None in durations else 1e9 * max(durations)
    return row


def _directions(target: Target, entangler: str, a: int, b: int) -> list[tuple[int, int]]:
    """The orders of two qubits in which the target has its two-qubit gate."""
    return [pair for pair in ((a, b), (b, a)) if pair in target[entangler]]


def _pair_error(target: Target, entangler: str, a: int, b: int) -> float:
    """The largest error over a pair's directions; infinite where one is not calibrated."""
    found = [target[entangler][pair] for pair in _directions(target, entangler, a, b)]
    return max((math.inf if entry is None or entry.error is None else entry.error for entry in found), default=math.inf)


def _usable_pairs(target: Target, entangler: str) -> dict[frozenset[int], float]:
    """Usable pairs of neighbors to their two-qubit error."""
    errors = {frozenset(pair): _pair_error(target, entangler, *pair) for pair in target[entangler]}
    return {pair: error for pair, error in errors.items() if error < 1}


def _best_line(target: Target, pairs: Mapping[frozenset[int], float], device: str) -> tuple[int, int, int]:
    """The (leaf, center, edge) that the rule of `line_of` finds."""
    neighbors: dict[int, list[tuple[float, int]]] = {}
    for (a, b), error in pairs.items():
        neighbors.setdefault(a, []).append((error, b))
        neighbors.setdefault(b, []).append((error, a))
    centers = [(target["measure"][(q,)].error, q) for q, near in neighbors.items() if len(near) > 1]
    if not centers:
        raise ValueError(f"device {device} has no three usable qubits in a row")
    _, center = min(centers)
    (_, leaf), (_, edge) = sorted(neighbors[center])[:2]
    return leaf, center, edge


def _cut(target: Target, qubits: Sequence[int], entangler: str) -> Target:
    """The part of a target that concerns ``qubits``, renumbered 0, 1, 2."""
    from qiskit.transpiler import Target

    position = {qubit: i for i, qubit in enumerate(qubits)}
    properties = [target.qubit_properties[qubit] for qubit in qubits]
    part = Target(num_qubits=len(qubits), dt=target.dt, qubit_properties=properties)
    for name in (*_NEEDED, entangler):
        inside = {pair: entry for pair, entry in target[name].items() if set(pair) <= set(qubits)}
        entries = {tuple(position[qubit] for qubit in pair): entry for pair, entry in inside.items()}
        part.add_instruction(target.operation_from_name(name), entries)
    return part
