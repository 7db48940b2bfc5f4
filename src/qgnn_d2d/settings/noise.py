"""Noise models: the devices that circuits run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from . import calibration
from .base import Count, Settings, Whole

StoredDevice = Literal["FakeLagosV2", "FakePerth", "FakeManilaV2", "FakeTorino", "FakeSherbrooke"]
"""Devices whose calibration is a file of this library, in quantum/hardware/calibrations/."""
Mitigation = Literal["raw", "readout", "linear", "richardson"]


class NoiseModel(Settings):
    """A device with a stored calibration, one of your own, or a level of depolarizing noise."""

    device: StoredDevice | None = None
    """A device with a stored calibration: a fake backend of qiskit-ibm-runtime."""
    calibration: str | None = None
    """A calibration file of your own (JSON), relative to this config file's folder."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")] | None = None
    """SHA-256 of that file, which the file must then have; its own where not given. So runs know what they used."""
    line: Annotated[list[Whole], Field(min_length=3, max_length=3)] | None = None
    """Physical qubits [leaf, center, edge]; chosen by a rule where not given."""
    idle: bool = False
    """Whether qubits relax while they wait."""
    invert_readout: bool = False
    """Whether the readout error is undone exactly, as readout inversion does in expectation."""
    depolarizing: Annotated[float, Field(ge=0, le=1)] | None = None
    """Depolarizing probability of the two-qubit gate; one-qubit gates have a tenth of it."""

    @model_validator(mode="before")
    @classmethod
    def _with_the_files_hash(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not isinstance(data.get("calibration"), str) or data.get("sha256"):
            return data
        return {**data, "sha256": calibration.read(data["calibration"])[1]}

    @model_validator(mode="after")
    def _one_of_three(self) -> NoiseModel:
        if [self.device, self.calibration, self.depolarizing].count(None) != 2:
            raise ValueError("a noise model must have one of the keys device, calibration, depolarizing")
        if self.depolarizing is not None and (self.line or self.idle or self.invert_readout):
            raise ValueError("line, idle and invert_readout go with the keys device and calibration only")
        if self.calibration is None and self.sha256 is not None:
            raise ValueError("sha256 goes with the key calibration only")
        return self


def with_flags(models: dict[str, NoiseModel]) -> dict[str, NoiseModel]:
    """Return noise models with the flagged forms of every device: ``<name>_idle`` and ``<name>_inverted``.

    Example:
        >>> list(with_flags({"lagos": NoiseModel(device="FakeLagosV2"), "p1": NoiseModel(depolarizing=1.0)}))
        ['lagos', 'p1', 'lagos_idle', 'lagos_inverted']
    """
    return models | {
        f"{name}_{flag}": model.model_copy(update={option: True})
        for name, model in models.items()
        for flag, option in {"idle": "idle", "inverted": "invert_readout"}.items()
        if model.depolarizing is None
    }


class AerCheck(Settings):
    """The subset of stars that Aer runs with real shots on every device."""

    realizations: Count = 2
    """The first realizations of the test set."""
    shots: Count = 1024
    """Measurements per expectation value and noise scale factor."""
    repeats: Annotated[Count, Field(ge=2)] = 100
    """Draws of the engine's shots on the same realizations."""


class Resources(Settings):
    """What the figure `resources` counts."""

    k: Annotated[list[Count], Field(min_length=1)]
    """Leaves per star."""
    device: StoredDevice
    """Device whose couplings the full-width circuits are routed on."""


class Hardware(Settings):
    """What `snakemake hardware` measures through Qiskit Runtime; it is no part of `all`."""

    backend: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+\z")]
    """A fake backend, AerSimulator, or a device of the saved IBM Quantum account."""
    realizations: Count = 1
    """The first realizations of the test set."""
    shots: Count = 1024
    """Measurements per expectation value and noise scale factor."""
    mitigation: Mitigation = "readout"
    """What is done to the measured values."""


class NoiseStudy(Settings):
    """The noise study: which run is evaluated under which noise models."""

    run: str
    """Id of the run that is trained without noise and evaluated under every noise model."""
    devices: Annotated[list[str], Field(min_length=1)]
    """Noise models of the figures `noise` and `shots`."""
    levels: list[str] = []
    """Depolarizing noise models of the figure's sweep."""
    unaware: list[str] = []
    """Noise models that stand in the table without a training of their own."""
    shots: Annotated[list[Count], Field(min_length=1)]
    """Measurements per expectation value."""
    aer: AerCheck = AerCheck()
    """The subset of stars that Aer runs with real shots."""
    resources: Resources
    """What the figure `resources` counts."""
    hardware: Hardware
    """What `snakemake hardware` measures."""

    @property
    def names(self) -> list[str]:
        """All noise models of the study, each once."""
        return list(dict.fromkeys([*self.devices, *self.levels, *self.unaware]))
