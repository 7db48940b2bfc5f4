"""C1 to C7: what the paper says of two curves, a QGNN's and a GCN's.

What a model reaches after the last epoch (C1, C2, C3, C7) is judged on the large evaluation set, with intervals over
seeds and realizations; the number on the test set, which Fig. 2 shows, is noted with it. Curves (C4, C5, C6) are on the
training and test set, and their intervals over seeds. Nothing is picked by test performance. Under ``released`` the
models' curve and WMMSE's line are in two different quantities, as the public code draws them; C3 and C4 then compare
the two numbers as drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..analysis import values
from ..analysis.convergence import SHARE, Curves, epochs_to_share, first_epoch_above, of_run
from ..analysis.statistics import interval_of, mean_draws
from ..io import read_csv, read_json
from ..objective import BOUND, trained_quantity, wmmse_quantity
from ..report.markdown import interval, number
from ..settings import Study
from ..settings.config import ClaimPair
from .claim import ANY, Claim, Evidence, Measurement, Samples, evaluated, height, measure, percent_above


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
    optimum: Mapping[str, float]  # split (train, test) to the optimum in the models' quantity, or its bound; NaN: none
    headroom: str  # how far the optimum lies above WMMSE on the evaluation set, both in the models' quantity, in words
    gcn_small: Scores | None = None  # a GCN of the QGNN's number of parameters, if there is one


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the files that the evidence is read from; None for a study without pairs."""
    pairs = study.config.claims
    if not pairs:
        return None
    return files_of(study, [run for pair in pairs for run in pair.runs])


def files_of(study: Study, runs: Sequence[str]) -> dict[str, list[str]]:
    """Return the files that the evidence of some runs, all of one scenario, is read from."""
    runs = list(dict.fromkeys(runs))
    scenario = study.runs[runs[0]].scenario
    return {
        "curves": [study.trained(run, "curves.csv") for run in runs],
        "manifests": [study.trained(run, "manifest.json") for run in runs],
        "evaluated": [study.trained(run, "evaluation.nc") for run in runs],
        "baselines": [study.solved(scenario, "summary.csv")],
        "solved": [study.solved(scenario, "evaluation.nc")],
    }


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return the pairs of the config."""
    return list(pairs(study, study.config.claims, files))


def pairs(
    study: Study, chosen: Sequence[ClaimPair], files: Mapping[str, Sequence[str]], num_seeds: int | None = None
) -> list[Pair]:
    """Return pairs of runs, from the files that `files_of` names; ``num_seeds`` takes only each run's first ones."""
    curves = pd.concat([read_csv(path) for path in files["curves"]])
    manifests = [read_json(path) for path in files["manifests"]]
    parameters = {entry["settings"]["id"]: entry["num_parameters"]["total"] for entry in manifests}
    scored = evaluated(study, files["evaluated"])
    baselines, solved = read_csv(files["baselines"][0]), values.load(files["solved"][0])

    def scores(run: str) -> Scores:
        steps = -(-study.splits["train"] // study.runs[run].training.batch_size)
        own = of_run(run, curves)
        own = Curves(own.epochs, own.train[:num_seeds], own.test[:num_seeds])
        return Scores(own, scored[run][:num_seeds], parameters[run], steps)

    found = []
    for pair in chosen:
        protocol = study.runs[pair.qgnn].protocol
        line, own = wmmse_quantity(protocol).name, trained_quantity(protocol).name
        optimum = {split: _ceiling(own, split, baselines)[1] for split in ("train", "test")}
        qgnn, gcn, *small = map(scores, pair.runs)
        found.append(
            Pair(
                protocol, pair.models, pair.primary, pair.runs, qgnn, gcn, height("wmmse", line, "test", baselines),
                solved[line].sel(solver="wmmse").values[np.newaxis], optimum, headroom(own, baselines), *small,
            )
        )  # fmt: skip
    return found


def headroom(metric: str, baselines: pd.DataFrame) -> str:
    """Say how far the optimum lies above WMMSE on the evaluation set, as far as that is known.

    Args:
        metric: The quantity.
        baselines: The solvers' means (`values.summarize`) by split.
    """
    ceiling, most = _ceiling(metric, "evaluation", baselines)
    if ceiling is None:
        return "no optimum was searched for"
    above = number(100 * (most / height("wmmse", metric, "evaluation", baselines) - 1))
    if ceiling == BOUND:
        rows = baselines.query("metric == @metric and split == 'evaluation' and solver == @ceiling")
        share = number(100 * rows["certified_share"].item())
        return f"the optimum, certified for {share} % of this set, is at most {above} % above WMMSE"
    return f"on this set the certified optimum is {above} % above WMMSE"


def _ceiling(metric: str, split: str, baselines: pd.DataFrame) -> tuple[str | None, float]:
    """Return what no method can exceed on a split, the certified optimum or else its bound, and its height."""
    known = baselines.query("metric == @metric and split == @split")["solver"].to_list()
    found = next((name for name in ("optimum", BOUND) if name in known), None)
    return found, math.nan if found is None else height(found, metric, split, baselines)


def _on_both_sets(
    statistic: Callable[..., Samples], larger: Sequence[Samples], test: Sequence[Samples], note: str = "",
    **facts: Any,
) -> Measurement:  # fmt: skip
    """Measure on the evaluation set, and note the test set's number beside it."""
    also = measure(statistic, *test)
    beside = f"test set {interval(also.value, also.low, also.high)}"
    return measure(statistic, *larger, note="; ".join(filter(None, [note, beside])), **facts)


def _final_rate(evidence: Pair) -> Measurement:
    qgnn, wmmse = evidence.qgnn, float(evidence.wmmse_values.mean())
    in_nats = f" ({number(wmmse * math.log(2))} in nats)" if wmmse_quantity(evidence.protocol).unit != "nats" else ""
    return _on_both_sets(lambda rate: rate, [qgnn.evaluation], [qgnn.final], wmmse=wmmse, in_nats=in_nats)


def _gain_over_gcn(evidence: Pair, note: str = "", **facts: Any) -> Measurement:
    qgnn, gcn = evidence.qgnn, evidence.gcn
    sets = [qgnn.evaluation, gcn.evaluation], [qgnn.final, gcn.final]
    return _on_both_sets(percent_above, *sets, note, headroom=evidence.headroom, **facts)


def _gcn_over_wmmse(evidence: Pair) -> Measurement:
    gcn, line = evidence.gcn, np.full(2, evidence.wmmse)
    return _on_both_sets(percent_above, [gcn.evaluation, evidence.wmmse_values], [gcn.final, line])


def _passes_wmmse(evidence: Pair) -> Measurement:
    curves, epochs, line = evidence.qgnn.curves.test, evidence.qgnn.curves.epochs, evidence.wmmse
    mean = curves.mean(axis=0)
    (drawn,) = mean_draws(curves)
    ends = interval_of(np.array([first_epoch_above(curve, line, epochs) for curve in drawn]))
    crossed = epochs[mean > line]
    first = f"epoch {crossed[0]}" if len(crossed) else "never"
    note = f"first crossing: {first}; {(curves[:, -1] > line).sum()} of {len(curves)} seeds end above"
    stays = first_epoch_above(mean, line, epochs)
    facts: dict[str, Any] = {
        "below": 100 * (1 - float(mean[-1]) / line), "wmmse": line,
        "crossed": f"at epoch {crossed[0]}" if len(crossed) else "at no epoch",
        "stays": f"from epoch {stays:.0f} on" if math.isfinite(stays) else "from no epoch on",
    }  # fmt: skip
    return Measurement(stays, *ends, note, facts)


def _train_test_gap(evidence: Pair) -> Measurement:
    optimum = evidence.optimum

    def gap(train: Samples, test: Samples) -> Samples:
        return 100 * np.abs(train / optimum["train"] - test / optimum["test"])

    def gap_difference(qgnn_train: Samples, qgnn_test: Samples, gcn_train: Samples, gcn_test: Samples) -> Samples:
        return gap(qgnn_train, qgnn_test) - gap(gcn_train, gcn_test)

    if not np.isfinite(list(optimum.values())).all():
        return Measurement(np.nan, -np.inf, np.inf, "no optimum was searched for")
    pairs = [(model.curves.train[:, -1], model.final) for model in (evidence.qgnn, evidence.gcn)]
    curves = [float(gap(train.mean(), test.mean())) for train, test in pairs]
    seeds = [gap(train, test).mean() for train, test in pairs]
    raw = [100 * abs(train.mean() - test.mean()) / train.mean() if train.mean() else 0.0 for train, test in pairs]
    note = (
        f"mean curves: QGNN {curves[0]:.2f}, GCN {curves[1]:.2f} points; mean over the single seeds' gaps: "
        f"{seeds[0]:.2f}, {seeds[1]:.2f} points; |train - test|/train of the mean curves: {raw[0]:.2f} %, "
        f"{raw[1]:.2f} %"
    )
    facts = {"qgnn_gap": curves[0], "gcn_gap": curves[1]}
    return _paired_models(gap_difference, pairs, note, **facts)


def _paired_models(
    statistic: Callable[..., Samples], pairs: Sequence[tuple[Samples, Samples]], note: str, **facts: Any
) -> Measurement:
    """Measure a statistic of two models' means on two sets: a model's own two belong together, seed by seed."""
    means = [sample.mean() for pair in pairs for sample in pair]
    drawn = mean_draws(*(np.stack(pair, axis=1) for pair in pairs))  # (draws, 2) of each model
    ends = interval_of(statistic(*(column for both in drawn for column in both.T)))
    return Measurement(float(statistic(*means)), *ends, note, facts)


def _converged(scores: Scores) -> Samples:
    """Return the epochs to 95 % of the seeds that improve on the untrained model."""
    epochs = epochs_to_share(scores.curves.test, scores.curves.epochs)
    return epochs[np.isfinite(epochs)]


def _convergence(evidence: Pair) -> Measurement:
    models = evidence.qgnn, evidence.gcn
    converged = [_converged(scores) for scores in models]
    if min(map(len, converged)) < 2:
        return Measurement(
            np.nan, -np.inf, np.inf, "fewer than two seeds of one model improve on the untrained one by a fifth"
        )
    means = [scores.curves.test.mean(axis=0) for scores in models]
    areas = [float(mean.mean()) / evidence.wmmse for mean in means]
    steps = [values * scores.steps for values, scores in zip(converged, models, strict=True)]
    level = SHARE * min(float(mean[-1]) for mean in means)  # which both mean curves reach
    absolute = [
        int(scores.curves.epochs[(mean >= level).argmax()]) * scores.steps
        for mean, scores in zip(means, models, strict=True)
    ]
    note = (
        f"QGNN {converged[0].mean():.1f}, GCN {converged[1].mean():.1f} epochs "
        f"({len(converged[0])} and {len(converged[1])} seeds improve by a fifth on the untrained model and count); "
        f"mean curves to the level {level:.3f}, which both reach: {absolute[0]}, {absolute[1]} steps; area under the "
        f"curve per epoch over WMMSE's line {areas[0]:.3f} and {areas[1]:.3f}"
    )
    qgnn, gcn = (float(values.mean()) for values in converged)
    small = ""
    if evidence.gcn_small is not None and len(needed := _converged(evidence.gcn_small)):
        at_size = f"GCN of {evidence.gcn_small.parameters} parameters"
        note += f"; a {at_size} {needed.mean():.1f} epochs ({len(needed)} seeds)"
        small = f"; a {at_size} {needed.mean() * evidence.gcn_small.steps:.0f}"
    facts: dict[str, Any] = {
        "qgnn_epochs": qgnn, "gcn_epochs": gcn, "qgnn_steps": float(steps[0].mean()),
        "gcn_steps": float(steps[1].mean()), "small": small,
        "level": level, "qgnn_to_level": absolute[0], "gcn_to_level": absolute[1],
    }  # fmt: skip
    return measure(np.subtract, *steps, note=note, **facts)


def _matches_with_fewer_parameters(evidence: Pair) -> Measurement:
    counts = evidence.qgnn.parameters, evidence.gcn.parameters
    note, counted, small = f"{counts[0]} against {counts[1]} parameters", f"{counts[0]:,} against {counts[1]:,}", ""
    if counts[0] >= counts[1]:
        return Measurement(-np.inf, -np.inf, -np.inf, f"{note}: not fewer", {"small": "", "counts": counted})
    if evidence.gcn_small is not None:
        over = measure(percent_above, evidence.qgnn.evaluation, evidence.gcn_small.evaluation)
        size = evidence.gcn_small.parameters
        note += f"; QGNN over a GCN of {size} parameters: {interval(over.value, over.low, over.high)} %"
        small = f", and {number(over.value)} % from that of a GCN of {size} parameters"
    return _gain_over_gcn(evidence, note, small=small, counts=counted)


CLAIMS = (
    Claim(
        "C1", "final test sum rate of the QGNN", "about 2.67 bps/Hz", "value after the last epoch, 2.64 to 2.70",
        (2.64, 2.70),
        _final_rate, Pair, "fig2",
        "The QGNN ends at {value} and WMMSE at {wmmse}{in_nats}; the paper's numbers put WMMSE near 2.5.",
    ),
    Claim(
        "C2", "gain of the QGNN over the GCN", "about 6 %", "QGNN over GCN in %, 5 to 7", (5.0, 7.0),
        _gain_over_gcn, Pair, "fig2",
        "The QGNN ends {value} % above the GCN (negative: below it); {headroom}.",
    ),
    Claim(
        "C3", "the GCN plateaus at the WMMSE level", "equal", "GCN over WMMSE in %, -1 to 1", (-1.0, 1.0),
        _gcn_over_wmmse, Pair, "fig2",
        "The GCN's mean ends {value} % from WMMSE (full-power start, 100 iterations).",
    ),
    Claim(
        "C4", "the QGNN surpasses WMMSE early", "by epoch 4",
        "first epoch from which the mean curve stays above WMMSE, at most 4", (0.0, 4.0), _passes_wmmse, Pair, "fig2",
        "The mean test curve is above WMMSE's line at {wmmse} {crossed} for the first time, and {stays}; it ends "
        "{below} % below the line (negative: above it).",
    ),
    Claim(
        "C5", "the QGNN's train and test curves align more closely than the GCN's", "by eye",
        "final |train - test| of the mean curves, each in percent of its own set's certified optimum, QGNN minus GCN "
        "in points, at most 0", (-ANY, 0.0), _train_test_gap, Pair, "fig2",
        "In percent of their sets' optima, the mean curves on training and test set end {qgnn_gap} points apart for "
        "the QGNN and {gcn_gap} for the GCN.",
    ),
    Claim(
        "C6", "the QGNN converges faster than the GCN", "by eye",
        "gradient steps to 95 % of the own final value, QGNN minus GCN, at most 0", (-ANY, 0.0), _convergence, Pair,
        "fig2",
        "To 95 % of its own final value the QGNN needs {qgnn_steps} steps ({qgnn_epochs} epochs), the GCN {gcn_steps} "
        "({gcn_epochs} epochs){small}. To {level}, which both mean curves reach, it is {qgnn_to_level} and "
        "{gcn_to_level} steps.",
    ),
    Claim(
        "C7", "the QGNN matches classical performance with fewer parameters", "no count",
        "QGNN over GCN in %, at least -1, with fewer parameters", (-1.0, ANY), _matches_with_fewer_parameters, Pair,
        "fig2",
        "With {counts} parameters, its sum rate is {value} % from the GCN's{small}.",
    ),
)  # fmt: skip
