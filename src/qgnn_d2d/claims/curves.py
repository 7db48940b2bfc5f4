"""C1 to C7: what the paper says of two curves, a QGNN's and a GCN's.

What a model reaches after the last epoch (C1, C2, C3, C7) is judged on the large evaluation set, with intervals over
seeds and realizations; the number on the test set, which Fig. 2 shows, is noted with it. Curves (C4, C5, C6) are on the
training and test set, and their intervals over seeds. Nothing is picked by test performance. Under ``released`` the
models' curve and WMMSE's line are in two different quantities, as the public code draws them; C3 and C4 then compare
the two numbers as drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..analysis.convergence import SHARE, epochs_to_share, first_epoch_above
from ..analysis.statistics import interval_of, mean_draws
from ..objective import wmmse_quantity
from ..report.markdown import interval, number
from .claim import ANY, Claim, Measurement, Samples, measure, percent_above
from .pairs import Pair, Scores, evidence, inputs

__all__ = ["CLAIMS", "evidence", "inputs"]


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
    over = (
        f"over {start} {number(float(percent_above(gcn.evaluation.mean(), samples.mean())))} %"
        for start, (_, samples) in evidence.starts.items()
    )
    note = "; ".join([f"line: {evidence.line}", *over])
    sets = [gcn.evaluation, evidence.wmmse_values], [gcn.final, line]
    return _on_both_sets(percent_above, *sets, note, line=evidence.line)


def _passes_wmmse(evidence: Pair) -> Measurement:
    curves, epochs, line = evidence.qgnn.curves.test, evidence.qgnn.curves.epochs, evidence.wmmse
    mean = curves.mean(axis=0)
    (drawn,) = mean_draws(curves)
    ends = interval_of(np.array([first_epoch_above(curve, line, epochs) for curve in drawn]))
    crossed = epochs[mean > line]
    first = f"epoch {crossed[0]}" if len(crossed) else "never"
    note = f"first crossing: {first}; {(curves[:, -1] > line).sum()} of {len(curves)} seeds end above"
    for start, (height_of_start, _) in evidence.starts.items():
        note += f"; above {start}: {number(first_epoch_above(mean, height_of_start, epochs), 0)}"
    stays = first_epoch_above(mean, line, epochs)
    facts: dict[str, Any] = {
        "below": 100 * (1 - float(mean[-1]) / line), "wmmse": line, "line": evidence.line,
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
    if evidence.certified < 1:
        note = f"in percent of the best known value (optimum certified for {100 * evidence.certified:.0f} %); {note}"
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


def _steps_until_it_stays(scores: Scores) -> float:
    """Return the mean number of steps from which a seed's curve stays above 95 % of its final value."""
    counted = np.isfinite(epochs_to_share(scores.curves.test, scores.curves.epochs))
    curves, epochs = scores.curves.test[counted], scores.curves.epochs
    return scores.steps * float(np.mean([first_epoch_above(curve, SHARE * curve[-1], epochs) for curve in curves]))


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
        f"until the curves stay above 95 %: {_steps_until_it_stays(models[0]):.0f}, "
        f"{_steps_until_it_stays(models[1]):.0f} steps; "
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
        "The GCN's mean ends {value} % from that of {line}.",
    ),
    Claim(
        "C4", "the QGNN surpasses WMMSE early", "by epoch 4",
        "first epoch from which the mean curve stays above WMMSE, at most 4", (0.0, 4.0), _passes_wmmse, Pair, "fig2",
        "The mean test curve is above the line of {line} ({wmmse}) {crossed} for the first time, and {stays}; it "
        "ends {below} % below the line (negative: above it).",
    ),
    Claim(
        "C5", "the QGNN's train and test curves align more closely than the GCN's", "by eye",
        "final |train - test| of the mean curves, each in percent of its own set's optimum, QGNN minus GCN "
        "in points, at most 0", (-ANY, 0.0), _train_test_gap, Pair, "fig2",
        "In percent of their sets' optima, the mean curves on training and test set end {qgnn_gap} points apart for "
        "the QGNN and {gcn_gap} for the GCN.",
    ),
    Claim(
        "C6", "the QGNN converges faster than the GCN", "by eye",
        "gradient steps until 95 % of the own final value is first reached, QGNN minus GCN, at most 0",
        (-ANY, 0.0), _convergence, Pair,
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
