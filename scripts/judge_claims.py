"""Measure and judge the paper's claims."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from _job import run as run_job

from qgnn_d2d.analysis import evaluation
from qgnn_d2d.claims import claim as claims
from qgnn_d2d.io import read_csv, read_json, write_json
from qgnn_d2d.report import html as report
from qgnn_d2d.training.trainer import METRICS


def pairs(
    config: Sequence[Mapping[str, Any]],
    curves: Sequence[Path],
    manifests: Sequence[Path],
    evaluated: Path,
    baselines: Path,
    num_train: int,
) -> list[claims.Evidence]:
    """Return the evidence for C1 to C7.

    Args:
        config: Entries of the config's ``claims``: models, protocol, primary, and run ids.
        curves: The runs' curves.
        manifests: The runs' manifests.
        evaluated: The models' evaluation on the evaluation set.
        baselines: The solvers' means.
        num_train: Training realizations.
    """
    all_curves = pd.concat([read_csv(path) for path in curves])
    solved = read_csv(baselines)
    settings = [read_json(path) for path in manifests]
    parameters = {entry["settings"]["id"]: entry["num_parameters"]["total"] for entry in settings}
    steps = {
        entry["settings"]["id"]: -(-num_train // entry["settings"]["training"]["batch_size"]) for entry in settings
    }
    own = _own_means(evaluated, {entry["settings"]["id"]: entry["metric"] for entry in settings})
    found: list[claims.Evidence] = []
    for pair in config:
        runs = [pair[name] for name in ("qgnn", "gcn", "gcn_small") if name in pair]
        protocol = pair["protocol"]
        qgnn, gcn, *small = (claims.scores(run, all_curves, own, parameters, steps[run]) for run in runs)
        found.append(
            claims.Pair(
                protocol,
                pair["models"],
                pair["primary"],
                tuple(runs),
                qgnn,
                gcn,
                claims.wmmse_lines(protocol, solved),
                claims.headroom(METRICS[protocol][0], solved),
                *small,
            )
        )
    return found


def sizes(runs: Sequence[Mapping[str, Any]], claimed: int, evaluated: Path, baselines: Path) -> list[claims.Evidence]:
    """Return the evidence for C8, one model after the other; the QGNN's is primary.

    Args:
        runs: Settings of the runs over training sizes, under ``stated``.
        claimed: The number of training realizations that is said to suffice.
        evaluated: Their evaluation on the evaluation set.
        baselines: The solvers' means.
    """
    means = _own_means(evaluated, {run["id"]: METRICS[run["protocol"]][0] for run in runs})
    wmmse = claims.wmmse_lines("stated", read_csv(baselines))["evaluation"]
    return [
        claims.Sizes(
            "stated",
            f"{model}, {claimed} against more realizations",
            model == "qgnn",
            tuple(run["id"] for run in of_model),
            {run["train_size"]: claims.last_values(run["id"], means) for run in of_model},
            claimed,
            wmmse,
        )
        for model, of_model in _by_model(runs).items()
    ]


def scaling(runs: Sequence[Mapping[str, Any]], trained_at: int, scaled: Sequence[Path]) -> list[claims.Evidence]:
    """Return the evidence for C9, run by run; the first one's is primary.

    Args:
        runs: Settings of the runs that were evaluated.
        trained_at: Links of their training.
        scaled: What evaluate_scale wrote, a file per number of links.
    """
    table = pd.concat([read_csv(path) for path in scaled])
    wmmse = table[table["method"] == "wmmse"].set_index("num_links")["value"]
    found: list[claims.Evidence] = []
    for run in runs:
        rows = table[table["method"] == run["id"]].sort_values(["num_links", "seed"])
        percent = {
            int(links): 100 * part["value"].to_numpy() / wmmse[links] for links, part in rows.groupby("num_links")
        }
        k = run["architecture"].get("k")
        found.append(claims.Scaling("stated", run["id"], not found, (run["id"],), percent, trained_at, k))
    return found


def noise(summary: Path, devices: Sequence[str], floor: str | None, runs: Sequence[str]) -> list[claims.Evidence]:
    """Return the evidence for C10: the network trained under the noise (primary), and the one trained without.

    Args:
        summary: What tabulate_noise wrote.
        devices: Noise models that are devices.
        floor: Noise model that leaves nothing of the circuit, if the study has one.
        runs: Ids of the runs trained under the noise of the devices, after that of the one trained without.
    """
    table = read_csv(summary)
    raw = table[table["mitigation"] == "raw"].set_index(["training", "noise"])
    columns = ["percent_of_ideal", "percent_of_ideal_low", "percent_of_ideal_high"]
    found: list[claims.Evidence] = []
    for training, models in {
        "aware": "QGNN, trained under the noise",
        "unaware": "QGNN, trained without noise, raw expectation values",
    }.items():
        kept = {name: tuple(raw.loc[(training, name), columns].astype(float)) for name in devices}
        without = None if floor is None else float(raw.loc[(training, floor), columns[0]])
        aware = training == "aware"
        found.append(claims.Noisy("stated", models, aware, tuple(runs if aware else runs[:1]), kept, without))
    return found


def _own_means(evaluated: Path, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Seed means (run, seed, value) of every run in its own quantity."""
    means = evaluation.seed_means(evaluation.load(evaluated))
    return means[means["metric"] == means["run"].map(metrics)]


def _by_model(runs: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    models = dict.fromkeys(run["model"] for run in runs)
    return {
        model: sorted((run for run in runs if run["model"] == model), key=lambda run: run["train_size"])
        for model in models
    }


def main(snakemake: Any) -> None:
    """Map Snakemake's job to evidence; a study without a kind of evidence has no such input."""
    inputs, params = snakemake.input, snakemake.params
    baselines = Path(inputs.baselines[0])
    evidence = pairs(
        params.pairs,
        [Path(path) for path in inputs.curves],
        [Path(path) for path in inputs.manifests],
        Path(inputs.evaluated[0]),
        baselines,
        params.num_train,
    )
    if inputs.get("sizes"):
        evidence += sizes(params.sizes, params.claimed, Path(inputs.sizes), baselines)
    if inputs.get("scaled"):
        evidence += scaling(params.scaled, params.trained_at, [Path(path) for path in inputs.scaled])
    if inputs.get("noise"):
        evidence += noise(Path(inputs.noise), params.devices, params.floor, params.noise_runs)
    judged = claims.judge(evidence)
    write_json(Path(snakemake.output.json), judged)
    report.write(claims.markdown(judged), Path(snakemake.output.markdown))


if "snakemake" in globals():
    run_job(main, globals()["snakemake"])
