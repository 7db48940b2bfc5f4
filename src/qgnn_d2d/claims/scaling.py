"""C9: whether stars make the network scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ..analysis import values
from ..analysis.values import HUNDRED
from ..objective import QUANTITIES
from ..report.markdown import number
from ..settings import Study
from .claim import ANY, Claim, Evidence, Measurement, Samples, measure

_RATE = QUANTITIES["sum_rate"].name


@dataclass(frozen=True)
class Scaling(Evidence):
    """One model on networks of several numbers of links, trained at one of them or at each of them: C9."""

    rates: Mapping[int, Samples]  # links to sum rates, (S, N)
    wmmse: Mapping[int, Samples]  # links to WMMSE's sum rates in the same realizations, (N,)
    trained_at: int  # links of the first training
    k: int | None  # leaves per star; None for models without circuits
    circuits: int  # per link, in one inference; 0 for models without circuits


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the files that the evidence is read from; None for a study without a scale study."""
    return {"scaled": study.scale_files("nc")} if study.config.scale else None


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return one evidence per run of every scale study, and one per run that is trained again; the first is primary."""
    found: list[Evidence] = []
    loaded: dict[str, dict[int, xr.Dataset]] = {}
    for path in map(Path, files["scaled"]):
        loaded.setdefault(path.parent.name, {})[int(path.stem)] = values.load(path)
    for name, scale in study.config.scale.items():
        at = dict(sorted(loaded[name].items()))
        wmmse = {links: dataset[HUNDRED].values for links, dataset in at.items()}
        home = study.scenarios[study.runs[scale.runs[0]].scenario].num_links
        how = "at constant density, without retraining" if scale.constant_density else "without retraining"
        for run in scale.runs:
            rates = {links: _rates(dataset, run) for links, dataset in at.items()}
            found.append(_scaling(study, (run,), how, rates, wmmse, home, primary=not found))
        for base in scale.retrained.runs if scale.retrained is not None else []:
            own = {links: run for run, (of, links) in scale.trainings.items() if of == base}
            rates = {links: _rates(at[links], run) for links, run in sorted({home: base, **own}.items())}
            seeds = min(map(len, rates.values()))
            how = f"trained at each number of links, {seeds} seeds"
            rates = {links: scored[:seeds] for links, scored in rates.items()}
            found.append(_scaling(study, (base, *own.values()), how, rates, wmmse, home, primary=False))
    return found


def _scaling(
    study: Study,
    runs: tuple[str, ...],
    how: str,
    rates: Mapping[int, Samples],
    wmmse: Mapping[int, Samples],
    home: int,
    *,
    primary: bool,
) -> Scaling:
    options = dict(study.runs[runs[0]].architecture)
    has_circuits = "circuit" in options
    k, circuits = (options["k"], options["layers"] * options["heads"]) if has_circuits else (None, 0)
    return Scaling("stated", f"{runs[0]}, {how}", primary, runs, rates, wmmse, home, k, circuits)


def _rates(dataset: xr.Dataset, run: str) -> Samples:
    """Return a run's sum rates, (S, N), by seed."""
    found: Samples = dataset.isel(copy=dataset["run"].values == run).sortby("seed")[_RATE].values
    return found


def _change(far: Samples, far_wmmse: Samples, at_home: Samples, home_wmmse: Samples) -> Samples:
    return 100 * (far / far_wmmse - at_home / home_wmmse)


def _scales(evidence: Scaling) -> Measurement:
    largest, home = max(evidence.rates), evidence.trained_at
    means = ", ".join(
        f"{links}: {number(100 * float(rates.mean()) / float(evidence.wmmse[links].mean()))}"
        for links, rates in evidence.rates.items()
    )
    note = f"percent of WMMSE by links: {means}"
    if evidence.k is not None:
        note += (
            f"; {2 * evidence.k + 1} qubits per star, 3 with reset, at any number of links; circuits per network: "
            f"{evidence.circuits} times its links"
        )
    # Networks of different sizes are different draws: their realizations are independent, as the intervals find them.
    wmmse = {links: np.broadcast_to(evidence.wmmse[links], evidence.rates[links].shape) for links in (largest, home)}
    return measure(
        _change, evidence.rates[largest], wmmse[largest], evidence.rates[home], wmmse[home], paired=True, note=note,
        largest=largest, trained_at=home,
    )  # fmt: skip


CLAIMS = (
    Claim(
        "C9", "stars of k neighbors make it scale efficiently on NISQ devices", "no number",
        "percent of WMMSE at the most links minus that at the training's, without retraining, in points, at least -5",
        (-5.0, ANY), _scales, Scaling, "scale",
        "A star costs the same at any size of the network, and the circuits' number grows with the links (figures "
        "resources and scale); from {trained_at} to {largest} links the percentage of WMMSE changes by {value} points. "
        "The paper gives no figure: transfer without retraining is our measure. The claim's section has trainings at "
        "each size, too, and networks that grow at constant density.",
    ),
)  # fmt: skip
