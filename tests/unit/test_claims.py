"""The claims: measured on made-up curves with known answers."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d.claims import claim as claims
from qgnn_d2d.claims.claim import (
    NOT_REPRODUCED,
    NOT_TESTABLE,
    ONLY_RELEASED,
    REPRODUCED,
    UNDECIDED,
    Claim,
    Measurement,
    Noisy,
    Pair,
    Scaling,
    Scores,
    Sizes,
    verdict,
)

SEEDS = 10


def curves(final, start=1.0, epochs=20, rate=0.5, spread=0.005):
    """Exponential approach to ``final``, one curve per seed."""
    shape = 1 - np.exp(-rate * np.arange(epochs + 1))
    finals = final + spread * np.linspace(-1, 1, SEEDS)[:, None]
    return start + (finals - start) * shape


def scores(final, parameters, gap=0.0, **options):
    test = curves(final, **options)
    return Scores(test * (1 + gap), test, test[:, -1], parameters)


def evidence(qgnn=2.67, gcn=2.52, wmmse=2.52, gap=0.0, parameters=83, protocol="stated", primary=True, **options):
    lines = {"test": wmmse, "evaluation": wmmse}
    pair = scores(qgnn, parameters, **options), scores(gcn, 1233, gap)
    return Pair(protocol, "made up", primary, ("q", "g"), *pair, lines, headroom=5.0)


def sizes(final=2.67, most=2.67, primary=True):
    rates = {size: value + 0.005 * np.linspace(-1, 1, SEEDS) for size, value in [(300, final), (10000, most)]}
    return Sizes("stated", "made up", primary, ("n300", "n10000"), rates, 300, 3.6)


def scaling(at_home=80.0, far=79.0):
    percent = {10: at_home + np.linspace(-1, 1, SEEDS), 100: far + np.linspace(-1, 1, SEEDS)}
    return Scaling("stated", "made up", True, ("q",), percent, 10, 3)


def noisy(kept=99.0, half=1.0):
    return Noisy("stated", "made up", True, ("q",), {"a": (kept, kept - half, kept + half), "b": (100, 99, 101)}, 88.0)


def judged(*items):
    return {claim["id"]: claim for claim in claims.judge(items)["claims"]}


def verdicts(*items):
    return {name: claim["verdict"] for name, claim in judged(*items).items() if claim["measurements"]}


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
    pair = replace(item, qgnn=Scores(collapsed, collapsed, collapsed[:, -1], 83))
    measured = {claim.id: claim.measure(pair) for claim in claims.CLAIMS if claim.evidence is Pair}
    assert verdicts(pair)["C6"] == NOT_TESTABLE
    assert "fewer than two seeds" in measured["C6"].note
    assert measured["C5"].value <= 0 and np.isfinite(measured["C5"].high)
    assert measured["C4"].value == np.inf


def test_the_gap_is_that_of_the_mean_curves():
    """Seeds that scatter to both sides of zero have a small mean gap."""
    item = evidence()
    scattered = item.qgnn.test * (1 + 0.05 * np.where(np.arange(SEEDS) % 2, 1, -1)[:, None])
    qgnn = Scores(item.qgnn.test, scattered, item.qgnn.evaluation, 83)
    claim = next(claim for claim in claims.CLAIMS if claim.id == "C5")
    measured = claim.measure(replace(item, qgnn=qgnn))
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
    with pytest.raises(ValueError, match="run g has no evaluation"):
        claims.scores("g", frame, evaluation, {"g": 83})
    with pytest.raises(ValueError, match="run g has no parameter count"):
        claims.scores("g", frame, evaluation, {})
    with pytest.raises(ValueError, match="run h has no curves"):
        claims.scores("h", frame, evaluation, {"h": 83})


def test_wmmse_lines_are_those_of_the_protocol():
    rows = [("wmmse", metric, split, i) for i, (metric, split) in enumerate(
        (metric, split) for metric in ("sum_rate", "released_wmmse_rate") for split in ("test", "evaluation")
    )]  # fmt: skip
    baselines = pd.DataFrame(rows, columns=["solver", "metric", "split", "mean"])
    assert claims.wmmse_lines("stated", baselines) == {"test": 0, "evaluation": 1}
    assert claims.wmmse_lines("released", baselines) == {"test": 2, "evaluation": 3}
    with pytest.raises(ValueError, match="0 rows for wmmse, sum_rate, evaluation"):
        claims.wmmse_lines("stated", baselines[baselines["split"] == "test"])
    with pytest.raises(ValueError, match="0 rows for optimum"):
        claims.headroom("sum_rate", baselines)
    best = pd.DataFrame({"solver": ["optimum", "wmmse"], "metric": "sum_rate", "split": "test", "mean": [3.3, 3.0]})
    assert claims.headroom("sum_rate", best) == pytest.approx(10)


def test_a_claims_verdict_is_that_of_its_primary_evidence():
    good, bad = {"qgnn": 2.67}, {"qgnn": 2.3}
    assert verdicts(evidence(**bad), evidence(**good, primary=False))["C1"] == NOT_REPRODUCED
    assert verdicts(evidence(**bad), evidence(**good, protocol="released"))["C1"] == ONLY_RELEASED
    assert verdicts(evidence(**good), evidence(**bad, protocol="released"))["C1"] == REPRODUCED
    assert verdicts(evidence(**bad), evidence(**good, protocol="released", primary=False))["C1"] == NOT_REPRODUCED


def test_data_size_network_size_and_noise():
    assert verdicts(sizes()) == {"C8": REPRODUCED}
    assert verdicts(sizes(final=2.5)) == {"C8": NOT_REPRODUCED}
    assert verdicts(scaling()) == {"C9": REPRODUCED}
    assert verdicts(scaling(far=60.0)) == {"C9": NOT_REPRODUCED}
    assert verdicts(noisy()) == {"C10": REPRODUCED}
    assert verdicts(noisy(95.5)) == {"C10": UNDECIDED}
    assert verdicts(noisy(90.0)) == {"C10": NOT_REPRODUCED}
    assert "88.0" in judged(noisy())["C10"]["measurements"][0]["note"]


def test_every_claim_has_a_verdict_and_a_reason_in_which_every_number_is_filled_in():
    for items in (
        [evidence(), sizes(), scaling(), noisy()],
        [evidence(qgnn=2.0, wmmse=3.4), sizes(2.5), scaling(far=60.0), noisy(90.0)],
        [evidence(qgnn=2.0, protocol="released"), evidence(qgnn=2.6, spread=1.0)],
        [],
    ):
        found = judged(*items)
        assert list(found) == [f"C{i}" for i in range(1, 11)]
        for claim in found.values():
            assert claim["verdict"] in claims.VERDICTS
            assert claim["why"].endswith(".") and "{" not in claim["why"]
    assert judged()["C1"]["verdict"] == NOT_TESTABLE


def test_every_reason_can_be_filled_in():
    """A reason may name only numbers that its claim's measurement brings along."""
    examples = {Pair: evidence(), Sizes: sizes(), Scaling: scaling(), Noisy: noisy()}
    for claim in claims.CLAIMS:
        facts = {**claim.measure(examples[claim.evidence]).facts, "value": 0.0}
        for reached, reason in claim.reasons.items():
            assert reached in claims.VERDICTS
            assert reason.format(**facts).endswith(".")


def test_the_result_survives_json():
    result = claims.judge([evidence(qgnn=2.0), sizes(), scaling(), noisy()])
    again = json.loads(json.dumps(result, allow_nan=False))
    assert again == result
    assert claims.markdown(again) == claims.markdown(result) and "never" in claims.markdown(result)


def test_markdown_shows_every_claim_and_all_evidence():
    other = replace(evidence(qgnn=2.4, primary=False), models="made up, too")
    result = claims.judge([evidence(), other, sizes(), scaling(), noisy()])
    text = claims.markdown(result)
    assert text.count("\n## C") == len(claims.CLAIMS)
    assert text.count("made up (primary)") == len(claims.CLAIMS) and text.count("made up, too") == 7
    other = replace(evidence(2.52), primary=False, models="other stars", runs=("q2", "g"))
    alone = replace(scaling(), primary=False, runs=("q2",))
    lines = claims.beside(claims.judge([evidence(), other, scaling(), alone]), "q2").splitlines()
    assert len(lines) == 2 + 7 and lines[0] == "|  | claim | as published, eq. (2) | other stars |"
    assert lines[3].startswith("| C2 |")
    published, others = (cell.strip() for cell in lines[3].split("|")[3:5])
    assert published.startswith("5.95 [") and published.endswith("] **reproduced**")
    assert others.startswith("0.00 [-0.") and others.endswith("] **not reproduced**")
    small = claims.overview(result, {run: 2.0 for run in ("q", "g", "n300", "n10000")})
    assert small.count("\n") == 2 + len(claims.CLAIMS) and small.count("| 4 |") == 8
