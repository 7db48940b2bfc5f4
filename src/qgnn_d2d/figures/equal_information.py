"""The QGNN and classical networks on the same stars, each tuned for them."""

from __future__ import annotations

from typing import Any

from ..settings import Study
from ..settings.model import network
from .contract import Figure, Files, Inputs, Table, evaluated, with_seeds
from .style import METHOD_LINES, about, below, canvas, colors, errorbars, points, styled

NAME = "equal_information"
CLAIMS = "C2, C7"
CAPTION = (
    "Percent of WMMSE (full-power start) that the QGNN and classical networks reach with the same information: the "
    "same leaves, features and augmentation, each tuned with as many trials for every leaf rule. Evaluation set. How "
    "to read: compare within a leaf rule; where the QGNN is not above all others, its circuit is not what makes the "
    "difference. Small points are single seeds. Lines: WMMSE, and a search without learning."
)
_MARKERS = "osD^vPX<>"


def inputs(study: Study) -> Inputs:
    """Return the table of the experiment, and every seed's means."""
    return {"table": [study.table(NAME)], "seeds": [study.seeds(NAME)]} if study.has(NAME) else None


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.results` and of seeds: with the figure's name of the leaf rule, and percentages."""
    table = evaluated(files["table"], "stated")
    scale = table["percent_of_wmmse"] / table["mean"]
    rule = table["stars"] + table["leaves"].map({"one_set": ",\none set for all layers"}).fillna("")
    table = table.assign(rule=rule, percent_low=table["low"] * scale, percent_high=table["high"] * scale)
    return with_seeds(table, files["seeds"])


@styled()
def draw(table: Table) -> Figure:
    """Draw a group of points per leaf rule, one per model."""
    models, seeds = (table[table["kind"] == kind] for kind in ("model", "seed"))
    baselines = table[table["kind"] == "solver"].set_index("method")["percent_of_wmmse"]
    palette, names, rules = (
        colors(models["model"]),
        list(dict.fromkeys(models["model"])),
        list(dict.fromkeys(models["rule"])),
    )
    figure, axes = canvas(3.6)
    entries: dict[str, dict[str, Any]] = {}
    for i, name in enumerate(names):
        part = models[models["model"] == name]
        shift = 0.7 * ((i + 0.5) / len(names) - 0.5)
        style = {"color": palette[name], "marker": _MARKERS[i % len(_MARKERS)], "linestyle": "none"}
        at = [rules.index(rule) + shift for rule in part["rule"]]
        errorbars(axes, at, part, ("percent_of_wmmse", "percent_low", "percent_high"), **style)
        single = seeds[seeds["model"] == name]
        points(axes, single["rule"].map(rules.index) + shift, single["percent_of_wmmse"], palette[name])
        entries[network(name)] = style
    for name, label in {"wmmse": "WMMSE, full-power start", "on_off_3": "on/off search, 3 links"}.items():
        axes.axhline(baselines[name], **METHOD_LINES[name])
        entries[label] = METHOD_LINES[name]
    axes.set(
        title="Equal information",
        xlabel="leaves, k = 3",
        ylabel="percent of WMMSE, eq. (2)",
        xlim=(-0.5, len(rules) - 0.5),
    )
    axes.set_xticks(range(len(rules)), rules)
    below(figure, entries)
    about(figure, models, seeds_shown=True)
    return figure
