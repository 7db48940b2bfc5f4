"""`channels`: draw, check and convert files of channels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..settings.scenario import SPLITS
from . import console, options
from .options import Json

if TYPE_CHECKING:
    from ..artifact.trained import Trained
    from ..channels import Channels

app = typer.Typer(help="Draw, check and convert files of channels.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="NetCDF file (.nc) to write; it holds noise power and p_max, too.")]


@app.command()
@options.composed(trained=options.trained)
def draw(
    *,
    scenario: Annotated[str, typer.Argument(help="Scenario of the study, such as rayleigh or geometric.")],
    out: Out,
    split: Annotated[str, typer.Option(help=f"Split, one of: {', '.join(SPLITS)}.")] = "test",
    realizations: Annotated[
        int | None, typer.Option(min=1, help="Number of networks; the split's own by default.")
    ] = None,
    links: Annotated[int | None, typer.Option(min=2, help="Number of links; the scenario's own by default.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed; the study's own by default.")] = None,
    trained: "Trained",
    as_json: Json = False,
) -> None:
    """Draw networks: by default exactly those of a study's split."""
    from .. import channels
    from ..analysis.powers import check_name
    from ..checks import require_choice
    from ..settings import validated

    check_name("output", out, (".nc",))
    study = trained.study
    require_choice("scenario", scenario, study.scenarios)
    require_choice("split", split, SPLITS)
    if realizations is None and split not in study.splits:
        raise ValueError(f"split {split} is no split of the study {study.name}; --realizations must be given")
    settings = study.scenarios[scenario].part(split, study.splits)
    if links is not None:
        settings = validated(type(settings), {**settings.model_dump(), "num_links": links}, f"scenario {scenario}")
    size = realizations or study.splits[split]
    drawn = channels.draw(scenario, settings, split, size, study.seed if seed is None else seed)
    channels.save(drawn, out)
    console.result(as_json, {"out": str(out), **_about(channels.to_channels(drawn))}, lambda: print(f"{out}: written"))


@app.command()
@options.composed(channels=options.channels)
def check(*, channels: "Channels", as_json: Json = False) -> None:
    """Read a file of channels and say what it holds, in dB over the noise."""
    about = _about(channels)

    def show() -> None:
        rows = [{"at full power": name, **values} for name, values in about["decibel"].items()]
        console.table(rows)

    console.result(as_json, about, show)


@app.command()
@options.composed(channels=options.channels)
def convert(*, channels: "Channels", out: Out, as_json: Json = False) -> None:
    """Write channels as NetCDF, as which they need no more options."""
    from ..analysis.powers import check_name
    from ..channels import save
    from ..channels.layout import dataset

    check_name("output", out, (".nc",))
    gain, weight = channels.gain.numpy(), channels.weight.numpy()
    sizes = None if channels.sizes is None else channels.sizes.numpy()
    save(dataset(gain, weight, "file", channels.p_max, channels.noise_power, 0, sizes=sizes), out)
    console.result(as_json, {"out": str(out), **_about(channels)}, lambda: print(f"{out}: written"))


def _about(channels: "Channels") -> dict[str, Any]:
    """Return sizes, units, and quantiles of what receivers get at full power, dB over the noise."""
    import numpy as np

    power = channels.gain.numpy() * (channels.p_max**2 / channels.noise_power)
    own, real = np.eye(channels.num_links, dtype=bool), channels.real.numpy()
    direct, cross = power[:, own], power * ~own
    with np.errstate(divide="ignore"):
        found = {
            "SNR of a link alone": 10 * np.log10(direct),
            "strongest interferer over noise": 10 * np.log10(cross.max(axis=2)),
            "SINR of a link": 10 * np.log10(direct / (1 + cross.sum(axis=2))),
        }
    quantiles = {"5 %": 0.05, "median": 0.5, "95 %": 0.95}
    decibel = {
        name: {label: float(np.quantile(values[real], share, method="nearest")) for label, share in quantiles.items()}
        for name, values in found.items()
    }
    weight, pairs = channels.weight.numpy()[real], real[:, :, None] & real[:, None, :]
    return {
        "num_realizations": len(channels), "num_links": channels.num_links, "noise_power": channels.noise_power,
        "p_max": channels.p_max, "weights": {"lowest": weight.min(), "mean": weight.mean(), "highest": weight.max()},
        "gains_of_zero": int((channels.gain.numpy()[pairs] == 0).sum()), "decibel": decibel,
    }  # fmt: skip
