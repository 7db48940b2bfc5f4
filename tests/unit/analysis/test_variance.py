"""Components of variance, on values whose components are known."""

import numpy as np
import pytest

from qgnn_d2d.analysis.variance import SOURCES, components, percentages

TRUE = {"draw": 1.2, "seed": 0.8, "realization": 100.0, "draw x realization": 4.0, "rest": 9.0}


def simulated(generator, d=5, s=3, n=300, **changes):
    spread = {source: np.sqrt(variance) for source, variance in (TRUE | changes).items()}
    shapes = {"draw": (d, 1, 1), "seed": (d, s, 1), "realization": (n,), "draw x realization": (d, 1, n)}
    return 80 + sum(spread[name] * generator.standard_normal(shapes.get(name, (d, s, n))) for name in SOURCES)


def test_the_estimates_of_many_studies_are_the_true_components_on_average():
    generator = np.random.default_rng(1)
    found = [components(simulated(generator)) for _ in range(150)]
    for source, true in TRUE.items():
        raw = np.array([one[source].raw for one in found])
        assert abs(raw.mean() - true) < 4 * raw.std() / np.sqrt(len(raw)), source
        covered = np.mean([one[source].low <= true <= one[source].high for one in found])
        assert covered > 0.89, source  # 95 % less three standard errors


def test_an_estimate_below_zero_counts_as_zero_and_is_kept():
    values = np.zeros((2, 2, 4))
    values[:, 0] += 1.0  # the draws agree more closely than seeds within them
    found = components(values)["draw"]
    assert found.raw == pytest.approx(-0.25) and found.variance == 0.0 and found.low == 0.0


def test_each_source_is_that_of_the_index_that_it_names():
    index = np.indices((3, 2, 4))
    for source, axes in (("draw", index[0]), ("realization", index[2])):
        found = components(axes.astype(float))
        assert found[source].variance == pytest.approx(np.unique(axes).var(ddof=1))
        assert all(abs(found[other].raw) < 1e-9 for other in SOURCES if other != source)


@pytest.mark.parametrize("shape", [(1, 3, 9), (5, 1, 9), (5, 3, 1)])
def test_one_of_a_kind_has_no_variance(shape):
    with pytest.raises(ValueError, match=r"values have shape .* at least 2 draws"):
        components(np.ones(shape))


def test_percentages_leave_out_what_both_have_in_common():
    reference = np.array([1.0, 2.0, 3.0])
    assert percentages(0.9 * reference, reference).tolist() == pytest.approx([90.0] * 3)
    values = np.random.default_rng(0).random((5, 3, 3))
    np.testing.assert_allclose(percentages(values, reference).mean(axis=-1), 50 * values.mean(axis=-1))
