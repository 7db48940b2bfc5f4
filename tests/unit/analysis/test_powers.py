"""Powers: the same whatever the parts, and the same again from every format of file."""

import numpy as np
import pytest
import torch
import xarray as xr

from qgnn_d2d.analysis import comparison, evaluation, powers
from qgnn_d2d.solvers import METHODS
from tests.unit.analysis import cases


def test_a_models_powers_are_those_of_its_evaluation():
    settings = cases.run("qgnn", k=1, layers=1, start_range=1.0)
    data = cases.channels(30, links=3)
    model = cases.model_of(settings, data)
    power, seconds = powers.of_model(settings, model, data, "test")
    evaluated = evaluation.evaluate(settings, model, data, "test")["sum_rate"].values
    np.testing.assert_array_equal(comparison.rates(data, power), evaluated)
    assert seconds > 0


@pytest.mark.parametrize("name", ["full_power", "wmmse", "optimum"])
def test_a_methods_powers_do_not_depend_on_the_parts(name):
    data, method = cases.channels(30, links=3), METHODS[name]
    seen = list[int]()
    solved = powers.of_method(method, data, track=lambda numbers: seen.extend(numbers) or numbers)
    assert seen == [0, 25]
    whole = method.solve(data.gain, data.weight, data.noise_power, data.p_max)
    torch.testing.assert_close(solved.power, whole, rtol=1e-9, atol=1e-9)
    assert (solved.upper is None) == (not method.certified)
    assert solved.certified is None or solved.certified.all()


def test_few_boxes_leave_certificates_open():
    solved = powers.of_method(METHODS["optimum"], cases.channels(6, links=6), max_boxes=1)
    assert not solved.certified.all()
    assert (solved.upper >= 0).all()


@pytest.mark.parametrize("suffix", powers.FORMATS)
@pytest.mark.parametrize("seeds", [[2], [0, 1, 2]])
def test_what_is_saved_is_loaded(tmp_path, suffix, seeds):
    data = cases.channels(4, links=3, p_max=2.0)
    power = 4 * torch.rand(len(seeds), 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    powers.save(powers.dataset(power, np.zeros((len(seeds), 4)), seeds, {"run": "a"}), tmp_path / f"p{suffix}")
    torch.testing.assert_close(powers.load(tmp_path / f"p{suffix}", data), power, rtol=1e-12, atol=0)


def test_dimensions_with_names_are_put_in_order(tmp_path):
    power = np.arange(12.0).reshape(3, 4) / 12
    xr.Dataset({"power": (("link", "realization"), power)}).to_netcdf(tmp_path / "p.nc")
    np.testing.assert_array_equal(powers.load(tmp_path / "p.nc", cases.channels(4, links=3))[0], power.T)


def test_rows_in_another_order_are_put_in_order(tmp_path):
    rows = ["realization,seed,power_1,power_0", "1,0,0.1,0.2", "0,1,0.3,0.4", "0,0,0.5,0.6", "1,1,0.7,0.8"]
    path = tmp_path / "p.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    data = cases.channels(2, links=2)
    with pytest.raises(ValueError, match="they must have power_0, power_1"):  # a column's place is its link's
        powers.load(path, data)
    rows[0] = "realization,seed,power_0,power_1"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert powers.load(path, data).tolist() == [[[0.5, 0.6], [0.1, 0.2]], [[0.3, 0.4], [0.7, 0.8]]]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (["0,0,1,1", "0,1,1,1", "1,0,1,1"], "seeds have \\[1, 2\\] realizations; all must have equally many"),
        (["0,0,1,1", "0,2,1,1"], "column realization must be 0, 1, ... for every seed"),
        (["0,0,1,a", "0,1,1,1"], "must hold numbers"),
    ],
)
def test_tables_that_are_no_powers_are_refused(tmp_path, rows, line):
    (tmp_path / "p.csv").write_text("\n".join(["seed,realization,power_0,power_1", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=line):
        powers.load(tmp_path / "p.csv", cases.channels(2, links=2))


def test_roundings_of_float32_above_the_largest_power_are_taken_for_it(tmp_path):
    np.save(tmp_path / "p.npy", np.full((2, 2), 1 + 5e-7))
    assert (powers.load(tmp_path / "p.npy", cases.channels(2, links=2)) == 1).all()
