"""What all figures share: style, colors, lines, legends, and byte-stable files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..io import write_whole
from ..settings import MODELS
from .contract import Axes, Figure, Table

WIDTH = 7.2  # inches: a page of two columns
GRAY = "#666666"
POINT = 1.8  # size of a single seed
_HANDLE, _LETTER = 0.68, 0.057  # inches of a legend: a line with its margins, a letter
# After Okabe and Ito and Tol. Any two stay 16 CIELAB units apart with every kind of color blindness.
_PALETTE = (
    "#0072B2", "#DE8F05", "#029E73", "#C44601", "#DA8CCB", "#882255", "#849CFC", "#3C3C00",
    "#332288", "#9000F0", "#30D89C", "#F000CC", "#A8CC60", "#84603C", "#481860", "#542424",
)  # fmt: skip
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "legend.handlelength": 2.8,  # a dash-dotted line shows its dots
    "lines.linewidth": 1.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "qgnn_d2d",
    "savefig.dpi": 200,
}
# Neither dates nor versions in the files: the same data give the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".png": {"Software": None},
}
# Methods that need no learning are black and gray, apart from the models' colors.
METHOD_LINES: dict[str, dict[str, Any]] = {
    "optimum": {"color": "#000000", "linestyle": "-", "linewidth": 0.9},
    "bound": {"color": "#000000", "linestyle": (0, (8, 2)), "linewidth": 0.9},
    "wmmse": {"color": "#000000", "linestyle": "-.", "linewidth": 1.3},
    "wmmse_multistart": {"color": "#000000", "linestyle": ":", "linewidth": 1.1},
    "on_off_3": {"color": GRAY, "linestyle": (0, (6, 2)), "linewidth": 0.8},
    "on_off_4": {"color": GRAY, "linestyle": (0, (6, 2, 1, 2)), "linewidth": 0.9},
    "best_single_link": {"color": GRAY, "linestyle": (0, (2, 2)), "linewidth": 1.0},
    "full_power": {"color": "#999999", "linestyle": (0, (1, 3)), "linewidth": 1.0},
}
"""Method to its line in every figure; ``bound`` is the optimum's where that is not certified."""


def colors(models: Iterable[str]) -> dict[str, str]:
    """Return model or variant to color, the same in every figure; variants come behind the models."""
    names = dict.fromkeys([*MODELS, *models])
    return {name: _PALETTE[i % len(_PALETTE)] for i, name in enumerate(names)}


def shades(count: int) -> list[Any]:
    """Return colors for the values of one option: shades of a brown that no model has, from light to dark."""
    import seaborn

    return list(seaborn.color_palette("blend:#DDB27E,#3B1F0B", count))


@contextmanager
def styled() -> Iterator[None]:
    """Give figures the common style, whatever the user's own settings are: a context, or a decorator of `draw`."""
    os.environ["MPLBACKEND"] = "Agg"  # before matplotlib reads it: figures are files
    import matplotlib

    defaults: Any = {key: value for key, value in matplotlib.rcParamsDefault.items() if "backend" not in key}
    with matplotlib.rc_context(defaults | STYLE):
        yield


def canvas(height: float, *shape: int, width: float = WIDTH, **options: Any) -> tuple[Figure, Any]:
    """Return a figure with a grid of axes, inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(*shape, **options)


def save(figure: Figure, path: Path | str) -> None:
    """Write a figure in the format of the path's suffix (pdf, png), byte-stable, whole or not at all."""
    metadata = _METADATA[Path(path).suffix]
    with styled():
        write_whole(path, lambda partial: figure.savefig(partial, metadata=metadata))


@styled()
def mark(figure: Figure, text: str) -> None:
    """Write a text above a figure, such as that its numbers mean nothing; the panels make room for it."""
    lines = filter(None, [text, figure.get_suptitle()])
    figure.suptitle("\n".join(lines), fontsize=8, fontweight="bold", color="#b45309")


def errorbars(ax: Axes, x: Any, rows: Table, names: Sequence[str] = ("mean", "low", "high"), **style: Any) -> None:
    """Draw means with their intervals; ``rows`` has the columns ``names``."""
    mean, low, high = (rows[name].to_numpy(float) for name in names)
    ax.errorbar(x, mean, [mean - low, high - mean], **{"markersize": 3.5, "elinewidth": 0.8, **style})


def points(ax: Axes, x: Any, values: Any, color: Any) -> None:
    """Draw single seeds as small points behind their mean."""
    ax.plot(
        x, values, linestyle="none", marker="o", markersize=POINT, markeredgewidth=0, color=color, alpha=0.5, zorder=1.9
    )


def banded(ax: Axes, x: Any, rows: Table, mean: str, alpha: float, **style: Any) -> None:
    """Draw a curve of the column ``mean`` with a band from low to high, if it has one."""
    ax.plot(x, rows[mean], **style)
    if rows["low"].notna().all():
        ax.fill_between(x, rows["low"], rows["high"], color=style["color"], alpha=alpha, linewidth=0)


def integer_ticks(axis: Any) -> None:
    """Put an axis's ticks at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 5, 10]))


def number_ticks(ax: Axes, numbers: Iterable[float], **options: Any) -> None:
    """Put ticks of a logarithmic x axis at the given numbers, written out."""
    from matplotlib.ticker import NullLocator

    ax.set_xscale("log")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(list(numbers), [f"{number:,.0f}" for number in numbers], **options)


def below(figure: Figure, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Put one legend below all panels: label to style, in as many columns as fit, row by row, as one reads."""
    from matplotlib.lines import Line2D

    labels = list(entries)
    handles = [Line2D([], [], **{"label": label, "markersize": 3.5, **style}) for label, style in entries.items()]

    def width(columns: int) -> float:
        longest = [max(map(len, labels[column::columns])) for column in range(columns)]
        return sum(_HANDLE + _LETTER * length for length in longest)

    columns = next((n for n in (4, 3, 2) if n <= len(labels) and width(n) < figure.get_figwidth()), 1)
    # Matplotlib fills a legend column by column.
    ordered = [entry for column in range(columns) for entry in handles[column::columns]]
    figure.legend(handles=ordered, loc="outside lower center", ncols=columns)


def about(figure: Figure, rows: Table, shown: str = "bars", *, seeds_shown: bool = False) -> None:
    """Write above all panels the rows' num_seeds and num_realizations, and what shows intervals and seeds, if any."""
    counts = [sorted(rows[f"num_{of}"].dropna().astype(int).unique()) for of in ("seeds", "realizations")]
    seeds, realizations = (" or ".join(f"{count:,}" for count in numbers) for numbers in counts)
    interval = f", {shown}: 95 % t interval over seeds" if shown and seeds != "1" else ""
    interval += ", points: seeds" if seeds_shown and seeds != "1" else ""
    mean = "One seed" if seeds == "1" else f"Mean of {seeds} seeds"
    figure.suptitle(f"{mean}{interval}; {realizations} realizations; raw values", fontsize=8)
