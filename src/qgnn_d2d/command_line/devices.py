"""`devices`: the calibrated devices that circuits can run on."""

from pathlib import Path
from typing import Annotated, Any

import typer

from . import console
from .options import Json

app = typer.Typer(help="Calibrated devices that circuits can run on.", no_args_is_help=True)


@app.command("list")
def list_devices(as_json: Json = False) -> None:
    """List the stored calibrations, with the line of qubits that a star takes, and its errors."""
    with console.busy("loading calibrations"):
        from ..quantum.hardware import devices

        rows = [devices.details(row["device"]) for row in devices.listed()]

    def show() -> None:
        console.table(
            [
                {
                    "device": row["device"],
                    "qubits": row["qubits"],
                    "date": row["date"][:10],
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
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A device of `devices list`, or a file of one.")],
    line: Annotated[str | None, typer.Option(metavar="LEAF,CENTER,EDGE", help="Qubits, instead of the rule's.")] = None,
    as_json: Json = False,
) -> None:
    """Show the calibration of a device's line: errors, T1 and T2, durations."""
    chosen = None if line is None else _qubits(line)
    with console.busy("loading calibrations"):
        from ..quantum.hardware import devices

        row: dict[str, Any] = devices.details(device, chosen)
    shown = row["device"]
    console.result(as_json, row, lambda: console.table([{"": name, shown: value} for name, value in row.items()]))


@app.command()
def export(
    backend: Annotated[
        str,
        typer.Argument(
            metavar="BACKEND",
            help="A fake backend of qiskit-ibm-runtime, module:function that returns a Qiskit backend, or a device of "
            "a saved IBM Quantum account.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.json", help="File to write: data for `noise_models`.")],
) -> None:
    """Write the calibration of a Qiskit backend as a file, for noise_models: {NAME: {calibration: FILE}}."""
    with console.busy("reading the backend"):
        from ..quantum.hardware import backends

        found = backends.exported(backends.called(backend), backend.rpartition(":")[2])
    backends.save(found, out)
    console.note(f"{out}: calibration of {found.device}, {len(found.qubits)} qubits")


def _qubits(text: str) -> tuple[int, ...]:
    try:
        leaf, center, edge = map(int, text.split(","))
    except ValueError:
        raise ValueError(f"line is {text!r}; it must be three qubits, such as 2,1,0: leaf, center, edge") from None
    return leaf, center, edge
