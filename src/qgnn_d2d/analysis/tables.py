"""The tables: one row per method, split and quantity, with intervals. Pure functions of data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ..objective import BEST_FOUND, BOUND, QUANTITIES, Quantity, trained_quantity
from ..solvers import METHODS
from .statistics import crossed_interval, holm, mean_and_interval, welch
from .values import CERTIFIED_SHARE, by_solver, certified_share

_REFERENCES = [*(method.name for method in METHODS.values() if method.is_reference), BEST_FOUND, BOUND]
ACTIVE = 0.01
"""Share of full power above which a link counts as active."""
INTEGERS = (
    "k", "layers", "heads", "train_size", "train_draw", "quantum_parameters", "classical_parameters", "parameters",
    "batch_size", "epochs", "num_seeds",
)  # fmt: skip
"""Columns of `results` that count something, or are empty."""


def results(
    manifests: Sequence[Mapping[str, Any]],
    models: Mapping[str, xr.Dataset],
    solvers: Mapping[str, xr.Dataset],
) -> pd.DataFrame:
    """Tabulate every run and every solver of a scenario.

    Args:
        manifests: The runs' manifests, in the order of the rows.
        models: Split to the dataset of `evaluation.evaluate`, all runs concatenated along `copy`.
        solvers: Split to the dataset of `solving.solve`.

    Returns:
        One row per split, metric and method. `protocol` is what a model was trained under; for a solver it is
        the protocol that the metric belongs to. The t interval low, high is over `interval_over`: seeds for models
        (empty for a single seed), realizations for solvers; crossed_low, crossed_high is the interval over
        seeds and realizations. Percentages compare means of the same metric on the same
        realizations, for solvers that maximize that very metric (see `solving.solve`). Where the optimum is not
        certified in every realization, they are of the best powers found and of its bound (`values.by_solver`), and the
        metric's rows have certified_share; without an optimum, of none of these. `interference_db` is the scenario's
        (`solving.solve`), and `active_links` a solver's mean number of links above `ACTIVE` of full power.
    """
    rows = []
    for (split, solved), (metric, quantity) in itertools.product(solvers.items(), QUANTITIES.items()):
        if metric not in solved:
            continue
        scored, share = models[split], certified_share(solved, quantity)
        solver_values = {str(one.solver.item()): one.values for one in by_solver(solved, quantity)}
        active = _active_links(solved, quantity)
        references = {name: solver_values[name].mean() for name in _REFERENCES if name in solver_values}
        group: list[tuple[dict[str, Any], NDArray[np.float64]]] = []
        for manifest in manifests if metric in scored else ():
            of_run = scored[metric].values[scored["run"].values == manifest["settings"]["id"]]
            group.append((_model_row(manifest), of_run))
        for solver, values in solver_values.items():
            about = {"method": solver, "kind": "solver", "protocol": quantity.protocol}
            group.append((about, values[np.newaxis]))
        for about, values in group:
            over = "seeds" if about["kind"] == "model" else "realizations"
            mean = mean_and_interval(values.mean(axis=1) if over == "seeds" else values[0])
            low, high = crossed_interval(np.asarray, values)
            rows.append(
                {
                    **about,
                    "split": split,
                    "num_realizations": values.shape[1],
                    "metric": metric,
                    "unit": solved[metric].attrs["units"],
                    **mean,
                    "interval_over": over,
                    "crossed_low": low,
                    "crossed_high": high,
                    **{f"percent_of_{name}": 100 * mean["mean"] / height for name, height in references.items()},
                    **({CERTIFIED_SHARE: share} if BOUND in references else {}),
                    "interference_db": _decibel(solved.attrs["interference"]),
                    "active_links": active.get(about["method"]),
                }
            )
    return pd.DataFrame(rows).astype(dict.fromkeys(INTEGERS, "Int64"))


def _active_links(solved: xr.Dataset, quantity: Quantity) -> dict[str, float]:
    """Return the solvers' mean numbers of active links, by the names that tables have."""
    is_active = solved[quantity.solver_power] > ACTIVE * solved.attrs["p_max"] ** 2
    counts = is_active.sum("link").mean("realization").values
    return dict(zip(by_solver(solved, quantity)["solver"].values, counts, strict=False))  # a bound has no powers


def _decibel(ratio: float) -> float:
    return 10 * math.log10(ratio) if ratio > 0 else math.nan


def comparisons(
    manifests: Sequence[Mapping[str, Any]],
    scored: xr.Dataset,
    solved: xr.Dataset,
    against: Sequence[str] = (),
) -> pd.DataFrame:
    """Compare every run with the methods of reference, the GCN and chosen runs, realization by realization.

    Args:
        manifests: The runs' manifests.
        scored: The dataset of `evaluation.evaluate`, all runs concatenated along `copy`.
        solved: The dataset of `solving.solve` on the same realizations.
        against: Runs that the others of their protocol are compared with, besides.

    Returns:
        One row per run and reference: method, reference (a solver, `best_found` and `bound` where the optimum is not
        certified in every realization, the table's first run of the model gcn under the same protocol, one of
        ``against``, or another model on the same stars), protocol, metric, unit, num_realizations; difference of the
        means with its interval over seeds and realizations (low, high); Welch's t test over seeds, given the
        realizations: p_value and p_holm (adjusted over the whole table).
    """
    settings = [manifest["settings"] for manifest in manifests]
    rows = []
    for run in settings:
        quantity = trained_quantity(run["protocol"])
        metric, solver_values = quantity.name, by_solver(solved, quantity)
        own = scored[metric].values[scored["run"].values == run["id"]]
        peers = {other["id"]: other["model"] for other in settings if other["protocol"] == run["protocol"]}
        gcns = [name for name, model in peers.items() if model == "gcn"]
        references = [name for name in _REFERENCES if name in solver_values["solver"]]
        values = {name: solver_values.sel(solver=name).values[np.newaxis] for name in references}
        for name in dict.fromkeys([*gcns[:1], *against, *_on_the_same_stars(run, settings)]):
            if name in peers and name != run["id"]:
                values[name] = scored[metric].values[scored["run"].values == name]
        for reference, other in values.items():
            low, high = crossed_interval(np.subtract, own, other)
            rows.append(
                {
                    "method": run["id"],
                    "reference": reference,
                    "protocol": run["protocol"],
                    "metric": metric,
                    "unit": solved[metric].attrs["units"],
                    "num_realizations": own.shape[1],
                    "difference": own.mean() - other.mean(),
                    "low": low,
                    "high": high,
                    "p_value": welch(own.mean(axis=1), other.mean(axis=1)),
                }
            )
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p_value"].to_numpy()))


def _on_the_same_stars(run: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the runs of other models with as many leaves by the same rule, drawn as often, and the same features."""
    keys = ("k", "stars", "leaves", "scale")
    own = [run["architecture"].get(key) for key in keys]
    if None in own[:2]:
        return []
    return [
        other["id"]
        for other in others
        if other["model"] != run["model"] and [other["architecture"].get(key) for key in keys] == own
    ]


def _model_row(manifest: Mapping[str, Any]) -> dict[str, Any]:
    settings, parameters = manifest["settings"], manifest["num_parameters"]
    architecture, training = settings["architecture"], settings["training"]
    return {
        "method": settings["id"],
        "kind": "model",
        "protocol": settings["protocol"],
        "model": settings["model"],
        "k": architecture.get("k"),
        "layers": architecture.get("layers", architecture.get("iterations")),
        "heads": architecture.get("heads"),
        "stars": architecture.get("stars"),
        "leaves": architecture.get("leaves"),
        "train_size": settings.get("train_size"),
        "train_draw": settings.get("train_draw"),
        "quantum_parameters": parameters["quantum"],
        "classical_parameters": parameters["classical"],
        "parameters": parameters["total"],
        **{key: training.get(key) for key in ("learning_rate", "batch_size", "epochs", "schedule", "drop_links")},
        "num_seeds": settings["num_seeds"],
    }


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over seeds and its 95 % t interval, per split, metric and epoch, of one run's tidy curves."""
    by = ["split", "metric", "epoch"]
    return pd.DataFrame(
        [
            {**dict(zip(by, names, strict=True)), **mean_and_interval(group.to_numpy()), "num_seeds": len(group)}
            for names, group in curves.groupby(by)["value"]
        ]
    )


def noise_summary(rates: pd.DataFrame, wmmse: float, by: Sequence[str]) -> pd.DataFrame:
    """Average the noise study over seeds.

    Args:
        rates: Rows of `device_noise.noise_rows`, of all noise models.
        wmmse: WMMSE's mean sum rate on the same realizations.
        by: The columns that name a row.

    Returns:
        First what noise is compared with (noise: ideal and wmmse), then every noise model: ``by``, unit, num_seeds,
        num_realizations, mean with 95 % t interval over seeds (low, high); percent_of_ideal, the mean over seeds of
        each seed's percentage of its own ideal, with its interval; percent_of_wmmse.
    """
    at_ideal = rates[rates["training"] == "ideal"]
    at_ideal = at_ideal[at_ideal["noise"] == at_ideal["noise"].iloc[0]].sort_values("seed")
    ideal = at_ideal["value"].to_numpy()
    common = ["unit", "num_realizations"]
    unnoised = {**at_ideal[common].iloc[0], "mitigation": "none"}
    means = mean_and_interval(ideal)
    share = {"percent_of_ideal": 100.0, "percent_of_wmmse": 100 * means["mean"] / wmmse}
    rows: list[dict[str, Any]] = [
        {"noise": "ideal", "training": "ideal", **means, **share, **unnoised, "num_seeds": len(ideal)},
        {"noise": "wmmse", "training": "none", "mean": wmmse, "percent_of_wmmse": 100.0, **unnoised},
    ]
    for names, group in rates[rates["training"] != "ideal"].groupby(list(by), sort=False):
        values = group.sort_values("seed")["value"].to_numpy()
        means, kept = mean_and_interval(values), mean_and_interval(100 * values / ideal)
        rows.append(
            {
                **dict(zip(by, names, strict=True)),
                **group[common].iloc[0],
                "num_seeds": len(values),
                **means,
                "percent_of_ideal": kept["mean"],
                "percent_of_ideal_low": kept["low"],
                "percent_of_ideal_high": kept["high"],
                "percent_of_wmmse": 100 * means["mean"] / wmmse,
            }
        )
    return pd.DataFrame(rows).astype({"num_seeds": "Int64"})


def scaling_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Average networks of other sizes over seeds, in percent of WMMSE on the same realizations.

    Args:
        table: Rows of `scaling.evaluate` of one scale study, of any numbers of links.

    Returns:
        One row per number of links and method: num_links, method, kind, model, k, trained_at, num_seeds,
        num_realizations, metric, unit, mean, reference, percent_of_wmmse, low, high (its 95 % t interval over seeds,
        for models of at least 2), and certified_share.
    """
    rows = []
    for _, part in table.groupby(["num_links", "method"], sort=False):
        percent = mean_and_interval(part["percent_of_wmmse"].to_numpy(float))
        first = part.iloc[0]
        rows.append(
            {
                **first[["num_links", "method", "kind", "model", "k", "trained_at"]],
                "num_seeds": int(part["seed"].notna().sum()),
                **first[["num_realizations", "metric", "unit"]],
                "mean": part["value"].mean(),
                "reference": first["reference"],
                "percent_of_wmmse": percent.pop("mean"),
                **percent,
                "certified_share": first["certified_share"],
            }
        )
    return pd.DataFrame(rows)
