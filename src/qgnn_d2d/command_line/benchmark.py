"""`benchmark`: channels with certified optimal powers, and anybody's powers scored on them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console, options
from .options import Json, MaxBoxes

if TYPE_CHECKING:
    import xarray as xr

    from ..artifact.trained import Trained

app = typer.Typer(help="Channels with certified optimal powers, to compare any method on.", no_args_is_help=True)

Scenario = Annotated[str | None, typer.Option(help="Scenario of the study; its first one by default.")]
Split = Annotated[str, typer.Option(help="Split of the scenario: evaluation (3,000 networks) or test (300).")]


@app.command()
@options.composed(trained=options.trained)
def export(
    *,
    out: Annotated[Path, typer.Option(help="File to write: .nc, or .npz.")],
    scenario: Scenario = None,
    split: Split = "evaluation",
    max_boxes: MaxBoxes = options.BOXES,
    trained: "Trained",
    as_json: Json = False,
) -> None:
    """Write a study's networks with WMMSE's powers, certified optimal powers, and their bounds."""
    from ..analysis import benchmark
    from ..analysis.powers import check_name

    check_name("output", out, benchmark.FORMATS)
    found = _built(trained, scenario, split, max_boxes)
    benchmark.save(found, out)
    content = {
        "out": str(out), "num_realizations": found.sizes["realization"], "num_links": found.sizes["link"],
        "certified_share": found["certified"].values.mean(), "wmmse": found["wmmse_sum_rate"].values.mean(),
        "optimum": found["optimal_sum_rate"].values.mean(), "upper_bound": found["upper_bound"].values.mean(),
    }  # fmt: skip

    def show() -> None:
        print(
            f"{out}: {content['num_realizations']} networks, {100 * content['certified_share']:.4g} % certified; WMMSE "
            f"{content['wmmse']:.4f}, optimum {content['optimum']:.4f} bps/Hz"
        )

    console.result(as_json, content, show)


@app.command()
@options.composed(trained=options.trained)
def score(
    *,
    powers: Annotated[
        Path, typer.Argument(metavar="POWERS", help="Transmit powers, W: .csv, .nc, .npz, .npy, .mat, .h5 or .hdf5.")
    ],
    against: Annotated[
        Path | None, typer.Option("--set", help="A file of `benchmark export` (.nc), which is then not solved anew.")
    ] = None,
    scenario: Scenario = None,
    split: Split = "evaluation",
    out: Annotated[Path | None, typer.Option(help="CSV file for the gap of every network, percent.")] = None,
    max_boxes: MaxBoxes = options.BOXES,
    trained: "Trained",
    as_json: Json = False,
) -> None:
    """Score powers: sum rate, percent of WMMSE and of the optimum with 95 % intervals, gaps."""
    from ..analysis import benchmark
    from ..analysis import powers as files
    from ..channels import to_channels
    from ..io import write_csv

    if out is not None:
        files.check_name("output", out, (".csv",))
    found = _drawn(trained, scenario, split) if against is None else benchmark.load(against)
    power = files.load(powers, to_channels(found))
    if against is None:
        found = _built(trained, scenario, split, max_boxes)
    reached, gaps = benchmark.score(found, power)
    if out is not None:
        import pandas as pd

        columns = {f"gap_percent_{seed}": row for seed, row in enumerate(gaps)}
        write_csv(out, pd.DataFrame({"realization": range(gaps.shape[1]), **columns}))
        console.note(f"{out}: the gap of every network, percent")
    content = {"powers": str(powers), "num_realizations": gaps.shape[1], "seeds": len(gaps), **reached}
    console.result(as_json, content, lambda: _show(content))


def _show(content: dict[str, Any]) -> None:
    from ..report.markdown import number

    names = {"sum_rate": "weighted sum rate, bps/Hz", "percent_of_wmmse": "percent of WMMSE",
             "percent_of_optimum": "percent of the optimum", "percent_of_bound": "percent of the bound"}  # fmt: skip
    rows = [
        {"": label, "value [95 %]": console.interval(content[name], 3 if name == "sum_rate" else 2)}
        for name, label in names.items()
        if name in content
    ]
    of = "bound" if "percent_of_bound" in content else "optimum"
    rows.append({"": f"median gap to the {of}, %", "value [95 %]": number(content["gap_median"], 3)})
    rows.append({"": f"largest gap to the {of}, %", "value [95 %]": number(content["gap_largest"], 2)})
    rows.append({"": "networks within 1 %, %", "value [95 %]": number(100 * content["share_within_1_percent"], 1)})
    console.table(rows)


def _drawn(trained: "Trained", scenario: str | None, split: str) -> "xr.Dataset":
    """Draw a split of a scenario of the study."""
    from .. import channels
    from ..checks import require_choice

    name = scenario or next(iter(trained.study.scenarios))
    require_choice("scenario", name, trained.study.scenarios)
    require_choice("split", split, trained.study.splits)
    return channels.draw_splits(trained.study, name, [split])[split]


def _built(trained: "Trained", scenario: str | None, split: str, max_boxes: int) -> "xr.Dataset":
    from ..analysis import benchmark

    drawn = _drawn(trained, scenario, split)
    return benchmark.build(drawn, max_boxes, console.tracked("certifying optima"))
