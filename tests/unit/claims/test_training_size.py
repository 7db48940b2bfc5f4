"""C8, on made-up sizes and on a study that lacks the claimed size."""

import pytest

from qgnn_d2d.claims import training_size
from tests.unit.claims.made_up import sizes
from tests.unit.claims.test_judge import study, verdicts


@pytest.mark.parametrize(
    ("final", "spread", "expected"),
    [
        (2.67, 0.005, "reproduced"),
        (2.5, 0.005, "not reproduced"),
        (2.65, 0.5, "reproduced"),
        (2.645, 0.0, "reproduced"),
    ],
)
def test_sizes_are_compared_seed_by_seed(final, spread, expected):
    assert verdicts(sizes(final, spread=spread)) == {"C8": expected}


def test_the_claimed_size_must_be_among_the_sizes():
    trained = study(training_size=[{"model": "gcn", "train_size": [12, 48]}])
    with pytest.raises(
        ValueError, match=r"train_size of model gcn is \[12, 48\]; splits.train = 24 must be among them"
    ):
        training_size.inputs(trained)


def test_a_study_without_the_experiment_has_no_evidence():
    assert training_size.inputs(study(training_size=None)) is None
