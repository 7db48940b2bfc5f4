"""Which reading of the paper gives its numbers."""

from __future__ import annotations

from ..settings import MODELS, Study
from .contract import Figure, Files, Inputs, Table, read
from .style import GRAY, below, canvas, colors, integer_ticks, shades, styled

NAME = "readings"
CLAIMS = "C1, C2"
CAPTION = (
    "What each reading of the paper's unit, draws and noise makes possible. Left: WMMSE's level, the certified "
    "optimum in the models' quantity, and our models of the primary pairs, for the readings R1 to R8; dotted lines: "
    "the paper's 2.67 for its QGNN, and 2.52, the level of WMMSE that its 6 % give. Right: the largest possible gain "
    "over WMMSE against the number of links, where the noise is fitted so that WMMSE is at 2.52 (R9); dotted: the "
    "paper's 6 %. How to read: a reading fits where WMMSE lies near 2.52, the optimum reaches 2.67, and the gain is "
    "possible, all within the ranges of claims C1 and C2. With many readings, one that fits is no proof."
)
_FITTED = "R9"


def inputs(study: Study) -> Inputs:
    """Return the table of the readings."""
    return {"readings": study.reading_files[:1]} if study.reading_files else None


def data(study: Study, files: Files) -> Table:
    """Return what `readings.readings` returns, without its notes."""
    return read(files["readings"]).drop(columns="note")


@styled()
def draw(table: Table) -> Figure:
    """Draw levels by reading, and the largest gain against the number of links."""
    figure, (left, right) = canvas(3.6, 1, 2, width_ratios=[1.5, 1])
    color = colors(())
    fitted = table["reading"] == _FITTED
    paper = {"color": GRAY, "linewidth": 0.8, "linestyle": ":"}
    marks = {
        "WMMSE": ("wmmse", {"color": "#000000", "marker": "|", "markersize": 9, "markeredgewidth": 1.6}),
        "certified optimum": ("optimum", {"color": "#000000", "marker": "D", "markersize": 4}),
        MODELS["qgnn"].label: ("qgnn", {"color": color["qgnn"], "marker": "o", "markersize": 4.5}),
        MODELS["gcn"].label: ("gcn", {"color": color["gcn"], "marker": "s", "markersize": 4.5}),
    }
    rows = table[~fitted].reset_index(drop=True)
    qgnn, wmmse, gain = (float(table[f"paper_{name}"].iloc[0]) for name in ("qgnn", "wmmse", "gain"))
    for level in (qgnn, wmmse):
        left.axvline(level, **paper)
    for _, (column, style) in marks.items():
        left.plot(rows[column], rows.index, linestyle="none", **style)
    names = [
        f"{row.reading}: {row.models}" + (f"\n(line: {row.line})" if row.line != row.models else "")
        for row in rows.itertuples()
    ]
    left.set_yticks(list(rows.index), names)
    left.invert_yaxis()
    left.set(xlabel="mean over the draws, in the unit named", ylabel="reading: what models are measured in")
    left.set_title("Levels")
    units = dict(zip(table.loc[fitted, "models"].unique(), shades(2), strict=True))
    styles = {f"R9, {models}": {"color": shade, "marker": "o", "markersize": 3.5} for models, shade in units.items()}
    for (_, part), style in zip(table[fitted].groupby("models", sort=False), styles.values(), strict=True):
        right.plot(part["num_links"], part["largest_gain"], **style)
    right.axhline(gain, **paper)
    right.set(
        xlabel="links M", ylabel="largest possible gain over WMMSE (%)", title=f"Noise fitted to WMMSE at {wmmse:.2f}"
    )
    right.set_ylim(bottom=0)
    integer_ticks(right.xaxis)
    entries = {label: {"linestyle": "none", **style} for label, (_, style) in marks.items()}
    below(figure, {**entries, **styles, "the paper's numbers": paper})
    return figure
