"""`devices`: the calibrated devices that circuits can run on."""

from typing import Annotated, Any

import typer

from . import console
from .options import Json

app = typer.Typer(help="Calibrated devices that circuits can run on.", no_args_is_help=True)


@app.command("list")
def list_devices(as_json: Json = False) -> None:
    """List the devices with the line of qubits that a star takes, and its errors."""
    with console.busy("loading calibrations"):
        from ..quantum.hardware.devices import CALIBRATIONS, describe, device_line

        rows = [describe(device_line(name)) for name in CALIBRATIONS]

    def show() -> None:
        console.table(
            [
                {
                    "device": row["device"],
                    "gate": row["two_qubit_gate"],
                    "leaf, center, edge": ", ".join(str(row[f"{role}_qubit"]) for role in ("leaf", "center", "edge")),
                    "readout error": (row["center_reads_1_in_0"] + row["center_reads_0_in_1"]) / 2,
                    "two-qubit errors": f"{row['leaf_two_qubit_error']:.2g}, {row['edge_two_qubit_error']:.2g}",
                }
                for row in rows
            ]
        )

    console.result(as_json, rows, show)


@app.command()
def show(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Name of a device (devices list).")],
    line: Annotated[str | None, typer.Option(metavar="LEAF,CENTER,EDGE", help="Qubits, instead of the rule's.")] = None,
    as_json: Json = False,
) -> None:
    """Show the calibration of a device's line: errors, T1 and T2, durations."""
    chosen = None if line is None else _qubits(line)
    with console.busy("loading calibrations"):
        from ..quantum.hardware.devices import describe, device_line

        row: dict[str, Any] = describe(device_line(device, chosen))
    console.result(as_json, row, lambda: console.table([{"": name, device: value} for name, value in row.items()]))


def _qubits(text: str) -> tuple[int, ...]:
    try:
        leaf, center, edge = map(int, text.split(","))
    except ValueError:
        raise ValueError(f"line is {text!r}; it must be three qubits, such as 2,1,0: leaf, center, edge") from None
    return leaf, center, edge
