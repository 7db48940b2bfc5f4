"""Sum rate and cost on networks of other sizes, without and with retraining."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..settings import Study
from ..solvers import METHODS
from .contract import Figure, Files, Inputs, Table, read, stacked
from .style import GRAY, METHOD_LINES, about, below, canvas, colors, errorbars, number_ticks, points, styled

NAME = "scale"
CLAIMS = "C9"
CAPTION = (
    "Networks trained at one number of links (dotted), evaluated at others without retraining; open squares: trained "
    "at the number of links that they are evaluated at, with the settings tuned at the dotted one and fewer seeds. "
    "First panels, one per scale study: percent of WMMSE on the same realizations, at constant density of its better "
    "start in each; the certified optimum is shown where every realization is certified. Last two panels: time and "
    "peak memory of one inference on one thread, stars, interpreter and libraries included. How to read: a model that "
    "carries over stays level; a square above its line is what retraining gains; a curve below the best single link is "
    "below what switching off all links but one gives. Small points are single seeds. What a model costs is how "
    "steeply its curve rises in the last panels."
)
_SHOWN = ("optimum", "wmmse", "best_single_link")
_PERCENT = ("percent_of_wmmse", "low", "high")
_COSTS = {"seconds": "seconds per realization", "peak_mib": "peak memory of the process (MiB)"}


def inputs(study: Study) -> Inputs:
    """Return the evaluations at every number of links, and the cost of inference."""
    if not study.config.scale:
        return None
    return {"scaled": study.scale_files(), "inference": study.inference_files}


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.scaling_summary` (panel scaled), its seeds, and `inference_cost` (panel inference)."""
    from ..analysis.tables import scaling_summary

    parts = []
    for name, scale in study.config.scale.items():
        own = [path for path in map(Path, files["scaled"]) if path.parent.name == name]
        title = "constant density" if scale.constant_density else study.runs[scale.runs[0]].scenario
        home = study.scenarios[study.runs[scale.runs[0]].scenario].num_links
        every = read(own)
        rows = scaling_summary(every).assign(study=name, title=title, home=home)
        parts.append(rows.assign(panel="scaled", retrained=rows["method"].isin(scale.trainings)))
        seeds = every.loc[every["seed"].notna(), ["num_links", "method", "seed", "percent_of_wmmse"]]
        parts.append(seeds.assign(panel="seeds", study=name))
    if files["inference"]:
        costs = read(files["inference"]).rename(columns={"run": "method"})
        parts.append(costs.assign(kind="model", panel="inference"))
    table = stacked(parts)
    labels = {name: method.label for name, method in METHODS.items()}
    for run, settings in study.runs.items():
        k = getattr(settings.architecture, "k", None)
        labels[run] = study.label(run) + (f", k = {k}" if k is not None else "")
    return table.assign(label=table["method"].map(labels), model=table["method"].map(study.variants))


@styled()
def draw(table: Table) -> Figure:
    """Draw percent of WMMSE, a panel per scale study, and time and memory of inference against the number of links."""
    scaled, seeds, costs = (table[table["panel"] == name] for name in ("scaled", "seeds", "inference"))
    palette = colors(table["model"].dropna())
    dotted = {"color": GRAY, "linewidth": 0.8, "linestyle": (0, (1, 3))}
    squares = {"marker": "s", "markerfacecolor": "white", "linestyle": "none", "markersize": 4.5}
    studies, measured = scaled["study"].unique(), list(_COSTS) if len(costs) else []
    count = len(studies) + len(measured)
    rows = 1 if count < 4 else 2
    figure, axes = canvas(3.9 if rows == 1 else 6.2, rows, -(-count // rows), squeeze=False)
    for ax in list(axes.flat)[count:]:
        ax.set_axis_off()
    left, right = list(axes.flat)[: len(studies)], list(axes.flat)[len(studies) : count]
    entries: dict[str, dict[str, Any]] = {}
    for ax, study in zip(left, studies, strict=True):
        part = scaled[scaled["study"] == study]
        _percentages(ax, part, seeds[seeds["study"] == study], palette, squares, entries)
        ax.axvline(part["home"].iloc[0], **dotted)
        ax.set(ylabel="percent of WMMSE, eq. (2)", title=f"Other sizes: {part['title'].iloc[0]}")
    for ax, column in zip(right, measured, strict=True):
        for _, part in costs.groupby("method", sort=False):
            part = part.sort_values("num_links")
            color = palette[part["model"].iloc[0]]
            ax.plot(part["num_links"], part[column], color=color, marker="o", linewidth=1.2, markersize=3.5)
        ax.set(ylabel=_COSTS[column], title=f"Inference: {'time' if column == 'seconds' else 'memory'}")
        if column == "seconds":
            ax.set_yscale("log")
        else:
            ax.yaxis.set_major_formatter("{x:,.0f}")
    for ax, part in [*((ax, scaled) for ax in left), *((ax, costs) for ax in right)]:
        ax.set_xlabel("links M")
        number_ticks(ax, sorted(part["num_links"].unique()), fontsize=7)
    if scaled["retrained"].any():
        entries["trained at this number of links"] = {"color": GRAY, **squares}
    below(figure, {**entries, "links of the training": dotted})
    about(figure, scaled[scaled["kind"] == "model"], seeds_shown=True)
    return figure


def _percentages(
    ax: Any, part: Table, seeds: Table, palette: dict[str, Any], squares: dict[str, Any],
    entries: dict[str, dict[str, Any]],
) -> None:  # fmt: skip
    """Draw one scale study; ``entries`` of the legend are added to."""
    for method, own in part[part["kind"] == "model"].groupby("method", sort=False):
        own, retrained = own.sort_values("num_links"), bool(own["retrained"].iloc[0])
        line = {"marker": "o", "linewidth": 1.2}
        style: dict[str, Any] = {"color": palette[own["model"].iloc[0]], **(squares if retrained else line)}
        errorbars(ax, own["num_links"], own, _PERCENT, **style)
        single = seeds[seeds["method"] == method]
        points(ax, single["num_links"], single["percent_of_wmmse"], style["color"])
        if not retrained:
            entries[own["label"].iloc[0]] = style
    for name in _SHOWN:
        own = part[(part["method"] == name) & part["percent_of_wmmse"].notna()].sort_values("num_links")
        if not own.empty:
            style = METHOD_LINES[name] | {"marker": "*" if name == "optimum" else "", "markersize": 5}
            ax.plot(own["num_links"], own["percent_of_wmmse"], **style)
            entries[METHODS[name].label] = style
