"""What only the kernels of star networks have: circuits, noise, leaves drawn anew in every layer, T."""

import dataclasses
import math

import numpy as np
import pennylane as qml
import pytest
import torch
from numba import njit

from qgnn_d2d import models, stars
from qgnn_d2d.models.kernels import kernel_of
from qgnn_d2d.models.kernels.lanes import put, tanh, turn
from qgnn_d2d.models.kernels.star import LANES, serves
from qgnn_d2d.models.kernels.transfer import Plan
from qgnn_d2d.models.kernels.vectors import W, load
from qgnn_d2d.models.star_network import gather, leaf_columns, star_edges
from qgnn_d2d.objective import trained_quantity
from qgnn_d2d.quantum import ansatz
from qgnn_d2d.quantum.engine.star import StarEngine
from qgnn_d2d.settings import NoiseModel
from tests.unit.models.cases import NOISE_POWER
from tests.unit.models.kernels.test_kernels import P_MAX, autograd, build, difference, draw

LAGOS = NoiseModel(device="FakeLagosV2")
OPTIONS = [
    {"heads": 3, "layers": 3, "k": 5, "entangling_layers": 1, "start_range": 1.0},
    {"layers": 1, "k": 1, "angle_range": 1.0},
    {"circuit": "qgcl_commuting", "start_range": 1.0, "heads": 2},
    {"noise": LAGOS, "start_range": 1.0, "k": 2},
]


def compare(model, drawn, protocol, start, stop):
    """Return the largest relative difference of a kernel's gradients, after its rates and powers were compared."""
    gain, weight, leaves = drawn
    part = slice(start, stop)
    rates, power, gradients = autograd(model, gain[:, part], weight[:, part], leaves[..., part, :, :], protocol)
    kernel = kernel_of(model)
    inputs = kernel.inputs(gain, weight, NOISE_POWER, P_MAX, leaves, trained_quantity(protocol))
    found, powers = kernel.run(inputs, start, stop, gradients=True)
    exact = power.dtype == torch.float64
    np.testing.assert_allclose(found, rates, rtol=1e-13 if exact else 1e-5)
    np.testing.assert_allclose(powers, power, rtol=1e-11 if exact else 1e-4, atol=0 if exact else 1e-6)
    return difference(kernel, gradients)


@pytest.mark.parametrize("protocol", ["stated", "released"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_float64(options, protocol):
    model = build("qgnn", options)
    assert compare(model, draw(model, batch=7), protocol, 2, 7) < 1e-12


@pytest.mark.parametrize("options", [OPTIONS[0], {"k": 9, "heads": 4, "layers": 4}], ids=str)
def test_float32_at_the_papers_sizes(options):
    model = build("qgnn", options, 10, torch.float32)
    assert compare(model, draw(model, 10, 12), "stated", 0, 12) < 1e-5


@pytest.mark.parametrize(("links", "batch"), [(2, 100), (7, 50), (LANES + 9, 1)])
def test_tiles_of_any_size(links, batch):
    model = build("qgnn", {"heads": 2}, 1)
    assert compare(model, draw(model, links, batch, shared=True), "stated", 1 if batch > 1 else 0, batch) < 1e-12


def test_leaves_drawn_anew_in_every_layer():
    model = build("qgnn", {"layers": 3, "heads": 2, "k": 2, "start_range": 1.0})
    gain, weight, _ = draw(model)
    leaves = stars.sample(6, 2, torch.Generator().manual_seed(5), (2, 3, 5))  # (S, L, B, M, k)
    direct, alpha, cross = model.features(gain, weight, NOISE_POWER, P_MAX)
    f = torch.stack([direct.flatten(1), alpha.flatten(1)], dim=1)
    x, prepared = model.embed.columns(f), model.prepare()
    for layer in range(3):
        columns = leaf_columns(leaves[:, layer])
        e = torch.stack(star_edges(cross, leaves[:, layer]), dim=1)
        angles = model._angles(model.edge_maps[layer].columns(e.flatten(2)))
        edges = angles.unflatten(-1, (2, -1)).transpose(-2, -3)
        z = model.measure(layer, prepared, model._angles(x), edges, columns)
        x = model.node_maps[layer].columns(torch.cat([f, z.reshape(2, -1, 30)], dim=1))
    amplitude = P_MAX * torch.sigmoid(model.readout.columns(torch.cat([x, f], dim=1))).view(2, 5, 6)
    quantity = trained_quantity("stated")
    rates = quantity.values(gain, amplitude**2, weight, NOISE_POWER)
    gradients = torch.autograd.grad(-rates.mean(1).sum(), list(model.parameters()))
    kernel = kernel_of(model)
    inputs = kernel.inputs(gain, weight, NOISE_POWER, P_MAX, leaves, quantity)
    np.testing.assert_allclose(kernel.run(inputs, 0, 5, gradients=True)[0], rates.sum(1).detach(), rtol=1e-13)
    assert difference(kernel, gradients) < 1e-12
    assert not torch.equal(gather(f, leaf_columns(leaves[:, 0])), gather(f, leaf_columns(leaves[:, 1])))


def test_realizations_out_of_range_are_refused():
    model = build("qgnn", {})
    kernel, (gain, weight, leaves) = kernel_of(model), draw(model)
    inputs = kernel.inputs(gain, weight, NOISE_POWER, P_MAX, leaves, trained_quantity("stated"))
    for part in ((-1, 2), (3, 3), (0, 6)):
        with pytest.raises(ValueError, match="realizations are"):
            kernel.run(inputs, *part, gradients=False)


def test_what_is_not_served():
    assert serves(models.build("qgnn")) and not serves(models.build("mlp_informed"))
    assert not serves(models.build("qgnn", {"circuit": "qgcl_ancilla"}))
    assert not serves(models.build("qgnn", dtype=torch.bfloat16))
    measured = models.build("qgnn")
    measured.estimator = lambda *angles: angles
    assert not serves(measured) and kernel_of(measured) is None


@pytest.mark.parametrize("circuit", ["qgcl", "qgcl_commuting", "qgcl_ancilla"])
@pytest.mark.parametrize("groups", [1, 40])
def test_the_transfer_tensor_and_its_adjoint_are_the_engines(circuit, groups):
    engine = StarEngine(ansatz.build(circuit, 2 if circuit == "qgcl" else 1))
    plan, generator = Plan(engine, np.float64), torch.Generator().manual_seed(1)
    for _ in range(2):  # nothing is left over from the first time
        weights = torch.randn(groups, engine.ansatz.num_parameters, generator=generator, dtype=torch.float64)
        transfer = engine.transfer(weights.requires_grad_()).flatten(1)
        slope = torch.randn(transfer.shape, generator=generator, dtype=torch.float64)
        (expected,) = torch.autograd.grad(transfer, weights, slope)
        np.testing.assert_allclose(plan.forward(weights.detach().numpy()), transfer.detach(), atol=1e-14)
        found = np.empty(weights.shape)
        plan.backward(slope.numpy(), found)
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("real", "rounding"), [(np.float32, 3e-7), (np.float64, 6e-14)])
def test_functions_on_lanes(real, rounding):
    @njit
    def values(x, y):
        for i in range(len(x)):
            u = load(x, i)
            put(y[i], 0, (tanh(u), *turn(u)))

    x = np.concatenate([np.linspace(-9, 9, 999), [0, 0.25, -0.5, 30, -30], np.linspace(-0.1, 0.1, 20)]).astype(real)
    found = np.empty((len(x) // W, 3, W), real)
    values(x.reshape(-1, W), found)
    exact = [(math.tanh(a), math.sin(2 * math.pi * a), math.cos(2 * math.pi * a)) for a in x.astype(float)]
    np.testing.assert_allclose(found.swapaxes(1, 2).reshape(-1, 3), exact, rtol=0, atol=rounding)
    values(np.full((1, W), np.nan, real), found)
    assert np.isnan(found[0]).all()


def test_an_identity_among_the_observables(monkeypatch):
    def with_identity(entangling_layers=2):
        return dataclasses.replace(ansatz.qgcl(entangling_layers), observables=("Z", "I"))

    monkeypatch.setitem(ansatz.ANSATZE, "qgcl", with_identity)
    for noise in (None, LAGOS):
        model = build("qgnn", {"noise": noise})
        assert compare(model, draw(model, batch=7), "stated", 2, 7) < 1e-12


def test_a_circuit_without_angles_is_trained_by_torch(monkeypatch):
    def no_angles(entangling_layers=2):
        return ansatz.Ansatz("no_angles", ("center",), lambda _, *wires: qml.CNOT(wires[1::-1]), 0, ("X", "Y", "Z"))

    monkeypatch.setitem(ansatz.ANSATZE, "qgcl", no_angles)
    model = build("qgnn", {})
    assert not serves(model) and kernel_of(model) is None
    gain, weight, leaves = draw(model, batch=3)
    power = model(gain, weight, NOISE_POWER, P_MAX, leaves)
    power.sum().backward()
    assert torch.isfinite(power).all() and model.num_parameters["quantum"] == 0
