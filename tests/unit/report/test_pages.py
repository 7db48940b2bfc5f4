"""The pages show what the tables hold."""

import numpy as np
import pandas as pd
import pytest

from qgnn_d2d.analysis import convergence, tables
from qgnn_d2d.report import html, pages
from qgnn_d2d.solvers import METHODS
from tests.unit.analysis.cases import manifest, scored, solved
from tests.unit.analysis.test_tables import curves, noise_rows
from tests.unit.report.test_html import rows

RATES = np.random.default_rng(0).random(40) + 1


def cells(text, heading):
    """Return a page's rows whose first cell is ``heading``."""
    return [row for row in rows(html.page(text)) if row[0] == heading]


def test_results_have_a_section_per_split_and_quantity():
    solvers = {split: solved(RATES, {"wmmse": 0.5}) for split in ("test", "evaluation")}
    runs = {split: scored({"q": [0.5, 0.7]}, RATES) for split in solvers}
    table = tables.results([manifest("q")], runs, solvers)
    text = pages.results_page(table, "main")
    assert text.startswith("# Results: main\n\nHow to read: ")
    assert text.count("\n## Weighted sum rate, eq. (2), bps/Hz: ") == 2
    assert text.count("\n## The public code's model metric, bps/Hz: ") == 2
    assert "evaluation set, 40 realizations" in text
    (row, *_), (header, *_) = cells(text, "q"), cells(text, "method")
    shown = dict(zip(header, row, strict=True))
    assert (shown["quantum"], shown["parameters"], shown["learning rate"], shown["k"]) == ("36", "83", "0.02", "3")
    assert shown["mean"] == f"{0.6 * RATES.mean():.3f}" and shown["% of WMMSE"] == "120.0"
    optimum = dict(zip(header, cells(text, "optimum")[0], strict=True))
    assert optimum["parameters"] == optimum["k"] == "" and optimum["% of optimum"] == "100.0"
    assert optimum["active links"] == f"{len(METHODS) - 1}.0" and "median over all cross links: 20.0 dB." in text


def test_results_say_what_percentages_are_of():
    models = {"test": scored({"q": [0.5, 0.7]}, RATES)}

    def headers(**options):
        text = pages.results_page(tables.results([manifest("q")], models, {"test": solved(RATES, **options)}), "main")
        return text, {name for row in cells(text, "method") for name in row if "optimum" in name or "bound" in name}

    text, names = headers()
    assert names == {"% of optimum"} and "certified in" not in text
    text, names = headers(bound=RATES * np.where(np.arange(40) % 4, 1.0, 1.25))
    assert names == {"% of bound"} and "| % of best known |" in text
    assert text.count("The optimum is certified in 30 of 40 realizations.") == 2
    assert cells(text, "bound") and not cells(text, "optimum")
    text, names = headers(optimum=False)
    assert not names and "optimum" not in text


@pytest.mark.parametrize("reread", [False, True], ids=["as made", "read back"])
def test_convergence_has_a_section_per_protocol(reread, tmp_path):
    rising = np.tile(np.linspace(1, 2, 21), (2, 1))
    tidy = pd.concat([curves(rising, "a"), curves(np.ones((2, 6)), "b")])
    manifests = [manifest("a"), manifest("b", "gcn", "released")]
    table = convergence.table(manifests, tidy)
    if reread:
        table.to_csv(tmp_path / "x.csv", index=False)
        table = pd.read_csv(tmp_path / "x.csv")
    text = pages.convergence_page(table)
    assert text.count("\n## ") == 2 and "\n\nHow to read: " in text
    (a,), (b,) = cells(text, "a"), cells(text, "b")
    assert a[5:] == [
        "18.0 [18.0, 18.0] (2 of 2)", "1.200", "1.500", "", "", "2.000 [2.000, 2.000]", "2.000", "0.00 [0.00, 0.00]",
    ]  # fmt: skip
    assert b[5].strip() == "(0 of 2)"


def test_noise_is_shown_with_its_qubits():
    rates = noise_rows({"ideal": [1.0, 2.0, 4.0], "unaware": [0.5, 1.0, 2.0]})
    summary = tables.noise_summary(rates, 5.0, ["noise", "training", "mitigation"])
    columns = ["two_qubit_gate", "leaf_qubit", "center_qubit", "edge_qubit", "center_reads_1_in_0",
               "center_reads_0_in_1", "leaf_two_qubit_error", "edge_two_qubit_error", "sx_per_leaf",
               "two_qubit_gates_per_leaf"]  # fmt: skip
    device = {"noise": "x", "device": "FakeX"} | dict(zip(columns, ["cz", 1, 0, 3, *[0.0123] * 4, 9, 5], strict=True))
    devices = pd.DataFrame([device, {"noise": "p1"}])
    text = pages.noise_page(summary, devices)
    assert cells(text, "x")[0][1:] == ["unaware", "raw", "1.167 [-0.731, 3.064]", "50.0 [50.0, 50.0]", "23.3"]
    assert cells(text, "wmmse")[0][3:] == ["5.000", "", "100.0"]
    assert cells(text, "x")[1] == ["x", "FakeX", "cz", "1", "0", "3", *["0.0123"] * 4, "9", "5"]
    assert cells(text, "p1")[0] == ["p1"] + [""] * 11
