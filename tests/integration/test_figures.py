"""Figures are the same bytes whatever the user's own settings of Matplotlib are."""

import matplotlib
import pytest

from qgnn_d2d.figures import FIGURES, style
from tests.unit.figures.test_figures import every_figure, table_of


@pytest.mark.parametrize("suffix", ["pdf", "png"])
@every_figure
def test_the_users_settings_change_no_byte(name, suffix, tmp_path, monkeypatch):
    monkeypatch.setitem(style.STYLE, "savefig.dpi", 50)  # sooner drawn
    paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    style.save(FIGURES[name].draw(table_of(name)), paths[0])
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "figure.dpi": 10, "text.usetex": True}):
        style.save(FIGURES[name].draw(table_of(name)), paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
