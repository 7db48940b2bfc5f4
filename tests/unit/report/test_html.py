"""Tables as HTML pages."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from qgnn_d2d.report import html

REFERENCE = Path(__file__).parents[3] / "results" / "reference"


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
    page = html.page("# T\n\n| a | b |\n| --- | --- |\n| x < y & z | &#124;q&#124; |\n|  | **undecided** `f` |\n")
    assert rows(page) == [["a", "b"], ["x < y & z", "|q|"], ["", "undecided f"]]
    assert '<strong class="undecided">undecided</strong> <code>f</code>' in page


def test_blocks_become_headings_and_paragraphs():
    page = html.page("# One\n\ntwo\nlines\n\n## Three\n")
    assert "<title>One</title>" in page
    assert "<h1>One</h1>\n<p>two\nlines</p>\n<h2>Three</h2>" in page


@pytest.mark.parametrize("path", sorted(REFERENCE.rglob("*.md")), ids=lambda path: path.stem)
def test_every_table_row_of_the_reference_is_shown(path):
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\|(?![:-]+\|)", line)]
    shown = rows(html.page(text))
    assert len(shown) == len(lines) > 1
    assert [len(row) for row in shown] == [line.count("|") - 1 for line in lines]
    assert "**" not in html.page(text)


def test_a_page_of_the_reference_begins_with_how_to_read_it():
    for path in REFERENCE.rglob("*.md"):
        assert path.read_text(encoding="utf-8").split("\n\n")[1].startswith("How to read: "), path.name


def test_wide_tables_scroll_in_their_own_box_with_a_fixed_first_column():
    page = html.page("# T\n\n| a | b |\n|:--|--:|\n| x | 1 |\n")
    assert page.count('<div class="table"><table>') == page.count("</table></div>") == 1
    assert ".table { overflow-x: auto; max-width: 100%; }" in page
    assert "th:first-child, td:first-child { position: sticky; left: 0; }" in page


def test_numbers_that_mean_nothing_are_marked_and_verdicts_have_no_color():
    text = "# T\n\nHow to read: it.\n\n**reproduced** and **not reproduced**\n"
    page = html.page(text, meaningless=True)
    assert (
        '<h1>T</h1>\n<p class="banner">The numbers of this study mean nothing: it is a test of the workflow.</p>'
        in page
    )
    assert not re.search(r"strong\.[\w-]+ *[,{]", page)
    assert 'banner">' not in html.page(text) and "strong.not-reproduced {" in html.page(text)


@pytest.mark.parametrize("meaningless", [False, True])
def test_markdown_and_page_are_written(meaningless, tmp_path):
    html.write("# T\n\ntext\n", tmp_path / "t.md", meaningless=meaningless)
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert text == (f"# T\n\n{html.BANNER}\n\ntext\n" if meaningless else "# T\n\ntext\n")
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "<h1>T</h1>" in page and page.count(html.BANNER) == meaningless
    assert len(list(tmp_path.iterdir())) == 2
