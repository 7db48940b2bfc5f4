"""The sum rate against the number of shots, and Aer's shots against the engine's law."""

from __future__ import annotations

from ..settings import Study
from . import noise
from .contract import Figure, Files, Inputs, Table, read, stacked
from .style import GRAY, about, below, canvas, errorbars, number_ticks, styled

NAME = "shots"
CLAIMS = "C10"
CAPTION = (
    "Sum rate of the QGNN at the paper's point, on the test set, against the number of shots per expectation value "
    "(and per noise scale factor, for extrapolation), a panel per device; points are shifted sideways, so that none "
    "is hidden. Last panel: how far Qiskit Aer's real shots are from the engine's law, in standard errors, with a "
    "gray band of two. How to read: from where a curve is flat, more shots do not help; its distance from the black "
    "line is what noise and shots cost. The last panel checks the simulation: points should lie in the band, save for "
    "about one in twenty."
)
_COLUMNS = 3


def inputs(study: Study) -> Inputs:
    """Return the summary over shots, and the comparison with Aer of every device."""
    settings = study.config.noise
    if settings is None:
        return None
    aer = [study.file("noise", name, "aer.csv") for name in settings.devices]
    return {"summary": [study.file("noise", "shots.csv")], "aer": aer}


def data(study: Study, files: Files) -> Table:
    """Return rows of `tables.noise_summary` (panel shots) and of `device_noise.aer_rows` (panel aer)."""
    settings = study.config.noise
    assert settings is not None
    table = read(files["summary"])
    table = table[table["noise"].isin(["ideal", "wmmse", *settings.devices])]
    return stacked([table.assign(panel="shots"), read(files["aer"]).assign(panel="aer")])


@styled()
def draw(table: Table) -> Figure:
    """Draw a panel per device, and Aer's shots against the law."""
    rates, checked = table[table["panel"] == "shots"], table[table["panel"] == "aer"]
    noisy = rates[rates["shots"].notna()]
    names = list(dict.fromkeys(noisy["noise"]))
    rows = -(-(len(names) + 1) // _COLUMNS)
    figure, grid = canvas(2.1 * rows + 1.2, rows, _COLUMNS, squeeze=False)
    panels, last, rest = grid.ravel()[: len(names)], grid.ravel()[len(names)], grid.ravel()[len(names) + 1 :]
    for ax, name in zip(panels, names, strict=True):
        for i, key in enumerate(noise.MEASURED):
            part = noise.measured_as(noisy[noisy["noise"] == name], key).sort_values("shots")
            errorbars(ax, part["shots"] * 1.06 ** (i - 2), part, **noise.look(key), linewidth=0.9)
        noise.ideal_line(ax, rates)
        ax.sharey(panels[0])
        ax.set(title=name, xlabel="shots", ylabel="sum rate (bps/Hz)")
        number_ticks(ax, sorted(noisy["shots"].unique())[::2])
    for i, (key, (_, marker)) in enumerate(noise.MEASURED.items()):
        part = checked[checked["mitigation"] == key[1]] if key[0] == "unaware" else checked[:0]
        places = [names.index(name) + 0.15 * (i - 2) for name in part["noise"]]
        last.plot(places, part["rate_z"], color=noise.look(key)["color"], marker=marker, markersize=4, linestyle="")
    last.axhspan(-2, 2, color=GRAY, alpha=0.15, linewidth=0)
    last.set(title=f"Aer, {checked['shots'].iloc[0]:,.0f} real shots", ylabel="Aer − engine\n(standard errors)")
    last.set_xticks(range(len(names)), names, rotation=30, ha="right")
    for ax in rest:
        ax.set_axis_off()
    below(figure, noise.legend(rates))
    about(figure, noisy)
    return figure
