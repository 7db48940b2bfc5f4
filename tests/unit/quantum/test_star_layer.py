"""The star layer, held to PennyLane's TorchLayer on the same circuit."""

import copy

import pennylane as qml
import pytest
import torch
from torch import nn

import qgnn_d2d.quantum
from qgnn_d2d.quantum import StarLayer
from qgnn_d2d.quantum.ansatz import encode, of_block, star_wires
from qgnn_d2d.quantum.estimators import exact
from qgnn_d2d.quantum.hardware.devices import device_line
from qgnn_d2d.quantum.hardware.noise import program
from tests.circuits import CIRCUITS, QGCL, assert_close


def zz_block(weights, center, leaf, edge):
    qml.IsingZZ(weights[0], wires=[edge, leaf])
    qml.RY(weights[1], wires=leaf)
    qml.IsingZZ(weights[2], wires=[leaf, center])
    qml.RX(weights[3], wires=center)


ZZ = of_block(zz_block)
WITH_ANGLES = {"zz": ZZ} | {name: circuit for name, circuit in CIRCUITS.items() if circuit.num_parameters}


def torch_layer(ansatz, k):
    """PennyLane's layer of a star: the circuit on default.qubit."""
    wires = star_wires(ansatz, k)
    words = {wire: i for i, wire in enumerate(ansatz.memory)}

    @qml.qnode(qml.device("default.qubit", wires=wires), interface="torch")
    def circuit(inputs, weights):
        for i, wire in enumerate(wires[: 2 * k + 1]):
            encode(inputs[..., 2 * i : 2 * i + 2], wire)
        for i in range(k):
            ansatz.block(weights, *ansatz.memory, f"leaf {i + 1}", f"edge {i + 1}")
        return [qml.expval(qml.pauli.string_to_pauli_word(word, wire_map=words)) for word in ansatz.observables]

    return qml.qnn.TorchLayer(circuit, {"weights": (ansatz.num_parameters,)}).double()


def as_torch_layer(layer, k):
    """PennyLane's layer with the same weights."""
    found = torch_layer(layer.engine.ansatz, k)
    found.load_state_dict(layer.state_dict())
    return found


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("ansatz", WITH_ANGLES.values(), ids=WITH_ANGLES)
def test_values_and_gradients_are_those_of_torchlayer(ansatz, k):
    generator = torch.Generator().manual_seed(k)
    angles = 3 * torch.randn(4, 4 * k + 2, generator=generator, dtype=torch.float64)
    star_layer = StarLayer(ansatz, start_range=3.0, dtype=torch.float64)
    results = []
    for layer in (star_layer, as_torch_layer(star_layer, k)):
        own = angles.clone().requires_grad_()
        values = layer(own)
        (values * torch.linspace(-1, 2, values.numel(), dtype=values.dtype).view(values.shape)).sum().backward()
        results.append((values, own.grad, layer.weights.grad))
    for one, other in zip(*results, strict=True):
        assert one.shape == other.shape
        assert_close(one, other)


def test_it_trains_inside_a_network():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 10), StarLayer(ZZ), nn.Linear(3, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    x = torch.rand(64, 2)
    losses = []
    for _ in range(60):
        loss = (network(x).squeeze(-1) - x.prod(-1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0] and network[1].weights.grad.abs().min() > 0


@pytest.mark.parametrize("batch", [(), (0,), (5,), (2, 3)])
def test_a_batch_has_any_shape(batch):
    layer = StarLayer(QGCL, start_range=1.0)
    angles = torch.randn(*batch, 14)
    values = layer(angles)
    assert values.shape == (*batch, 3)
    flat = angles.view(-1, 14)
    for i, value in enumerate(values.reshape(-1, 3)):
        assert_close(value, layer(flat[i]), 1e-6)


def test_noise_is_that_of_the_device():
    line = device_line("FakeLagosV2")
    layer = StarLayer(QGCL, program(QGCL, line), start_range=1.0, dtype=torch.float64)
    qubits = torch.randn(6, 7, 2, dtype=torch.float64)
    stars = qubits[:, 0].T, qubits[:, 1::2].permute(1, 2, 0), qubits[:, 2::2].permute(1, 2, 0)
    expected = exact(QGCL, line)(layer.weights.unsqueeze(0), *(part.unsqueeze(0) for part in stars))
    noisy = layer(qubits.flatten(1))
    assert_close(noisy, expected[0].T)
    clean = StarLayer(QGCL, dtype=torch.float64)
    clean.load_state_dict(layer.state_dict())
    assert (clean(qubits.flatten(1)) - noisy).abs().max() > 1e-3
    noisy.sum().backward()
    assert layer.weights.grad.abs().max() > 0


def test_the_start_is_the_generators_and_copies_are_the_same():
    def made():
        return StarLayer(QGCL, generator=torch.Generator().manual_seed(3), start_range=0.2)

    layer, angles = made(), torch.randn(2, 14)
    assert torch.equal(layer.weights, made().weights) and 0.1 < layer.weights.abs().max() <= 0.2
    layer(angles)
    assert torch.equal(copy.deepcopy(layer)(angles), layer(angles))
    assert list(layer.state_dict()) == ["weights"] and "qgcl" in repr(layer)


def test_a_layer_can_be_cast():
    layer = StarLayer(QGCL)
    angles = torch.randn(2, 14)
    assert_close(layer(angles).double(), layer.double()(angles.double()), 1e-5)


@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (2, 7), (2, 12), (2, 16), (2, 7, 2)])
def test_angles_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"angles have shape \(.*\); it must be \(..., 4k \+ 2\)"):
        StarLayer(QGCL)(torch.zeros(shape))


def test_angles_of_another_type_are_refused():
    with pytest.raises(ValueError, match=r"angles have dtype torch.float64; it must be the layer's, torch.float32"):
        StarLayer(QGCL)(torch.zeros(2, 14, dtype=torch.float64))


@pytest.mark.parametrize("ansatz", [ZZ, CIRCUITS["pair"]], ids=["zz", "pair"])
def test_second_derivatives_are_right(ansatz):
    layer = StarLayer(ansatz, start_range=2.0, dtype=torch.float64)
    angles = torch.randn(1, 10, dtype=torch.float64, requires_grad=True)

    def values(weights, angles):
        return torch.func.functional_call(layer, {"weights": weights}, (angles,))

    weights = layer.weights.detach().requires_grad_()
    assert torch.autograd.gradcheck(values, (weights, angles), fast_mode=True)
    assert torch.autograd.gradgradcheck(values, (weights, angles), fast_mode=True)
    found = torch.autograd.functional.hessian(lambda x: layer(x).sum(), angles.detach())
    assert_close(found, torch.autograd.functional.hessian(lambda x: as_torch_layer(layer, 2)(x).sum(), angles.detach()))


def test_the_package_gives_its_main_names():
    assert {name: getattr(qgnn_d2d.quantum, name).__name__ for name in qgnn_d2d.quantum.__all__} == {
        name: name for name in ("Ansatz", "ClassicalStars", "StarEngine", "StarLayer")
    }
    with pytest.raises(AttributeError, match=r"qgnn_d2d.quantum has no attribute Layer"):
        qgnn_d2d.quantum.Layer  # noqa: B018
