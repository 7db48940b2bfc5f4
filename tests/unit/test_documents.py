"""README, docs and CONTRIBUTING: short pages, plain words, and nothing named that does not exist."""

import ast
import json
import re
from pathlib import Path

import pytest
import torch
import yaml

from qgnn_d2d import models, settings
from qgnn_d2d.claims import IDS
from qgnn_d2d.figures import FIGURES
from qgnn_d2d.quantum.ansatz import build
from qgnn_d2d.quantum.hardware.compile import native_star
from qgnn_d2d.quantum.hardware.devices import line_for
from tests.circuits import random_stars

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
MOST_LINES, WIDEST_LINE, MOST_COLUMNS = 150, 120, 5

METAPHORS = re.compile(r"\b(hears?|heard|silent|silenced?|tells|told|listens?|stands? beside|carried along)\b", re.I)
BLOCK = re.compile(r"<!-- begin (\w+) -->\n(.*?)<!-- end \1 -->", re.DOTALL)
CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*/(\w+)\.png\)\n\n<!-- begin (\w+) -->")
FOLDERS = ("config", "docs", "envs", "figures", "profiles", "scripts", "src", "tests", "benchmarks", "workflow")
PACKAGES = tuple(path.name for path in (ROOT / "src" / "qgnn_d2d").iterdir() if path.is_dir())
EXAMPLES = (
    "config/mine.yaml", "config/schema.json", "log_normal", "own_link", "better_of_two", "seeds", "test_parameters",
    "claims/parameters",
)  # fmt: skip
"""What readers are shown how to make, or what make writes."""

every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


def text_of(page):
    return page.read_text(encoding="utf-8")


def prose_of(page):
    """A page without generated blocks and code."""
    return CODE.sub("", BLOCK.sub("", text_of(page)))


def tables_of(page):
    return [line.replace(r"\|", "") for line in text_of(page).splitlines() if line.startswith("|")]


def anchors_of(page):
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def python_blocks(name):
    return [code for language, code in CODE.findall(text_of(ROOT / name)) if language == "python"]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_a_page_is_short(page):
    assert len(text_of(page).splitlines()) <= MOST_LINES


@every_page
def test_lines_of_prose_are_short(page):
    lines = [line for line in BLOCK.sub("", text_of(page)).splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > WIDEST_LINE] == []


@every_page
def test_tables_are_narrow(page):
    assert [line for line in tables_of(page) if line.count("|") - 1 > MOST_COLUMNS] == []


@every_page
def test_words_are_plain(page):
    assert METAPHORS.findall(prose_of(page)) == []


@every_page
def test_markers_come_in_pairs(page):
    names = re.findall(r"<!-- (begin|end) (\w+) -->", text_of(page))
    assert names == [(kind, name) for name, _ in BLOCK.findall(text_of(page)) for kind in ("begin", "end")]


@every_page
def test_links_lead_somewhere(page):
    for _, target in LINK.findall(text_of(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors_of(found), target


@every_page
def test_a_figure_has_its_caption_below_it(page):
    names = [Path(target).stem for image, target in LINK.findall(text_of(page)) if image]
    assert IMAGE.findall(text_of(page)) == [(name, f"caption_{name}") for name in names]


def test_every_figure_stands_on_a_page_with_its_own_caption():
    blocks = dict(block for page in PAGES for block in BLOCK.findall(text_of(page)))
    assert {
        name: " ".join(text.split()).strip("*") for name, text in blocks.items() if name.startswith("caption_")
    } == {f"caption_{name}": module.CAPTION for name, module in FIGURES.items()}


@every_page
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z0-9-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    targets |= {f"claim-{claim}" for claim in IDS}
    commands = re.findall(r"^make ([^#\n]+)|`make ([^`]+)`", text_of(page), re.MULTILINE)
    words = {word for command in commands for word in " ".join(command).split() if "=" not in word}
    assert words <= targets


@every_page
def test_named_files_exist(page):
    for name in re.findall(r"`([\w./-]+/[\w./-]*)`", text_of(page)):
        first = name.split("/")[0]
        if any(example in name for example in EXAMPLES) or first not in (*FOLDERS, *PACKAGES, "results"):
            continue
        if first == "results" and not name.startswith("results/reference"):
            continue  # what a study writes
        assert (ROOT / name).exists() or (ROOT / "src" / "qgnn_d2d" / name).exists(), name


@every_page
def test_python_blocks_are_python(page):
    for code in python_blocks(page.relative_to(ROOT)):
        ast.parse(code)


def test_the_readmes_block_runs_and_so_does_what_follows_it(capsys):
    space = {}
    exec(python_blocks("README.md")[0], space)
    assert float(re.search(r"[\d.]+", capsys.readouterr().out)[0]) > 1
    assert space["power"].shape == (20, 6)
    exec(python_blocks("docs/first_ten_minutes.md")[0], space)
    assert space["best"].shape == torch.Size([20, 6])


def test_the_block_on_own_channels_runs():
    space = {}
    exec(python_blocks("docs/reuse.md")[1], space)
    assert space["power"].shape == (4, 5)
    torch.testing.assert_close(space["mine"].gain, space["same"].gain)


def test_the_blocks_on_star_layers_run():
    space = {}
    for code in python_blocks("docs/engine.md"):
        exec(code, space)
    assert space["stars"].weights.grad.shape == (18,)
    assert space["noisy"](torch.zeros(2, 14)).shape == (2, 3)
    assert space["ansatz"].of_block(space["zz_block"]).num_parameters == 4


def test_the_studies_of_your_own_are_studies():
    blocks = [code for language, code in CODE.findall(text_of(ROOT / "docs" / "reuse.md")) if language == "yaml"]
    drawn, read = (settings.load(yaml.safe_load(code), ROOT / "config") for code in blocks)
    assert list(drawn.runs) == ["rayleigh-stated-qgnn", "rayleigh-stated-gcn"]
    assert list(read.runs) == ["site-stated-qgnn", "site-stated-gcn"] and sum(read.splits.values()) == 300
    assert Path(read.channel_sources("site")[0]).parts[-2:] == ("data", "h.npz")
    assert len(blocks[1].splitlines()) <= 15


def test_the_page_on_own_devices_runs(tmp_path, monkeypatch, capsys):
    """Its file is written, edited by hand as the page says, and read by its study."""
    blocks = {language: code for language, code in CODE.findall(text_of(ROOT / "docs" / "devices.md"))}
    monkeypatch.chdir(tmp_path)
    exec(blocks["python"], {})
    assert "'center_qubit': " in capsys.readouterr().out
    path = tmp_path / "data" / "mine.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert len(content["qubits"]) == 7
    content["qubits"] = [json.loads(blocks["json"])] * 7
    path.write_text(json.dumps(content), encoding="utf-8")
    study = settings.load(yaml.safe_load(blocks["yaml"]), tmp_path / "config")
    assert list(study.runs) == ["rayleigh-stated-qgnn", "rayleigh-stated-qgnn-mine"]
    noise = study.noise_models["mine_idle"]
    assert Path(noise.calibration) == Path("data/mine.json")
    native_star(build("qgcl"), line_for(noise.model_copy(update={"line": [4, 5, 3]})), idle=True)


def test_the_block_on_noisy_estimators_runs():
    space = {"model": models.build("qgnn", {})}
    exec(python_blocks("docs/noise.md")[0].rpartition("model.estimator")[0], space)
    star = random_stars(build("qgcl"), 3)
    assert (torch.as_tensor(space["model"].estimator(*star)).abs() < 3).all()
