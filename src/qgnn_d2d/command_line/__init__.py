"""The command line, `qgnn-d2d`: thin commands over the library, each loading only what it needs.

A command reads its options, calls the library and prints. Results go to stdout, all else to stderr, and an error of the
caller is one line with exit status 2 (`console`).
"""

import typer

from . import allocation, benchmark, channels, circuits, claims, devices
from .console import OneLine

app = typer.Typer(
    name="qgnn-d2d",
    cls=OneLine,
    help="Transmit powers for D2D networks, from trained quantum and classical graph networks and from solvers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(allocation.allocate)
app.command()(allocation.solve)
app.command()(allocation.compare)
app.add_typer(channels.app, name="channels")
app.add_typer(circuits.app, name="circuit")
app.add_typer(devices.app, name="devices")
app.command()(claims.claims)
app.add_typer(benchmark.app, name="benchmark")


def main() -> None:
    """Run a command, and end the process."""
    app()
