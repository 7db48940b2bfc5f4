"""Qiskit backends by name, and their calibrations as data: files that outlive the package that a backend comes from."""

from __future__ import annotations

import contextlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.transpiler import InstructionProperties, Target

from ...io import write_text
from ...own_code import imported
from ...settings.base import validated
from ...settings.calibration import Calibration
from .devices import ENTANGLERS

_NEEDED = ("rz", "sx", "x", "reset", "measure", "delay")


def called(name: str) -> Any:
    """Return a Qiskit backend by its name.

    Args:
        name: A class of qiskit_ibm_runtime.fake_provider; ``AerSimulator``; ``module:function``, which is called
            without arguments and returns a backend; or the name of a real device that the user's own saved account
            gives access to.

    Raises:
        ValueError: No such function; or no such device for that account, or no saved account.
    """
    if ":" in name:
        return _made_by(name)
    if name == "AerSimulator":
        from qiskit_aer import AerSimulator

        return AerSimulator()
    from qiskit_ibm_runtime import QiskitRuntimeService, fake_provider

    if name in fake_names():
        return getattr(fake_provider, name)()
    try:
        return QiskitRuntimeService().backend(name)
    except Exception as error:  # the service has no common base class for a missing account and an unknown device
        raise ValueError(
            f"backend is {name!r}; it must be a fake backend of qiskit-ibm-runtime, such as FakeLagosV2, or "
            f"AerSimulator, module:function, or a device of a saved IBM Quantum account "
            f"({' '.join(str(error).split())})"
        ) from error


def fake_names() -> list[str]:
    """Return the names of the fake backends that qiskit-ibm-runtime has."""
    from qiskit_ibm_runtime import fake_provider
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    classes: dict[str, Any] = {name: kind for name, kind in vars(fake_provider).items() if isinstance(kind, type)}
    return sorted(name for name, kind in classes.items() if issubclass(kind, FakeBackendV2) and kind.backend_name)


def _made_by(name: str) -> Any:
    function = imported("backend", name)
    try:
        return function()
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"backend {name}: it must be a function without arguments that returns a backend "
            f"({' '.join(str(error).split())})"
        ) from error


def exported(backend: Any, device: str) -> Calibration:
    """Return the calibration of a Qiskit backend as data.

    Args:
        backend: A backend whose target is calibrated. Its properties, if it has any that do, say how often each state
            is misread; a target has their mean only, which then counts for both states.
        device: The device's name, in tables: letters, digits and _ . -

    Raises:
        ValueError: A gate or an error that stars need is missing, rz is not free of errors, or a number is none that a
            calibration has.

    Example:
        >>> from qiskit.providers.fake_provider import GenericBackendV2
        >>> found = exported(GenericBackendV2(4, seed=0), "four")
        >>> found.two_qubit_gate, len(found.pairs), found.source.package
        ('cx', 12, 'qiskit')
    """
    target = getattr(backend, "target", None)
    if not isinstance(target, Target):
        raise ValueError(f"device {device} is of type {type(backend).__name__}, without a target; Qiskit's V2 have one")
    entangler = next((name for name in ENTANGLERS if name in target.operation_names), None)
    if entangler is None:
        raise ValueError(f"device {device} has no two-qubit gate among {', '.join(ENTANGLERS)}")
    missing = [name for name in _NEEDED if name not in target.operation_names]
    if missing:
        raise ValueError(f"device {device} has no {missing[0]}; stars need {', '.join(_NEEDED)}")
    uncalibrated = [name for name in ("sx", "x", entangler, "measure") if not _errors(target, name)]
    if uncalibrated:
        names = " and ".join(uncalibrated)
        raise ValueError(f"device {device} has no calibrated {names}; stars need their errors by qubit")
    for place, error in _errors(target, "rz").items():
        if error:
            raise ValueError(f"device {device} has rz with error {error:g} on qubit {place[0]}; stars need one without")
    properties = _properties_of(backend)
    content = {
        "format": 1, "device": device, "source": _source(backend), "date": _date(properties), "dt_s": target.dt,
        "two_qubit_gate": entangler,
        "qubits": [_qubit(target, properties, qubit) for qubit in range(target.num_qubits)],
        "pairs": [{"qubits": list(pair), **_gate(entry)} for pair, entry in target[entangler].items()],
    }  # fmt: skip
    return validated(Calibration, content, f"device {device}")


def save(calibration: Calibration, path: Path | str) -> None:
    """Write a calibration file, one line per qubit and pair; its name must end in .json.

    Raises:
        ValueError: It does not.
        OSError: It cannot be written.
    """
    if Path(path).suffix != ".json":
        raise ValueError(f"file is {Path(path).name!r}; it must end in .json")
    content = calibration.model_dump(mode="json", exclude_none=True)
    rows = {key: content.pop(key) for key in ("qubits", "pairs")}
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    for key, entries in rows.items():
        lines.append(f" {json.dumps(key)}: [\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in entries) + "\n ]")
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _properties_of(backend: Any) -> Any:
    """The properties of IBM's backends, None of others."""
    return backend.properties() if callable(getattr(backend, "properties", None)) else None


def _errors(target: Target, name: str) -> dict[tuple[int, ...], float]:
    """Qubits to the errors of an operation, where they are calibrated."""
    entries = {place: entry for place, entry in (target[name] or {}).items() if place is not None and entry is not None}
    return {place: entry.error for place, entry in entries.items() if entry.error is not None}


def _gate(entry: InstructionProperties | None) -> dict[str, Any]:
    return {} if entry is None else {"error": entry.error, "duration_s": entry.duration}


def _qubit(target: Target, properties: Any, qubit: int) -> dict[str, Any]:
    """Everything about one qubit."""
    known, place = target.qubit_properties[qubit] if target.qubit_properties else None, (qubit,)
    once, back = _misread(target, properties, qubit)
    reset, measure = (_gate(target[name].get(place)).get("duration_s") for name in ("reset", "measure"))
    return {
        "t1_s": getattr(known, "t1", None), "t2_s": getattr(known, "t2", None),
        "reads_1_in_0": once, "reads_0_in_1": back,
        "sx": _gate(target["sx"].get(place)), "x": _gate(target["x"].get(place)),
        "reset_s": reset, "measure_s": measure,
    }  # fmt: skip


def _misread(target: Target, properties: Any, qubit: int) -> tuple[float | None, float | None]:
    """How often |0> is read as 1, and |1> as 0: the target's mean for both where the properties do not say."""
    if properties is not None:
        with contextlib.suppress(ValueError, QiskitError):  # `AerSimulator.from_backend` has none of the two
            once, back = (properties.qubit_property(qubit, f"prob_meas{1 - i}_prep{i}")[0] for i in (0, 1))
            return float(once), float(back)
    mean = _errors(target, "measure").get((qubit,))
    return mean, mean


def _source(backend: Any) -> dict[str, str | None]:
    """The package that a backend's class is from, its version, and the backend's name there."""
    packages = metadata.packages_distributions().get(type(backend).__module__.partition(".")[0], [])
    package = packages[0] if packages else None
    version = None if package is None else metadata.version(package)
    return {"package": package, "version": version, "backend": str(getattr(backend, "name", None) or "") or None}


def _date(properties: Any) -> str | None:
    """The day on which a device was last calibrated, where its properties say so."""
    date = getattr(properties, "last_update_date", None)
    return None if date is None else str(date)[:10]
