"""What the ablations over leaves and layers share."""

from __future__ import annotations

from typing import Any

from ..objective import PROTOCOL_TITLES, PROTOCOLS, trained_quantity
from ..settings import Study
from .contract import Figure, Files, Inputs, Table, evaluated, read, with_seeds
from .style import METHOD_LINES, about, below, canvas, errorbars, integer_ticks, points, shades, styled

POINT = {"k": 3, "layers": 2}
"""The paper's point."""

CAPTION = (
    "Sum rate of the QGNN against the number of {}, under both protocols, on the evaluation set, and what a node's "
    "circuits cost (cx: two-qubit gates of all layers' native circuits, with reset). All points have the training "
    "options tuned at the paper's point (k = 3, L = 2, on the heavier line), so others may gain from tuning of their "
    "own. How to read: where a line is flat, more {} do not help; where intervals overlap, the figure alone shows no "
    "difference. Small points are single seeds. With reset, a star needs three qubits whatever its k."
)
_AXES = {"k": ("leaves k", "layers", "L"), "layers": ("layers L", "k", "k")}
_TABLES = ("ablation", "ablation_released")


def inputs(study: Study) -> Inputs:
    """Return the ablations' tables, every seed's means and the resources of stars."""
    if not study.has(*_TABLES) or study.config.noise is None:
        return None
    files = {"tables": [study.table(name) for name in _TABLES], "seeds": [study.seeds(name) for name in _TABLES]}
    return {**files, "resources": [study.file("noise", "resources.csv")]}


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.results` and of seeds, with the qubits and two-qubit gates of one star in one layer."""
    counts = read(files["resources"])
    costs = counts[(counts["circuit"] == "qgcl") & (counts["layout"] == "reuse")].set_index("k")["two_qubit_gates"]
    table = with_seeds(evaluated(files["tables"]), files["seeds"])
    return table.assign(qubits=2 * table["k"] + 1, two_qubit_gates=table["k"].map(costs))


@styled()
def draw(table: Table, axis: str) -> Figure:
    """Draw the sum rate against ``k`` or ``layers``, under both protocols, and what a star costs."""
    label, other, short = _AXES[axis]
    models, solvers, seeds = (table[table["kind"] == kind] for kind in ("model", "solver", "seed"))
    values = sorted(models[other].unique())
    lines: dict[Any, dict[str, Any]] = {
        value: {"color": tone, "marker": "o", "linewidth": 1.8 if value == POINT[other] else 0.9}
        for value, tone in zip(values, shades(len(values)), strict=True)
    }
    figure, axes = canvas(3.7, 1, 3)
    for ax, protocol in zip(axes, PROTOCOLS, strict=False):
        part = models[models["protocol"] == protocol]
        for value, curve in part.sort_values(axis).groupby(other):
            if protocol == "stated" or value == POINT[other]:
                errorbars(ax, curve[axis], curve, **lines[value])
                single = seeds[(seeds["protocol"] == protocol) & (seeds[other] == value)]
                points(ax, single[axis], single["mean"], lines[value]["color"])
        wmmse = solvers[(solvers["method"] == "wmmse") & (solvers["protocol"] == protocol)]
        ax.axhline(wmmse["mean"].iloc[0], **METHOD_LINES["wmmse"])
        quantity = trained_quantity(protocol)
        ax.set(title=PROTOCOL_TITLES[protocol].partition(":")[0], ylabel=f"{quantity.short} ({quantity.unit})")
    column = models[(models["protocol"] == "stated") & (models[other] == POINT[other])].sort_values(axis)
    costs: dict[str, tuple[Any, dict[str, Any]]] = {
        "trainable parameters": (column["parameters"], {"marker": "o"}),
        "cx per node": (column["two_qubit_gates"] * column["layers"], {"marker": "s", "linestyle": "--"}),
        "qubits at full width": (column["qubits"], {"marker": "^", "linestyle": "-."}),
        "qubits with reset": (column["qubits"] * 0 + 3, {"linestyle": ":"}),
    }
    entries = {f"{short} = {value:.0f}": line for value, line in lines.items()} | {"WMMSE": METHOD_LINES["wmmse"]}
    for name, (counts, style) in costs.items():
        style = {"color": "#444444", "markersize": 3.5, "linewidth": 0.9, **style}
        axes[2].plot(column[axis], counts, **style)
        entries[f"right: {name}"] = style
    axes[2].set(title=f"Cost at {short} = {POINT[other]}", yscale="log", ylabel="count")
    axes[2].yaxis.set_major_formatter("{x:,.0f}")
    for ax in axes:
        ax.set_xlabel(label)
        integer_ticks(ax.xaxis)
    below(figure, entries)
    about(figure, models, seeds_shown=True)
    return figure
