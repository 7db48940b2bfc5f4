"""`circuit`: the star of a trained run as picture, gate counts, OpenQASM 3 and classical layer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checks import require_choice, require_count
from . import console, options, selection
from .options import Json, Seed

if TYPE_CHECKING:
    from ..artifact.trained import Trained

app = typer.Typer(help="The star circuit of a trained run.", no_args_is_help=True)

Run = Annotated[str, typer.Argument(metavar="RUN", help="Id of a trained run of a QGNN, such as rayleigh-stated-qgnn.")]
PICTURES = (".png", ".pdf")


@app.command()
@options.composed(trained=options.trained)
def draw(
    *,
    run: Run,
    out: Annotated[Path, typer.Option(help="Picture to write: .png or .pdf.")],
    trained: "Trained",
) -> None:
    """Draw the star with the names of its angles."""
    from dataclasses import replace

    from ..analysis.powers import check_name
    from ..figures import fig1_circuit
    from ..figures.style import save

    check_name("output", out, PICTURES)
    settings = trained.run(run)
    alone = replace(trained.study, runs={run: settings}, experiments={})
    if fig1_circuit.inputs(alone) is None:
        raise ValueError(f"run {run} is of model {settings.model}, whose circuit is not drawn; a QGNN's is")
    save(fig1_circuit.draw(fig1_circuit.data(alone, {})), out)
    console.note(f"{out}: {fig1_circuit.CAPTION}")


@app.command()
@options.composed(trained=options.trained)
def count(
    *,
    run: Run,
    device: Annotated[str, typer.Option(help="Device whose couplings the full-width circuit is routed on.")] = (
        "FakeSherbrooke"
    ),
    layout: Annotated[
        str | None, typer.Option(help="Only device (full width), line (full width on a row) or reuse (with resets).")
    ] = None,
    trained: "Trained",
    as_json: Json = False,
) -> None:
    """Count qubits, gates and depth of the star in the gates rz, sx, x and cx, routed for three layouts."""
    with console.busy("loading Qiskit"):
        from ..quantum.resources import LAYOUTS, routed_star

        ansatz, k, _ = _star(trained, run)
    if layout is not None:
        require_choice("layout", layout, LAYOUTS)
    rows = []
    for name in [layout] if layout is not None else LAYOUTS:
        with console.busy(f"routing: {name}"):
            rows.append({"layout": f"{name}, {device}" if name == "device" else name,
                         **routed_star(ansatz, k, name, device).count()})  # fmt: skip
    console.result(as_json, {"run": run, "circuit": ansatz.name, "k": k, "layouts": rows}, lambda: console.table(rows))


@app.command()
@options.composed(trained=options.trained)
def qasm(
    *,
    run: Run,
    seed: Seed = "best",
    layer: Annotated[int, typer.Option(min=1, help="Layer of the network.")] = 1,
    head: Annotated[int, typer.Option(min=1, help="Circuit among those side by side.")] = 1,
    reuse: Annotated[bool, typer.Option("--reuse", help="Reset leaf and edge qubits instead of full width.")] = False,
    observable: Annotated[str | None, typer.Option(help="Measure this Pauli word of the memory, such as Z.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; stdout by default.")] = None,
    trained: "Trained",
) -> None:
    """Write the star as OpenQASM 3, its trained angles filled in; the encoding's angles are inputs."""
    with console.busy("loading Qiskit"):
        from ..io import write_text
        from ..quantum.openqasm import dumps, star_circuit

        ansatz, k, model = _star(trained, run)
    angles = _block_angles(run, model)
    require_count("layer", layer, maximum=angles.shape[1])
    require_count("head", head, maximum=angles.shape[2])
    number = _one_seed(trained, run, model, seed)
    weights = angles[number, layer - 1, head - 1].detach().double().cpu().numpy()
    circuit = star_circuit(ansatz, k, weights, wide=not reuse, observable=observable)
    others = "leaf, edge" if reuse else ", ".join(f"leaf {i + 1}, edge {i + 1}" for i in range(k))
    text = dumps(circuit, [
        f"run {run}, seed {number}, layer {layer}, head {head}: star of {k} leaves, circuit {ansatz.name}",
        f"qubits from 0: {', '.join(ansatz.memory)}, {others}", "inputs: angles of RX (1) and RZ (2), rad",
    ])  # fmt: skip
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        console.note(f"{out}: written")


@app.command()
@options.composed(trained=options.trained)
def classical(
    *,
    run: Run,
    seed: Seed = "best",
    out: Annotated[Path, typer.Option(help="NumPy archive to write: .npz.")],
    trained: "Trained",
) -> None:
    """Write the stars as a classical layer: the tensor T of every layer and head, encoding and readout."""
    from ..analysis.powers import check_name

    check_name("output", out, (".npz",))
    with console.busy("loading PennyLane"):
        from ..quantum import ClassicalStars

        ansatz, _, model = _star(trained, run)
    angles = _block_angles(run, model)
    number = _one_seed(trained, run, model, seed)
    stars = ClassicalStars.of(model.engine, angles[number])
    stars.save(out)
    layers, heads, *shape = stars.transfer.shape
    console.note(
        f"{out}: run {run}, seed {number}, circuit {ansatz.name}: T of {layers} layers and {heads} heads, each "
        f"{' x '.join(map(str, shape))}"
    )


def _block_angles(run: str, model: Any) -> Any:
    """Return the angles (S, L, h, P) of a model's blocks; a ValueError where every leaf has its own."""
    angles = getattr(model, "block_angles", None)
    if angles is None:
        raise ValueError(f"run {run} has angles of its own for every leaf; this needs a block that all leaves share")
    return angles


def _one_seed(trained: "Trained", run: str, model: Any, seed: str) -> int:
    """Return the seed that is asked for; a ValueError where all are."""
    seeds, _ = selection.seeds_of(trained, trained.run(run), model, seed)
    if len(seeds) > 1:
        raise ValueError("seed is 'all'; one circuit is of one seed: best, or its number")
    return seeds[0]


def _star(trained: "Trained", run: str) -> tuple[Any, int, Any]:
    """Return a run's circuit, its leaves and its model.

    Raises:
        ValueError: The run has no circuit.
    """
    model: Any = trained.load(run)
    if model.circuit is None:
        raise ValueError(f"run {run} is of model {trained.run(run).model}, which has no circuit")
    return model.engine.ansatz, model.k, model
