"""Informed stars: leaf choice, number of parameters, device noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import MODELS, Study
from ..solvers import shown_in
from .style import (
    GRAY,
    METHOD_LINES,
    about,
    below,
    canvas,
    colors,
    errorbars,
    handle,
    integer_ticks,
    number_ticks,
    styled,
)
from .tables import evaluated

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "informed"
CLAIMS = "C2, C7, C10"
CAPTION = (
    "Networks on informed stars, whose leaves are the k best competitors. Left: other numbers of leaves and other "
    "leaf rules. Middle: other numbers of parameters, beside GCNs on all nodes, as published and with links left out "
    "in training. Right: a QGNN trained under the noise of a device, its readout inverted. How to read: 100 is WMMSE; "
    "a gain that a model without a circuit shows, too, does not come from the circuit."
)
_TABLES = {"leaves": "informed_leaves", "sizes": "informed_sizes", "noise": "informed_noise"}
_RULES = {"competitors": ("-", "o"), "strongest": (":", "^"), "random": ("--", "s")}
_TRAINED = {True: ("links left out in training, rates", "-", "o"), False: ("as published", ":", "v")}
_PERCENT = ("percent_of_wmmse", "percent_low", "percent_high")


def _mains(study: Study) -> list[str]:
    """Return runs of the main experiment that belong to the sizes: informed stars, and GCNs of both kinds."""
    informed = [name for name, options in MODELS.items() if options.model_fields["scale"].default == "rate"]
    runs = [run for name in informed for run in study.select("main", variant=name)]
    of_size = [
        variant
        for variant in dict.fromkeys(study.variants.values())
        if variant.startswith("gcn_") and variant not in MODELS
    ]
    for variant in ("gcn", *of_size):
        for preset in (None, "drop"):
            runs += study.select("main", protocol="stated", variant=variant, preset=preset)
    return runs


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the tables of leaves, sizes and noise, and the main one."""
    if not study.has(*_TABLES.values(), "main") or not study.select("main", variant="qgnn_informed"):
        return None
    return {name: [study.table(experiment)] for name, experiment in {**_TABLES, "main": "main"}.items()}


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return rows of `tables.results` by panel: leaves, sizes, noise (with its device), and baselines."""
    import pandas as pd

    tables = {name: evaluated(paths[0], "stated") for name, paths in files.items()}
    models = {name: table[table["kind"] == "model"] for name, table in tables.items()}
    main = tables["main"].set_index("method", drop=False)
    own = main.loc[_mains(study)]
    (ideal,) = study.select("main", variant="qgnn_informed")
    noise = models["noise"]
    devices = {run: study.runs[run].architecture.model_dump()["noise"]["device"] for run in noise["method"]}
    at_ideal = main.loc[ideal, "mean"]
    noise = noise.assign(
        device=noise["method"].map(devices),
        **{f"ideal_{end}": 100 * noise[end] / at_ideal for end in ("mean", "low", "high")},
    )
    parts = {
        "leaves": pd.concat([models["leaves"], own[own["stars"].notna()]]),
        "sizes": pd.concat([models["sizes"], own]),
        "noise": noise,
        "baselines": main[main["kind"] == "solver"],
    }
    table = pd.concat([part.assign(panel=panel) for panel, part in parts.items()], ignore_index=True)
    scale = table["percent_of_wmmse"] / table["mean"]
    return table.assign(percent_low=table["low"] * scale, percent_high=table["high"] * scale)


def draw(table: pd.DataFrame) -> Figure:
    """Draw what the choice of leaves, the number of parameters and device noise do."""
    panels = dict(iter(table.groupby("panel")))
    leaves, sizes, noise = (panels[name] for name in ("leaves", "sizes", "noise"))
    baselines = panels["baselines"].set_index("method")["percent_of_wmmse"]
    palette = colors(sizes["model"])
    with styled():
        figure, (left, middle, right) = canvas(4.3, 1, 3, width_ratios=[5, 5, 2.6])
        for (model, rule), part in leaves.groupby(["model", "stars"], sort=False):
            line, marker = _RULES.get(str(rule), ("-.", "x"))
            part = part.sort_values("k")
            errorbars(
                left, part["k"], part, _PERCENT, color=palette[model], linestyle=line, marker=marker, linewidth=1.0
            )
        left.set(xlabel="leaves k", ylabel="percent of WMMSE, eq. (2)", title="Leaf choice")
        integer_ticks(left)
        for (model, dropped), part in sizes.groupby(["model", sizes["drop_links"].notna()], sort=False):
            _, line, marker = _TRAINED[bool(dropped)]
            part = part.sort_values("parameters")
            style: dict[str, Any] = {"linestyle": line, "marker": marker, "linewidth": 1.0}
            errorbars(middle, part["parameters"], part, _PERCENT, color=palette[model], **style)
        middle.set(xlabel="trainable parameters", title="Size")
        number_ticks(middle, (100, 200, 500, 1000))
        middle.set_ylim(
            min(sizes["percent_low"].min(), baselines["best_single_link"]) - 0.5, baselines["optimum"] + 0.8
        )
        for ax in (left, middle):
            for method in shown_in("baselines"):
                ax.axhline(baselines[method.name], **METHOD_LINES[method.name])
        errorbars(
            right, range(len(noise)), noise, ("ideal_mean", "ideal_low", "ideal_high"),
            color=palette["qgnn_informed"], marker="o", linestyle="none",
        )  # fmt: skip
        right.axhline(100, color=GRAY, linewidth=0.8)
        right.set(ylabel="percent of its own ideal", title="Device noise", xlim=(-0.5, len(noise) - 0.5))
        right.set_xticks(range(len(noise)), noise["device"].str.removeprefix("Fake"), rotation=60, ha="right")
        below(figure, _legend(leaves, sizes, palette))
        about(figure, table[table["kind"] == "model"])
    return figure


def _legend(leaves: pd.DataFrame, sizes: pd.DataFrame, palette: Mapping[str, Any]) -> list[Any]:
    """One legend for all: colors are models, line styles are leaf rules (left) and ways to train (middle)."""
    models = dict.fromkeys([*leaves["model"], *sizes["model"]])
    handles = [handle(MODELS[name].label, color=palette[name]) for name in models]
    gray = {"color": "#444444", "markersize": 3.5, "linewidth": 1.0}
    for rule in leaves["stars"].unique():
        line, marker = _RULES.get(str(rule), ("-.", "x"))
        handles.append(handle(f"left: {rule}", linestyle=line, marker=marker, **gray))
    handles += [
        handle(f"middle: {text}", linestyle=line, marker=marker, **gray) for text, line, marker in _TRAINED.values()
    ]
    return handles + [handle(method.short, **METHOD_LINES[method.name]) for method in shown_in("baselines")]
