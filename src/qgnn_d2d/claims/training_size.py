"""C8: how many training realizations suffice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..io import read_csv
from ..objective import trained_quantity
from ..report.markdown import number
from ..settings import Study
from .claim import ANY, Claim, Evidence, Measurement, Samples, evaluated, height, measure, percent_above

EXPERIMENT = "training_size"


@dataclass(frozen=True)
class Sizes(Evidence):
    """One model trained on different numbers of realizations, with as many gradient steps: C8."""

    rates: Mapping[int, Samples]  # training realizations to sum rates on the evaluation set, (S, N)
    claimed: int  # the number that is said to suffice
    wmmse: float  # sum rate on the evaluation set


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the files that the evidence is read from; None for a study without the experiment.

    Raises:
        ValueError: A model was not trained on as many realizations as the split train has.
    """
    if not study.has(EXPERIMENT):
        return None
    for model, runs in _by_model(study).items():
        if study.splits["train"] not in runs:
            raise ValueError(
                f"experiments.{EXPERIMENT}: train_size of model {model} is {sorted(runs)}; splits.train = "
                f"{study.splits['train']} must be among them"
            )
    baselines = study.solved(study.scenario_of(EXPERIMENT), "summary.csv")
    return {"sizes": study.evaluated(EXPERIMENT, "evaluation"), "size_baselines": [baselines]}


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return one evidence per model; the QGNN's is primary."""
    scored = evaluated(study, files["sizes"])
    baselines = read_csv(files["size_baselines"][0])
    wmmse = height("wmmse", trained_quantity("stated").name, "evaluation", baselines)
    claimed = study.splits["train"]
    found: list[Evidence] = []
    for model, runs in _by_model(study).items():
        rates = {size: scored[run] for size, run in runs.items()}
        models = f"{model}, {claimed} against more realizations"
        found.append(Sizes("stated", models, model == "qgnn", tuple(runs.values()), rates, claimed, wmmse))
    return found


def _by_model(study: Study) -> dict[str, dict[int, str]]:
    """Return model to training size to run, of eq. (2), the sizes in their order."""
    found: dict[str, dict[int, str]] = {}
    for run in study.select(EXPERIMENT, protocol="stated"):
        settings = study.runs[run]
        if settings.train_size is not None:
            found.setdefault(settings.model, {})[settings.train_size] = run
    return {model: dict(sorted(runs.items())) for model, runs in found.items()}


def _enough_data(evidence: Sizes) -> Measurement:
    claimed, largest = evidence.rates[evidence.claimed], max(evidence.rates)
    means = ", ".join(
        f"{size:,}: {number(100 * float(rates.mean()) / evidence.wmmse)}" for size, rates in evidence.rates.items()
    )
    return measure(
        percent_above, claimed, evidence.rates[largest], paired=True,
        note=f"percent of WMMSE by training realizations: {means}", largest=largest, claimed=evidence.claimed,
    )  # fmt: skip


CLAIMS = (
    Claim(
        "C8", "300 training realizations suffice", "300",
        "sum rate from 300 over that from the most realizations in %, equal gradient steps, at least -1", (-1.0, ANY),
        _enough_data, Sizes, "training_size",
        "From {claimed} realizations the sum rate is {value} % above that from {largest} (negative: below it), after "
        "as many gradient steps.",
    ),
)  # fmt: skip
