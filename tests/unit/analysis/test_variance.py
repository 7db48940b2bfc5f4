"""Components of variance, on values whose components are known."""

import numpy as np
import pytest

from qgnn_d2d.analysis.variance import SOURCES, WITHIN, components, percentages

TRUE = {
    "draw": 1.2, "seed": 0.8, "realization": 50.0, "draw x seed": 0.5, "draw x realization": 4.0,
    "seed x realization": 20.0, "rest": 9.0,
}  # fmt: skip


def simulated(generator, d=5, s=3, n=200):
    spread = {source: np.sqrt(variance) for source, variance in TRUE.items()}
    shapes = [(d, 1, 1), (1, s, 1), (1, 1, n), (d, s, 1), (d, 1, n), (1, s, n), (d, s, n)]
    parts = zip(TRUE, shapes, strict=True)
    return 80 + sum(spread[name] * generator.standard_normal(shape) for name, shape in parts)


def test_the_estimates_of_many_studies_are_the_true_components_on_average():
    generator = np.random.default_rng(1)
    found = [components(simulated(generator)) for _ in range(150)]
    for source, true in {**TRUE, WITHIN: TRUE["seed"] + TRUE["draw x seed"]}.items():
        raw = np.array([one[source].raw for one in found])
        assert abs(raw.mean() - true) < 4 * raw.std() / np.sqrt(len(raw)), source
        covered = np.mean([one[source].low <= true <= one[source].high for one in found])
        assert covered > 0.89, source  # 95 % less three standard errors


def test_an_estimate_below_zero_counts_as_zero_and_is_kept():
    values = np.zeros((2, 2, 4))
    values[0, 0] = values[1, 1] = 1.0  # draws and seeds are alike, their combinations are not
    found = components(values)
    assert found["draw"].raw == pytest.approx(-0.5) and found["draw"].variance == 0.0 and found["draw"].low == 0.0
    assert found["draw x seed"].variance == pytest.approx(1.0) and found[WITHIN].raw == pytest.approx(0.5)


def test_what_a_seed_has_in_all_draws_is_none_of_the_draws_scatter():
    """Seed s has the same initial weights and stars in every draw: seeds are not nested in draws."""
    generator = np.random.default_rng(2)
    of_seed, of_both = generator.standard_normal((1, 3, 1)), generator.standard_normal((1, 3, 50))
    found = components(of_seed + of_both + np.zeros((5, 1, 1)))
    assert abs(found["draw"].raw) < 1e-9 and abs(found["draw x realization"].raw) < 1e-9


def test_each_source_is_that_of_the_index_that_it_names():
    index = np.indices((3, 2, 4))
    for source, axes in (("draw", index[0]), ("seed", index[1]), ("realization", index[2])):
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
