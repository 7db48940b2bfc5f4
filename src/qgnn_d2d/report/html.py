"""Tables as HTML pages, for the workflow's report, which shows HTML but not Markdown."""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt

from ..io import write_whole

_STYLE = """\
body { font: 14px/1.45 system-ui, sans-serif; color: #1e293b; margin: 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p { max-width: 60rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.45rem; text-align: left; vertical-align: top; border-bottom: 1px solid #e2e8f0; }
td { background: #fff; }
th { background: #f1f5f9; }
th:first-child, td:first-child { position: sticky; left: 0; white-space: nowrap; }
tr:hover td { background: #f8fafc; }
strong { padding: 0 0.4em; border-radius: 0.5em; background: #e2e8f0; white-space: nowrap; }
strong.reproduced { background: #bbf7d0; }
strong.not-reproduced { background: #fecaca; }
strong.reproduced-only-in-the-released-quantities, strong.undecided { background: #fef08a; }
"""


def write(text: str, path: Path) -> None:
    """Write Markdown to ``path``, and as an HTML page to the path with the suffix `.html`; each is whole or not there.

    Args:
        text: As for `page`.
        path: Markdown file to write.
    """
    html = page(text)
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    write_whole(path.with_suffix(".html"), lambda partial: partial.write_text(html, encoding="utf-8"))


def page(markdown: str) -> str:
    r"""Return Markdown as one HTML page that needs no other file.

    Bold text has a class named after it, which gives verdicts their colors.

    Args:
        markdown: The text, CommonMark with tables; it begins with a heading.

    Example:
        >>> page("# Title\n\nC1 is **not reproduced**.").partition("<body>")[2].split("\n")[1:3]
        ['<h1>Title</h1>', '<p>C1 is <strong class="not-reproduced">not reproduced</strong>.</p>']
    """
    body = MarkdownIt("commonmark").enable("table").render(markdown)
    body = re.sub(
        r"<strong>(.+?)</strong>", lambda found: f'<strong class="{_slug(found[1])}">{found[1]}</strong>', body
    )
    body = body.replace("<table>", "<div><table>").replace("</table>", "</table></div>")
    title = re.sub(r"<[^>]+>", "", body.partition("\n")[0])
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>\n{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body.rstrip()}\n</body>\n</html>\n'


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower())
