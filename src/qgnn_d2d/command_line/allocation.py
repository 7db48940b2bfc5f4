"""Powers for channels: `allocate` by a trained model, `solve` by a solver, `compare` all of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checks import require_choice
from ..solvers import METHODS
from . import console, options, selection
from .options import Json, MaxBoxes, Seed

if TYPE_CHECKING:
    from ..artifact.trained import Trained
    from ..channels import Channels

SPLIT = "command line"
"""Names the random streams of stars that are drawn."""

_WORTH_COMPILING = 100_000  # gains; kernels that were never compiled take 20 s, PyTorch alone less for fewer gains

Out = Annotated[Path | None, typer.Option(help="File for powers and sum rates: .nc, .npz or .csv.")]
Scenario = Annotated[str | None, typer.Option(help="Take the model's run of this scenario.")]


@options.composed(channels=options.channels, trained=options.trained)
def allocate(
    *,
    channels: "Channels",
    model: Annotated[str | None, typer.Option(help="Name of a trained model, such as qgnn_informed.")] = None,
    run: Annotated[str | None, typer.Option(help="Id of a trained run, in the place of --model.")] = None,
    scenario: Scenario = None,
    seed: Seed = "best",
    out: Out = None,
    trained: "Trained",
    as_json: Json = False,
) -> None:
    """Compute transmit powers with a trained model."""
    from ..analysis import comparison, powers

    if out is not None:
        powers.check_name("output", out)
    settings = selection.run_of(trained, model, scenario, run)
    selection.describe(trained, settings, channels.num_links)
    network = trained.load(settings.id)
    network.compiled = channels.gain.numel() >= _WORTH_COMPILING
    seeds, about = selection.seeds_of(trained, settings, network, seed)
    with console.busy("allocating"):
        power, seconds = powers.of_model(settings, network, channels, SPLIT)
    power = power[list(seeds)]
    rates = comparison.rates(channels, power)
    _finish(channels, power, rates, seeds, out, {"run": settings.id}, {**about, "seconds": seconds}, as_json)


@options.composed(channels=options.channels)
def solve(
    *,
    channels: "Channels",
    method: Annotated[str, typer.Option(help=f"One of: {', '.join(METHODS)}.")],
    max_boxes: MaxBoxes = options.BOXES,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Compute transmit powers with a solver."""
    require_choice("method", method, METHODS)
    from ..analysis import comparison, powers

    if out is not None:
        powers.check_name("output", out)
    solved = powers.of_method(METHODS[method], channels, max_boxes, console.tracked(method))
    about: dict[str, Any] = {"seconds": solved.seconds}
    if solved.upper is not None and solved.certified is not None:
        about |= {"upper_bound": solved.upper.mean(), "certified_share": solved.certified.mean()}
        console.note(f"{method}: {solved.certified.sum()} of {len(channels)} networks certified")
    power = solved.power.unsqueeze(0)
    _finish(channels, power, comparison.rates(channels, power), range(1), out, {"method": method}, about, as_json)


def _finish(
    channels: "Channels",
    power: Any,
    rates: Any,
    seeds: range,
    out: Path | None,
    source: dict[str, str],
    about: dict[str, Any],
    as_json: bool,
) -> None:
    """Write the powers, and print what they reach."""
    from .. import __version__
    from ..analysis import comparison, powers

    if out is not None:
        attributes = {**source, "noise_power": channels.noise_power, "p_max": channels.p_max}
        powers.save(powers.dataset(power, rates, seeds, {**attributes, "package_version": __version__}), out)
        console.note(f"{out}: powers (W) and sum rates")
    reached = comparison.reached(rates, {})["sum_rate"]
    content = {
        **source, **about, "num_realizations": len(channels), "num_links": channels.num_links, "sum_rate": reached,
        "seeds": list(seeds) if "run" in source else None, "out": None if out is None else str(out),
    }  # fmt: skip

    def show() -> None:
        who = f"{source['run']}, {_seeds(seeds)}" if "run" in source else source["method"]
        mean = console.interval(reached, 4)
        bound = f"; mean upper bound of the optimum {about['upper_bound']:.4f}" if "upper_bound" in about else ""
        print(f"{who}: mean weighted sum rate {mean} bps/Hz in {about['seconds']:.2f} s{bound}")

    console.result(as_json, content, show)


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"


@options.composed(channels=options.channels, trained=options.trained)
def compare(
    *,
    channels: "Channels",
    model: Annotated[list[str] | None, typer.Option(help="Only these models (repeat the option).")] = None,
    run: Annotated[list[str] | None, typer.Option(help="Also these trained runs.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="Only these methods (repeat the option).")] = None,
    scenario: Scenario = None,
    seed: Seed = "best",
    max_boxes: MaxBoxes = options.BOXES,
    trained: "Trained",
    as_json: Json = False,
) -> None:
    """Compare all methods and trained models on channels: mean sum rate, percent of WMMSE and of the optimum, time."""
    for name in method or ():
        require_choice("method", name, METHODS)
    from ..analysis import comparison, powers

    chosen = {name: trained.runs_of(name, scenario)[0] for name in model or ()}
    chosen |= {name: trained.run(name).id for name in run or ()}
    if model is None and run is None and (method is None or scenario is not None):
        chosen = trained.first_runs(scenario)
    solved = {}
    for name in method or METHODS:
        most = METHODS[name].max_links
        if most is not None and channels.num_links > most:
            console.note(f"{name}: left out, it takes too long for more than {most} links")
            continue
        _warm_up(lambda part, name=name: powers.of_method(METHODS[name], part, max_boxes), channels)
        solved[name] = powers.of_method(METHODS[name], channels, max_boxes, console.tracked(name))
    against = comparison.references(channels, solved)
    rows = list[dict[str, Any]]()
    for name, of_run in chosen.items():
        settings, network = trained.run(of_run), trained.load(of_run)
        selection.describe(trained, settings, channels.num_links)
        seeds, _ = selection.seeds_of(trained, settings, network, seed)
        _warm_up(lambda part, one=settings, net=network: powers.of_model(one, net, part, SPLIT), channels)
        with console.busy(name):
            power, seconds = powers.of_model(settings, network, channels, SPLIT)
        reached = comparison.reached(comparison.rates(channels, power[list(seeds)]), against)
        about: dict[str, Any] = {"method": name, "kind": "model", "run": of_run, "seeds": list(seeds)}
        rows.append({**about, **reached, "seconds": seconds})
    for name, one in solved.items():
        reached = comparison.reached(comparison.rates(channels, one.power)[None], against)
        about = {"method": name, "kind": "solver", "run": None, "seeds": None}
        rows.append({**about, **reached, "seconds": one.seconds})
    rows.sort(key=lambda row: row["sum_rate"]["mean"])
    content = {"num_realizations": len(channels), "num_links": channels.num_links, "rows": rows}
    console.result(as_json, content, lambda: _show(rows, list(against)))


def _warm_up(compute: Any, channels: "Channels") -> None:
    """Compute one realization, so that what is loaded or compiled once is not timed."""
    compute(channels.take(slice(1)))


def _show(rows: list[dict[str, Any]], references: list[str]) -> None:
    from ..report.markdown import number

    texts = {"wmmse": "% of WMMSE", "optimum": "% of optimum", "bound": "% of bound"}

    def shown(row: dict[str, Any]) -> dict[str, str]:
        found = {"method": row["method"], "bps/Hz [95 %]": console.interval(row["sum_rate"], 3)}
        found |= {texts[name]: number(row[f"percent_of_{name}"]["mean"], 1) for name in references}
        return found | {"seconds": number(row["seconds"], 2)}

    console.table([shown(row) for row in rows])
    console.note("seconds: for all networks; those of a model for all seeds of its run")
