"""Time and memory of an inference, of untrained weights."""

import pytest
import torch

from qgnn_d2d import training
from qgnn_d2d.analysis import inference_cost as cost
from tests.unit.analysis.test_scaling import ATOL_FLOAT32, draw, model_of, run_of


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
def test_one_copy_is_seed_0(model):
    run = run_of(model)
    both, channels = model_of(run), training.cast(draw(10), torch.float32, "cpu")
    both.features.fit(channels.gain, channels.weight, channels.noise_power, channels.p_max)
    single_run, single = cost.one_copy(run, both)
    assert single.num_seeds == 1 and single_run.num_seeds == 1
    leaves = training.evaluation_leaves(run, both, channels, "x")
    first = None if leaves is None else leaves[:1]
    power = training.allocate(single, channels, first)
    assert torch.allclose(power[0], training.allocate(both, channels, leaves)[0], atol=ATOL_FLOAT32)


@pytest.mark.parametrize("model", ["qgnn", "gcn"])
def test_an_inference_takes_time_and_memory(model):
    run, threads = run_of(model, num_seeds=1), torch.get_num_threads()
    try:
        found = cost.inference_cost(run, model_of(run), draw(5, 1), 2)
    finally:
        torch.set_num_threads(threads)
    assert found["seconds"] > 0 and found["peak_mib"] > found["added_mib"] >= 0
