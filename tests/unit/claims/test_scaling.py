"""C9, on made-up percentages."""

import pytest

from tests.unit.claims.made_up import scaling
from tests.unit.claims.test_judge import judged, verdicts


@pytest.mark.parametrize(("far", "expected"), [(79.0, "reproduced"), (60.0, "not reproduced")])
def test_what_is_lost_at_the_most_links(far, expected):
    assert verdicts(scaling(far=far)) == {"C9": expected}


def test_the_cost_of_a_star_is_noted():
    (found,) = judged(scaling())["C9"]["measurements"]
    assert found["note"] == (
        "percent of WMMSE by links: 10: 80.0, 100: 79.0; 7 qubits per star, 3 with reset, at any number of links; "
        "circuits per network: 2 times its links"
    )
    assert found["value"] == pytest.approx(-1)
