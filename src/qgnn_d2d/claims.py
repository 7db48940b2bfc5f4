"""The paper's claims as data: what was said, how it is measured, and the rule that gives the verdict.

Every rule was written before the numbers: a claim is "reproduced" where the 95 % interval of our measurement meets the
range that the paper's words allow (`Claim.allowed`), else "not reproduced". Claims are judged at the paper's own point
(k = 3, L = 2, random leaves), on the test set, after the last epoch, with nothing picked by test performance.

Under ``released`` the models' curve and WMMSE's line are in two different quantities, as the public code draws them;
C3 and C4 then compare the two numbers as drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
NUM_RESAMPLES = 4999
WMMSE_METRIC = {"stated": "sum_rate", "released": "released_wmmse_rate"}
"""Protocol to the quantity of WMMSE's line."""

Curves = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What the claims of one protocol are measured on.

    Attributes:
        protocol: ``stated`` or ``released``.
        models: Whose models these are, in words.
        qgnn: Split to curves of the QGNN, (S, epochs + 1).
        gcn: Split to curves of the GCN, (S, epochs + 1).
        wmmse: Height of WMMSE's line on the test set.
        parameters: ``qgnn`` and ``gcn`` to their trainable parameters.
    """

    protocol: str
    models: str
    qgnn: Mapping[str, Curves]
    gcn: Mapping[str, Curves]
    wmmse: float
    parameters: Mapping[str, int]


@dataclass(frozen=True)
class Measurement:
    """A number, its 95 % bootstrap interval over seeds, and what to know about it."""

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


def _bootstrap(statistic: Callable[..., Any], *samples: NDArray[np.float64], note: str = "") -> Measurement:
    """Measure a statistic of the seed means of one or two independent samples over seeds."""
    value = float(statistic(*(sample.mean() for sample in samples)))
    if all(np.ptp(sample) == 0 for sample in samples):
        return Measurement(value, value, value, note)
    result = stats.bootstrap(
        samples,
        lambda *parts, axis=-1: statistic(*(part.mean(axis=axis) for part in parts)),
        n_resamples=NUM_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    interval = result.confidence_interval
    return Measurement(value, float(interval.low), float(interval.high), note)


def epochs_to_share(curves: Curves, share: float = 0.95) -> NDArray[np.float64]:
    """Return, per seed, the first epoch at which a curve has reached ``share`` of its own final value.

    Args:
        curves: (S, epochs + 1), epoch 0 first.
        share: Of the final value.

    Example:
        >>> epochs_to_share(np.array([[0.0, 5.0, 9.6, 10.0]])).tolist()
        [2.0]
    """
    return (curves >= share * curves[:, -1:]).argmax(axis=1).astype(float)


def first_epoch_above(curve: NDArray[np.float64], level: float) -> float:
    """Return the first epoch from which a curve stays above ``level``; infinity where it ends below.

    Example:
        >>> first_epoch_above(np.array([0.0, 2.0, 0.5, 2.0, 3.0]), 1.0)
        3.0
    """
    below = np.flatnonzero(curve <= level)
    first = 0 if below.size == 0 else below[-1] + 1
    return float(first) if first < len(curve) else float("inf")


def _final_rate(evidence: Evidence) -> Measurement:
    return _bootstrap(lambda mean: mean, evidence.qgnn["test"][:, -1])


def _gain_over_gcn(evidence: Evidence) -> Measurement:
    return _bootstrap(
        lambda qgnn, gcn: 100 * (qgnn / gcn - 1), evidence.qgnn["test"][:, -1], evidence.gcn["test"][:, -1]
    )


def _gcn_over_wmmse(evidence: Evidence) -> Measurement:
    return _bootstrap(lambda mean: 100 * (mean / evidence.wmmse - 1), evidence.gcn["test"][:, -1])


def _passes_wmmse(evidence: Evidence) -> Measurement:
    curves = evidence.qgnn["test"]
    value = first_epoch_above(curves.mean(axis=0), evidence.wmmse)
    per_seed = np.array([first_epoch_above(curve, evidence.wmmse) for curve in curves])
    passing = np.isfinite(per_seed).sum()
    note = f"{passing} of {len(curves)} seeds pass"
    generator = np.random.default_rng(0)
    means = curves[generator.integers(len(curves), size=(NUM_RESAMPLES, len(curves)))].mean(axis=1)
    firsts = np.sort([first_epoch_above(mean, evidence.wmmse) for mean in means])
    tail = round(NUM_RESAMPLES * (1 - CONFIDENCE) / 2)
    return Measurement(value, float(firsts[tail]), float(firsts[-1 - tail]), note)


def _gap(curves: Mapping[str, Curves]) -> NDArray[np.float64]:
    train, test = curves["train"][:, -1], curves["test"][:, -1]
    return 100 * np.abs(train - test) / train


def _train_test_gap(evidence: Evidence) -> Measurement:
    qgnn, gcn = _gap(evidence.qgnn), _gap(evidence.gcn)
    note = f"QGNN {qgnn.mean():.2f} %, GCN {gcn.mean():.2f} %"
    return _bootstrap(lambda a, b: a - b, qgnn, gcn, note=note)


def _convergence(evidence: Evidence) -> Measurement:
    qgnn, gcn = (epochs_to_share(curves["test"]) for curves in (evidence.qgnn, evidence.gcn))
    areas = [(curves["test"].mean(axis=1) / curves["test"][:, -1]).mean() for curves in (evidence.qgnn, evidence.gcn)]
    note = (
        f"QGNN {qgnn.mean():.1f}, GCN {gcn.mean():.1f} epochs; "
        f"mean of the curve over its final value: {areas[0]:.3f}, {areas[1]:.3f}"
    )
    return _bootstrap(lambda a, b: a - b, qgnn, gcn, note=note)


def _matches_with_fewer_parameters(evidence: Evidence) -> Measurement:
    gain = _gain_over_gcn(evidence)
    counts = evidence.parameters
    if counts["qgnn"] >= counts["gcn"]:
        raise ValueError(f"QGNN has {counts['qgnn']} parameters and GCN {counts['gcn']}: C7 speaks of fewer")
    note = f"{counts['qgnn']} against {counts['gcn']} parameters"
    return Measurement(gain.value, gain.low, gain.high, note)


_ANY = float("inf")
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "final test sum rate of the QGNN",
        "about 2.67 bps/Hz",
        "final test value",
        (2.64, 2.70),
        _final_rate,
    ),
    Claim("C2", "gain of the QGNN over the GCN", "about 6 %", "QGNN over GCN, %", (5.0, 7.0), _gain_over_gcn),
    Claim(
        "C3",
        "the GCN plateaus at the WMMSE level",
        "equal",
        "GCN over WMMSE, %",
        (-1.0, 1.0),
        _gcn_over_wmmse,
    ),
    Claim("C4", "the QGNN surpasses WMMSE early", "by epoch 4", "first epoch above", (0.0, 4.0), _passes_wmmse),
    Claim(
        "C5",
        "the QGNN's train and test curves align more closely than the GCN's",
        "by eye",
        "final |train - test|/train, QGNN minus GCN, points",
        (-_ANY, 0.0),
        _train_test_gap,
    ),
    Claim(
        "C6",
        "the QGNN converges faster than the GCN",
        "by eye",
        "epochs to 95 % of the final value, QGNN minus GCN",
        (-_ANY, 0.0),
        _convergence,
    ),
    Claim(
        "C7",
        "the QGNN matches classical performance with fewer parameters",
        "no count",
        "QGNN over GCN, %",
        (-1.0, _ANY),
        _matches_with_fewer_parameters,
    ),
)


def verdict(claim: Claim, measured: Measurement) -> str:
    """Return the verdict of the rule: does the interval meet the allowed range?

    One-sided comparisons (C5, C6) must hold over the whole interval: an interval around zero decides nothing.
    """
    low, high = claim.allowed
    if high == 0:
        if measured.high < 0:
            return "reproduced"
        return "not reproduced" if measured.low > 0 else "undecided"
    return "reproduced" if measured.high >= low and measured.low <= high else "not reproduced"


def evidence(
    protocol: str,
    models: str,
    qgnn: str,
    gcn: str,
    *,
    curves: pd.DataFrame,
    baselines: pd.DataFrame,
    parameters: Mapping[str, int],
) -> Evidence:
    """Collect what the claims of a protocol need from tidy tables.

    Args:
        protocol: ``stated`` or ``released``.
        models: Whose models these are, in words.
        qgnn: Run id of the QGNN at the paper's point.
        gcn: Run id of the GCN.
        curves: (run, seed, epoch, split, metric, value).
        baselines: (solver, metric, split, mean, ...).
        parameters: Run id to trainable parameters.

    Raises:
        ValueError: A run or WMMSE's line is missing.
    """

    def of(run: str) -> dict[str, Curves]:
        part = curves[curves["run"] == run]
        if part.empty:
            raise ValueError(f"run {run} has no curves")
        return {
            str(split): rows.pivot(index="seed", columns="epoch", values="value").to_numpy()
            for split, rows in part.groupby("split")
        }

    samples = of(qgnn), of(gcn)
    metric = WMMSE_METRIC[protocol]
    line = baselines.query("solver == 'wmmse' and split == 'test' and metric == @metric")["mean"]
    if len(line) != 1:
        raise ValueError(f"baselines have {len(line)} rows for wmmse, test, {metric}; one is needed")
    counts = {"qgnn": parameters[qgnn], "gcn": parameters[gcn]}
    return Evidence(protocol, models, *samples, float(line.iloc[0]), counts)


def judge(all_evidence: list[Evidence]) -> pd.DataFrame:
    """Measure and judge every claim under every protocol.

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


def markdown(table: pd.DataFrame, target: str) -> str:
    """Lay out `judge`'s table as Markdown.

    Args:
        table: What `judge` returns, or that read back from CSV.
        target: The command that makes the numbers.
    """
    header = ["", "claim", "paper", "protocol: models", "ours [95 % CI]", "verdict", "target"]
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    for row in table.to_dict("records"):
        value, low, high = (_number(row[key]) for key in ("value", "low", "high"))
        note = f" ({row['note']})" if isinstance(row["note"], str) and row["note"] else ""
        ours = f"{row['quantity']}: {value} [{low}, {high}]{note}".replace("|", "\\|")
        first = row["protocol"] == table["protocol"].iloc[0]  # the claim's words once, then its other rows
        words = [row["id"], row["claim"], row["paper"]] if first else ["", "", ""]
        cells = [*words, f"{row['protocol']}: {row['models']}", ours, f"**{row['verdict']}**", f"`{target}`"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return "never" if np.isinf(value) else f"{value:.3g}"
