"""The graph network on stars, node by node."""

import torch

from tests.unit.models.cases import NOISE_POWER, ROUNDING, allocate, build, channels, draw_leaves


def layer(linear, x):
    return x @ linear.weight[0] + linear.bias[0]


def test_it_is_what_its_docstring_says():
    model = build("star_gnn", k=2, layers=2)
    gain, weight = (values[:1] for values in channels())
    leaves = draw_leaves(model, batch=1)
    direct, alpha, cross = model.features(gain, weight, NOISE_POWER, 1.0)
    f = torch.stack([direct[0], alpha[0]], dim=-1)  # (M, 2)
    x = layer(model.embed, f)
    for stars in leaves[0, :, 0].tolist():
        y, states = torch.cat([x, f], dim=-1), []
        for m, star in enumerate(stars):
            read = [torch.cat([y[m], y[j], torch.stack([cross[0, m, j], cross[0, j, m]])]) for j in star]
            sent = [layer(model.message_out, torch.relu(layer(model.message_in, one))) for one in read]
            messages = torch.stack([x[j] + one for j, one in zip(star, sent, strict=True)])
            read = torch.cat([y[m], messages.mean(0), messages.amax(0)])
            states.append(x[m] + layer(model.update_out, torch.relu(layer(model.update_in, read))))
        x = torch.stack(states)
    out = layer(model.readout_out, torch.relu(layer(model.readout_in, torch.cat([x, f], dim=-1))))
    expected = torch.sigmoid(out[:, 0]) ** 2
    torch.testing.assert_close(allocate(model, gain, weight, leaves)[0, 0], expected, rtol=0, atol=ROUNDING)
