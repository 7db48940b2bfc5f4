"""The claims: measured on made-up curves with known answers."""

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d import claims
from qgnn_d2d.claims import Claim, Evidence, Measurement, verdict

SEEDS = 10


def curves(final, start=1.0, epochs=20, rate=0.5, spread=0.01):
    """Exponential approach to ``final``, one curve per seed."""
    shape = 1 - np.exp(-rate * np.arange(epochs + 1))
    finals = final + spread * np.linspace(-1, 1, SEEDS)[:, None]
    return start + (finals - start) * shape


def evidence(qgnn=2.67, gcn=2.52, wmmse=2.52, gap=0.0, **options):
    return Evidence(
        "stated",
        "made up",
        {"train": curves(qgnn, **options), "test": curves(qgnn, **options)},
        {"train": curves(gcn) * (1 + gap), "test": curves(gcn)},
        wmmse,
        {"qgnn": 83, "gcn": 1233},
    )


def verdicts(item):
    return claims.judge([item]).set_index("id")["verdict"].to_dict()


def test_the_papers_own_numbers_are_reproduced():
    found = verdicts(evidence(gap=0.05, rate=2.0))
    assert found == {f"C{i}": "reproduced" for i in range(1, 8)}


def test_lower_numbers_are_not_reproduced():
    found = verdicts(evidence(qgnn=3.0, gcn=3.65, wmmse=3.4))
    assert found["C1"] == found["C2"] == found["C3"] == found["C4"] == found["C7"] == "not reproduced"


def test_intervals_that_contain_zero_decide_nothing():
    claim = next(claim for claim in claims.CLAIMS if claim.id == "C5")
    assert verdict(claim, Measurement(-0.1, -0.3, 0.1)) == "undecided"
    assert verdict(claim, Measurement(0.2, 0.1, 0.3)) == "not reproduced"
    assert verdict(claim, Measurement(-0.2, -0.3, -0.1)) == "reproduced"


def test_an_interval_that_meets_the_range_is_enough():
    claim = Claim("C0", "", "", "", (5.0, 7.0), lambda item: Measurement(0, 0, 0))
    assert verdict(claim, Measurement(4.5, 4.0, 5.1)) == "reproduced"
    assert verdict(claim, Measurement(4.5, 4.0, 4.9)) == "not reproduced"
    assert verdict(claim, Measurement(8.0, 7.1, 9.0)) == "not reproduced"


def test_bootstrap_interval_of_a_mean_is_near_the_textbook_one():
    values = np.random.default_rng(3).normal(5.0, 2.0, 400)
    measured = claims._bootstrap(lambda mean: mean, values)
    half = 1.96 * values.std() / 20
    assert measured.value == pytest.approx(values.mean())
    assert measured.low == pytest.approx(values.mean() - half, abs=0.03)
    assert measured.high == pytest.approx(values.mean() + half, abs=0.03)


def test_evidence_is_read_from_tidy_tables():
    rows = [
        (run, seed, epoch, split, "sum_rate", 1.0 + seed + epoch)
        for run in ("q", "g")
        for seed in range(2)
        for epoch in range(3)
        for split in ("train", "test")
    ]
    frame = pd.DataFrame(rows, columns=["run", "seed", "epoch", "split", "metric", "value"])
    baselines = pd.DataFrame([("wmmse", "sum_rate", "test", 3.6)], columns=["solver", "metric", "split", "mean"])
    tables = {"curves": frame, "baselines": baselines, "parameters": {"q": 83, "g": 1233}}
    item = claims.evidence("stated", "made up", "q", "g", **tables)
    assert item.qgnn["test"].tolist() == [[1, 2, 3], [2, 3, 4]]
    assert item.wmmse == 3.6
    with pytest.raises(ValueError, match="run x has no curves"):
        claims.evidence("stated", "made up", "x", "g", **tables)
    with pytest.raises(ValueError, match="released_wmmse_rate; one is needed"):
        claims.evidence("released", "made up", "q", "g", **tables)


def test_markdown_has_a_row_per_claim():
    text = claims.markdown(claims.judge([evidence(), evidence(qgnn=3.0, wmmse=5.0)]), "make fig2")
    assert text.count("\n") == 2 + 2 * len(claims.CLAIMS)
    assert "never" in text and "`make fig2`" in text
