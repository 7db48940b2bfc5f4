"""`devices`: the calibrated devices that circuits can run on."""

from pathlib import Path
from typing import Annotated

import typer

from . import console
from .options import Json

app = typer.Typer(help="Calibrated devices that circuits can run on.", no_args_is_help=True)


@app.command("list")
def list_devices(as_json: Json = False) -> None:
    """List the devices whose calibration is stored."""
    with console.busy("loading calibrations"):
        from ..quantum.hardware.devices import listed

        rows = listed()
    console.result(as_json, rows, lambda: console.table(rows))


@app.command()
def show(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Name of a device, or a calibration file (.json).")],
    line: Annotated[str | None, typer.Option(metavar="LEAF,CENTER,EDGE", help="Qubits, instead of the rule's.")] = None,
    as_json: Json = False,
) -> None:
    """Show a device and the line of qubits that a star takes: errors, T1 and T2, durations."""
    chosen = None if line is None else _qubits(line)
    with console.busy("loading calibrations"):
        from ..quantum.hardware.devices import details

        row = details(device, chosen)
    console.result(as_json, row, lambda: console.table([{"": name, device: value} for name, value in row.items()]))


@app.command()
def export(
    backend: Annotated[
        str, typer.Argument(metavar="BACKEND", help="Fake backend, module:function, or a device of your IBM account.")
    ],
    out: Annotated[Path, typer.Option(help="Calibration file to write: .json.")],
) -> None:
    """Write the calibration of a Qiskit backend as a file, for a noise model of your own."""
    from ..analysis.powers import check_name

    check_name("output", out, (".json",))
    with console.busy(f"reading {backend}"):
        from ..quantum.hardware import backends

        found = backends.exported(backends.called(backend), out.stem)
    backends.save(found, out)
    console.note(f"{out}: {len(found.qubits)} qubits, {found.two_qubit_gate}")


def _qubits(text: str) -> tuple[int, ...]:
    try:
        leaf, center, edge = map(int, text.split(","))
    except ValueError:
        raise ValueError(f"line is {text!r}; it must be three qubits, such as 2,1,0: leaf, center, edge") from None
    return leaf, center, edge
