"""C10: whether the circuits stand the noise of devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..io import read_csv
from ..report.markdown import interval, number
from ..settings import Study
from .claim import ANY, Claim, Evidence, Measurement


@dataclass(frozen=True)
class Noisy(Evidence):
    """The QGNN under stored calibrations of devices, exact expectation values: C10."""

    kept: Mapping[str, tuple[float, float, float]]  # device to percent of the noiseless sum rate: mean, 95 % interval
    without_circuit: float | None  # the same mean for a network trained with a wholly depolarized circuit, if any


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the files that the evidence is read from; None for a study without a noise study."""
    return {"noise": [study.file("noise", "summary.csv")]} if study.config.noise is not None else None


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return the network trained under the noise (primary), and the one trained without."""
    noise = study.config.noise
    assert noise is not None
    table = read_csv(files["noise"][0])
    raw = table[table["mitigation"] == "raw"].set_index(["training", "noise"])
    columns = ["percent_of_ideal", "percent_of_ideal_low", "percent_of_ideal_high"]
    # The level at which nothing is left of the circuit, if the study has it.
    floor = next((name for name in noise.levels if study.noise_models[name].depolarizing == 1), None)
    aware = tuple(study.aware(name) for name in noise.devices)
    found: list[Evidence] = []
    for training, models, runs in (
        ("aware", "QGNN, trained under the noise", (noise.run, *aware)),
        ("unaware", "QGNN, trained without noise, raw expectation values", (noise.run,)),
    ):
        kept = {name: tuple(raw.loc[(training, name), columns].astype(float)) for name in noise.devices}
        without = None if floor is None else float(raw.loc[(training, floor), columns[0]])
        found.append(Noisy("stated", models, training == "aware", runs, kept, without))
    return found


def _noise_tolerance(evidence: Noisy) -> Measurement:
    worst, kept = min(evidence.kept.items(), key=lambda item: item[1][0])
    note = f"lowest on {worst}; " + ", ".join(
        f"{name} {number(value)}" for name, (value, _, _) in evidence.kept.items()
    )
    floor = ""
    if evidence.without_circuit is not None:
        note += f"; with the circuit wholly depolarized {number(evidence.without_circuit)}"
        if (contribution := 100 - evidence.without_circuit) > 0:
            mean, low, high = (100 * (value - evidence.without_circuit) / contribution for value in kept)
            share = interval(mean, low, high)
            note += f", so of the circuit's own contribution {share} % is kept"
            floor = f", so {share} % of what the circuit contributes"
        floor = f" (without any circuit it keeps {number(evidence.without_circuit)} %{floor})"
    return Measurement(*kept, note=note, facts={"floor": floor})


CLAIMS = (
    Claim(
        "C10", "NISQ-compatible unitaries", "no noise study",
        "percent of the noiseless sum rate kept under stored calibrations, lowest of the devices, at least 95",
        (95.0, ANY), _noise_tolerance, Noisy, "noise",
        "Trained under the noise that it meets, in simulation with stored calibrations, without shots and idle time, "
        "it keeps {value} % [{low}, {high}] of its sum rate on the device where it keeps least{floor}. The range was "
        "set after the numbers were known; no real device was used.",
    ),
)  # fmt: skip
