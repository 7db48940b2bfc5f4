"""What claims C1 to C7 are measured on: the config's pairs of a QGNN and a GCN."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from ..analysis import values
from ..analysis.convergence import Curves, of_run
from ..analysis.values import CERTIFIED_SHARE
from ..io import read_csv, read_json
from ..objective import BEST_FOUND, BOUND, trained_quantity, wmmse_quantity
from ..report.markdown import number
from ..settings import Study
from ..settings.config import ClaimPair
from ..solvers import METHODS
from .claim import Evidence, Samples, evaluated, height

STARTS = ("wmmse_1000", "wmmse_single_1000")
"""The methods that C3 and C4 note beside WMMSE's line: each start alone."""


@dataclass(frozen=True)
class Scores:
    """What one model's claims are measured on."""

    curves: Curves  # on the training and the test set
    evaluation: Samples  # values on the evaluation set after the last epoch, (S, N)
    parameters: int  # of one seed
    steps: int = 1  # gradient steps per epoch

    @property
    def final(self) -> Samples:
        """Test values after the last epoch, (S,)."""
        return self.curves.test[:, -1]


@dataclass(frozen=True)
class Pair(Evidence):
    """Two models that the paper's sentences about curves are applied to: C1 to C7."""

    qgnn: Scores
    gcn: Scores
    wmmse: float  # the height of WMMSE's line on the test set
    wmmse_values: Samples  # WMMSE on the evaluation set, (1, N), in the quantity of its line
    # Split (train, test) to the optimum in the models' quantity, or the best known value in its place; NaN: none.
    optimum: Mapping[str, float]
    headroom: str  # how far the optimum lies above WMMSE on the evaluation set, both in the models' quantity, in words
    gcn_small: Scores | None = None  # a GCN of the QGNN's number of parameters, if there is one
    line: str = METHODS["wmmse"].label  # which WMMSE the line is, in words
    # WMMSE of other starts or iterations, in words, to its height on the test set and its values on the evaluation set.
    starts: Mapping[str, tuple[float, Samples]] = field(default_factory=dict)
    certified: float = 1.0  # smaller share of realizations of the two sets whose optimum is certified


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the files that the evidence is read from; None for a study without pairs."""
    pairs = study.config.claims
    return files_of(study, [run for pair in pairs for run in pair.runs]) if pairs else None


def files_of(study: Study, runs: Sequence[str]) -> dict[str, list[str]]:
    """Return the files that the evidence of some runs is read from."""
    runs = list(dict.fromkeys(runs))
    scenarios = _scenarios(study, runs)
    return {
        "curves": [study.trained(run, "curves.csv") for run in runs],
        "manifests": [study.trained(run, "manifest.json") for run in runs],
        "evaluated": [study.trained(run, "evaluation.nc") for run in runs],
        "baselines": [study.solved(scenario, "summary.csv") for scenario in scenarios],
        "solved": [study.solved(scenario, "evaluation.nc") for scenario in scenarios],
    }


def _scenarios(study: Study, runs: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(study.runs[run].scenario for run in runs))


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return the pairs of the config."""
    return list(of_files(study, study.config.claims, files))


def of_files(
    study: Study, chosen: Sequence[ClaimPair], files: Mapping[str, Sequence[str]], num_seeds: int | None = None
) -> list[Pair]:
    """Return pairs of runs, from the files that `files_of` names; ``num_seeds`` takes only each run's first ones."""
    curves = pd.concat([read_csv(path) for path in files["curves"]])
    manifests = [read_json(path) for path in files["manifests"]]
    parameters = {entry["settings"]["id"]: entry["num_parameters"]["total"] for entry in manifests}
    scored = evaluated(study, files["evaluated"])
    by_scenario = {
        scenario: (read_csv(baselines), values.load(solved))
        for scenario, baselines, solved in zip(
            _scenarios(study, list(parameters)), files["baselines"], files["solved"], strict=True
        )
    }

    def scores(run: str) -> Scores:
        steps = -(-study.splits["train"] // study.runs[run].training.batch_size)
        own = of_run(run, curves)
        own = Curves(own.epochs, own.train[:num_seeds], own.test[:num_seeds])
        return Scores(own, scored[run][:num_seeds], parameters[run], steps)

    found = []
    for pair in chosen:
        scenario, protocol = study.runs[pair.qgnn].scenario, study.runs[pair.qgnn].protocol
        baselines, solved = by_scenario[scenario]
        line, own = wmmse_quantity(protocol).name, trained_quantity(protocol).name
        best = [_best_known(own, split, baselines) for split in ("train", "test")]
        qgnn, gcn, *small = map(scores, pair.runs)
        is_first = scenario == study.first_scenario
        lines = {name: _line(name, line, baselines, solved) for name in (pair.wmmse, *STARTS)}
        found.append(
            Pair(
                protocol, pair.models, pair.primary and is_first, pair.runs, qgnn, gcn, *lines[pair.wmmse],
                dict(zip(("train", "test"), (mean for mean, _ in best), strict=True)),
                headroom(own, baselines, pair.wmmse), small[0] if small else None, METHODS[pair.wmmse].label,
                {METHODS[name].label: lines[name] for name in STARTS}, min(share for _, share in best),
                column=scenario if pair.primary and not is_first else "",
            )
        )  # fmt: skip
    return found


def _line(solver: str, metric: str, baselines: pd.DataFrame, solved: xr.Dataset) -> tuple[float, Samples]:
    """Return a method's mean on the test set, and its values on the evaluation set, (1, N)."""
    return height(solver, metric, "test", baselines), solved[metric].sel(solver=solver).values[np.newaxis]


def headroom(metric: str, baselines: pd.DataFrame, wmmse: str = "wmmse") -> str:
    """Say how far the optimum lies above WMMSE on the evaluation set, as far as that is known.

    Args:
        metric: The quantity.
        baselines: The solvers' means (`values.summarize`) by split.
        wmmse: Which WMMSE.
    """
    means = baselines.query("metric == @metric and split == 'evaluation'").set_index("solver")
    above = 100 * (means["mean"] / means.loc[wmmse, "mean"] - 1)
    if "optimum" in above:
        return f"on this set the certified optimum is {number(above['optimum'])} % above WMMSE"
    if BOUND in above:
        share = number(100 * means.loc[BOUND, CERTIFIED_SHARE])
        return (
            f"on this set the best powers known are {number(above[BEST_FOUND])} % above WMMSE, and the optimum, "
            f"certified for {share} %, is at most {number(above[BOUND])} % above it"
        )
    return "no optimum was searched for"


def _best_known(metric: str, split: str, baselines: pd.DataFrame) -> tuple[float, float]:
    """Return the optimum's mean on a split, or that of the best powers known, and the share that is certified."""
    means = baselines.query("metric == @metric and split == @split").set_index("solver")
    if BEST_FOUND in means.index:
        return float(means.loc[BEST_FOUND, "mean"]), float(means.loc[BEST_FOUND, CERTIFIED_SHARE])
    return (float(means.loc["optimum", "mean"]), 1.0) if "optimum" in means.index else (math.nan, 0.0)
