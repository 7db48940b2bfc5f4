"""What commands print: results on stdout, everything else on stderr, an error in one line."""

from __future__ import annotations

import contextlib
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from ..io import json_text

if TYPE_CHECKING:
    from rich.console import Console

BAD_INPUT = 2
"""Exit status of everything that the caller can mend."""

_PIPED_WIDTH = 160  # columns where stdout is no terminal


class OneLine(TyperGroup):
    """A group of commands whose errors of the caller are one line on stderr, with exit status 2."""

    def main(self, *args: Any, standalone_mode: bool = True, **options: Any) -> Any:
        """Run a command, and end the process with its status."""
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _warning
                status = super().main(*args, **(options | {"standalone_mode": False}))
        except typer.TyperException as error:  # of the command line itself
            context = getattr(error, "ctx", None)
            place = "qgnn-d2d" if context is None else context.command_path
            text = error.format_message().rstrip(".")  # nothing where the help was shown instead
            status = _refused(f"{place}: {text} (see {place} --help)") if text else BAD_INPUT
        except (ValueError, OSError) as error:  # what the library refuses
            status = _refused(str(error) or type(error).__name__)
        sys.exit(status or 0)


def _refused(text: str) -> int:
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    return BAD_INPUT


def _warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, UserWarning):
        note(f"warning: {message}")


def note(text: str) -> None:
    """Print a line about what is done, on stderr."""
    print(" ".join(text.split()), file=sys.stderr)


def result(as_json: bool, content: Any, show: Callable[[], None]) -> None:
    """Print a result on stdout: as JSON, numbers that are not finite as null, or as it is shown to people."""
    if as_json:
        sys.stdout.write(json_text(_plain(content)))
    else:
        show()


def _plain(content: Any) -> Any:
    """Return plain data for JSON."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    content = content.item() if hasattr(content, "item") else content
    return None if isinstance(content, float) and not math.isfinite(content) else content


def stdout() -> Console:
    """Return the console of results; where it is no terminal, lines are long, so that few are broken."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)


def table(rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Print rows, all with the same keys, as a table; what is no text is a number."""
    from rich import box
    from rich.table import Table

    from ..report.markdown import number

    shown = Table(box=box.SIMPLE, title=title or None, title_justify="left", pad_edge=False)
    for name in rows[0]:
        is_text = any(isinstance(row[name], str) and not row[name][:1].isdigit() for row in rows)
        shown.add_column(name, justify="left" if is_text else "right", overflow="fold")
    for row in rows:
        shown.add_row(*(cell if isinstance(cell, str) else number(cell) for cell in row.values()))
    stdout().print(shown)


def interval(found: Mapping[str, float | None], decimals: int) -> str:
    """Return a mean with its interval as text, given mean, low and high."""
    from ..report import markdown

    return markdown.interval(found["mean"], found["low"], found["high"], decimals)


def tracked(text: str) -> Callable[[range], Iterable[int]]:
    """Return what passes the numbers of a range on and shows a progress bar on stderr, if that is a terminal."""

    def track(numbers: range) -> Iterable[int]:
        from rich.console import Console
        from rich.progress import track as tracked_by_rich

        console = Console(stderr=True)
        return tracked_by_rich(numbers, text, console=console, transient=True) if console.is_terminal else numbers

    return track


@contextlib.contextmanager
def busy(text: str) -> Iterator[None]:
    """Show on stderr, if that is a terminal, what takes a while."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(text) if console.is_terminal else contextlib.nullcontext():
        yield
