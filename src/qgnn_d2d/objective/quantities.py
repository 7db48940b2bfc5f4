"""The quantities that models and solvers are reported in: everything that tables and figures know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from ..settings.run import Protocol

if TYPE_CHECKING:
    from torch import Tensor

PROTOCOLS: tuple[str, ...] = get_args(Protocol)
PROTOCOL_TITLES = {
    "stated": "Stated: eq. (2) for everything",
    "released": "Released: the public code's quantities",
}
"""Protocols to the titles of their panels."""


BOUND, BEST_FOUND = "bound", "best_found"
"""What stands in tables in the place of the optimum where it is not certified for every realization: its upper bound,
and the best powers that any method found."""


@dataclass(frozen=True)
class Quantity:
    """A quantity that powers are reported in."""

    name: str  # in tables and datasets
    label: str  # what it is, in a sentence
    short: str  # what it is, on an axis
    unit: str
    protocol: str
    function: str  # of `objective.rates`
    solver_power: str  # variable of the solvers' dataset with the powers that it is evaluated for
    # Variable of the solvers' dataset with the certified upper bound, of a quantity that is maximized: the one that
    # models of the protocol are trained and reported in.
    bound: str | None = None
    certificate: str | None = None  # variable that says where that bound certifies the optimum
    wmmse_line: str = ""  # label of WMMSE's line, in the quantity in which it is compared with models of the protocol
    only_p_max: float | None = None  # the only largest amplitude, sqrt(W), for which it means anything; None for all

    def values(self, gain: Tensor, power: Tensor, weight: Tensor, noise_power: float | Tensor) -> Tensor:
        """Return the quantity, shape (...), of gains (..., M, M), powers and weights (..., M); differentiable."""
        from . import rates

        return getattr(rates, self.function)(gain, power, weight, noise_power)

    @property
    def attributes(self) -> dict[str, str]:
        """What a dataset says of it: its unit and what it is."""
        return {"units": self.unit, "long_name": self.label}

    @property
    def title(self) -> str:
        """The label as a heading."""
        return self.label[0].upper() + self.label[1:]


QUANTITIES: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            name="sum_rate",
            label="weighted sum rate, eq. (2)",
            short="weighted sum rate",
            unit="bps/Hz",
            protocol="stated",
            function="weighted_sum_rate",
            solver_power="power",
            bound="upper_bound",
            certificate="certified",
            wmmse_line="WMMSE, full-power start",
        ),
        Quantity(
            name="released_metric",
            label="the public code's model metric",
            short="public code's metric",
            unit="bps/Hz",  # of the network of `released_gain`
            protocol="released",
            function="released_metric",
            solver_power="released_power",
            bound="released_upper_bound",
            certificate="released_certified",
        ),
        Quantity(
            name="released_wmmse_rate",
            label="the public code's evaluation of WMMSE",
            short="public code's evaluation",
            unit="nats",
            protocol="released",
            function="released_wmmse_rate",
            solver_power="power",
            wmmse_line="WMMSE as the public code reports it (nats)",
            only_p_max=1.0,
        ),
    )
}
"""All quantities by name, in the tables' order."""


MAXIMIZED: tuple[Quantity, ...] = tuple(quantity for quantity in QUANTITIES.values() if quantity.bound is not None)
"""The quantities that powers are solved and trained for."""


def trained_quantity(protocol: str) -> Quantity:
    """Return what models are trained and reported in.

    Example:
        >>> trained_quantity("released").name
        'released_metric'
    """
    return next(quantity for quantity in QUANTITIES.values() if quantity.protocol == protocol and quantity.bound)


def wmmse_quantity(protocol: str) -> Quantity:
    """Return what WMMSE is compared with models in, as the paper's figure does it.

    Example:
        >>> wmmse_quantity("released").unit
        'nats'
    """
    return next(quantity for quantity in QUANTITIES.values() if quantity.protocol == protocol and quantity.wmmse_line)


def axis_label(protocol: str) -> str:
    """Return the label of an axis that holds models and WMMSE's line.

    Example:
        >>> axis_label("stated")
        'weighted sum rate (bps/Hz)'
    """
    models, wmmse = trained_quantity(protocol), wmmse_quantity(protocol)
    if models is wmmse:
        return f"{models.short} ({models.unit})"
    return f"models: {models.short} ({models.unit})\nWMMSE: {wmmse.short} ({wmmse.unit})"
