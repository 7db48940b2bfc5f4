import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from qgnn_d2d.models.ensemble import BatchNorm, Linear, mlp, stacked_uniform
from qgnn_d2d.random_streams import torch_generator


def generators(seeds=2):
    return [torch_generator(5, s) for s in range(seeds)]


@given(
    shape=st.lists(st.integers(1, 4), max_size=3),
    bound=st.floats(0, 10),
    copies=st.integers(1, 3),
)
def test_stacked_layers_are_those_of_each_seed(shape, bound, copies):
    drawn = stacked_uniform(shape, bound, generators(copies))
    assert drawn.shape == (copies, *shape) and (drawn.abs() <= bound).all()
    assert torch.equal(drawn[-1:], stacked_uniform(shape, bound, generators(copies)[-1:]))
    torch.testing.assert_close(stacked_uniform(shape, bound, generators(copies), middle=3.0), drawn + 3.0)
    widths = [2, *shape, 1]
    together, alone = (mlp(widths, found, torch.nn.ReLU) for found in (generators(copies), generators(copies)[-1:]))
    x = torch.rand(copies, 3, 2)
    assert together(x).shape == (copies, 3, 1) and not isinstance(together[-1], torch.nn.ReLU)
    torch.testing.assert_close(together(x)[-1:], alone(x[-1:]))


def test_a_linear_layer_is_the_same_map_by_rows_columns_and_parts():
    layer = Linear(5, 3, generators())
    assert (layer.weight.abs() <= 1 / math.sqrt(5)).all()
    x = torch.rand(2, 4, 6, 5)
    y = layer(x)
    torch.testing.assert_close(y[1, 2, 3], x[1, 2, 3] @ layer.weight[1] + layer.bias[1])
    torch.testing.assert_close(layer.columns(x[:, 0].mT), y[:, 0].mT)
    parts = layer.part(x[..., :2], 0, 2) + layer.part(x[..., 2:], 2, 5)
    torch.testing.assert_close(parts + layer.bias[:, None, None], y)


def test_batch_norm_is_that_of_each_seed():
    x = torch.rand(2, 40, 3) * 5 + torch.tensor([1.0, 7.0])[:, None, None]
    norm = BatchNorm(3, 2)
    own = [torch.nn.BatchNorm1d(3) for _ in range(2)]
    for _ in range(2):
        torch.testing.assert_close(norm(x), torch.stack([own[s](x[s]) for s in range(2)]))
    norm.eval()
    expected = [own[s].eval()(x[s]) for s in range(2)]
    torch.testing.assert_close(norm(x), torch.stack(expected))
