"""The paper's claims as data: what was said, how it is measured, and the rule that gives the verdict.

One rule for all. Each claim has a range that the paper's words allow (`Claim.allowed`). It is "reproduced" where our
whole 95 % interval lies in that range, "not reproduced" where the interval and the range are disjoint, and "undecided"
where the interval reaches over the range's edge.

Claims are judged on the test set (the paper's kind of evidence), after the last epoch, with nothing picked by test
performance; the larger evaluation set's number stands beside. Intervals are over seeds, given the realizations.

Under ``released`` the models' curve and WMMSE's line are in two different quantities, as the public code draws them;
C3 and C4 then compare the two numbers as drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .statistics import bootstrap_interval

WMMSE_METRIC = {"stated": "sum_rate", "released": "released_wmmse_rate"}
"""Protocol to the quantity of WMMSE's line."""

Samples = NDArray[np.float64]

_IMPROVEMENT = 1.2  # final over untrained value, below which a training has not converged anywhere


@dataclass(frozen=True)
class Scores:
    """What one model's claims are measured on.

    Attributes:
        train: Curves on the training set, (S, epochs + 1).
        test: Curves on the test set, (S, epochs + 1).
        evaluation: Means on the evaluation set after the last epoch, (S,).
        parameters: Trainable parameters of one seed.
    """

    train: Samples
    test: Samples
    evaluation: Samples
    parameters: int

    @property
    def final(self) -> Samples:
        """Test values after the last epoch, (S,)."""
        return self.test[:, -1]


@dataclass(frozen=True)
class Evidence:
    """A pair of models that the paper's sentences are applied to.

    Attributes:
        protocol: ``stated`` or ``released``.
        models: Whose models these are and how they were trained, in words.
        qgnn: The QGNN.
        gcn: The GCN.
        wmmse: Split (``test``, ``evaluation``) to the height of WMMSE's line.
    """

    protocol: str
    models: str
    qgnn: Scores
    gcn: Scores
    wmmse: Mapping[str, float]


@dataclass(frozen=True)
class Measurement:
    """A number, its 95 % interval over seeds, and what to know about it."""

    value: float
    low: float
    high: float
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: C1 to C7.
        words: What the paper says, in short.
        paper: The paper's number, as text.
        quantity: What is measured.
        allowed: Lowest and highest value with which the claim holds.
        measure: Evidence to measurement.
    """

    id: str
    words: str
    paper: str
    quantity: str
    allowed: tuple[float, float]
    measure: Callable[[Evidence], Measurement]


def _measure(statistic: Callable[..., Samples], *samples: Samples, note: str = "", paired: bool = False) -> Measurement:
    """Measure a statistic of the means of samples over seeds."""
    value = float(statistic(*(sample.mean() for sample in samples)))
    return Measurement(value, *bootstrap_interval(statistic, *samples, paired=paired), note=note)


def _also(measured: Measurement, larger: Measurement, note: str = "") -> Measurement:
    """Note the evaluation set's number beside the test set's."""
    beside = f"evaluation set {number(larger.value)} [{number(larger.low)}, {number(larger.high)}]"
    return Measurement(measured.value, measured.low, measured.high, "; ".join(filter(None, [note, beside])))


def epochs_to_share(curves: Samples, share: float = 0.95) -> Samples:
    """Return, per seed, the first epoch at which a curve has reached ``share`` of its own final value.

    A curve that ends less than a fifth above its start (a model that never left full power, say) has not converged:
    infinity.

    Args:
        curves: (S, epochs + 1), epoch 0 first.
        share: Of the final value.

    Example:
        >>> epochs_to_share(np.array([[0.0, 5.0, 9.6, 10.0], [2.0, 0.5, 0.1, 0.1]])).tolist()
        [2.0, inf]
    """
    first = (curves >= share * curves[:, -1:]).argmax(axis=1).astype(float)
    return np.where(curves[:, -1] > _IMPROVEMENT * curves[:, 0], first, np.inf)


def first_epoch_above(curve: Samples, level: float) -> float:
    """Return the first epoch from which a curve stays above ``level``; infinity where it ends below.

    Example:
        >>> first_epoch_above(np.array([0.0, 2.0, 0.5, 2.0, 3.0]), 1.0)
        3.0
    """
    below = np.flatnonzero(curve <= level)
    first = 0 if below.size == 0 else below[-1] + 1
    return float(first) if first < len(curve) else float("inf")


def _final_rate(evidence: Evidence) -> Measurement:
    def mean(value: Samples) -> Samples:
        return value

    return _also(_measure(mean, evidence.qgnn.final), _measure(mean, evidence.qgnn.evaluation))


def _percent_above(value: Samples, reference: Samples) -> Samples:
    return 100 * (value / reference - 1)


def _gain_over_gcn(evidence: Evidence, note: str = "") -> Measurement:
    qgnn, gcn = evidence.qgnn, evidence.gcn
    test = _measure(_percent_above, qgnn.final, gcn.final)
    return _also(test, _measure(_percent_above, qgnn.evaluation, gcn.evaluation), note)


def _gcn_over_wmmse(evidence: Evidence) -> Measurement:
    lines = {split: np.full(2, height) for split, height in evidence.wmmse.items()}
    test = _measure(_percent_above, evidence.gcn.final, lines["test"])
    return _also(test, _measure(_percent_above, evidence.gcn.evaluation, lines["evaluation"]))


def _passes_wmmse(evidence: Evidence) -> Measurement:
    curves, line = evidence.qgnn.test, evidence.wmmse["test"]
    value = first_epoch_above(curves.mean(axis=0), line)
    per_seed = np.array([first_epoch_above(curve, line) for curve in curves])
    generator = np.random.default_rng(0)
    resampled = curves[generator.integers(len(curves), size=(999, len(curves)))].mean(axis=1)
    firsts = np.sort([first_epoch_above(mean, line) for mean in resampled])
    note = f"{np.isfinite(per_seed).sum()} of {len(curves)} seeds end above"
    return Measurement(value, float(firsts[24]), float(firsts[974]), note)


def _gap(train: Samples, test: Samples) -> Samples:
    """|train - test|/train in percent; 0 where a model sends nothing at all."""
    return 100 * np.divide(np.abs(train - test), train, out=np.zeros_like(train, dtype=float), where=train > 0)


def _gap_difference(qgnn_train: Samples, qgnn_test: Samples, gcn_train: Samples, gcn_test: Samples) -> Samples:
    return _gap(qgnn_train, qgnn_test) - _gap(gcn_train, gcn_test)


def _train_test_gap(evidence: Evidence) -> Measurement:
    pairs = [(model.train[:, -1], model.final) for model in (evidence.qgnn, evidence.gcn)]
    curves = [float(_gap(np.asarray(train.mean()), np.asarray(test.mean()))) for train, test in pairs]
    seeds = [_gap(train, test).mean() for train, test in pairs]
    note = (
        f"mean curves: QGNN {curves[0]:.2f} %, GCN {curves[1]:.2f} %; "
        f"mean over the single seeds' gaps: {seeds[0]:.2f} %, {seeds[1]:.2f} %"
    )
    return _measure(_gap_difference, *pairs[0], *pairs[1], note=note, paired=True)


def _difference(first: Samples, second: Samples) -> Samples:
    return first - second


def _convergence(evidence: Evidence) -> Measurement:
    epochs = [epochs_to_share(scores.test) for scores in (evidence.qgnn, evidence.gcn)]
    converged = [values[np.isfinite(values)] for values in epochs]
    if min(map(len, converged)) < 2:
        return Measurement(
            np.nan, -np.inf, np.inf, "fewer than two seeds of one model improve on the untrained one by a fifth"
        )
    areas = [(scores.test.mean(axis=1) / evidence.wmmse["test"]).mean() for scores in (evidence.qgnn, evidence.gcn)]
    note = (
        f"QGNN {converged[0].mean():.1f}, GCN {converged[1].mean():.1f} epochs "
        f"({len(converged[0])} and {len(converged[1])} seeds improve by a fifth on the untrained model and count); "
        f"area under the curve per epoch over WMMSE's line {areas[0]:.3f} and {areas[1]:.3f}"
    )
    return _measure(_difference, *converged, note=note)


def _matches_with_fewer_parameters(evidence: Evidence) -> Measurement:
    counts = evidence.qgnn.parameters, evidence.gcn.parameters
    note = f"{counts[0]} against {counts[1]} parameters"
    if counts[0] >= counts[1]:
        return Measurement(-np.inf, -np.inf, -np.inf, f"{note}: not fewer")
    return _gain_over_gcn(evidence, note)


_ANY = float("inf")
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "final test sum rate of the QGNN",
        "about 2.67 bps/Hz",
        "final test value, 2.64 to 2.70",
        (2.64, 2.70),
        _final_rate,
    ),
    Claim("C2", "gain of the QGNN over the GCN", "about 6 %", "QGNN over GCN in %, 5 to 7", (5.0, 7.0), _gain_over_gcn),
    Claim(
        "C3",
        "the GCN plateaus at the WMMSE level",
        "equal",
        "GCN over WMMSE in %, -1 to 1",
        (-1.0, 1.0),
        _gcn_over_wmmse,
    ),
    Claim(
        "C4",
        "the QGNN surpasses WMMSE early",
        "by epoch 4",
        "first epoch from which the mean curve stays above WMMSE, at most 4",
        (0.0, 4.0),
        _passes_wmmse,
    ),
    Claim(
        "C5",
        "the QGNN's train and test curves align more closely than the GCN's",
        "by eye",
        "final |train - test|/train of the mean curves, QGNN minus GCN in points, at most 0",
        (-_ANY, 0.0),
        _train_test_gap,
    ),
    Claim(
        "C6",
        "the QGNN converges faster than the GCN",
        "by eye",
        "epochs to 95 % of the own final value, QGNN minus GCN, at most 0",
        (-_ANY, 0.0),
        _convergence,
    ),
    Claim(
        "C7",
        "the QGNN matches classical performance with fewer parameters",
        "no count",
        "QGNN over GCN in %, at least -1, with fewer parameters",
        (-1.0, _ANY),
        _matches_with_fewer_parameters,
    ),
)


def verdict(claim: Claim, measured: Measurement) -> str:
    """Return the verdict of the module's rule.

    Example:
        >>> verdict(CLAIMS[0], Measurement(2.67, 2.65, 2.69)), verdict(CLAIMS[0], Measurement(2.6, 2.5, 2.65))
        ('reproduced', 'undecided')
    """
    low, high = claim.allowed
    if low <= measured.low and measured.high <= high:
        return "reproduced"
    return "not reproduced" if measured.high < low or measured.low > high else "undecided"


def scores(run: str, curves: pd.DataFrame, evaluation: pd.DataFrame, parameters: Mapping[str, int]) -> Scores:
    """Collect one run's numbers from tidy tables.

    Args:
        run: Run id.
        curves: (run, seed, epoch, split, metric, value).
        evaluation: (run, seed, value) on the evaluation set, in the run's own metric.
        parameters: Run id to trainable parameters.

    Raises:
        ValueError: The run is missing.
    """
    part = curves[curves["run"] == run]
    last = evaluation[evaluation["run"] == run].sort_values("seed")["value"].to_numpy()
    if part.empty or not len(last) or run not in parameters:
        raise ValueError(f"run {run} has no curves, no evaluation or no parameter count")
    by_split = {
        str(split): rows.pivot(index="seed", columns="epoch", values="value").to_numpy()
        for split, rows in part.groupby("split")
    }
    return Scores(by_split["train"], by_split["test"], last, parameters[run])


def wmmse_lines(protocol: str, baselines: pd.DataFrame) -> dict[str, float]:
    """Return the height of WMMSE's line (full-power start) on the test and the evaluation set.

    Args:
        protocol: ``stated`` or ``released``.
        baselines: (solver, metric, split, mean, ...).

    Raises:
        ValueError: A line is missing.
    """
    metric = WMMSE_METRIC[protocol]
    part = baselines.query("solver == 'wmmse' and metric == @metric").set_index("split")["mean"]
    if sorted(part.index) != ["evaluation", "test"]:
        raise ValueError(f"baselines have wmmse, {metric} for splits {sorted(part.index)}; test, evaluation are needed")
    return {str(split): float(mean) for split, mean in part.items()}


def judge(all_evidence: list[Evidence]) -> pd.DataFrame:
    """Measure and judge every claim for every pair of models.

    Returns:
        One row per claim and pair of models, with the value, its interval and the verdict.
    """
    rows = []
    for claim in CLAIMS:
        for item in all_evidence:
            measured = claim.measure(item)
            rows.append(
                {
                    "id": claim.id,
                    "claim": claim.words,
                    "paper": claim.paper,
                    "protocol": item.protocol,
                    "models": item.models,
                    "quantity": claim.quantity,
                    "value": measured.value,
                    "low": measured.low,
                    "high": measured.high,
                    "note": measured.note,
                    "verdict": verdict(claim, measured),
                }
            )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """Lay out `judge`'s table as Markdown, one section per claim, with all notes.

    Args:
        table: What `judge` returns, or that read back from CSV.
    """
    lines = ["# The paper's claims, measured"]
    for _, rows in table.groupby("id", sort=False):
        first = rows.iloc[0]
        lines += ["", f"## {first['id']}: {first['claim']} (paper: {first['paper']})", "", f"{first['quantity']}.", ""]
        lines += ["| protocol | models | value [95 % CI] | verdict | |", "|" + " --- |" * 5]
        for row in rows.to_dict("records"):
            note = row["note"] if isinstance(row["note"], str) else ""
            cells = [row["protocol"], row["models"], _interval(row), f"**{row['verdict']}**", note]
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def overview(table: pd.DataFrame) -> str:
    """Lay out `judge`'s table as one small Markdown table: a row per claim, a column per pair of models.

    Args:
        table: What `judge` returns, or that read back from CSV.
    """
    pairs = list(dict.fromkeys(zip(table["protocol"], table["models"], strict=True)))
    header = ["", "claim", "paper", *(f"`{protocol}`: {models}" for protocol, models in pairs)]
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    for _, rows in table.groupby("id", sort=False):
        first = rows.iloc[0]
        found = {(row["protocol"], row["models"]): row for row in rows.to_dict("records")}
        cells = [f"{_interval(found[pair])} **{found[pair]['verdict']}**" for pair in pairs]
        words = f"{first['claim']}: {first['quantity']}".replace("|", "&#124;")
        lines.append(f"| {' | '.join([first['id'], words, first['paper'], *cells])} |")
    return "\n".join(lines) + "\n"


def _interval(row: Mapping[str, float]) -> str:
    if np.isnan(row["value"]):
        return "not measurable"
    return f"{number(row['value'])} [{number(row['low'])}, {number(row['high'])}]"


def number(value: float) -> str:
    """Return a number with three digits; an epoch that never comes is "never".

    Example:
        >>> number(-17.8712), number(float("inf")), number(2.6)
        ('-17.9', 'never', '2.60')
    """
    if np.isposinf(value):
        return "never"
    if not np.isfinite(value):
        return "none"
    return f"{value:.3g}" if abs(value) >= 100 else f"{value:#.3g}"
