"""The contract of every figure: drawn from its CSV file alone, whole, readable, and the same bytes everywhere."""

import functools
import itertools
import re
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pennylane as qml
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from qgnn_d2d import settings
from qgnn_d2d.analysis import optimality, values
from qgnn_d2d.analysis.statistics import t_interval
from qgnn_d2d.figures import FIGURES, for_study, style
from qgnn_d2d.figures import curves as curves_module
from qgnn_d2d.io import read_csv, write_csv
from qgnn_d2d.objective import PROTOCOLS, QUANTITIES, trained_quantity
from qgnn_d2d.quantum import ansatz
from qgnn_d2d.report.html import BANNER
from qgnn_d2d.settings import MODELS
from qgnn_d2d.settings.training import RUNNING
from qgnn_d2d.solvers import METHODS, OPTIMUM_GAP

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "results" / "reference"
PAPER = settings.read(ROOT / "config" / "paper.yaml")
FROM_REFERENCE = [name for name in FIGURES if not name.startswith("fig2") and name != "optimality"]
"""Figures whose inputs are committed; the others need trainings."""

WIDEST = 2000  # pixels
MARGIN = 1.0  # pixels by which a text may reach over the canvas: rounding
LEAST_DISTANCE = 15  # CIELAB units between any two colors of a figure
PLAIN = re.compile(r"\b(hears?|heard|silent|silenced?|tells|told|listens?)\b", re.IGNORECASE)
VERDICTS = re.compile(r"\b(reproduced|undecided|beats?|outperforms?|better than|worse than|fails to reach)\b")
# What protanopia, deuteranopia and tritanopia see, linear RGB (Machado et al., 2009, severity 1), and what others see.
VISION = [
    np.eye(3),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
]

every_figure = pytest.mark.parametrize("name", FIGURES)


@functools.cache
def table_of(name):
    return read_csv(ROOT / "figures" / f"{name}.csv")


@functools.cache
def drawn(name):
    """The committed figure, laid out on a canvas."""
    figure = FIGURES[name].draw(table_of(name))
    with style.styled():
        FigureCanvasAgg(figure).draw()
    return figure


def box_of(artist):
    return artist.get_window_extent(FigureCanvasAgg(artist.get_figure(root=True)).get_renderer())


def shown_axes(figure):
    return [ax for ax in figure.axes if ax.axison and ax.get_label() != "<colorbar>"]


def entries(figure):
    """Label to line of the figure's legends."""
    pairs = [zip(one.texts, one.legend_handles, strict=True) for one in figure.legends]
    return {text.get_text(): line for text, line in itertools.chain(*pairs)}


def committed(name):
    """The inputs of a figure as they are committed."""

    def path(file):
        return REFERENCE / Path(file).relative_to(PAPER.results)

    return {key: [path(file) for file in files] for key, files in FIGURES[name].inputs(PAPER).items()}


@every_figure
def test_a_figure_is_a_module_of_its_name_that_says_how_to_read_it(name):
    module = FIGURES[name]
    assert module.__name__.endswith(f".{name}")
    assert re.fullmatch(r"(C\d+)((, | to )C\d+)*", module.CLAIMS)
    assert "How to read: " in module.CAPTION and module.CAPTION.endswith(".")
    assert not re.search(r"[*|\n]|\s\s", module.CAPTION)  # text for reStructuredText, Markdown and HTML alike
    assert not PLAIN.search(module.CAPTION)
    assert not VERDICTS.search(module.CAPTION)  # it holds whatever the numbers are


@every_figure
def test_everything_lies_within_the_canvas(name):
    figure = drawn(name)
    assert isinstance(figure, Figure) and figure.get_figwidth() * style.STYLE["savefig.dpi"] <= WIDEST
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [legend.get_window_extent(renderer) for legend in figure.legends]
    boxes += [box for ax in figure.axes if (box := ax.get_tightbbox(renderer)) is not None]
    for box in boxes:
        assert box.x0 >= -MARGIN and box.y0 >= -MARGIN
        assert box.x1 <= figure.bbox.width + MARGIN and box.y1 <= figure.bbox.height + MARGIN


@every_figure
def test_panels_have_titles_and_axes_labels(name):
    for ax in shown_axes(drawn(name)):
        place = ax.get_subplotspec()
        names = [label.get_text() for label in ax.get_xticklabels()]
        above = [other for other in ax.get_shared_x_axes().get_siblings(ax) if other.get_title()]
        beside = [other for other in ax.get_shared_y_axes().get_siblings(ax) if other.get_ylabel()]
        assert above, place
        assert ax.get_xlabel() or all(map(str.isidentifier, names)) or not place.is_last_row(), place
        assert beside, place


@every_figure
def test_tick_labels_do_not_touch(name):
    for ax in shown_axes(drawn(name)):
        for axis, first, last in ((ax.xaxis, "x0", "x1"), (ax.yaxis, "y0", "y1")):
            labels = [label for label in axis.get_ticklabels() if label.get_text() and label.get_rotation() % 90 == 0]
            low, high = sorted(axis.get_view_interval())
            at = [tick.get_loc() for tick in axis.get_major_ticks()]
            boxes = [box_of(one) for one, place in zip(labels, at, strict=False) if low <= place <= high]
            boxes.sort(key=lambda box: getattr(box, first))
            assert all(getattr(a, last) < getattr(b, first) for a, b in itertools.pairwise(boxes))


@every_figure
def test_large_numbers_have_separators(name):
    texts = [text.get_text() for text in drawn(name).findobj(matplotlib.text.Text)]
    assert [text for text in texts if re.search(r"(?<![\d.{])\d{4,}(?!\d)", text)] == []


@every_figure
def test_a_color_belongs_to_its_model(name):
    palette = style.colors([])
    models = {options.label: palette[model] for model, options in MODELS.items()}
    others = set(map(str.lower, palette.values()))
    for label, line in entries(drawn(name)).items():
        if label in models:
            assert to_hex(line.get_color()) == models[label].lower()
        elif not label.startswith(("QGNN", "GCN", "MLP")) and label != "trained under the noise":
            assert to_hex(line.get_color()) not in others


@every_figure
def test_colors_of_models_stay_apart_with_any_color_vision(name):
    table = table_of(name)
    shown = list(table["model"].dropna().unique()) if "model" in table else []
    palette = style.colors(shown)
    for vision, (one, other) in itertools.product(VISION, itertools.combinations(shown, 2)):
        assert np.linalg.norm(_lab(palette[one], vision) - _lab(palette[other], vision)) > LEAST_DISTANCE, (one, other)


def test_every_model_has_a_color_of_its_own_and_any_two_stay_apart():
    palette = style.colors(())
    assert set(palette) == set(MODELS) and len(set(palette.values())) == len(MODELS)
    for vision, (one, other) in itertools.product(VISION, itertools.combinations(style._PALETTE, 2)):
        assert np.linalg.norm(_lab(one, vision) - _lab(other, vision)) > LEAST_DISTANCE, (one, other)


def _lab(color, vision):
    srgb = np.array(to_rgb(color))
    linear = vision @ np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("name", FROM_REFERENCE)
def test_the_committed_table_is_what_the_reference_gives(name, tmp_path):
    files = committed(name)
    if name == "shots":  # Aer's comparison is kept in the figure's table alone
        aer = table_of(name).query("panel == 'aer'").dropna(axis=1, how="all").drop(columns="panel")
        files["aer"] = [tmp_path / f"{device}.csv" for device in aer["noise"].unique()]
        for path, (_, part) in zip(files["aer"], aer.groupby("noise", sort=False), strict=True):
            write_csv(path, part)
    write_csv(tmp_path / "table.csv", FIGURES[name].data(PAPER, files))
    assert (tmp_path / "table.csv").read_bytes() == (ROOT / "figures" / f"{name}.csv").read_bytes()


def write_curves(files, folder, num_seeds=3):
    """Write curves whose value is the seed plus a hundredth of the epoch, and the methods' means."""
    split, epochs = ("train", "test"), range(3)
    found = {"curves": [], "baselines": [folder / "summary.csv"]}
    for file in files["curves"]:
        run = Path(file).parent.name
        metric = trained_quantity(PAPER.runs[run].protocol).name
        rows = [*itertools.product(range(num_seeds), epochs, split), *((s, 2, RUNNING) for s in range(num_seeds))]
        table = pd.DataFrame([(run, s, e, name, metric, s + e / 100) for s, e, name in rows])
        found["curves"].append(folder / f"{run}.csv")
        write_csv(found["curves"][-1], table.set_axis(["run", "seed", "epoch", "split", "metric", "value"], axis=1))
    rows = itertools.product(METHODS, QUANTITIES.values(), split)
    table = pd.DataFrame([(method, one.name, one.unit, 7, 2.5, name) for method, one, name in rows])
    columns = ["solver", "metric", "unit", "num_realizations", "mean", "split"]
    write_csv(found["baselines"][0], table.set_axis(columns, axis=1))
    return found


@pytest.mark.parametrize("name", [name for name in FIGURES if name.startswith("fig2")])
@pytest.mark.parametrize("num_seeds", [1, 3])
def test_curves_are_means_over_seeds_with_their_interval(name, num_seeds, tmp_path):
    files = write_curves(FIGURES[name].inputs(PAPER), tmp_path, num_seeds)
    table = FIGURES[name].data(PAPER, files)
    assert set(table["panel"]) == set(PROTOCOLS) and set(table["num_realizations"]) == {7}
    curves = table[table["kind"] == "curve"]
    assert list(dict.fromkeys(curves["run"])) == [path.stem for path in files["curves"]]
    assert (curves["num_seeds"] == num_seeds).all()
    np.testing.assert_allclose(curves["mean"], (num_seeds - 1) / 2 + curves["epoch"].astype(float) / 100)
    if num_seeds == 1:
        assert curves["low"].isna().all() and curves["high"].isna().all()
    else:
        low, high = t_interval(np.arange(num_seeds, dtype=float))
        np.testing.assert_allclose(curves["high"] - curves["low"], high - low)
    lines = table[table["kind"] == "line"]
    assert set(lines["run"]) == {"wmmse", "optimum"} and (lines["mean"] == 2.5).all()
    write_csv(tmp_path / "table.csv", table)
    figure = FIGURES[name].draw(read_csv(tmp_path / "table.csv"))
    assert figure.get_suptitle().startswith("One seed" if num_seeds == 1 else "Mean of 3 seeds")


def test_a_share_is_over_seeds_and_realizations(tmp_path):
    module, best = FIGURES["optimality"], np.array([2.0, 4.0, 1.0, 5.0])
    runs = module._runs(PAPER)
    shown = [run for names in runs.values() for run in names]
    copies = xr.Dataset(
        {
            one.name: (("copy", "realization"), np.tile([best, best / 2], (len(shown), 1)), {"units": one.unit})
            for one in map(trained_quantity, PROTOCOLS)
        },
        coords={"run": ("copy", np.repeat(shown, 2)), "seed": ("copy", [0, 1] * len(shown))},
    )
    solved = np.stack([best if method == "optimum" else 0.8 * best for method in METHODS])
    solvers = xr.Dataset(
        {one.name: (("solver", "realization"), solved, {"units": one.unit}) for one in map(trained_quantity, PROTOCOLS)}
        | {one.bound: ("realization", best * (1 + OPTIMUM_GAP / 2)) for one in map(trained_quantity, PROTOCOLS)}
        | {one.certificate: ("realization", np.ones(4, bool)) for one in map(trained_quantity, PROTOCOLS)},
        coords={"solver": list(METHODS)},
        attrs={"gap": OPTIMUM_GAP},
    )
    files = {"models": [tmp_path / "models.nc"], "solvers": [tmp_path / "solvers.nc"]}
    values.save(copies, files["models"][0])
    values.save(solvers, files["solvers"][0])
    table = module.data(PAPER, files)
    assert table.groupby(["panel", "method"], sort=False).size().eq(len(optimality.GAPS)).all()
    models = table[table["kind"] == "model"]
    assert {panel: list(part["method"].unique()) for panel, part in models.groupby("panel")} == runs
    half = models[models["gap_percent"] < 49]  # one seed of two is at the optimum, the other at half of it
    assert (half["share"] == 0.5).all() and (half["num_seeds"] == 2).all() and (half["num_realizations"] == 4).all()
    np.testing.assert_allclose(half[["low", "high"]].iloc[0], t_interval(np.array([1.0, 0.0])))
    assert table[table["kind"] == "solver"].query("gap_percent > 21")["share"].eq(1).all()
    module.draw(table)
    assert "certified_share" not in table
    solvers["certified"][:2] = False
    values.save(solvers, files["solvers"][0])
    bounded = module.data(PAPER, files)
    labels = [ax.get_xlabel() for ax in module.draw(bounded).axes]
    assert "gap (%) to the upper bound of the optimum (50.0 % certified)" in labels
    assert "gap to the certified optimum (%)" in labels  # of the other quantity


@pytest.mark.parametrize(
    ("rows", "label"),
    [
        ({"optimum": None}, "certified optimum"),
        ({"best_found": 0.5, "bound": 0.5}, "upper bound of the optimum (50.0 % certified)"),
        ({}, None),
    ],
)
def test_fig2_says_whether_the_optimum_is_certified(tmp_path, rows, label):
    curves = [
        (run, 0, epoch, split, "sum_rate", 1.0) for run in ("q", "g") for epoch in (0, 1) for split in ("train", "test")
    ]
    pd.DataFrame(curves, columns=["run", "seed", "epoch", "split", "metric", "value"]).to_csv(
        tmp_path / "c.csv", index=False
    )
    about = {"metric": "sum_rate", "unit": "bps/Hz", "num_realizations": 4, "split": "test"}
    solvers = [{"solver": "wmmse", "mean": 1.5, **about}]
    solvers += [{"solver": name, "mean": 2.0, "certified_share": share, **about} for name, share in rows.items()]
    pd.DataFrame(solvers).to_csv(tmp_path / "s.csv", index=False)
    runs = {
        "q": PAPER.select("main", variant="qgnn", preset=None)[0],
        "g": PAPER.select("main", variant="gcn", preset=None)[0],
    }
    table = pd.read_csv(tmp_path / "c.csv")
    write_csv(tmp_path / "c.csv", table.assign(run=table["run"].map(runs)))
    _, data = curves_module.of(lambda study: {"stated": list(runs.values())})
    found = data(PAPER, {"curves": [tmp_path / "c.csv"], "baselines": [tmp_path / "s.csv"]})
    labels = found.loc[found["kind"] == "line", "label"].tolist()
    assert len(labels) == 1 + (label is not None) and (label is None or label in labels[1])
    assert set(entries(curves_module.draw(found))) >= set(labels)


@pytest.mark.parametrize("rows", [["best_found", "bound"], []], ids=["not certified", "off"])
def test_other_figures_show_the_bound_or_nothing_where_there_is_no_optimum(rows):
    table = table_of("informed")
    best = table[(table["panel"] == "baselines") & (table["method"] == "optimum")]
    assert len(best) == 1
    others = [best.assign(method=name, certified_share=0.5) for name in rows]
    found = entries(FIGURES["informed"].draw(pd.concat([table.drop(best.index), *others])))
    assert "certified optimum" not in found and not any("best" in label and "found" in label for label in found)
    assert ("upper bound of the optimum (50.0 % certified)" in found) == bool(rows)
    scale = table_of("scale")
    scale = scale[scale["method"] != "optimum"] if not rows else scale.assign(
        percent_of_wmmse=scale["percent_of_wmmse"].where(scale["method"] != "optimum")
    )  # fmt: skip
    assert "certified optimum" not in entries(FIGURES["scale"].draw(scale))


def test_a_study_without_its_experiments_has_no_figure():
    content = {
        "study": "small",
        "seed": 1,
        "num_seeds": 1,
        "splits": {"train": 4, "validation": 4, "test": 4, "evaluation": 4},
        "scenarios": {"rayleigh": {"kind": "rayleigh"}},
        "training": {"epochs": 1, "learning_rate": 0.01, "batch_size": 4},
        "experiments": {"own": [{"model": "gcn"}]},
    }
    assert for_study(settings.load(content)) == {}
    of_a_gcn = settings.load({**content, "experiments": {"main": [{"model": "gcn"}]}})
    assert list(for_study(of_a_gcn)) == ["fig2", "optimality"]
    quantum = settings.load({**content, "experiments": {"own": [{"model": "qgnn", "circuit": "qgcl_ancilla", "k": 2}]}})
    assert list(for_study(quantum)) == ["fig1_circuit"]
    table = FIGURES["fig1_circuit"].data(quantum, {})
    assert "ancilla" in " ".join(table["wires"]) and "leaf_3" not in " ".join(table["wires"])  # the study's own circuit


def test_the_circuit_has_the_names_and_values_of_its_angles(monkeypatch):
    def block(weights, center, leaf, edge):
        qml.RX(np.pi / 3, wires=center)
        qml.Rot(weights[0], 0.25, weights[0], wires=leaf)
        qml.adjoint(qml.CRY)(weights[1], wires=[leaf, center])
        qml.QubitUnitary(np.eye(2), wires=edge)

    own = ansatz.of_block(block)
    monkeypatch.setattr(ansatz, "build", lambda *_: own)
    table = FIGURES["fig1_circuit"].data(PAPER, {})
    angles = table[~table["gate"].isin(["RX", "RZ"]) | table["angles"].str.contains(r"^\d")]
    assert angles.groupby("gate", sort=False)["angles"].first().to_dict() == {
        "RX": "1.05", "Rot": "θ1 0.25 θ1", "Adjoint(CRY)": "θ2", "QubitUnitary": "", "⟨X⟩, ⟨Y⟩, ⟨Z⟩": "",
    }  # fmt: skip
    assert FIGURES["fig1_circuit"].settings(PAPER) == "circuit = qgcl, entangling_layers = 2, k = 3"


def overlapping(figure):
    """The pairs of texts or boxes that overlap."""
    extents = [[box_of(text.get_bbox_patch() or text) for text in ax.texts] for ax in figure.axes]
    return [pair for ax in extents for pair in itertools.combinations(ax, 2) if pair[0].overlaps(pair[1])]


def test_angles_of_the_circuit_can_be_read():
    figure = drawn("fig1_circuit")
    named = [text for ax in figure.axes for text in ax.texts if "theta" in text.get_text()]
    assert named and min(text.get_fontsize() / 72 / figure.get_figwidth() * 800 for text in named) > 12  # pixels
    assert not overlapping(figure)


def test_long_names_of_gates_do_not_overlap():
    names = ["ControlledPhaseShift", "C(GlobalPhase)"] * 4
    rows = {"column": range(8), "gate": names, "wires": "center leaf_1", "angles": "θ1 θ2 θ3"}
    figure = FIGURES["fig1_circuit"].draw(pd.DataFrame(rows))
    FigureCanvasAgg(figure).draw()
    assert not overlapping(figure)


def test_a_noise_study_without_levels_has_one_panel():
    table = table_of("noise")
    figure = FIGURES["noise"].draw(table[table["depolarizing"].isna()])
    assert [ax.get_title() for ax in figure.axes] == ["Calibrated devices"]
    assert len(drawn("noise").axes) == 2


def test_the_circuits_wires_are_in_the_order_of_the_leaves():
    figure = FIGURES["fig1_circuit"].draw(
        pd.DataFrame(
            {
                "column": 0,
                "gate": "RX",
                "wires": ["center", *(f"{kind}_{i}" for i in range(1, 12) for kind in ("leaf", "edge"))],
                "angles": np.nan,
            }
        )
    )
    texts = [text.get_text() for text in figure.axes[0].texts if text.get_text()[0] in "cle"]
    assert texts == ["center", *(f"{kind} {i}" for i in range(1, 12) for kind in ("leaf", "edge"))]


def test_a_legend_reads_row_by_row():
    figure, _ = style.canvas(2.0)
    style.below(figure, {f"entry {i} of some length here": {"color": "k"} for i in range(5)})
    FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    places = {text.get_text(): box_of(text) for text in legend.texts}
    read = sorted(places, key=lambda label: (-round(places[label].y0), places[label].x0))
    assert read == sorted(places)


@every_figure
def test_a_mark_is_above_everything_else_in_our_style_whatever_the_users(name):
    figure = FIGURES[name].draw(table_of(name))
    before = figure.get_suptitle()
    with matplotlib.rc_context({"font.family": "monospace"}):
        style.mark(figure, BANNER)
    title = figure._suptitle
    assert title.get_text().split("\n") == [BANNER, *filter(None, [before])] and title.get_fontfamily() != ["monospace"]
    with style.styled():
        FigureCanvasAgg(figure).draw()
    mark, boxes = box_of(title), [ax.get_tightbbox() for ax in figure.axes]
    assert mark.width > figure.bbox.width / 2 or figure.get_figwidth() < style.WIDTH
    assert figure.bbox.contains(*mark.min) and figure.bbox.contains(*mark.max)
    assert not any(mark.overlaps(box) for box in boxes if box is not None)


@pytest.mark.parametrize("name", ["ablation_k", "equal_information", "informed", "noise", "training_size"])
def test_points_are_all_seeds_of_a_mean(name):
    table = table_of(name)
    table = table[table["training"] != "ideal"] if name == "noise" else table
    key = ["noise", "training", "mitigation"] if name == "noise" else ["method", "panel", "metric"]
    key, means = [column for column in key if column in table], table["kind"].isin(["model", "mean"])
    seeds = table[table["kind"] == "seed"].groupby(key)
    shown = table[means & table["num_seeds"].notna()].set_index(key)
    assert len(seeds) == len(shown) > 5
    for column in [one for one in ("mean", "percent_of_wmmse", "ideal_mean") if one in table and name != "noise"]:
        np.testing.assert_allclose(seeds[column].mean().reindex(shown.index), shown[column], rtol=1e-6)
    assert (seeds["mean"].size().reindex(shown.index) == shown["num_seeds"]).all()
    low, high = zip(*(t_interval(part["mean"].to_numpy()) for _, part in seeds), strict=True)
    ends = pd.DataFrame({"low": low, "high": high}, index=seeds.size().index).reindex(shown.index)
    np.testing.assert_allclose(ends, shown[["low", "high"]], rtol=1e-6)
    drawn_points = [line for ax in drawn(name).axes for line in ax.lines if line.get_markersize() == style.POINT]
    assert drawn_points and "points: seeds" in drawn(name).get_suptitle()
