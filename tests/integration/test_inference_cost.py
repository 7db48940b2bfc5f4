"""An inference is measured in a fresh process."""

import pytest

from qgnn_d2d import training
from qgnn_d2d.analysis import inference_cost as cost
from tests.unit.analysis.test_scaling import SCENARIO, model_of, run_of


def test_inference_is_measured_in_a_fresh_process(tmp_path):
    run, weights = run_of("gcn"), tmp_path / "weights.safetensors"
    training.save_weights(model_of(run), run, weights)
    training.save_manifest(run, model_of(run), tmp_path / "manifest.json", weights=weights)
    row = cost.inference_row(run, weights, SCENARIO, 12, 1)
    assert (row["run"], row["model"], row["k"], row["num_links"]) == ("r", "gcn", None, 12)
    assert row["seconds"] > 0 and row["peak_mib"] > row["added_mib"] >= 0


def test_a_failed_measurement_ends_in_the_last_line_of_its_process(tmp_path):
    with pytest.raises(ValueError, match=r"^inference of r at 12 links failed: .*missing\.safetensors: no such file"):
        cost.inference_row(run_of("gcn"), tmp_path / "missing.safetensors", SCENARIO, 12, 1)
