"""What the ablations over leaves and layers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..objective import PROTOCOL_TITLES, PROTOCOLS, trained_quantity
from ..settings import Study
from .style import METHOD_LINES, about, below, canvas, errorbars, handle, integer_ticks, shades, styled
from .tables import evaluated

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

POINT = {"k": 3, "layers": 2}
"""The paper's point."""

_AXES = {"k": ("leaves k", "layers", "L"), "layers": ("layers L", "k", "k")}
_TABLES = ("ablation", "ablation_released")


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the ablations' tables and the resources of stars."""
    if not study.has(*_TABLES) or study.config.noise is None:
        return None
    return {"tables": [study.table(name) for name in _TABLES], "resources": [study.file("noise", "resources.csv")]}


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return rows of `tables.results`, with the qubits and two-qubit gates of one star in one layer."""
    import pandas as pd

    from ..io import read_csv

    counts = read_csv(files["resources"][0])
    costs = counts[(counts["circuit"] == "qgcl") & (counts["layout"] == "reuse")].set_index("k")["two_qubit_gates"]
    table = pd.concat([evaluated(path) for path in files["tables"]], ignore_index=True)
    return table.assign(qubits=2 * table["k"] + 1, two_qubit_gates=table["k"].map(costs))


def draw(table: pd.DataFrame, axis: str) -> Figure:
    """Draw the sum rate against the number of leaves or layers, under both protocols, and what a star costs.

    Args:
        table: What `data` returns.
        axis: ``k`` or ``layers``.
    """
    label, other, short = _AXES[axis]
    models, solvers = table[table["kind"] == "model"], table[table["kind"] == "solver"]
    values = sorted(models[other].unique())
    tones = dict(zip(values, shades(len(values)), strict=True))
    with styled():
        figure, axes = canvas(3.4, 1, 3)
        for ax, protocol in zip(axes, PROTOCOLS, strict=False):
            part = models[models["protocol"] == protocol]
            for value in values if protocol == "stated" else [POINT[other]]:
                curve = part[part[other] == value].sort_values(axis)
                width = 1.8 if value == POINT[other] else 0.9
                errorbars(ax, curve[axis], curve, color=tones[value], marker="o", linewidth=width)
            wmmse = solvers[(solvers["method"] == "wmmse") & (solvers["protocol"] == protocol)]
            ax.axhline(wmmse["mean"].iloc[0], **METHOD_LINES["wmmse"])
            quantity = trained_quantity(protocol)
            title = PROTOCOL_TITLES[protocol].partition(":")[0]
            ax.set(xlabel=label, title=title, ylabel=f"{quantity.short} ({quantity.unit})")
            integer_ticks(ax)
        column = models[(models["protocol"] == "stated") & (models[other] == POINT[other])].sort_values(axis)
        costs: dict[str, tuple[Any, dict[str, Any]]] = {
            "trainable parameters": (column["parameters"], {"marker": "o", "linestyle": "-"}),
            "cx of a node's stars, all layers": (
                column["two_qubit_gates"] * column["layers"],
                {"marker": "s", "linestyle": "--"},
            ),
            "qubits at full width": (column["qubits"], {"marker": "^", "linestyle": "-."}),
            "qubits with reset": (column["qubits"] * 0 + 3, {"linestyle": ":"}),
        }
        for counts, style in costs.values():
            axes[2].plot(column[axis], counts, color="#444444", markersize=3.5, linewidth=0.9, **style)
        axes[2].set(xlabel=label, title=f"Cost at {short} = {POINT[other]}", yscale="log", ylabel="number")
        integer_ticks(axes[2])
        handles = [handle(f"{short} = {value:.0f}", color=tones[value], marker="o", markersize=3.5) for value in values]
        handles.append(handle("WMMSE", **METHOD_LINES["wmmse"]))
        handles += [
            handle(f"right: {name}", color="#444444", linewidth=0.9, markersize=3.5, **style)
            for name, (_, style) in costs.items()
        ]
        below(figure, handles)
        about(figure, models)
    return figure
