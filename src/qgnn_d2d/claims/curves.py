"""C1 to C7: what the paper says of two curves, a QGNN's and a GCN's.

They are judged on the test set (the paper's kind of evidence), after the last epoch, with nothing picked by test
performance; the larger evaluation set's number is noted with it. Intervals are over seeds, given the realizations.
Under ``released`` the models' curve and WMMSE's line are in two different quantities, as the public code draws them; C3
and C4 then compare the two numbers as drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..analysis.convergence import by_split, epochs_to_share, first_epoch_above, gap
from ..io import read_csv, read_json
from ..objective import trained_quantity, wmmse_quantity
from ..report.markdown import interval, number
from ..settings import Study
from ..solvers import BOUND
from .claim import ANY, Claim, Evidence, Measurement, Samples, evaluated, height, measure, percent_above


@dataclass(frozen=True)
class Scores:
    """What one model's claims are measured on."""

    train: Samples  # curves on the training set, (S, epochs + 1)
    test: Samples  # curves on the test set, (S, epochs + 1)
    evaluation: Samples  # means on the evaluation set after the last epoch, (S,)
    parameters: int  # of one seed
    steps: int = 1  # gradient steps per epoch

    @property
    def final(self) -> Samples:
        """Test values after the last epoch, (S,)."""
        return self.test[:, -1]


@dataclass(frozen=True)
class Pair(Evidence):
    """Two models that the paper's sentences about curves are applied to: C1 to C7."""

    qgnn: Scores
    gcn: Scores
    wmmse: Mapping[str, float]  # split (test, evaluation) to the height of WMMSE's line
    headroom: str  # how far the optimum lies above WMMSE on the test set, both in the models' quantity, in words
    gcn_small: Scores | None = None  # a GCN of the QGNN's number of parameters, if there is one


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the files that the evidence is read from; None for a study without pairs."""
    pairs = study.config.claims
    if not pairs:
        return None
    runs = list(dict.fromkeys(run for pair in pairs for run in pair.runs))
    scenario = study.runs[runs[0]].scenario
    return {
        "curves": [study.trained(run, "curves.csv") for run in runs],
        "manifests": [study.trained(run, "manifest.json") for run in runs],
        "evaluated": [study.trained(run, "evaluation.nc") for run in runs],
        "baselines": [study.solved(scenario, "summary.csv")],
    }


def evidence(study: Study, files: Mapping[str, Sequence[str]]) -> list[Evidence]:
    """Return the pairs of the config."""
    curves = pd.concat([read_csv(path) for path in files["curves"]])
    manifests = [read_json(path) for path in files["manifests"]]
    parameters = {entry["settings"]["id"]: entry["num_parameters"]["total"] for entry in manifests}
    means = evaluated(study, files["evaluated"])
    baselines = read_csv(files["baselines"][0])

    def scores(run: str) -> Scores:
        split = by_split(run, curves)
        steps = -(-study.splits["train"] // study.runs[run].training.batch_size)
        return Scores(split["train"], split["test"], means[run], parameters[run], steps)

    found: list[Evidence] = []
    for pair in study.config.claims:
        protocol = study.runs[pair.qgnn].protocol
        line, own = wmmse_quantity(protocol).name, trained_quantity(protocol).name
        lines = {split: height("wmmse", line, split, baselines) for split in ("test", "evaluation")}
        qgnn, gcn, *small = map(scores, pair.runs)
        found.append(
            Pair(protocol, pair.models, pair.primary, pair.runs, qgnn, gcn, lines, headroom(own, baselines), *small)
        )
    return found


def headroom(metric: str, baselines: pd.DataFrame) -> str:
    """Say how far the optimum lies above WMMSE on the test set, as far as that is known.

    Args:
        metric: The quantity.
        baselines: The solvers' means (`values.summarize`) by split.
    """
    of_test = baselines.query("metric == @metric and split == 'test'").set_index("solver")
    ceiling = next((name for name in ("optimum", BOUND) if name in of_test.index), None)
    if ceiling is None:
        return "no optimum was searched for"
    above = number(100 * (of_test.loc[ceiling, "mean"] / of_test.loc["wmmse", "mean"] - 1))
    if ceiling == BOUND:
        share = number(100 * of_test.loc[BOUND, "certified_share"])
        return f"the optimum, certified for {share} % of this test set, is at most {above} % above WMMSE"
    return f"on this test set the certified optimum is {above} % above WMMSE"


def _on_both_sets(
    statistic: Callable[..., Samples], test: Sequence[Samples], larger: Sequence[Samples], note: str = "",
    **facts: Any,
) -> Measurement:  # fmt: skip
    """Measure on the test set, and note the evaluation set's number beside it."""
    also = measure(statistic, *larger)
    beside = f"evaluation set {interval(also.value, also.low, also.high)}"
    return measure(statistic, *test, note="; ".join(filter(None, [note, beside])), **facts)


def _final_rate(evidence: Pair) -> Measurement:
    qgnn, wmmse = evidence.qgnn, evidence.wmmse["test"]
    in_nats = f" ({number(wmmse * math.log(2))} in nats)" if wmmse_quantity(evidence.protocol).unit != "nats" else ""
    return _on_both_sets(lambda rate: rate, [qgnn.final], [qgnn.evaluation], wmmse=wmmse, in_nats=in_nats)


def _gain_over_gcn(evidence: Pair, note: str = "", **facts: Any) -> Measurement:
    qgnn, gcn = evidence.qgnn, evidence.gcn
    sets = [qgnn.final, gcn.final], [qgnn.evaluation, gcn.evaluation]
    return _on_both_sets(percent_above, *sets, note, headroom=evidence.headroom, **facts)


def _gcn_over_wmmse(evidence: Pair) -> Measurement:
    lines, gcn = {split: np.full(2, height) for split, height in evidence.wmmse.items()}, evidence.gcn
    return _on_both_sets(percent_above, [gcn.final, lines["test"]], [gcn.evaluation, lines["evaluation"]])


def _passes_wmmse(evidence: Pair) -> Measurement:
    curves, line = evidence.qgnn.test, evidence.wmmse["test"]
    value = first_epoch_above(curves.mean(axis=0), line)
    resampled = np.random.default_rng(0).integers(len(curves), size=(999, len(curves)))
    firsts = np.sort([first_epoch_above(curves[seeds].mean(axis=0), line) for seeds in resampled])
    note = f"{(curves[:, -1] > line).sum()} of {len(curves)} seeds end above"
    below = 100 * (1 - float(curves[:, -1].mean()) / line)
    return Measurement(value, float(firsts[24]), float(firsts[974]), note, {"below": below, "wmmse": line})


def _train_test_gap(evidence: Pair) -> Measurement:
    def gap_difference(qgnn_train: Samples, qgnn_test: Samples, gcn_train: Samples, gcn_test: Samples) -> Samples:
        return gap(qgnn_train, qgnn_test) - gap(gcn_train, gcn_test)

    pairs = [(model.train[:, -1], model.final) for model in (evidence.qgnn, evidence.gcn)]
    curves = [float(gap(train.mean(), test.mean())) for train, test in pairs]
    seeds = [gap(train, test).mean() for train, test in pairs]
    note = (
        f"mean curves: QGNN {curves[0]:.2f} %, GCN {curves[1]:.2f} %; "
        f"mean over the single seeds' gaps: {seeds[0]:.2f} %, {seeds[1]:.2f} %"
    )
    facts = {"qgnn_gap": curves[0], "gcn_gap": curves[1]}
    return measure(gap_difference, *pairs[0], *pairs[1], paired=True, note=note, **facts)


def _converged(scores: Scores) -> Samples:
    """Return the epochs to 95 % of the seeds that improve on the untrained model."""
    epochs = epochs_to_share(scores.test)
    return epochs[np.isfinite(epochs)]


def _convergence(evidence: Pair) -> Measurement:
    models = evidence.qgnn, evidence.gcn
    converged = [_converged(scores) for scores in models]
    if min(map(len, converged)) < 2:
        return Measurement(
            np.nan, -np.inf, np.inf, "fewer than two seeds of one model improve on the untrained one by a fifth"
        )
    areas = [(scores.test.mean(axis=1) / evidence.wmmse["test"]).mean() for scores in models]
    steps = [values.mean() * scores.steps for values, scores in zip(converged, models, strict=True)]
    note = (
        f"QGNN {converged[0].mean():.1f}, GCN {converged[1].mean():.1f} epochs, {steps[0]:.0f}, {steps[1]:.0f} steps "
        f"({len(converged[0])} and {len(converged[1])} seeds improve by a fifth on the untrained model and count); "
        f"area under the curve per epoch over WMMSE's line {areas[0]:.3f} and {areas[1]:.3f}"
    )
    qgnn, gcn = (float(values.mean()) for values in converged)
    small = ""
    if evidence.gcn_small is not None and len(needed := _converged(evidence.gcn_small)):
        at_size = f"GCN of {evidence.gcn_small.parameters} parameters {needed.mean():.1f}"
        note += f"; a {at_size} epochs, {needed.mean() * evidence.gcn_small.steps:.0f} steps ({len(needed)} seeds)"
        small = f" (a {at_size})"
    facts = {"qgnn_epochs": qgnn, "gcn_epochs": gcn, "qgnn_steps": steps[0], "gcn_steps": steps[1], "small": small}
    return measure(np.subtract, *converged, note=note, **facts)


def _matches_with_fewer_parameters(evidence: Pair) -> Measurement:
    counts = evidence.qgnn.parameters, evidence.gcn.parameters
    note, counted, small = f"{counts[0]} against {counts[1]} parameters", f"{counts[0]:,} against {counts[1]:,}", ""
    if counts[0] >= counts[1]:
        return Measurement(-np.inf, -np.inf, -np.inf, f"{note}: not fewer", {"small": "", "counts": counted})
    if evidence.gcn_small is not None:
        over = measure(percent_above, evidence.qgnn.final, evidence.gcn_small.final)
        size = evidence.gcn_small.parameters
        note += f"; QGNN over a GCN of {size} parameters: {interval(over.value, over.low, over.high)} %"
        small = f", and {number(over.value)} % from that of a GCN of {size} parameters"
    return _gain_over_gcn(evidence, note, small=small, counts=counted)


CLAIMS = (
    Claim(
        "C1", "final test sum rate of the QGNN", "about 2.67 bps/Hz", "final test value, 2.64 to 2.70", (2.64, 2.70),
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
        "The mean test curve ends {below} % below WMMSE's line at {wmmse} (negative: above it).",
    ),
    Claim(
        "C5", "the QGNN's train and test curves align more closely than the GCN's", "by eye",
        "final |train - test|/train of the mean curves, QGNN minus GCN in points, at most 0", (-ANY, 0.0),
        _train_test_gap, Pair, "fig2",
        "The mean curves on training and test set end {qgnn_gap} % apart for the QGNN and {gcn_gap} % for the GCN.",
    ),
    Claim(
        "C6", "the QGNN converges faster than the GCN", "by eye",
        "epochs to 95 % of the own final value, QGNN minus GCN, at most 0", (-ANY, 0.0), _convergence, Pair, "fig2",
        "To 95 % of its own final value the QGNN needs {qgnn_epochs} epochs ({qgnn_steps} steps), the GCN {gcn_epochs} "
        "({gcn_steps} steps){small}.",
    ),
    Claim(
        "C7", "the QGNN matches classical performance with fewer parameters", "no count",
        "QGNN over GCN in %, at least -1, with fewer parameters", (-1.0, ANY), _matches_with_fewer_parameters, Pair,
        "fig2",
        "With {counts} parameters, its sum rate is {value} % from the GCN's{small}.",
    ),
)  # fmt: skip
