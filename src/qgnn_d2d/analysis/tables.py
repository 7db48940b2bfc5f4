"""The tables: one row per method, split and quantity, with intervals. Pure functions of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from .statistics import crossed_interval, holm, t_interval, wilcoxon

REFERENCES = ("wmmse", "wmmse_multistart", "optimum")
CURVE_COLUMNS = [
    "panel", "kind", "run", "label", "model", "split", "epoch", "metric", "unit", "mean", "low", "high",
    "num_seeds", "num_realizations",
]  # fmt: skip

TITLES = {
    "sum_rate": "Weighted sum rate, eq. (2)",
    "released_metric": "The public code's model metric",
    "released_wmmse_rate": "The public code's evaluation of WMMSE",
}
_MARKDOWN_COLUMNS = {
    "method": "method",
    "protocol": "protocol",
    "k": "k",
    "layers": "L",
    "heads": "heads",
    "quantum_parameters": "quantum",
    "classical_parameters": "classical",
    "parameters": "parameters",
    "learning_rate": "learning rate",
    "batch_size": "batch",
    "epochs": "epochs",
    "num_seeds": "seeds",
    "mean": "mean",
    "interval": "95 % interval",
    "crossed": "over seeds and realizations",
    "percent_of_wmmse": "% of WMMSE",
    "percent_of_wmmse_multistart": "% of WMMSE multistart",
    "percent_of_optimum": "% of optimum",
}
# The protocol whose quantity a solver is scored in.
_SOLVER_PROTOCOLS = {"sum_rate": "stated", "released_metric": "released", "released_wmmse_rate": "released"}


def results(
    manifests: Sequence[Mapping[str, Any]],
    models: Mapping[str, xr.Dataset],
    solvers: Mapping[str, xr.Dataset],
) -> pd.DataFrame:
    """Tabulate every run and every solver of a scenario.

    Args:
        manifests: The runs' manifests, in the order of the rows.
        models: Split to the dataset of `evaluation.evaluate`, all runs concatenated along `copy`.
        solvers: Split to the dataset of `evaluation.solve`.

    Returns:
        One row per split, metric and method. `protocol` is what a model was trained under; for a solver it is
        the protocol that the metric belongs to. The t interval low, high is over `interval_over`: seeds for models
        (empty for a single seed), realizations for solvers; crossed_low, crossed_high is the bootstrap interval over
        seeds and realizations. Percentages compare means of the same metric on the same
        realizations, for solvers that maximize that very metric (see `evaluation.solve`).

    Raises:
        ValueError: A mean is not finite.
    """
    rows = []
    for split, solved in solvers.items():
        scored = models[split]
        for metric in [name for name in TITLES if name in solved]:
            solver_values = {str(name): solved[metric].sel(solver=name).values for name in solved["solver"].values}
            common = {
                "split": split,
                "num_realizations": solved.sizes["realization"],
                "metric": metric,
                "unit": solved[metric].attrs["units"],
            }
            group: list[dict[str, Any]] = []
            if metric in scored:
                for manifest in manifests:
                    of_run = scored[metric].values[scored["run"].values == manifest["settings"]["id"]]
                    over_seeds = of_run.mean(axis=1)
                    group.append(_model_row(manifest) | common | _mean(over_seeds, "seeds") | _crossed(of_run))
            for solver, values in solver_values.items():
                row = {"method": solver, "kind": "solver", "protocol": _SOLVER_PROTOCOLS[metric]}
                group.append(row | common | _mean(values, "realizations") | _crossed(values[np.newaxis]))
            for row in group:
                for reference in REFERENCES:
                    row[f"percent_of_{reference}"] = 100 * row["mean"] / solver_values[reference].mean()
            rows += group
    table = pd.DataFrame(rows)
    if not np.isfinite(table["mean"]).all():
        raise ValueError(f"methods without a finite mean: {table[~np.isfinite(table['mean'])]['method'].tolist()}")
    integers = [
        "k",
        "layers",
        "heads",
        "train_size",
        "quantum_parameters",
        "classical_parameters",
        "parameters",
        "batch_size",
    ]
    return table.astype({name: "Int64" for name in [*integers, "epochs", "num_seeds"]})


def comparisons(
    manifests: Sequence[Mapping[str, Any]],
    scored: xr.Dataset,
    solved: xr.Dataset,
    metrics: Mapping[str, str],
    against: Sequence[str] = (),
) -> pd.DataFrame:
    """Compare every run with WMMSE, the certified optimum, the GCN and chosen runs, realization by realization.

    Args:
        manifests: The runs' manifests.
        scored: The dataset of `evaluation.evaluate`, all runs concatenated along `copy`.
        solved: The dataset of `evaluation.solve` on the same realizations.
        metrics: Protocol to the quantity that its runs are compared in.
        against: Runs that the others of their protocol are compared with, besides.

    Returns:
        One row per run and reference: method, reference (a solver, the table's first run of the model gcn under the
        same protocol, or one of ``against``), protocol, metric, unit, num_realizations; difference of the means with
        its crossed bootstrap interval over seeds and realizations (low, high); the Wilcoxon test of the realizations'
        means over seeds, p_value and p_holm (adjusted over the whole table), with the rank-biserial correlation as
        effect_size.
    """
    settings = [manifest["settings"] for manifest in manifests]
    rows = []
    for run in settings:
        metric = metrics[run["protocol"]]
        values = {name: solved[metric].sel(solver=name).values[np.newaxis] for name in REFERENCES}
        peers = [other["id"] for other in settings if other["protocol"] == run["protocol"]]
        gcns = [other["id"] for other in settings if other["model"] == "gcn" and other["id"] in peers]
        others = dict.fromkeys(name for name in [*gcns[:1], *against] if name in peers and name != run["id"])
        for name in [run["id"], *others]:
            values[name] = scored[metric].values[scored["run"].values == name]
        own = values[run["id"]]
        for reference in [*REFERENCES, *others]:
            other = values[reference]
            low, high = crossed_interval(own, other)
            p_value, effect = wilcoxon(own.mean(axis=0), other.mean(axis=0))
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
                    "p_value": p_value,
                    "effect_size": effect,
                }
            )
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p_value"].to_numpy()))


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
        "train_size": settings.get("train_size"),
        "quantum_parameters": parameters["quantum"],
        "classical_parameters": parameters["classical"],
        "parameters": parameters["total"],
        **{key: training.get(key) for key in ("learning_rate", "batch_size", "epochs", "schedule", "drop_links")},
        "num_seeds": settings["num_seeds"],
    }


def _mean(values: NDArray[np.float64], over: str) -> dict[str, Any]:
    low, high = t_interval(values) if len(values) > 1 else (None, None)
    return {"mean": float(values.mean()), "low": low, "high": high, "interval_over": over}


def _crossed(values: NDArray[np.float64]) -> dict[str, Any]:
    low, high = crossed_interval(values)
    return {"crossed_low": low, "crossed_high": high}


def markdown(table: pd.DataFrame, scenario: str) -> str:
    """Lay out the table of `results` as Markdown: one section per split and metric.

    Args:
        table: What `results` returns.
        scenario: For the title.
    """
    lines = [
        f"# Results: {scenario}",
        "",
        "Percentages are of WMMSE (full-power start; best of many starts) and of the certified optimum, on the same",
        "realizations; in the public code's model metric the solvers solve and are scored in that metric.",
        "Intervals: 95 % t intervals of the mean, over seeds for models, over realizations for solvers; and 95 %",
        "bootstrap intervals over seeds and realizations, alike for both. `protocol` is what a model was trained",
        "under; a solver's is the metric's. For IGCNet, L counts its iterations.",
    ]
    for (split, metric), part in table.groupby(["split", "metric"], sort=False):
        first = part.iloc[0]
        title = f"{TITLES[str(metric)]}, {first['unit']}"
        lines += [
            "",
            f"## {title}: {split} set, {first['num_realizations']} realizations",
        ]
        lines += [
            "",
            f"| {' | '.join(_MARKDOWN_COLUMNS.values())} |",
            f"|{' --- |' * len(_MARKDOWN_COLUMNS)}",
        ]
        for row in part.to_dict("records"):
            row["interval"] = "" if pd.isna(row["low"]) else f"{row['low']:.3f} to {row['high']:.3f}"
            row["crossed"] = f"{row['crossed_low']:.3f} to {row['crossed_high']:.3f}"
            lines.append(f"| {' | '.join(_cell(name, row[name]) for name in _MARKDOWN_COLUMNS)} |")
    return "\n".join(lines) + "\n"


def _cell(column: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if column == "mean":
        return f"{value:.3f}"
    if column.startswith("percent"):
        return f"{value:.1f}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def curve_data(
    curves: pd.DataFrame,
    baselines: pd.DataFrame,
    panels: Mapping[str, Sequence[str]],
    runs: Mapping[str, Mapping[str, Any]],
    labels: Mapping[str, str],
) -> pd.DataFrame:
    """Return everything that a figure of the kind of Fig. 2 plots.

    Args:
        curves: Tidy curves (run, seed, epoch, split, metric, value) of all runs shown.
        baselines: (solver, metric, unit, num_realizations, mean, split) of the scenario.
        panels: ``left``, ``thin`` and ``right`` to run ids.
        runs: Run id to its ``model`` and, for the label of a thin curve, ``about``: its architecture in short.
        labels: Model to label; a model without one goes by its name.

    Returns:
        One row per plotted point: panel (stated, released), kind (curve, thin, line), mean over seeds with
        its 95 % t interval (empty for one seed). Lines are solvers' means on the test set.
    """
    units = baselines.drop_duplicates("metric").set_index("metric")["unit"]
    tests = baselines[baselines["split"] == "test"].set_index(["solver", "metric"])
    parts = []
    for panel, kind, ids in [
        ("stated", "curve", panels["left"]),
        ("stated", "thin", panels.get("thin", [])),
        ("released", "curve", panels["right"]),
    ]:
        for run in ids:
            model, about = runs[run]["model"], runs[run]["about"]
            label = labels.get(model, model) + (f", {about}" if kind == "thin" and about else "")
            part = mean_curves(curves[curves["run"] == run])
            if part.empty:
                raise ValueError(f"run {run} has no curves")
            part = part.assign(
                panel=panel, kind=kind, run=run, label=label, model=model, unit=part["metric"].map(units)
            )
            parts.append(part)
    lines = [
        ("stated", "wmmse", "sum_rate", "WMMSE, full-power start"),
        ("stated", "wmmse_multistart", "sum_rate", "WMMSE, multistart"),
        ("released", "wmmse", "released_wmmse_rate", "WMMSE as the public code reports it (nats)"),
        ("released", "wmmse", "released_metric", "WMMSE on the models' metric, full-power start"),
        ("released", "wmmse_multistart", "released_metric", "WMMSE on the models' metric, multistart"),
    ]
    for panel, solver, metric, label in lines:
        if (solver, metric) in tests.index:
            at = tests.loc[(solver, metric)]
            line = {
                "panel": panel,
                "kind": "line",
                "run": solver,
                "label": label,
                "split": "test",
                "metric": metric,
            }
            line |= {"unit": at["unit"], "mean": at["mean"], "num_realizations": at["num_realizations"]}
            parts.append(pd.DataFrame([line]))
    data = pd.concat(parts, ignore_index=True)
    realizations = baselines.drop_duplicates("split").set_index("split")["num_realizations"]
    data["num_realizations"] = data["num_realizations"].fillna(data["split"].map(realizations))
    data = data.astype({name: "Int64" for name in ("epoch", "num_seeds", "num_realizations")})
    return data[CURVE_COLUMNS]


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over seeds and its 95 % t interval, per split, metric and epoch.

    Args:
        curves: Tidy curves (run, seed, epoch, split, metric, value) of one run.

    Raises:
        ValueError: A value is not finite.
    """
    if not np.isfinite(curves["value"]).all():
        raise ValueError(f"curves of {curves['run'].iloc[0]} have values that are not finite")
    rows = []
    for (split, metric, epoch), group in curves.groupby(["split", "metric", "epoch"]):
        values = group["value"].to_numpy()
        low, high = t_interval(values) if len(values) > 1 else (None, None)
        rows.append((split, metric, epoch, values.mean(), low, high, len(values)))
    return pd.DataFrame(rows, columns=["split", "metric", "epoch", "mean", "low", "high", "num_seeds"])
