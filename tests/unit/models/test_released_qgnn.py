"""The public code's QGNN, layer by layer, against the same network written with torch.nn and PennyLane."""

import math
from itertools import pairwise

import pennylane as qml
import pytest
import torch
from torch import nn

from qgnn_d2d import models, stars
from qgnn_d2d.models.kernels.hidden import unpacked
from qgnn_d2d.models.released_mlp import Dropout
from tests.unit.models.cases import NOISE_POWER, channels

BATCH, LINKS, WIDTH, LAYERS, ENTANGLING, P_MAX = 2, 5, 16, 2, 2, 1.3


def build(compiled=True, **options):
    options = {"width": WIDTH, "entangling_layers": ENTANGLING, "layers": LAYERS, "dropout": 0.2} | options
    return models.build("qgnn_released", options, seed=3, seeds=range(2), dtype=torch.float64, compiled=compiled)


def drawn(links=LINKS, sets=LAYERS):
    gain, weight = channels(1, links, 2 * BATCH)
    leaves = stars.sample(links, 3, torch.Generator().manual_seed(4), (2, sets, BATCH))
    return gain.view(2, BATCH, links, links), weight.view(2, BATCH, links), leaves


def recorded(model, monkeypatch):
    """Return a list that gets what every dropout of a model keeps."""
    masks, draw = [], Dropout.draw

    def recording(self, *shape):
        bits = draw(self, *shape)
        masks.append(None if bits is None else unpacked(bits, shape[-1]))
        return bits

    monkeypatch.setattr(Dropout, "draw", recording)
    return masks


class Reference:
    """One seed of the public code's network; ``other`` names one fact that is changed."""

    def __init__(self, model, seed, masks, other=None):
        self.model, self.seed, self.other, self.training = model, seed, other, model.training
        self.masks = iter([None if mask is None else mask[seed] for mask in masks])

    def linear(self, layer):
        weight, bias = layer.weight[self.seed], layer.bias[self.seed]
        found = nn.Linear(*weight.shape, dtype=weight.dtype)
        found.load_state_dict({"weight": weight.T, "bias": bias})
        return found

    def norm(self, norm):
        found = nn.BatchNorm1d(norm.weight.shape[1], dtype=norm.weight.dtype).train(self.training)
        found.load_state_dict({name: values[self.seed] for name, values in norm.state_dict().items()}, strict=False)
        return found

    def hidden(self, x, norm, rows=None):
        norm = (lambda x: x) if norm is None else self.norm(norm)
        leaky = nn.LeakyReLU(0.2 if self.other == "slope" else 0.01)
        x = norm(leaky(x)) if self.other == "activation first" else leaky(norm(x))
        mask = next(self.masks)
        if mask is None:
            return x
        mask = mask if rows is None else mask[rows]
        return x * mask / (1 - self.model.rounds[0].update.hidden[0].dropout.probability)

    def mlp(self, x, network):
        for linear, hidden in zip(network.linear[:-1], network.hidden, strict=True):
            x = self.hidden(self.linear(linear)(x), hidden.norm)
        return self.linear(network.linear[-1])(x)

    def edges(self, channel, leaves):
        """Return {(b, center, leaf): two numbers}; statistics are those of all edges."""
        network, links = self.model.edge_network, channel.shape[-1]
        pairs = [(b, m, j) for b in range(BATCH) for m in range(links) for j in range(links) if j != m]
        if self.other == "edges in use":
            pairs = [(b, m, j) for b, m, j in pairs if (leaves[:, b, m] == j).any()]
        rows = tuple(zip(*pairs, strict=True))
        x = torch.stack([channel[pair] for pair in pairs]).unsqueeze(1)
        if self.other == "outgoing edge":
            x = torch.stack([channel[b, j, m] for b, m, j in pairs]).unsqueeze(1)
        e = self.linear(network.last)(self.hidden(self.linear(network.first)(x), network.norm, rows))
        return dict(zip(pairs, math.pi * torch.tanh(e), strict=True))

    def star(self, layer, nodes, leaf_nodes, edges):
        """Return the two expectation values of all stars; nodes (N, 2), leaves and edges (N, k, 2)."""
        quantum_round, k = self.model.rounds[layer], leaf_nodes.shape[1]
        message = quantum_round.message_block_angles[self.seed, 0].detach()
        update = quantum_round.update_block_angles[self.seed].detach()
        leaf = [f"leaf {i}" for i in range(k)]
        edge = [f"edge {i}" for i in range(k)]
        if self.other == "shared weights":
            update = update[:1].expand(k, -1)

        @qml.qnode(qml.device("default.qubit", wires=["center", "ancilla", *leaf, *edge]), interface="torch")
        def circuit():
            for values, wire in [(nodes, "center"), *((leaf_nodes[:, i], leaf[i]) for i in range(k)),
                                 *((edges[:, i], edge[i]) for i in range(k))]:  # fmt: skip
                qml.RX(values[:, 0], wires=wire)
                qml.RZ(values[:, 1], wires=wire)
            for i in range(k):
                qml.CRX(message[0], wires=[leaf[i], edge[i]])
                qml.CRY(message[1], wires=[edge[i], leaf[i]])
                qml.StronglyEntanglingLayers(message[2:].reshape(ENTANGLING, 2, 3), wires=[edge[i], leaf[i]])
            for i in range(k):
                weights = update[i].reshape(ENTANGLING, 3, 3)
                qml.StronglyEntanglingLayers(weights, wires=["center", leaf[i], "ancilla"])
            return qml.expval(qml.Z("center")), qml.expval(qml.Z("ancilla"))

        return torch.stack(circuit(), dim=-1)

    @torch.no_grad()
    def __call__(self, gain, weight, leaves):
        """Return powers (B, M) for gain (B, M, M), weight (B, M), leaves (L, B, M, k)."""
        channel, links = gain.sqrt(), gain.shape[-1]
        direct = channel.diagonal(dim1=1, dim2=2).flatten()
        constants = [torch.full_like(direct, value) for value in (P_MAX, NOISE_POWER)]
        x = self.mlp(torch.stack([direct, weight.flatten(), *constants], dim=-1), self.model.node_network)
        x = math.pi * torch.tanh(x)
        e = self.edges(channel, leaves)
        for layer, quantum_round in enumerate(self.model.rounds):
            chosen = leaves[0 if self.other == "one set of leaves" else layer]
            nodes = [(b, m) for b in range(BATCH) for m in range(links)]
            at = torch.tensor([[b * links + int(j) for j in chosen[b, m]] for b, m in nodes])
            edges = torch.stack([torch.stack([e[b, m, int(j)] for j in chosen[b, m]]) for b, m in nodes])
            angles = math.pi * torch.tanh(x) if self.other == "tanh in every layer" else x
            message = math.pi * torch.tanh(self.star(layer, angles, angles[at], edges))
            update = self.mlp(torch.cat([x, message], dim=1), quantum_round.update)
            x = self.norm(quantum_round.norm)(update if self.other == "no residual" else x + update)
        output = self.mlp(x, self.model.readout)
        amplitude = P_MAX * torch.exp(-nn.functional.softplus(-output if self.other == "sign" else output))
        return amplitude.square().view(weight.shape)


FACTS = [
    "activation first", "slope", "edges in use", "outgoing edge", "shared weights", "one set of leaves",
    "tanh in every layer", "no residual", "sign",
]  # fmt: skip


def apart(model, monkeypatch, other=None, tensors=None):
    """Return how far a model's powers are from the reference's."""
    gain, weight, leaves = drawn() if tensors is None else tensors
    state = {name: values.clone() for name, values in model.state_dict().items()}  # running statistics, before
    masks = recorded(model, monkeypatch)
    power = model(gain, weight, NOISE_POWER, P_MAX, leaves).detach()
    after = {name: values.clone() for name, values in model.state_dict().items()}
    model.load_state_dict(state)
    references = [Reference(model, s, masks, other) for s in range(2)]
    expected = torch.stack([reference(gain[s], weight[s], leaves[s]) for s, reference in enumerate(references)])
    model.load_state_dict(after)
    return float((power - expected).abs().max())


@pytest.mark.parametrize("compiled", [True, False])
def test_all_layers_are_those_of_the_public_code(compiled, monkeypatch):
    model = build(compiled)
    assert apart(model, monkeypatch) < 1e-9  # batch statistics and dropout
    monkeypatch.undo()
    assert apart(model.eval(), monkeypatch) < 1e-9  # running statistics, no dropout
    monkeypatch.undo()
    few = drawn(links=3)  # two leaves each: the first two slots
    assert apart(model.train(), monkeypatch, tensors=few) < 1e-9


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_matters(fact, monkeypatch):
    assert apart(build(), monkeypatch, fact) > 1e-4


@pytest.mark.parametrize("compiled", [True, False])
def test_running_statistics_are_those_of_torch(compiled):
    model = build(compiled, dropout=0.0)
    norm, (gain, weight, leaves) = model.edge_network.norm, drawn()
    expected = [Reference(model, s, []).norm(norm) for s in range(2)]
    model(gain, weight, NOISE_POWER, P_MAX, leaves)
    off = ~torch.eye(LINKS, dtype=torch.bool)
    for s, own in enumerate(expected):
        own(gain[s].sqrt()[:, off].view(-1, 1) @ model.edge_network.first.weight[s] + model.edge_network.first.bias[s])
        for name in ("running_mean", "running_var"):
            torch.testing.assert_close(norm.get_buffer(name)[s], own.get_buffer(name), rtol=1e-12, atol=1e-12)


def test_networks_have_the_public_codes_layers():
    model = models.build("qgnn_released")
    assert model.num_parameters == {"quantum": 136, "classical": 14865, "total": 15001}
    widths = {"node_network": (4, 64, 2), "readout": (2, 64, 64, 1), "rounds.1.update": (4, 64, 64, 2)}
    for name, expected in widths.items():
        network = model.get_submodule(name)
        found = [tuple(linear.weight.shape[1:]) for linear in network.linear]
        assert found == list(pairwise(expected))
        assert all((hidden.norm is None) == ("update" in name) for hidden in network.hidden)
    assert {part.probability for part in model.modules() if isinstance(part, Dropout)} == {0.1}
    assert model.rounds[0].update_block_angles.shape == (1, 3, 18)  # own weights of every leaf


def test_circuit_angles_start_between_0_and_pi():
    model = models.build("qgnn_released", seeds=range(20))
    angles = torch.cat([p.flatten() for name, p in model.named_parameters() if "block_angles" in name]).detach()
    assert angles.min() >= 0 and angles.max() <= math.pi + 1e-6
    assert abs(float(angles.mean()) - math.pi / 2) < 0.1 and float(angles.std()) == pytest.approx(
        math.pi / 12**0.5, 0.05
    )


def test_dropout_drops_each_seeds_own_entries_while_training():
    def generators(seeds=2):
        return [torch.Generator().manual_seed(s) for s in range(seeds)]

    dropout, x = Dropout(0.25, generators()), torch.ones(2, 40, 100)
    kept = dropout(x) != 0
    assert abs(kept.double().mean() - 0.75) < 0.03 and (kept[0] != kept[1]).any()
    torch.testing.assert_close(dropout(x).unique(), torch.tensor([0.0, 1 / 0.75]))
    assert torch.equal(Dropout(0.25, generators()[1:])(x[1:]), Dropout(0.25, generators())(x)[1:])
    dropout.eval()
    assert dropout(x) is x and Dropout(0.0, generators())(x) is x


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.3])
def test_dropout_keeps_as_many_as_it_should(probability):
    dropout = Dropout(probability, [torch.Generator().manual_seed(s) for s in range(20)])
    kept = unpacked(dropout.draw(2000, 64), 64).double()
    scatter = (probability * (1 - probability) / kept[..., 0].numel()) ** 0.5
    assert abs(float(kept.mean()) - 1 + probability) < 4 * scatter / 8
    assert ((kept.mean((0, 1)) - 1 + probability).abs() < 5 * scatter).all()  # every channel
    pairs = torch.corrcoef(kept.reshape(-1, 64).T).fill_diagonal_(0)
    assert pairs.abs().max() < 0.03  # channels are independent
