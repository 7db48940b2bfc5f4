"""`python -m qgnn_d2d` is the command line."""

from .command_line import app

app(prog_name="qgnn-d2d")
