"""C10, on made-up devices."""

import pytest

from tests.unit.claims.made_up import noisy
from tests.unit.claims.test_judge import judged, verdicts


@pytest.mark.parametrize(("kept", "expected"), [(99.0, "reproduced"), (95.5, "undecided"), (90.0, "not reproduced")])
def test_the_lowest_device_decides(kept, expected):
    assert verdicts(noisy(kept)) == {"C10": expected}
    (found,) = judged(noisy(kept))["C10"]["measurements"]
    assert found["note"].startswith("lowest on a; ") and found["value"] == kept


@pytest.mark.parametrize(("floor", "told"), [(88.0, True), (None, False)])
def test_what_is_kept_without_a_circuit_is_told_where_it_was_measured(floor, told):
    claim = judged(noisy(floor=floor))["C10"]
    assert ("(without any circuit it keeps 88.0 %" in claim["why"]) == told
    assert ("wholly depolarized 88.0" in claim["measurements"][0]["note"]) == told


def test_what_is_kept_is_told_as_a_share_of_the_circuits_own_contribution():
    claim = judged(noisy(97.0, half=1.5, floor=88.0))["C10"]
    share = "75.0 [62.5, 87.5] %"  # (97 - 88)/(100 - 88), and so the ends of the interval
    assert f"(without any circuit it keeps 88.0 %, so {share} of what the circuit contributes)" in claim["why"]
    assert f"of the circuit's own contribution {share} is kept" in claim["measurements"][0]["note"]
    assert "contributes" not in judged(noisy(97.0, floor=100.0))["C10"]["why"]
