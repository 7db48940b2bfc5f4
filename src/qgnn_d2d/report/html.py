"""Tables as HTML pages, for the workflow's report, which shows HTML but not Markdown."""

from __future__ import annotations

import re
from pathlib import Path

from ..io import write_text

BANNER = "The numbers of this study mean nothing: it is a test of the workflow."
"""What every page says of a study with a cap."""

_STYLE = """\
body { font: 14px/1.5 system-ui, sans-serif; color: #1e293b; margin: 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p { max-width: 50rem; }
.table { overflow-x: auto; max-width: 100%; }
.banner { padding: 0.6rem 0.9rem; border: 2px solid #b45309; background: #fffbeb; font-weight: 600; }
table { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.45rem; vertical-align: top; border-bottom: 1px solid #e2e8f0; max-width: 34rem; }
td { background: #fff; }
th { background: #f1f5f9; }
th:first-child, td:first-child { position: sticky; left: 0; }
tr:hover td { background: #f8fafc; }
strong { padding: 0 0.4em; border-radius: 0.5em; background: #e2e8f0; white-space: nowrap; }
"""
_VERDICT_COLORS = """\
strong.reproduced { background: #bbf7d0; }
strong.not-reproduced { background: #fecaca; }
strong.reproduced-only-in-the-released-quantities, strong.undecided { background: #fef08a; }
"""


def write(text: str, path: Path, *, meaningless: bool = False) -> None:
    """Write Markdown to ``path``, and as a `page` to the path with the suffix `.html`; each is whole or not there."""
    title, _, rest = text.partition("\n")
    write_text(path, f"{title}\n\n{BANNER}\n{rest}" if meaningless else text)
    write_text(path.with_suffix(".html"), page(text, meaningless=meaningless))


def page(markdown: str, *, meaningless: bool = False) -> str:
    r"""Return Markdown as one HTML page that needs no other file.

    Bold text has a class named after it, which gives verdicts their colors.

    Args:
        markdown: The text, CommonMark with tables; it begins with a heading.
        meaningless: Whether the numbers mean nothing: then a banner says so, and verdicts have no colors.

    Example:
        >>> page("# Title\n\nC1 is **not reproduced**.").partition("<body>")[2].split("\n")[1:3]
        ['<h1>Title</h1>', '<p>C1 is <strong class="not-reproduced">not reproduced</strong>.</p>']
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark").enable("table").render(markdown)
    for bold in set(re.findall(r"<strong>(.+?)</strong>", body)):
        slug = re.sub(r"\W+", "-", bold.lower())
        body = body.replace(f"<strong>{bold}</strong>", f'<strong class="{slug}">{bold}</strong>')
    body = body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    heading, _, rest = body.partition("\n")
    title = re.sub(r"<[^>]+>", "", heading)
    style = _STYLE if meaningless else _STYLE + _VERDICT_COLORS
    banner = f'<p class="banner">{BANNER}</p>\n' if meaningless else ""
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>\n{style}</style>'
    body = f"{heading}\n{banner}{rest.rstrip()}"
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
