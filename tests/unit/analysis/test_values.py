"""Values of realizations: averaged, saved and loaded, or refused by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.analysis import values
from tests.strategies import samples
from tests.unit.analysis.cases import scored, solved

RATES = np.array([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    "dataset", [solved(RATES), scored({"a": [1.0, 0.5], "b": [0.2]}, RATES)], ids=["solvers", "models"]
)
def test_what_is_saved_is_loaded(dataset, tmp_path):
    values.save(dataset.assign_attrs(split="test"), tmp_path / "x.nc")
    found = values.load(tmp_path / "x.nc")
    assert found.equals(dataset) and found.attrs["split"] == "test"


def test_values_that_are_not_finite_are_not_saved(tmp_path):
    dataset = solved(RATES)
    dataset["sum_rate"].values[0, 0] = np.nan
    with pytest.raises(ValueError, match="sum_rate has values that are not finite"):
        values.save(dataset, tmp_path / "x.nc")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop_vars(["sum_rate", "released_metric"]), "one of .* is needed"),
        (lambda d: d.assign(sum_rate=d["sum_rate"].T), "it must have .solver, realization"),
        (lambda d: d.assign(sum_rate=d["sum_rate"].astype(int).assign_attrs(units="bps/Hz")), "floating point"),
        (lambda d: d.assign(sum_rate=d["sum_rate"].assign_attrs(units="nats")), "units 'nats'; they must be 'bps/Hz'"),
        (lambda d: d.drop_vars("solver"), "solver is no coordinate"),
        (lambda d: d.drop_vars("certified"), "solver optimum needs certified, truths by realization"),
        (lambda d: d.assign(upper_bound=d["upper_bound"] > 0), "solver optimum needs upper_bound, numbers"),
    ],
    ids=["no quantity", "transposed", "integers", "units", "no solvers", "no certificate", "no bound"],
)
def test_foreign_files_are_refused_by_name(change, message, tmp_path):
    change(solved(RATES)).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=f"x.nc: .*{message}"):
        values.load(tmp_path / "x.nc")


def test_a_truncated_file_is_refused(tmp_path):
    values.save(solved(RATES), tmp_path / "x.nc")
    (tmp_path / "x.nc").write_bytes((tmp_path / "x.nc").read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"x.nc"):
        values.load(tmp_path / "x.nc")


@given(rates=samples(1, 1, 4, st.floats(0, 10)))
def test_summaries_are_means(rates):
    dataset = solved(rates)
    table = values.summarize(dataset)
    found = table[table["metric"] == "sum_rate"]
    assert found["solver"].tolist() == list(dataset["solver"].values) and set(found["unit"]) == {"bps/Hz"}
    np.testing.assert_allclose(found["mean"], dataset["sum_rate"].values.mean(axis=1))


def test_what_stands_in_the_place_of_the_optimum_has_its_share():
    bound = RATES * [1, 1, 1.5]
    table = values.summarize(solved(RATES, bound=bound)).query("metric == 'sum_rate'").set_index("solver")
    assert table["mean"].iloc[-2:].to_dict() == {"best_found": RATES.mean(), "bound": bound.mean()}
    assert (
        table["certified_share"].iloc[-2:].tolist() == [2 / 3] * 2 and table["certified_share"].iloc[:-2].isna().all()
    )
    assert "certified_share" not in values.summarize(solved(RATES))
    assert "optimum" not in set(values.summarize(solved(RATES, optimum=False))["solver"])


@given(rates=samples(1, 1, 4, st.floats(0, 10)), factors=samples(1, 1, 3, st.floats(0, 1)))
def test_seed_means_are_means(rates, factors):
    table = values.seed_means(scored({"a": factors, "b": [1.0]}, rates))
    found = table[(table["metric"] == "released_metric") & (table["run"] == "a")]
    assert found["seed"].tolist() == list(range(len(factors)))
    np.testing.assert_allclose(found["value"], factors * rates.mean())
