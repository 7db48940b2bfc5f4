"""Options that several commands share: what channels are read from, where trained runs lie."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console

if TYPE_CHECKING:
    from ..artifact.trained import Trained
    from ..channels import Channels

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, nothing else.")]
Seed = Annotated[str, typer.Option(metavar="best|all|N", help="Seed of the run; best: by the validation split.")]
MaxBoxes = Annotated[int, typer.Option(min=1, help="Boxes after which the optimum of a network is given up.")]
BOXES = 100_000


def composed(**makers: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, in the place of some of its parameters, the options that these are made from.

    Args:
        makers: Parameter to the function that makes it; this function's own parameters become the options.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters: list[inspect.Parameter] = []
        for name, parameter in inspect.signature(command).parameters.items():
            taken = inspect.signature(makers[name]).parameters.values() if name in makers else [parameter]
            parameters += [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in taken]

        @functools.wraps(command)
        def called(**values: Any) -> None:
            made = {
                name: make(**{option: values.pop(option) for option in inspect.signature(make).parameters})
                for name, make in makers.items()
            }
            command(**values, **made)

        del called.__wrapped__
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        return called

    return decorate


def trained(
    results: Annotated[
        Path | None,
        typer.Option(
            envvar="QGNN_D2D_RESULTS",
            help="Results of a study, such as results/mine; the shipped ones by default.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(envvar="QGNN_D2D_CONFIG", help="The study's config; config/<study>.yaml by default."),
    ] = None,
) -> "Trained":
    """Find trained runs, and their study."""
    from ..artifact.trained import find

    return find(results, config)


def channels(
    file: Annotated[
        Path, typer.Argument(metavar="CHANNELS", help="File of channels: .nc, .npz, .npy, .mat, .h5 or .hdf5.")
    ],
    quantity: Annotated[
        str | None, typer.Option(help="What the file holds: complex (default), amplitude or gain.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="linear (default), or dB of amplitudes or gains.")] = None,
    variable: Annotated[
        str | None, typer.Option(help="Name of the channels, where the file has several; re,im: two.")
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(help="Order of dimensions, such as realization,transmitter,receiver; or a file's own names."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Link weights: ones (default), uniform (drawn), or a variable of the file.")
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(help="Variable with every network's number of links; the rest is padding.")
    ] = None,
    noise_power: Annotated[float | None, typer.Option(help="Noise power at every receiver, W.")] = None,
    p_max: Annotated[
        float | None, typer.Option(help="Largest transmit AMPLITUDE, sqrt(W); its square is the largest power.")
    ] = None,
) -> "Channels":
    """Read channels, and say what was read."""
    with console.busy(f"reading {file}"):
        from .. import channels

        parts = variable.split(",") if variable else []
        given = {"quantity": quantity, "unit": unit, "variable": parts if parts[1:] else variable, "weights": weights,
                 "sizes": sizes, "noise_power": noise_power, "p_max": p_max,
                 "axes": axes.split(",") if axes else None}  # fmt: skip
        options = {"quantity": "complex", "weights": "ones"} | channels.described(file)
        options |= {name: value for name, value in given.items() if value is not None}
        for name, unit_of in {"noise_power": "W", "p_max": "sqrt(W), an amplitude"}.items():
            if name not in options:
                raise ValueError(
                    f"{file}: {name} is not in the file; --{name.replace('_', '-')} must say it ({unit_of})"
                )
        found = channels.read_file(file, **options)
    console.note(
        f"{file}: {len(found)} networks of {_links(found)} links, read as {options['quantity']}"
        f"{' in dB' if options.get('unit') == 'dB' else ''}; weights {options['weights']}"
        f"{' (drawn with seed 0)' if options['weights'] == 'uniform' else ''}; noise power "
        f"{found.noise_power:g} W, largest amplitude {found.p_max:g} sqrt(W)"
    )
    return found


def _links(channels: "Channels") -> str:
    """Return the numbers of links as text."""
    if channels.sizes is None:
        return str(channels.num_links)
    return f"{int(channels.sizes.min())} to {int(channels.sizes.max())}"
