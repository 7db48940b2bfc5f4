"""Gradients of untrained networks over random starts."""

from __future__ import annotations

from typing import Any

from ..settings import Study
from .contract import Figure, Files, Inputs, Table, read
from .style import GRAY, below, canvas, errorbars, shades, styled

NAME = "gradients"
CLAIMS = "C9, C10"
CAPTION = (
    "Variance of the loss's gradient over random starts of the QGNN, with respect to circuit angles: mean over all "
    "angles, and over those of the first layer. One option varies at a time around the paper's point (k = 3, L = 2, "
    "one head, no noise): leaves k, where a star has 2k + 1 qubits; layers; heads; noise, by device or by depolarizing "
    "probability of a two-qubit gate. Narrow starts are those of training, within 0.1 rad; uniform ones are anywhere "
    "on the circle. Bars: 95 % intervals. How to read: the axis is logarithmic, so a barren plateau is a "
    "straight fall against the number of qubits, as steep as the dotted line in the first panel, which halves with "
    "every qubit; a flat curve means that gradients do not shrink."
)
_PANELS = {"k": "leaves k", "layers": "layers L", "heads": "heads", "noise": "noise"}
_ENDS = ("variance", "low", "high")


def inputs(study: Study) -> Inputs:
    """Return the table of the gradient study."""
    return {"gradients": study.gradient_files} if study.gradient_files else None


def data(study: Study, files: Files) -> Table:
    """Return what `analysis.gradients.table` returns."""
    return read(files["gradients"])


@styled()
def draw(table: Table) -> Figure:
    """Draw a panel for each option that varies."""
    figure, axes = canvas(3.5, 1, len(_PANELS), sharey=True, width_ratios=[5, 4, 4, 6])
    light, dark = shades(2)
    looks: dict[tuple[str, str], dict[str, Any]] = {
        ("narrow", "all"): {"color": dark, "marker": "o"},
        ("uniform", "all"): {"color": light, "marker": "s"},
        ("narrow", "first layer"): {"color": dark, "marker": "o", "linestyle": "--", "markerfacecolor": "white"},
        ("uniform", "first layer"): {"color": light, "marker": "s", "linestyle": "--", "markerfacecolor": "white"},
    }
    halving = {"color": GRAY, "linewidth": 0.9, "linestyle": ":"}
    for ax, (axis, label) in zip(axes, _PANELS.items(), strict=True):
        rows = table[table["axis"] == axis]
        names = list(dict.fromkeys(rows["noise"]))
        for (start, angles), look in looks.items():
            part = rows[(rows["start"] == start) & (rows["angles"] == angles)]
            aside = {"narrow": -0.12, "uniform": 0.12}[start]
            x = part["noise"].map(names.index) + aside if axis == "noise" else part[axis]
            errorbars(ax, x, part, _ENDS, linewidth=0.0 if axis == "noise" else 1.0, **look)
        if axis == "noise":
            ax.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        else:
            ax.set_xticks(sorted(rows[axis].unique()))
        ax.set(xlabel=label, title=label.partition(" ")[0].capitalize(), yscale="log")
    leaves = table[(table["axis"] == "k") & (table["start"] == "uniform") & (table["angles"] == "all")]
    leaves = leaves.sort_values("k")
    first = leaves.iloc[0]
    axes[0].plot(leaves["k"], first["variance"] * 0.5 ** (leaves["qubits"] - first["qubits"]), **halving)
    axes[0].set_ylabel("variance of the gradient\n((bps/Hz)² per rad²)")
    entries = {f"{start} start, {angles} angles".replace("layer angles", "layer's angles"): look
               for (start, angles), look in looks.items()}  # fmt: skip
    below(figure, {**entries, "half with every qubit": halving})
    starts, realizations = (f"{table[of].iloc[0]:,}" for of in ("starts", "realizations"))
    about = f"{starts} starts, bars: 95 % interval; {realizations} training realizations; raw values"
    figure.suptitle(about, fontsize=8)
    return figure
