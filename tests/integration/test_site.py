"""The site as `make docs` builds it, and the tutorials as they run."""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest
import yaml

from tests.site import HOOKS, ROOT, TUTORIALS

LONGEST = 60  # seconds of a tutorial, where kernels are compiled
FOREIGN = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>")

pytestmark = pytest.mark.slow


def build(repository, folder):
    """Build a site as `make docs` does, without a home."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"HOME": "/nonexistent"}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; a warning would be an error."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def small(tmp_path):
    """A repository of two pages and a picture, with this one's settings and hooks."""
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    settings |= {"nav": ["README.md", {"Api": "api/checks.md"}, "docs/a.md"], "watch": []}
    for name in ("docs", "src/qgnn_d2d", "figures"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("docs/hooks.py", "docs/site.css", "src/qgnn_d2d/__init__.py", "src/qgnn_d2d/checks.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copyfile(ROOT / "figures" / "fig2.png", tmp_path / "figures" / "f.png")
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (tmp_path / "README.md").write_text("# Start\n\n[a](docs/a.md#part)\n", encoding="utf-8")
    (tmp_path / "docs" / "a.md").write_text("# A\n\n## Part\n\n![f](../figures/f.png)\n", encoding="utf-8")
    return tmp_path


def page(site, name):
    return (site / name).read_text(encoding="utf-8")


def test_a_site_whose_links_lead_somewhere_is_built(small):
    done = build(small, small / "site")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (small / "site" / "figures" / "f.png").is_file()


@pytest.mark.parametrize(
    ("page", "text", "named"),
    [
        ("docs/a.md", "# A\n\n[no heading](../README.md#nowhere)", "nowhere"),
        ("docs/a.md", "# A\n\n## Part\n\n[no file](../config/none.md)", "none.md"),
        ("docs/a.md", "# A\n\n## Part\n\n![no picture](../figures/none.png)", "none.png"),
        ("docs/a.md", "# A\n\n## Part\n\n[a folder](../figures)", "../figures"),
        ("docs/b.md", "# A page without a line in the navigation", "docs/b.md"),
        ("README.md", "# Start\n\n[the heading is gone](docs/a.md#parts)", "parts"),
    ],
)
def test_a_broken_link_or_a_forgotten_page_is_an_error_that_names_it(small, page, text, named):
    (small / page).write_text(text, encoding="utf-8")
    done = build(small, small / "site")
    assert done.returncode != 0 and named in done.stdout + done.stderr


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


def timed(path):
    """Run a tutorial: its outputs, and the seconds that it took."""
    start = time.perf_counter()
    cells = HOOKS.run(path).cells
    return [output for cell in cells for output in cell.get("outputs", [])], time.perf_counter() - start


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_in_a_minute_and_warns_of_nothing(path):
    outputs, seconds = timed(path)
    if seconds > LONGEST:  # once more: the first run may have compiled kernels
        outputs, seconds = timed(path)
    assert outputs and [output for output in outputs if output.get("name") == "stderr"] == []
    assert seconds <= LONGEST
