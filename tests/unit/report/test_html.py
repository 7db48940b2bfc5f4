"""Tables as HTML pages."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from qgnn_d2d.report import html as report

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


class Cells(HTMLParser):
    """Collects the text of table cells, row by row."""

    def __init__(self):
        super().__init__()
        self.rows, self.cell = [], None

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.rows[-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


def rows(page):
    parser = Cells()
    parser.feed(page)
    return parser.rows


def test_cells_keep_their_text():
    page = report.page("# T\n\n| a | b |\n| --- | --- |\n| x < y & z | &#124;q&#124; |\n|  | **undecided** `f` |\n")
    assert rows(page) == [["a", "b"], ["x < y & z", "|q|"], ["", "undecided f"]]
    assert '<strong class="undecided">undecided</strong> <code>f</code>' in page


def test_blocks_become_headings_and_paragraphs():
    page = report.page("# One\n\ntwo\nlines\n\n## Three\n")
    assert "<title>One</title>" in page
    assert "<h1>One</h1>\n<p>two\nlines</p>\n<h2>Three</h2>" in page


@pytest.mark.parametrize("path", sorted(REFERENCE.rglob("*.md")), ids=lambda path: path.stem)
def test_every_table_row_of_the_reference_is_shown(path):
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith(("| --- ", "|---"))]
    shown = rows(report.page(text))
    assert len(shown) == len(lines) > 1
    assert [len(row) for row in shown] == [line.count("|") - 1 for line in lines]
    assert "**" not in report.page(text)


def test_markdown_and_page_are_written(tmp_path):
    report.write("# T\n", tmp_path / "t.md")
    assert (tmp_path / "t.md").read_text(encoding="utf-8") == "# T\n"
    assert "<h1>T</h1>" in (tmp_path / "t.html").read_text(encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 2
