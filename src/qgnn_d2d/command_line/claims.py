"""`claims`: the paper's claims and our verdicts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import console, options
from .options import Json

if TYPE_CHECKING:
    from ..artifact.trained import Trained


@options.composed(trained=options.trained)
def claims(
    *,
    claim: Annotated[str | None, typer.Argument(metavar="[CLAIM]", help="One claim, with all evidence.")] = None,
    trained: "Trained",
    as_json: Json = False,
) -> None:
    """Show the claims of the paper, our numbers with their intervals, and the verdicts."""
    from ..artifact.reference import CLAIMS
    from ..checks import require_choice
    from ..claims import page
    from ..io import read_json

    path: Path = trained.results / CLAIMS
    judged = read_json(path)
    if claim is not None:
        require_choice("claim", claim, [one["id"] for one in judged["claims"]])
        judged = {"claims": [one for one in judged["claims"] if one["id"] == claim]}
    if trained.study.meaningless:
        console.note(f"{path}: of a test of the workflow; its numbers mean nothing")

    def show() -> None:
        from rich.markdown import Markdown

        text = page.overview(judged) if claim is None else page.page(judged)
        console.stdout().print(Markdown(text))

    console.result(as_json, judged, show)
