"""How far methods stay below the certified optimum, realization by realization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..objective import PROTOCOL_TITLES, PROTOCOLS, trained_quantity
from ..settings import Study
from ..solvers import shown_in
from . import fig2, fig2_all
from .style import METHOD_LINES, about, below, canvas, colors, handle, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "optimality"
CLAIMS = "C2, C3"
CAPTION = (
    "How many networks of the evaluation set each method solves how well: the share of realizations whose sum rate is "
    "at most the given gap below the certified optimum. Upper row: trained models; lower row: methods that need no "
    "learning. How to read: a curve further up and left is better; where it meets the left edge is the share of "
    "networks that are solved within the certificate."
)


def _runs(study: Study) -> dict[str, list[str]]:
    first, second = fig2._runs(study), fig2_all._runs(study)
    return {
        protocol: [*first.get(protocol, []), *second.get(protocol, [])] for protocol in PROTOCOLS if protocol in first
    }


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the values of models and methods on the evaluation set."""
    runs = _runs(study)
    if not runs:
        return None
    return {
        "models": [study.evaluated("main", "evaluation.nc")],
        "solvers": [study.solved(study.scenario_of("main"), "evaluation.nc")],
    }


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return one row per method and gap: panel (protocol), kind, method, label, model, and `optimality.share_curve`."""
    import pandas as pd

    from ..analysis import values
    from ..analysis.optimality import share_curve

    models, solvers = values.load(files["models"][0]), values.load(files["solvers"][0])
    parts = []
    for protocol, runs in _runs(study).items():
        metric = trained_quantity(protocol).name
        for method in shown_in("gaps"):
            part = share_curve(solvers[metric].sel(solver=[method.name]), solvers).assign(num_seeds=pd.NA)
            parts.append(part.assign(panel=protocol, kind="solver", method=method.name, label=method.label))
        for run in runs:
            part = share_curve(models[metric][models["run"].values == run], solvers)
            variant = study.variants[run]
            label = study.label(run, about=variant != study.runs[run].model)
            parts.append(part.assign(panel=protocol, kind="model", method=run, label=label, model=variant))
    columns = ["panel", "kind", "method", "label", "model", "metric", "gap_percent", "share", "low", "high"]
    table = pd.concat(parts, ignore_index=True)[[*columns, "num_seeds", "num_realizations"]]
    return table.astype({"num_seeds": "Int64"})


def draw(table: pd.DataFrame) -> Figure:
    """Draw the share of realizations against the gap, a column per protocol."""
    palette = colors(table["model"].dropna())
    panels = [protocol for protocol in PROTOCOLS if (table["panel"] == protocol).any()]
    with styled():
        figure, axes = canvas(5.6, 2, len(panels), sharex=True, sharey=True, squeeze=False)
        figure.set_layout_engine("constrained", wspace=0.1)
        for column, protocol in enumerate(panels):
            for row, kind in enumerate(("model", "solver")):
                ax = axes[row, column]
                part = table[(table["panel"] == protocol) & (table["kind"] == kind)]
                for name, curve in part.groupby("method", sort=False):
                    first = curve.iloc[0]
                    style = METHOD_LINES[str(name)] if kind == "solver" else {"color": palette[first["model"]]}
                    ax.plot(curve["gap_percent"], curve["share"], **style)
                    if curve["low"].notna().all():
                        ends = (curve["gap_percent"], curve["low"], curve["high"])
                        ax.fill_between(*ends, color=style["color"], alpha=0.15, linewidth=0)
                ax.set(xscale="log", ylim=(0, 1.02))
                ax.set_xlim(table["gap_percent"].min(), table["gap_percent"].max())
                ax.set_xticks([1e-4, 1e-2, 1, 100], ["0.0001", "0.01", "1", "100"])
            axes[0, column].set_title(PROTOCOL_TITLES[protocol])
            axes[1, column].set_xlabel("gap to the certified optimum (%)")
        axes[0, 0].set_ylabel("trained models:\nshare of realizations")
        axes[1, 0].set_ylabel("no learning:\nshare of realizations")
        rows = table.drop_duplicates("label").to_dict("records")
        handles = [handle(row["label"], color=palette[row["model"]]) for row in rows if row["kind"] == "model"]
        handles += [handle(row["label"], **METHOD_LINES[row["method"]]) for row in rows if row["kind"] == "solver"]
        below(figure, handles)
        about(figure, table[table["kind"] == "model"], bars="bands")
    return figure
