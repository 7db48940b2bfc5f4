"""How far methods stay below the certified optimum, realization by realization."""

from __future__ import annotations

from ..objective import PROTOCOL_TITLES, PROTOCOLS, trained_quantity
from ..settings import Study
from ..solvers import bound_label, shown_in
from . import curves, fig2, fig2_all
from .contract import Figure, Files, Inputs, Table, stacked
from .style import METHOD_LINES, about, banded, below, canvas, colors, styled

NAME = "optimality"
CLAIMS = "C2, C3"
CAPTION = (
    "How far each method stays below the certified optimum, realization by realization, on the evaluation set: the "
    "share of realizations whose gap is at most the one on the axis. Upper row: trained models; lower row: methods "
    "that need no learning, where curves that are 1 everywhere lie on one another. Left: eq. (2); right: the public "
    "code's model metric. How to read: higher is better. The left edge, 0.0001 %, is the width of the optimum's "
    "certificate: a curve starts at the share of realizations in which the method is as good as the optimum, as far "
    "as that is known."
)


def _runs(study: Study) -> curves.Runs:
    first, second = fig2.runs(study), fig2_all.runs(study)
    return {protocol: runs + second.get(protocol, []) for protocol, runs in first.items() if runs}


def inputs(study: Study) -> Inputs:
    """Return the values of models and methods on the evaluation set; None without an optimum."""
    if not _runs(study) or not study.scenarios[study.scenario_of("main")].optimum:
        return None
    solvers = study.solved(study.scenario_of("main"), "evaluation.nc")
    return {"models": study.evaluated("main", "evaluation"), "solvers": [solvers]}


def data(study: Study, files: Files) -> Table:
    """Return one row per method and gap: panel (protocol), kind, method, label, model, and `optimality.share_curve`."""
    import pandas as pd

    from ..analysis import values
    from ..analysis.optimality import share_curve

    models, solvers = values.load_runs(files["models"]), values.load(files["solvers"][0])
    parts = []
    for protocol, runs in _runs(study).items():
        metric = trained_quantity(protocol).name
        for method in shown_in("gaps"):
            part = share_curve(solvers[metric].sel(solver=[method.name]), solvers).assign(num_seeds=pd.NA)
            parts.append(part.assign(panel=protocol, kind="solver", method=method.name, label=method.label))
        for run in runs:
            part = share_curve(models[metric][models["run"].values == run], solvers)
            parts.append(part.assign(panel=protocol, kind="model", method=run, **curves.named(study, run)))
    table = stacked(parts)
    columns = ["panel", "kind", "method", "label", "model", "metric", "gap_percent", "share", "low", "high"]
    columns += ["num_seeds", "num_realizations", *(name for name in table if name == "certified_share")]
    return table[columns].astype({"num_seeds": "Int64"})


@styled()
def draw(table: Table) -> Figure:
    """Draw the share of realizations against the gap, a column per protocol."""
    palette = colors(table["model"].dropna())
    panels = [protocol for protocol in PROTOCOLS if (table["panel"] == protocol).any()]
    entries = {}
    figure, axes = canvas(5.6, 2, len(panels), sharex=True, sharey=True, squeeze=False)
    figure.set_layout_engine("constrained", wspace=0.1)
    for row, kind in enumerate(("model", "solver")):
        for ax, protocol in zip(axes[row], panels, strict=True):
            part = table[(table["panel"] == protocol) & (table["kind"] == kind)]
            for name, curve in part.groupby("method", sort=False):
                first = curve.iloc[0]
                style = METHOD_LINES[str(name)] if kind == "solver" else {"color": palette[first["model"]]}
                banded(ax, curve["gap_percent"], curve, "share", alpha=0.15, **style)
                entries[first["label"]] = style
            ax.set(xscale="log", ylim=(0, 1.02))
            first = table["gap_percent"].min()
            ax.set_xlim(first, table["gap_percent"].max())
            ticks = {1e-4: "0.0001", 1e-2: "0.01", 1: "1", 100: "100"}
            ax.set_xticks(*zip(*((at, text) for at, text in ticks.items() if at >= first * (1 - 1e-9)), strict=True))
    for column, protocol in enumerate(panels):
        axes[0, column].set_title(PROTOCOL_TITLES[protocol])
        axes[1, column].set_xlabel(_reference(table[table["panel"] == protocol]))
    axes[0, 0].set_ylabel("trained models:\nshare of realizations")
    axes[1, 0].set_ylabel("no learning:\nshare of realizations")
    below(figure, entries)
    about(figure, table[table["kind"] == "model"], "bands")
    return figure


def _reference(panel: Table) -> str:
    """Say what the gaps of a panel are to."""
    share = panel["certified_share"].iloc[0] if "certified_share" in panel else float("nan")
    return "gap to the certified optimum (%)" if share != share else f"gap (%) to the {bound_label(share)}"
