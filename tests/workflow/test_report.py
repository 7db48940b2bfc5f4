"""The report of a finished study, read in a browser."""

import base64
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from qgnn_d2d import figures, settings
from qgnn_d2d.claims.judge import CLAIMS
from tests.runs import SMOKE

STUDY = settings.read(SMOKE)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1400,900",
]  # fmt: skip
BUDGET = 120_000  # milliseconds of the page's own time, which runs ahead of the clock where nothing happens
PATIENCE = 300  # seconds until something is wrong


@pytest.fixture(scope="module")
def report(smoke_copy, snakemake):
    """Build the smoke study's report; return its file."""
    path = smoke_copy / "results" / "smoke" / "report.html"
    done = snakemake(smoke_copy, "--report", str(path), "--configfile", str(SMOKE))
    assert done.returncode == 0, done.stderr[-3000:]
    return path


@pytest.fixture(scope="module")
def seen(report, tmp_path_factory):
    """Click through the report in Chromium; return what read_report.js saw."""
    if BROWSER is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "report.html"
    script = (Path(__file__).parent / "read_report.js").read_text(encoding="utf-8")
    text = report.read_text(encoding="utf-8")
    page.write_text(text.replace("<head>", f"<head><script>{script}</script>", 1), encoding="utf-8")
    command = [BROWSER, *OPTIONS, f"--user-data-dir={folder / 'profile'}", f"--virtual-time-budget={BUDGET}"]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr[-3000:]
    content = done.stdout.partition("<pre>")[2].partition("</pre>")[0]
    assert content, f"the report was not read to its end: {done.stderr[-3000:]}"
    return json.loads(html.unescape(content))


def framed(result):
    """Return the page that a result shows in a frame."""
    assert result["frame"].startswith("data:text/html"), result["label"]
    return base64.b64decode(result["frame"].partition("base64,")[2]).decode()


def of(seen, category):
    return {result["label"]: result for result in seen["results"] if result["category"] == category}


def test_report_is_one_file(report):
    assert report.stat().st_size > 100_000


def test_nothing_fails_and_nothing_is_fetched(seen):
    assert seen["errors"] == []
    assert [name for name in seen["requests"] if not name.startswith(("data:", "blob:"))] == []


def test_report_begins_with_what_it_is_about(seen):
    assert "arXiv:2511.15246" in seen["description"]
    assert f"Study {STUDY.name}: {STUDY.config.num_seeds} seeds" in " ".join(seen["description"].split())
    assert "mean nothing" in seen["description"]


def test_claims_come_first_and_are_a_table(seen):
    assert seen["menu"] == ["Claims", "Figures", "Tables"]
    first = seen["results"][0]
    assert first["category"] == "Claims"
    page = framed(first)
    assert "<table>" in page and all(re.search(f"<td[^>]*>{claim.id}</td>", page) for claim in CLAIMS)


def test_every_figure_is_drawn_and_explained(seen):
    drawn = of(seen, "Figures")
    assert set(drawn) == set(figures.for_study(STUDY))
    for result in drawn.values():
        assert result["width"] > 500 and result["shown"] > 500, result["label"]
        assert "How to read" in result["caption"] and "mean nothing" in result["caption"], result["label"]


def test_every_table_can_be_read(seen):
    tables = of(seen, "Tables")
    assert {*STUDY.experiments, "noise", "convergence"} <= set(tables)
    for result in tables.values():
        page = framed(result)
        assert "<table>" in page and "mean nothing" in page and result["caption"]
