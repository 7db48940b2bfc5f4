"""The paper's claims as data: what was said, how it is measured, and the rules that give the verdicts.

A claim has a range that the paper's words allow (`Claim.allowed`), and is measured on evidence: pairs of trained models
(C1 to C7), training sizes (C8), network sizes (C9), device noise (C10). A measurement is "reproduced" where our whole
95 % interval lies in the range, "not reproduced" where the interval and the range are disjoint, "undecided" where the
interval reaches over the range's edge, and "not testable" where there is nothing to measure.

The claim's own verdict is that of its primary evidence: the paper's models at the paper's point, tuned, in eq. (2)
(`stated`). If that is not "reproduced", but the same models in the public code's quantities (`released`) are, it is
"reproduced only in the released quantities". All other evidence stands beside.

C1 to C7 are judged on the test set (the paper's kind of evidence), after the last epoch, with nothing picked by test
performance; the larger evaluation set's number stands beside. C8 to C10 are judged on the larger sets. Intervals are
over seeds, given the realizations. Under ``released`` the models' curve and WMMSE's line are in two different
quantities, as the public code draws them; C3 and C4 then compare the two numbers as drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..analysis.convergence import by_split, epochs_to_share, first_epoch_above, gap
from ..analysis.statistics import bootstrap_interval

WMMSE_METRIC = {"stated": "sum_rate", "released": "released_wmmse_rate"}
"""Protocol to the quantity of WMMSE's line."""

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"
ONLY_RELEASED, NOT_TESTABLE = "reproduced only in the released quantities", "not testable"
VERDICTS = (REPRODUCED, ONLY_RELEASED, UNDECIDED, NOT_REPRODUCED, NOT_TESTABLE)

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """What one model's claims are measured on.

    Attributes:
        train: Curves on the training set, (S, epochs + 1).
        test: Curves on the test set, (S, epochs + 1).
        evaluation: Means on the evaluation set after the last epoch, (S,).
        parameters: Trainable parameters of one seed.
        steps: Gradient steps per epoch.
    """

    train: Samples
    test: Samples
    evaluation: Samples
    parameters: int
    steps: int = 1

    @property
    def final(self) -> Samples:
        """Test values after the last epoch, (S,)."""
        return self.test[:, -1]


@dataclass(frozen=True)
class Evidence:
    """What a claim can be measured on.

    Attributes:
        protocol: ``stated`` or ``released``.
        models: Whose models these are and how they were trained, in words.
        primary: Whether the claim's own verdict comes from it.
        runs: The trainings that it rests on.
    """

    protocol: str
    models: str
    primary: bool
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Pair(Evidence):
    """Two models that the paper's sentences about curves are applied to: C1 to C7.

    Attributes:
        qgnn: The QGNN.
        gcn: The GCN.
        wmmse: Split (``test``, ``evaluation``) to the height of WMMSE's line.
        headroom: How far the certified optimum lies above WMMSE on the test set, both in the models' quantity, percent.
        gcn_small: A GCN of the QGNN's number of parameters, if there is one.
    """

    qgnn: Scores
    gcn: Scores
    wmmse: Mapping[str, float]
    headroom: float
    gcn_small: Scores | None = None


@dataclass(frozen=True)
class Sizes(Evidence):
    """One model trained on different numbers of realizations, with as many gradient steps: C8.

    Attributes:
        rates: Training realizations to sum rates on the evaluation set, (S,).
        claimed: The number that is said to suffice.
        wmmse: Sum rate of WMMSE on the evaluation set.
    """

    rates: Mapping[int, Samples]
    claimed: int
    wmmse: float


@dataclass(frozen=True)
class Scaling(Evidence):
    """One model trained at one number of links and evaluated at others: C9.

    Attributes:
        percent: Links to percent of WMMSE on the same realizations, (S,).
        trained_at: Links of the training.
        k: Leaves per star; None for models without stars.
    """

    percent: Mapping[int, Samples]
    trained_at: int
    k: int | None


@dataclass(frozen=True)
class Noisy(Evidence):
    """The QGNN under stored calibrations of devices, exact expectation values: C10.

    Attributes:
        kept: Device to percent of the sum rate without noise: mean and its 95 % interval over seeds.
        without_circuit: The same for a network trained with a wholly depolarized circuit, if there is one.
    """

    kept: Mapping[str, tuple[float, float, float]]
    without_circuit: float | None


@dataclass(frozen=True)
class Measurement:
    """A number, its 95 % interval over seeds, what to know about it, and numbers or words for the claim's reasons."""

    value: float
    low: float
    high: float
    note: str = ""
    facts: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: C1 to C10.
        words: What the paper says, in short.
        paper: The paper's number, as text.
        quantity: What is measured.
        allowed: Lowest and highest value with which the claim holds.
        measure: Evidence to measurement.
        evidence: The kind of evidence that it is measured on.
        target: Snakemake target that draws the evidence; ``claims`` writes the verdict.
        reasons: Verdict to why, one sentence that may name the primary measurement's facts; a verdict without one gets
            its numbers as reason.
    """

    id: str
    words: str
    paper: str
    quantity: str
    allowed: tuple[float, float]
    measure: Callable[[Any], Measurement]
    evidence: type[Evidence] = Pair
    target: str = "fig2"
    reasons: Mapping[str, str] = field(default_factory=dict)


def _measure(statistic: Callable[..., Samples], *samples: Samples, paired: bool = False) -> Measurement:
    """Measure a statistic of the means of samples over seeds."""
    value = float(statistic(*(sample.mean() for sample in samples)))
    return Measurement(value, *bootstrap_interval(statistic, *samples, paired=paired))


def _also(measured: Measurement, larger: Measurement, note: str = "", **facts: float | str) -> Measurement:
    """Note the evaluation set's number beside the test set's."""
    beside = f"evaluation set {number(larger.value)} [{number(larger.low)}, {number(larger.high)}]"
    return _with(measured, "; ".join(filter(None, [note, beside])), **facts)


def _with(measured: Measurement, note: str, **facts: float | str) -> Measurement:
    return Measurement(measured.value, measured.low, measured.high, note, facts)


def _same(value: Samples) -> Samples:
    return value


def _final_rate(evidence: Pair) -> Measurement:
    qgnn = evidence.qgnn
    return _also(_measure(_same, qgnn.final), _measure(_same, qgnn.evaluation), wmmse=evidence.wmmse["test"])


def _percent_above(value: Samples, reference: Samples) -> Samples:
    return 100 * (value / reference - 1)


def _gain_over_gcn(evidence: Pair, note: str = "") -> Measurement:
    qgnn, gcn = evidence.qgnn, evidence.gcn
    test = _measure(_percent_above, qgnn.final, gcn.final)
    return _also(test, _measure(_percent_above, qgnn.evaluation, gcn.evaluation), note, headroom=evidence.headroom)


def _gcn_over_wmmse(evidence: Pair) -> Measurement:
    lines = {split: np.full(2, height) for split, height in evidence.wmmse.items()}
    test = _measure(_percent_above, evidence.gcn.final, lines["test"])
    return _also(test, _measure(_percent_above, evidence.gcn.evaluation, lines["evaluation"]))


def _passes_wmmse(evidence: Pair) -> Measurement:
    curves, line = evidence.qgnn.test, evidence.wmmse["test"]
    value = first_epoch_above(curves.mean(axis=0), line)
    per_seed = np.array([first_epoch_above(curve, line) for curve in curves])
    generator = np.random.default_rng(0)
    resampled = curves[generator.integers(len(curves), size=(999, len(curves)))].mean(axis=1)
    firsts = np.sort([first_epoch_above(mean, line) for mean in resampled])
    note = f"{np.isfinite(per_seed).sum()} of {len(curves)} seeds end above"
    below = 100 * (1 - float(curves[:, -1].mean()) / line)
    return Measurement(value, float(firsts[24]), float(firsts[974]), note, {"below": below, "wmmse": line})


def _gap_difference(qgnn_train: Samples, qgnn_test: Samples, gcn_train: Samples, gcn_test: Samples) -> Samples:
    return gap(qgnn_train, qgnn_test) - gap(gcn_train, gcn_test)


def _train_test_gap(evidence: Pair) -> Measurement:
    pairs = [(model.train[:, -1], model.final) for model in (evidence.qgnn, evidence.gcn)]
    curves = [float(gap(np.asarray(train.mean()), np.asarray(test.mean()))) for train, test in pairs]
    seeds = [gap(train, test).mean() for train, test in pairs]
    note = (
        f"mean curves: QGNN {curves[0]:.2f} %, GCN {curves[1]:.2f} %; "
        f"mean over the single seeds' gaps: {seeds[0]:.2f} %, {seeds[1]:.2f} %"
    )
    measured = _measure(_gap_difference, *pairs[0], *pairs[1], paired=True)
    return _with(measured, note, qgnn_gap=curves[0], gcn_gap=curves[1])


def _difference(first: Samples, second: Samples) -> Samples:
    return first - second


def _convergence(evidence: Pair) -> Measurement:
    models = evidence.qgnn, evidence.gcn
    epochs = [epochs_to_share(scores.test) for scores in models]
    converged = [values[np.isfinite(values)] for values in epochs]
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
    if evidence.gcn_small is not None:
        needed = epochs_to_share(evidence.gcn_small.test)
        needed = needed[np.isfinite(needed)]
        if len(needed):
            at_size = f"GCN of {evidence.gcn_small.parameters} parameters {needed.mean():.1f}"
            note += f"; a {at_size} epochs, {needed.mean() * evidence.gcn_small.steps:.0f} steps ({len(needed)} seeds)"
            small = f" (a {at_size})"
    facts = {"qgnn_epochs": qgnn, "gcn_epochs": gcn, "qgnn_steps": steps[0], "gcn_steps": steps[1], "small": small}
    return _with(_measure(_difference, *converged), note, **facts)


def _matches_with_fewer_parameters(evidence: Pair) -> Measurement:
    counts = evidence.qgnn.parameters, evidence.gcn.parameters
    note = f"{counts[0]} against {counts[1]} parameters"
    if counts[0] >= counts[1]:
        return Measurement(-np.inf, -np.inf, -np.inf, f"{note}: not fewer", {"small": ""})
    small = ""
    if evidence.gcn_small is not None:
        over = _measure(_percent_above, evidence.qgnn.final, evidence.gcn_small.final)
        size = evidence.gcn_small.parameters
        note += (
            f"; QGNN over a GCN of {size} parameters: {number(over.value)} [{number(over.low)}, {number(over.high)}] %"
        )
        small = f", and {number(over.value)} % from that of a GCN of {size} parameters"
    gain = _gain_over_gcn(evidence, note)
    return _with(gain, gain.note, small=small)


def _enough_data(evidence: Sizes) -> Measurement:
    claimed, largest = evidence.rates[evidence.claimed], max(evidence.rates)
    means = ", ".join(
        f"{size:,}: {number(100 * float(rates.mean()) / evidence.wmmse)}" for size, rates in evidence.rates.items()
    )
    measured = _measure(_percent_above, claimed, evidence.rates[largest], paired=True)
    note = f"percent of WMMSE by training realizations: {means}"
    return _with(measured, note, largest=largest, claimed=evidence.claimed, gain=-measured.value)


def _scales(evidence: Scaling) -> Measurement:
    largest = max(evidence.percent)
    means = ", ".join(f"{links}: {number(float(share.mean()))}" for links, share in evidence.percent.items())
    note = f"percent of WMMSE by links: {means}"
    if evidence.k is not None:
        note += f"; {2 * evidence.k + 1} qubits per star, 3 with reset, at any number of links"
    at_home, far = evidence.percent[evidence.trained_at], evidence.percent[largest]
    measured = _measure(_difference, far, at_home, paired=True)
    return _with(measured, note, largest=largest, trained_at=evidence.trained_at)


def _noise_tolerance(evidence: Noisy) -> Measurement:
    worst, kept = min(evidence.kept.items(), key=lambda item: item[1][0])
    note = f"lowest on {worst}; " + ", ".join(
        f"{name} {number(value)}" for name, (value, _, _) in evidence.kept.items()
    )
    floor = ""
    if evidence.without_circuit is not None:
        note += f"; with the circuit wholly depolarized {number(evidence.without_circuit)}"
        floor = f" (without any circuit it keeps {number(evidence.without_circuit)} %)"
    return Measurement(*kept, note=note, facts={"floor": floor})


_ANY = float("inf")
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "final test sum rate of the QGNN",
        "about 2.67 bps/Hz",
        "final test value, 2.64 to 2.70",
        (2.64, 2.70),
        _final_rate,
        reasons={
            NOT_REPRODUCED: "In bps/Hz WMMSE stands at {wmmse} and the QGNN at {value}; the paper's numbers put WMMSE "
            "near 2.5, where it stands in nats."
        },
    ),
    Claim(
        "C2",
        "gain of the QGNN over the GCN",
        "about 6 %",
        "QGNN over GCN in %, 5 to 7",
        (5.0, 7.0),
        _gain_over_gcn,
        reasons={
            NOT_REPRODUCED: "In part because a star tells its center of few random rivals, the GCN's messages of all, "
            "and on this test set the certified optimum is only {headroom} % above WMMSE."
        },
    ),
    Claim(
        "C3",
        "the GCN plateaus at the WMMSE level",
        "equal",
        "GCN over WMMSE in %, -1 to 1",
        (-1.0, 1.0),
        _gcn_over_wmmse,
        reasons={REPRODUCED: "Tuned, the GCN's mean ends {value} % from WMMSE (full-power start, 100 iterations)."},
    ),
    Claim(
        "C4",
        "the QGNN surpasses WMMSE early",
        "by epoch 4",
        "first epoch from which the mean curve stays above WMMSE, at most 4",
        (0.0, 4.0),
        _passes_wmmse,
        reasons={NOT_REPRODUCED: "The mean test curve ends {below} % below WMMSE's line at {wmmse}."},
    ),
    Claim(
        "C5",
        "the QGNN's train and test curves align more closely than the GCN's",
        "by eye",
        "final |train - test|/train of the mean curves, QGNN minus GCN in points, at most 0",
        (-_ANY, 0.0),
        _train_test_gap,
        reasons={
            UNDECIDED: "Both models' mean curves are about equally close ({qgnn_gap} % and {gcn_gap} %), and seeds "
            "scatter by more than the two differ."
        },
    ),
    Claim(
        "C6",
        "the QGNN converges faster than the GCN",
        "by eye",
        "epochs to 95 % of the own final value, QGNN minus GCN, at most 0",
        (-_ANY, 0.0),
        _convergence,
        reasons={
            NOT_REPRODUCED: "The QGNN needs {qgnn_epochs} epochs ({qgnn_steps} steps) to 95 % of its own final value, "
            "the GCN {gcn_epochs} ({gcn_steps} steps){small}."
        },
    ),
    Claim(
        "C7",
        "the QGNN matches classical performance with fewer parameters",
        "no count",
        "QGNN over GCN in %, at least -1, with fewer parameters",
        (-1.0, _ANY),
        _matches_with_fewer_parameters,
        reasons={NOT_REPRODUCED: "With fewer parameters its sum rate is {value} % from the GCN's{small}."},
    ),
    Claim(
        "C8",
        "300 training realizations suffice",
        "300",
        "sum rate from 300 over that from the most realizations in %, equal gradient steps, at least -1",
        (-1.0, _ANY),
        _enough_data,
        evidence=Sizes,
        target="ablation",
        reasons={
            REPRODUCED: "Training on {largest} realizations does not take this network a percent further.",
            UNDECIDED: "From {claimed} to {largest} realizations it gains {gain} %, within the uncertainty of seeds.",
        },
    ),
    Claim(
        "C9",
        "stars of k neighbors make it scale efficiently on NISQ devices",
        "no number",
        "percent of WMMSE at the most links minus that at the training's, without retraining, in points, at least -5",
        (-5.0, _ANY),
        _scales,
        evidence=Scaling,
        target="scale",
        reasons={
            NOT_REPRODUCED: "A star costs the same at any size of the network, but the sum rate does not carry over: "
            "{value} points from {trained_at} to {largest} links. Retraining was not tried.",
            REPRODUCED: "Qubits per star do not grow with the network, and from {trained_at} to {largest} links the "
            "percentage of WMMSE changes by {value} points.",
        },
    ),
    Claim(
        "C10",
        "NISQ-compatible unitaries",
        "no noise study",
        "percent of the noiseless sum rate kept under stored calibrations, lowest of the devices, at least 95",
        (95.0, _ANY),
        _noise_tolerance,
        evidence=Noisy,
        target="noise",
        reasons={
            REPRODUCED: "Trained under the noise that it meets, in simulation with stored calibrations, it loses "
            "little{floor}. The range was set after the numbers were known; no real device was used."
        },
    ),
)


def verdict(claim: Claim, measured: Measurement) -> str:
    """Return a measurement's verdict by the module's rule.

    Example:
        >>> verdict(CLAIMS[0], Measurement(2.67, 2.65, 2.69)), verdict(CLAIMS[0], Measurement(2.6, 2.5, 2.65))
        ('reproduced', 'undecided')
    """
    low, high = claim.allowed
    if math.isnan(measured.value):
        return NOT_TESTABLE
    if low <= measured.low and measured.high <= high:
        return REPRODUCED
    return NOT_REPRODUCED if measured.high < low or measured.low > high else UNDECIDED


def overall(primary: Mapping[str, str]) -> str:
    """Return a claim's verdict from those of its primary evidence, by protocol.

    Example:
        >>> overall({"stated": "not reproduced", "released": "reproduced"}), overall({"stated": "undecided"})
        ('reproduced only in the released quantities', 'undecided')
    """
    stated = primary.get("stated", NOT_TESTABLE)
    return ONLY_RELEASED if stated != REPRODUCED and primary.get("released") == REPRODUCED else stated


def scores(
    run: str, curves: pd.DataFrame, evaluation: pd.DataFrame, parameters: Mapping[str, int], steps: int = 1
) -> Scores:
    """Collect one run's numbers from tidy tables.

    Args:
        run: Run id.
        curves: (run, seed, epoch, split, metric, value).
        evaluation: (run, seed, value) on the evaluation set, in the run's own metric.
        parameters: Run id to trainable parameters.
        steps: Gradient steps per epoch.

    Raises:
        ValueError: The run is missing.
    """
    split = by_split(run, curves)
    if run not in parameters:
        raise ValueError(f"run {run} has no parameter count")
    return Scores(split["train"], split["test"], last_values(run, evaluation), parameters[run], steps)


def last_values(run: str, evaluation: pd.DataFrame) -> Samples:
    """Return a run's means on the evaluation set by seed, (S,).

    Args:
        run: Run id.
        evaluation: (run, seed, value) on the evaluation set, in the run's own metric.

    Raises:
        ValueError: The run is missing.
    """
    values = evaluation[evaluation["run"] == run].sort_values("seed")["value"].to_numpy()
    if not len(values):
        raise ValueError(f"run {run} has no evaluation")
    return np.asarray(values)


def wmmse_lines(protocol: str, baselines: pd.DataFrame) -> dict[str, float]:
    """Return the height of WMMSE's line (full-power start) on the test and the evaluation set.

    Args:
        protocol: ``stated`` or ``released``.
        baselines: (solver, metric, split, mean, ...).

    Raises:
        ValueError: A line is missing.
    """
    return {split: _height("wmmse", WMMSE_METRIC[protocol], split, baselines) for split in ("test", "evaluation")}


def headroom(metric: str, baselines: pd.DataFrame) -> float:
    """Return how far the certified optimum lies above WMMSE on the test set, in percent.

    Args:
        metric: The quantity that both maximize and are measured in.
        baselines: (solver, metric, split, mean, ...).

    Raises:
        ValueError: A line is missing.
    """
    optimum, wmmse = (_height(solver, metric, "test", baselines) for solver in ("optimum", "wmmse"))
    return 100 * (optimum / wmmse - 1)


def _height(solver: str, metric: str, split: str, baselines: pd.DataFrame) -> float:
    found = baselines.query("solver == @solver and metric == @metric and split == @split")["mean"]
    if len(found) != 1:
        raise ValueError(f"baselines have {len(found)} rows for {solver}, {metric}, {split}; one is needed")
    return float(found.iloc[0])


def judge(evidence: Sequence[Evidence]) -> dict[str, Any]:
    """Measure and judge every claim on all evidence of its kind.

    Returns:
        Plain data, for JSON: ``claims``, a list of id, claim, paper, quantity, allowed, verdict, why, target, and
        ``measurements``: protocol, models, primary, runs, value, low, high, verdict, note. Numbers that are not finite
        are text ("inf", "-inf", "nan").
    """
    judged = []
    for claim in CLAIMS:
        found = [(item, claim.measure(item)) for item in evidence if isinstance(item, claim.evidence)]
        primary = {item.protocol: measured for item, measured in found if item.primary}
        verdict_of_claim = overall({protocol: verdict(claim, measured) for protocol, measured in primary.items()})
        judged.append(
            {
                "id": claim.id,
                "claim": claim.words,
                "paper": claim.paper,
                "quantity": claim.quantity,
                "allowed": [_plain(end) for end in claim.allowed],
                "verdict": verdict_of_claim,
                "why": _why(claim, verdict_of_claim, primary),
                "target": claim.target,
                "measurements": [
                    {
                        "protocol": item.protocol,
                        "models": item.models,
                        "primary": item.primary,
                        "runs": list(item.runs),
                        "value": _plain(measured.value),
                        "low": _plain(measured.low),
                        "high": _plain(measured.high),
                        "verdict": verdict(claim, measured),
                        "note": measured.note,
                    }
                    for item, measured in found
                ],
            }
        )
    return {"claims": judged}


def _why(claim: Claim, reached: str, primary: Mapping[str, Measurement]) -> str:
    """Return the reason for a claim's verdict: the claim's own sentence, or else its numbers."""
    measured = primary.get("released" if reached == ONLY_RELEASED else "stated")
    if measured is None:
        return "The study has no evidence of this kind."
    if math.isnan(measured.value):
        return f"{measured.note[:1].upper()}{measured.note[1:]}."
    facts = {**measured.facts, "value": measured.value}
    words = {name: fact if isinstance(fact, str) else number(fact) for name, fact in facts.items()}
    interval = f"{number(measured.value)} [{number(measured.low)}, {number(measured.high)}]"
    return claim.reasons.get(reached, f"Measured: {interval}.").format(**words)


def _plain(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def markdown(judged: Mapping[str, Any]) -> str:
    """Lay out `judge`'s result as Markdown: a table of verdicts, then a section per claim with all evidence.

    Args:
        judged: What `judge` returns, or that read back from JSON.
    """
    lines = ["# The paper's claims, measured", "", *_table(["", "claim", "paper", "verdict", "why"])]
    for claim in judged["claims"]:
        lines.append(_row(claim["id"], claim["claim"], claim["paper"], f"**{claim['verdict']}**", claim["why"]))
    for claim in judged["claims"]:
        lines += ["", f"## {claim['id']}: {claim['claim']} (paper: {claim['paper']})", ""]
        lines += [f"{claim['quantity']}. Verdict: **{claim['verdict']}**. Evidence: `snakemake {claim['target']}`.", ""]
        if not claim["measurements"]:
            lines.append(claim["why"])
            continue
        lines += _table(["protocol", "models", "value [95 % CI]", "verdict", "note"])
        for item in claim["measurements"]:
            mark = " (primary)" if item["primary"] else ""
            cells = [item["protocol"], f"{item['models']}{mark}", _interval(item), item["verdict"], item["note"]]
            lines.append(_row(*cells))
    return "\n".join(lines) + "\n"


def overview(judged: Mapping[str, Any], minutes: Mapping[str, float]) -> str:
    """Lay out `judge`'s result as one small Markdown table: a row per claim, its primary evidence only.

    Args:
        judged: What `judge` returns, or that read back from JSON.
        minutes: Run id to the minutes that its training took on one core.
    """
    head = ["", "claim", "paper", "ours, eq. (2)", "ours, released", "verdict and why", "target", "minutes"]
    lines = _table(head)
    for claim in judged["claims"]:
        primary = [item for item in claim["measurements"] if item["primary"]]
        cells = [_interval(item) for protocol in WMMSE_METRIC for item in primary if item["protocol"] == protocol]
        runs = {run for item in primary for run in item["runs"]}
        lines.append(
            _row(
                claim["id"],
                f"{claim['claim']}: {claim['quantity']}",
                claim["paper"],
                *(cells + [""] * 2)[:2],
                f"**{claim['verdict']}**. {claim['why']}",
                f"`{claim['target']}`",
                f"{sum(minutes[run] for run in runs):.0f}",
            )
        )
    return "\n".join(lines) + "\n"


def beside(judged: Mapping[str, Any], run: str) -> str:
    """Lay out the claims on pairs with another QGNN, beside the primary evidence in eq. (2), as Markdown.

    Args:
        judged: What `judge` returns, or that read back from JSON.
        run: The other QGNN's run; it comes first in the evidence's runs.
    """
    measured = {
        claim["id"]: [item for item in claim["measurements"] if item["runs"][0] == run and len(item["runs"]) > 1]
        for claim in judged["claims"]
    }
    pairs = list(dict.fromkeys(item["models"] for items in measured.values() for item in items))
    lines = _table(["", "claim", "as published, eq. (2)", *pairs])
    for claim in judged["claims"]:
        others = {item["models"]: item for item in measured[claim["id"]]}
        if not others:
            continue
        items = [item for item in claim["measurements"] if item["primary"] and item["protocol"] == "stated"]
        items += [others[pair] for pair in pairs if pair in others]
        cells = [f"{_interval(item)} **{item['verdict']}**" for item in items]
        lines.append(_row(claim["id"], f"{claim['claim']}: {claim['quantity']}", *cells))
    return "\n".join(lines) + "\n"


def _table(header: Sequence[str]) -> list[str]:
    return [_row(*header), "|" + " --- |" * len(header)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _interval(item: Mapping[str, Any]) -> str:
    value, low, high = (float(item[name]) for name in ("value", "low", "high"))
    if math.isnan(value):
        return "not measurable"
    if math.isinf(low) and low == high:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]"


def number(value: float) -> str:
    """Return a number with three digits; an epoch that never comes is "never".

    Example:
        >>> number(-17.8712), number(float("inf")), number(2.6), number(10), number(10000.0)
        ('-17.9', 'never', '2.60', '10', '10,000')
    """
    if isinstance(value, int):
        return f"{value:,}"
    if np.isposinf(value):
        return "never"
    if not np.isfinite(value):
        return "none"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
