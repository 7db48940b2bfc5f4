"""Informed stars: leaf choice, number of parameters, device noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..objective import BOUND
from ..settings import MODELS, Study
from ..solvers import bound_label, shown_in
from .contract import Axes, Figure, Files, Inputs, Table, evaluated, stacked, with_seeds
from .style import (
    GRAY,
    METHOD_LINES,
    about,
    below,
    canvas,
    colors,
    errorbars,
    integer_ticks,
    number_ticks,
    points,
    styled,
)

NAME = "informed"
CLAIMS = "C2, C7, C10"
CAPTION = (
    "Networks on informed stars, whose leaves are the k best competitors: the other links that are worth most alone. "
    "Evaluation set. Left: other numbers of leaves. Middle: other numbers of parameters, beside "
    "GCNs on all nodes, as published and with links left out in training. Right: a QGNN trained under the noise of a "
    "device, its readout inverted, in percent of the same network without noise. How to read: 100 is WMMSE (left, "
    "middle); a gain that a model without a circuit shows, too, does not come from the circuit. "
    "Small points are single seeds."
)
_TABLES = {"leaves": "informed_leaves", "sizes": "informed_sizes", "noise": "informed_noise", "main": "main"}
_LOOK: dict[str, dict[str, Any]] = {
    "left: competitors": {"linestyle": "-", "marker": "o", "linewidth": 1.0},
    "middle: links left out in training, rates": {"linestyle": "-", "marker": "o", "linewidth": 1.0},
    "middle: as published": {"linestyle": ":", "marker": "v", "linewidth": 1.0},
}
_PERCENT = ("percent_of_wmmse", "percent_low", "percent_high")


def _mains(study: Study) -> list[str]:
    """Return runs of the main experiment that belong to the sizes: informed stars, and GCNs of both kinds."""
    informed = [name for name, options in MODELS.items() if options.model_fields["scale"].default == "rate"]
    runs = [run for name in informed for run in study.select("main", variant=name)]
    for variant in dict.fromkeys(["gcn", *study.variants.values()]):
        if variant == "gcn" or (variant.startswith("gcn_") and variant not in MODELS):
            for preset in (None, "drop"):
                runs += study.select("main", protocol="stated", variant=variant, preset=preset)
    return runs


def inputs(study: Study) -> Inputs:
    """Return the tables of leaves, sizes and noise, the main one, and every seed's means."""
    if not study.has(*_TABLES.values()) or not study.select("main", variant="qgnn_informed"):
        return None
    tables = {name: [study.table(experiment)] for name, experiment in _TABLES.items()}
    return {**tables, "seeds": [study.seeds(experiment) for experiment in _TABLES.values()]}


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.results` and seeds by panel: leaves, sizes, noise (with its device), and baselines."""
    tables = {name: evaluated(files[name], "stated") for name in _TABLES}
    models = {name: table[table["kind"] == "model"] for name, table in tables.items()}
    main = tables["main"].set_index("method", drop=False)
    own, noise = main.loc[_mains(study)], models["noise"]
    devices = {run: study.runs[run].architecture.model_dump()["noise"]["device"] for run in noise["method"]}
    at_ideal = main.loc[study.select("main", variant="qgnn_informed")[0], "mean"]
    of_ideal = {f"ideal_{end}": 100 * noise[end] / at_ideal for end in ("mean", "low", "high")}
    parts = {
        "leaves": stacked([models["leaves"], own[own["stars"].notna()]]),
        "sizes": stacked([models["sizes"], own]),
        "noise": noise.assign(device=noise["method"].map(devices), **of_ideal),
        "baselines": main[main["kind"] == "solver"],
    }
    table = stacked(part.assign(panel=panel) for panel, part in parts.items())
    scale = table["percent_of_wmmse"] / table["mean"]
    table = table.assign(percent_low=table["low"] * scale, percent_high=table["high"] * scale)
    return with_seeds(table, files["seeds"], ("percent_of_wmmse", "ideal_mean"))


@styled()
def draw(table: Table) -> Figure:
    """Draw what the choice of leaves, the number of parameters and device noise do."""
    seeds = dict(iter(table[table["kind"] == "seed"].groupby("panel")))
    table = table[table["kind"] != "seed"]
    panels = dict(iter(table.groupby("panel")))
    leaves, sizes, noise = (panels[name] for name in ("leaves", "sizes", "noise"))
    of_baselines = panels["baselines"].set_index("method")
    baselines = of_baselines["percent_of_wmmse"]
    palette = colors(sizes["model"])
    models = dict.fromkeys([*leaves["model"], *sizes["model"]])
    entries: dict[str, dict[str, Any]] = {MODELS[name].label: {"color": palette[name]} for name in models}
    entries |= {label: {"color": "#444444", **look} for label, look in _LOOK.items()}
    figure, (left, middle, right) = canvas(4.4, 1, 3, width_ratios=[5, 5, 3])
    for (model, rule), part in leaves.sort_values("k").groupby(["model", "stars"]):
        look = _LOOK[f"left: {rule}"]
        errorbars(left, part["k"], part, _PERCENT, color=palette[model], **look)
    _points(left, seeds["leaves"], "k", palette)
    left.set(xlabel="leaves k", title="Leaf choice")
    integer_ticks(left.xaxis)
    for (model, dropped), part in sizes.sort_values("parameters").groupby(["model", sizes["drop_links"].notna()]):
        look = _LOOK["middle: links left out in training, rates" if dropped else "middle: as published"]
        errorbars(middle, part["parameters"], part, _PERCENT, color=palette[model], **look)
    _points(middle, seeds["sizes"], "parameters", palette)
    middle.set(xlabel="trainable parameters", title="Size")
    number_ticks(middle, (100, 200, 500, 1000))
    for ax in (left, middle):
        ax.set_ylabel("percent of WMMSE, eq. (2)")
    labels = {method.name: method.short for method in shown_in("baselines")}
    if BOUND in baselines:
        labels[BOUND] = bound_label(of_baselines.loc[BOUND, "certified_share"])
    for name, label in labels.items():
        if name in baselines:  # the optimum is not, where it was not searched for or not certified
            for ax in (left, middle):
                ax.axhline(baselines[name], **METHOD_LINES[name])
            entries[label] = METHOD_LINES[name]
    names = ("ideal_mean", "ideal_low", "ideal_high")
    errorbars(right, range(len(noise)), noise, names, color=palette["qgnn_informed"], marker="o", linestyle="none")
    places = {method: place for place, method in enumerate(noise["method"])}
    points(right, seeds["noise"]["method"].map(places), seeds["noise"]["ideal_mean"], palette["qgnn_informed"])
    right.axhline(100, color=GRAY, linewidth=0.8)
    right.set(ylabel="percent of the same without noise", title="Device noise", xlim=(-0.5, len(noise) - 0.5))
    right.set_xticks(range(len(noise)), noise["device"].str.removeprefix("Fake"), rotation=30, ha="right")
    below(figure, entries)
    about(figure, table[table["kind"] == "model"], seeds_shown=True)
    return figure


def _points(ax: Axes, seeds: Table, column: str, palette: Mapping[str, str]) -> None:
    """Draw the seeds of every model."""
    for model, part in seeds.groupby("model"):
        points(ax, part[column], part["percent_of_wmmse"], palette[str(model)])
