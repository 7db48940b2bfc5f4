"""The sum rate against the number of shots, and Aer's shots against the engine's law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..settings import Study
from . import noise
from .style import about, below, canvas, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "shots"
CLAIMS = "C10"
CAPTION = (
    "Sum rate of the QGNN at the paper's point against the number of shots per expectation value (and per noise scale "
    "factor, for extrapolation), a panel per device. Last panel: how far Qiskit Aer's real shots are from the "
    "engine's law, in standard errors. How to read: where a curve reaches the black line, shots and noise cost "
    "nothing; in the last panel, points within the gray band agree."
)
_COLUMNS = 3


def inputs(study: Study) -> dict[str, list[str]] | None:
    """Return the summary over shots, and the comparison with Aer of every device."""
    settings = study.config.noise
    if settings is None:
        return None
    aer = [study.file("noise", name, "aer.csv") for name in settings.devices]
    return {"summary": [study.file("noise", "shots.csv")], "aer": aer}


def data(study: Study, files: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return rows of `tables.noise_summary` (panel shots) and of `device_noise.aer_rows` (panel aer)."""
    import pandas as pd

    from ..io import read_csv

    settings = study.config.noise
    assert settings is not None
    table = read_csv(files["summary"][0])
    table = table[table["noise"].isin(["ideal", "wmmse", *settings.devices])]
    checked = pd.concat([read_csv(path) for path in files["aer"]])
    return pd.concat([table.assign(panel="shots"), checked.assign(panel="aer")], ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel per device, and Aer's shots against the law."""
    rates, checked = table[table["panel"] == "shots"], table[table["panel"] == "aer"]
    noisy = rates[rates["shots"].notna()]
    names = list(dict.fromkeys(noisy["noise"]))
    rows = -(-(len(names) + 1) // _COLUMNS)
    with styled():
        figure, grid = canvas(2.1 * rows + 1.1, rows, _COLUMNS, squeeze=False)
        axes = grid.ravel()
        for ax, name in zip(axes, names, strict=False):
            for key in noise.MEASURED:
                part = noise.measured_as(noisy[noisy["noise"] == name], key).sort_values("shots")
                noise.points(ax, part["shots"], part, key, linewidth=1.0)
            noise.ideal_line(ax, rates)
            ax.set_xscale("log", base=2)
            ax.set(title=name, xlabel="shots", ylabel="sum rate (bps/Hz)")
        panels, last = axes[: len(names)], axes[len(names)]
        low, high = min(ax.get_ylim()[0] for ax in panels), max(ax.get_ylim()[1] for ax in panels)
        for ax in panels:
            ax.set_ylim(low, high)
        for mitigation, part in checked.groupby("mitigation", sort=False):
            _, color, marker = noise.MEASURED[("unaware", str(mitigation))]
            last.plot(part["noise"], part["rate_z"], marker, color=color, markersize=4, linestyle="none")
        last.axhspan(-2, 2, color="#666666", alpha=0.15, linewidth=0)
        last.set(title=f"Aer, {checked['shots'].iloc[0]:,.0f} real shots", ylabel="Aer - engine\n(standard errors)")
        last.tick_params(axis="x", rotation=45)
        for ax in axes[len(names) + 1 :]:
            ax.set_axis_off()
        below(figure, noise.legend(rates))
        about(figure, noisy)
    return figure
