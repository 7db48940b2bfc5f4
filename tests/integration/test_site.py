"""The site as `make docs` builds it, and the tutorials as they run."""

import os
import re
import subprocess
import sys
import time

import pytest

from tests.site import HOOKS, ROOT, TUTORIALS

LONGEST = 60  # seconds of a tutorial, where kernels are compiled already
FOREIGN = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; a warning would be an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    home = {"HOME": str(tmp_path_factory.mktemp("home")), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def page(site, name):
    return (site / name).read_text(encoding="utf-8")


def test_pages_have_the_repositorys_layout(site):
    for name in ("index.html", "docs/results.html", "config/index.html", "figures/fig2.png", "CONTRIBUTING.html"):
        assert (site / name).is_file(), name
    assert 'href="docs/glossary.html"' in page(site, "index.html")
    assert 'src="../figures/noise.png"' in page(site, "docs/noise.html")


def test_nothing_is_loaded_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    assert {path.name: found for path in pages if (found := FOREIGN.findall(path.read_text(encoding="utf-8")))} == {}


def test_the_api_shows_docstrings_examples_and_links(site):
    allocate = page(site, "api/training.html")
    assert 'id="qgnn_d2d.training.allocate"' in allocate
    assert re.search(r'href="channels.html#qgnn_d2d.channels\.[\w.]*Channels"', allocate)
    assert "&gt;&gt;&gt;" not in page(site, "api/solvers.html").split("<pre")[0]
    assert ":math:" not in "".join(path.read_text(encoding="utf-8") for path in (site / "api").glob("*.html"))


def test_tutorials_stand_in_the_site_with_their_outputs(site):
    assert "bps/Hz, 100.0 % of WMMSE" in page(site, "docs/tutorials/check_a_claim.html")
    assert list((site / "docs" / "tutorials").glob("check_a_claim_*.png"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_in_a_minute_and_warns_of_nothing(path):
    start = time.perf_counter()
    notebook = HOOKS.run(path)
    seconds = time.perf_counter() - start
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs and [output for output in outputs if output.get("name") == "stderr"] == []
    assert seconds <= LONGEST
