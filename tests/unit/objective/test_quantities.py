"""The registry of quantities."""

import subprocess
import sys

import pytest
import torch

from qgnn_d2d import objective
from qgnn_d2d.objective import PROTOCOL_TITLES, PROTOCOLS, QUANTITIES, axis_label, trained_quantity, wmmse_quantity


def test_every_protocol_has_one_quantity_of_its_models_and_one_of_wmmse():
    assert set(PROTOCOLS) == set(PROTOCOL_TITLES) == {quantity.protocol for quantity in QUANTITIES.values()}
    for protocol in PROTOCOLS:
        of_protocol = [quantity for quantity in QUANTITIES.values() if quantity.protocol == protocol]
        assert [quantity for quantity in of_protocol if quantity.bound] == [trained_quantity(protocol)]
        assert [quantity for quantity in of_protocol if quantity.wmmse_line] == [wmmse_quantity(protocol)]
        assert axis_label(protocol)
    assert axis_label("released").splitlines() == [
        "models: public code's metric (bps/Hz)",
        "WMMSE: public code's evaluation (nats)",
    ]


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_are_complete_and_evaluate(name):
    quantity = QUANTITIES[name]
    assert quantity.name == name and quantity.unit and quantity.short and quantity.title[0].isupper()
    gain, power, weight = torch.rand(2, 3, 3), torch.rand(2, 3), torch.rand(2, 3)
    function = getattr(objective, quantity.function)
    assert torch.equal(quantity.values(gain, power, weight, 0.1), function(gain, power, weight, 0.1))


def test_registries_load_without_numerical_libraries():
    heavy = "torch pandas xarray matplotlib pennylane qiskit"
    code = (
        f"import sys, qgnn_d2d.objective, qgnn_d2d.solvers; print([m for m in {heavy.split()!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_the_package_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute rate"):
        objective.rate  # noqa: B018
