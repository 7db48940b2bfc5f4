"""Verdicts: one rule for every interval."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.claims.claim import (
    NOT_TESTABLE,
    ONLY_RELEASED,
    REPRODUCED,
    VERDICTS,
    Claim,
    Evidence,
    Measurement,
    overall,
    verdict,
)
from qgnn_d2d.claims.judge import CLAIMS
from tests.strategies import ANY_FLOAT

FIVE_TO_SEVEN = Claim("C0", "", "", "", (5.0, 7.0), lambda _: Measurement(0, 0, 0), Evidence, "", "")


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (6.0, 5.0, 7.0, "reproduced"),
        (4.9, 4.0, 5.1, "undecided"),
        (6.0, 4.0, 8.0, "undecided"),
        (4.5, 4.0, 4.9, "not reproduced"),
        (8.0, 7.1, 9.0, "not reproduced"),
        (math.nan, -math.inf, math.inf, "not testable"),
    ],
)
def test_one_rule_for_every_interval(value, low, high, expected):
    assert verdict(FIVE_TO_SEVEN, Measurement(value, low, high)) == expected


@given(value=ANY_FLOAT, low=ANY_FLOAT, high=ANY_FLOAT, claim=st.sampled_from(CLAIMS))
def test_every_measurement_has_one_verdict(value, low, high, claim):
    reached = verdict(claim, Measurement(value, low, high))
    assert reached in VERDICTS
    assert (reached == NOT_TESTABLE) == math.isnan(value)
    if reached == REPRODUCED:
        assert claim.allowed[0] <= low and high <= claim.allowed[1]
    assert overall({"stated": reached, "released": REPRODUCED}) in (reached, ONLY_RELEASED)
    assert overall({}) == NOT_TESTABLE
