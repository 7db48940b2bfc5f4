"""The claims: measured on made-up curves with known answers."""

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d import claims
from qgnn_d2d.claims import Claim, Evidence, Measurement, Scores, verdict

SEEDS = 10


def curves(final, start=1.0, epochs=20, rate=0.5, spread=0.005):
    """Exponential approach to ``final``, one curve per seed."""
    shape = 1 - np.exp(-rate * np.arange(epochs + 1))
    finals = final + spread * np.linspace(-1, 1, SEEDS)[:, None]
    return start + (finals - start) * shape


def scores(final, parameters, gap=0.0, **options):
    test = curves(final, **options)
    return Scores(test * (1 + gap), test, test[:, -1], parameters)


def evidence(qgnn=2.67, gcn=2.52, wmmse=2.52, gap=0.0, parameters=83, **options):
    lines = {"test": wmmse, "evaluation": wmmse}
    return Evidence("stated", "made up", scores(qgnn, parameters, **options), scores(gcn, 1233, gap), lines)


def verdicts(item):
    return claims.judge([item]).set_index("id")["verdict"].to_dict()


def test_the_papers_own_numbers_are_reproduced():
    found = verdicts(evidence(gap=0.05, rate=2.0))
    assert found == {f"C{i}": "reproduced" for i in range(1, 8)}


def test_other_numbers_are_not_reproduced():
    found = verdicts(evidence(qgnn=3.0, gcn=3.65, wmmse=3.4, rate=0.2))
    assert found == {f"C{i}": "not reproduced" for i in range(1, 8) if i != 5} | {"C5": "reproduced"}


def test_one_rule_for_every_interval():
    claim = Claim("C0", "", "", "", (5.0, 7.0), lambda item: Measurement(0, 0, 0))
    assert verdict(claim, Measurement(6.0, 5.0, 7.0)) == "reproduced"
    assert verdict(claim, Measurement(4.9, 4.0, 5.1)) == "undecided"
    assert verdict(claim, Measurement(6.0, 4.0, 8.0)) == "undecided"
    assert verdict(claim, Measurement(4.5, 4.0, 4.9)) == "not reproduced"
    assert verdict(claim, Measurement(8.0, 7.1, 9.0)) == "not reproduced"


def test_a_wide_interval_never_helps():
    narrow, wide = evidence(qgnn=2.60), evidence(qgnn=2.60, spread=0.5)
    assert verdicts(narrow)["C1"] == "not reproduced"
    assert verdicts(wide)["C1"] == "undecided"


def test_as_many_parameters_are_not_fewer():
    assert verdicts(evidence(parameters=1233, rate=2.0))["C7"] == "not reproduced"


def test_collapsed_seeds_count_as_not_converged():
    item = evidence()
    collapsed = np.tile(np.linspace(1.0, 0.0, 21), (SEEDS, 1))
    zero = Scores(collapsed, collapsed, collapsed[:, -1], 83)
    measured = {claim.id: claim.measure(Evidence("stated", "", zero, item.gcn, item.wmmse)) for claim in claims.CLAIMS}
    assert "fewer than two seeds" in measured["C6"].note
    assert measured["C5"].value <= 0 and np.isfinite(measured["C5"].high)
    assert measured["C4"].value == np.inf


def test_the_gap_is_that_of_the_mean_curves():
    """Seeds that scatter to both sides of zero have a small mean gap."""
    item = evidence()
    scattered = item.qgnn.test * (1 + 0.05 * np.where(np.arange(SEEDS) % 2, 1, -1)[:, None])
    qgnn = Scores(item.qgnn.test, scattered, item.qgnn.evaluation, 83)
    claim = next(claim for claim in claims.CLAIMS if claim.id == "C5")
    measured = claim.measure(Evidence("stated", "", qgnn, item.gcn, item.wmmse))
    assert abs(measured.value) < 0.1
    assert "single seeds' gaps: 5.00 %" in measured.note


def test_numbers_are_read_from_tidy_tables():
    rows = [
        (run, seed, epoch, split, "sum_rate", 1.0 + seed + epoch)
        for run in ("q", "g")
        for seed in range(2)
        for epoch in range(3)
        for split in ("train", "test")
    ]
    frame = pd.DataFrame(rows, columns=["run", "seed", "epoch", "split", "metric", "value"])
    evaluation = pd.DataFrame({"run": ["q", "q"], "seed": [1, 0], "value": [5.0, 4.0]})
    found = claims.scores("q", frame, evaluation, {"q": 83})
    assert found.test.tolist() == [[1, 2, 3], [2, 3, 4]]
    assert found.final.tolist() == [3, 4] and found.evaluation.tolist() == [4, 5] and found.parameters == 83
    with pytest.raises(ValueError, match="run g has no curves, no evaluation or no parameter count"):
        claims.scores("g", frame, evaluation, {"g": 83})


def test_wmmse_lines_are_those_of_the_protocol():
    rows = [("wmmse", metric, split, i) for i, (metric, split) in enumerate(
        (metric, split) for metric in ("sum_rate", "released_wmmse_rate") for split in ("test", "evaluation")
    )]  # fmt: skip
    baselines = pd.DataFrame(rows, columns=["solver", "metric", "split", "mean"])
    assert claims.wmmse_lines("stated", baselines) == {"test": 0, "evaluation": 1}
    assert claims.wmmse_lines("released", baselines) == {"test": 2, "evaluation": 3}
    with pytest.raises(ValueError, match=r"splits \['test'\]; test, evaluation are needed"):
        claims.wmmse_lines("stated", baselines[baselines["split"] == "test"])


def test_markdown_shows_every_claim_and_pair():
    table = claims.judge([evidence(), evidence(qgnn=2.4)])
    text = claims.markdown(table)
    assert text.count("\n## C") == len(claims.CLAIMS) and "never" in text
    table.loc[len(claims.CLAIMS) :, "models"] = "made up, too"
    pairs = table.assign(models=["first", "second"] * len(claims.CLAIMS))
    small = claims.overview(pairs)
    assert small.count("\n") == 2 + len(claims.CLAIMS)
    assert "`stated`: first" in small and "`stated`: second" in small
