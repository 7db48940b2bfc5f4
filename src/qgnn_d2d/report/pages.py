"""The pages of a study's tables, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from ..analysis.convergence import EPOCHS
from ..analysis.tables import ACTIVE, INTEGERS
from ..analysis.variance import WITHIN
from ..objective import PROTOCOL_TITLES, QUANTITIES
from .markdown import interval, number, table, with_interval

_RESULT_COLUMNS = {
    "method": "method", "protocol": "protocol", "k": "k", "layers": "L", "heads": "heads",
    "quantum_parameters": "quantum", "classical_parameters": "classical", "parameters": "parameters",
    "learning_rate": "learning rate", "batch_size": "batch", "epochs": "epochs", "num_seeds": "seeds",
    "mean": "mean", "interval": "95 % interval", "crossed": "over seeds and realizations",
    "percent_of_wmmse": "% of WMMSE", "percent_of_wmmse_multistart": "% of WMMSE multistart",
    "percent_of_optimum": "% of optimum", "percent_of_best_found": "% of best known", "percent_of_bound": "% of bound",
    "active_links": "active links",
}  # fmt: skip
_OF_OPTIMUM = ("percent_of_optimum", "percent_of_best_found", "percent_of_bound")


def results_page(results: pd.DataFrame, experiment: str) -> str:
    """Lay out what `tables.results` returns of an experiment: one section per split and quantity."""
    results = results.astype({name: "Int64" for name in INTEGERS if name in results})
    of_optimum = " and of the certified optimum" if any(name in results for name in _OF_OPTIMUM) else ""
    exceeded = (
        "No method maximizes the public code's evaluation of WMMSE: there, the optimum is that of eq. (2), and others "
        "may exceed it. "
    )
    exceeded = exceeded if of_optimum and "released_wmmse_rate" in set(results["metric"]) else ""
    parts = [
        f"# Results: {experiment}",
        "How to read: one row per method, models first. Percentages are of WMMSE (full-power start; best of many "
        f"starts){of_optimum}, on the same realizations. In the public code's model metric the methods solve and "
        f"are scored in that metric. {exceeded}The first interval is a 95 % t interval of the mean, over seeds for "
        "models and over realizations for solvers; the second is a 95 % interval over seeds and realizations. A "
        "model's protocol is what it was trained under, a solver's is that of the quantity. For IGCNet, L counts "
        "iterations.",
    ]
    if "interference_db" in results:  # tables of earlier versions have none
        parts.append(
            "Interference over noise at full power, median over all cross links: "
            f"{number(results['interference_db'].iloc[0], 1)} dB. Active links: those above {100 * ACTIVE:.0f} % of "
            "full power, mean over realizations."
        )
    for (split, metric), part in results.groupby(["split", "metric"], sort=False):
        first = part.iloc[0]
        title = f"{QUANTITIES[str(metric)].title}, {first['unit']}"
        parts.append(f"## {title}: {split} set, {number(first['num_realizations'], 0)} realizations")
        shown = part.assign(
            learning_rate=[f"{rate:g}" if pd.notna(rate) else "" for rate in part["learning_rate"]],
            mean=[number(value, 3) for value in part["mean"]],
            interval=[_range(low, high) for low, high in part[["low", "high"]].to_numpy(float)],
            crossed=[_range(low, high) for low, high in part[["crossed_low", "crossed_high"]].to_numpy(float)],
            **{
                name: part[name].map(lambda value: number(value, 1))
                for name in part
                if name.startswith("percent_of_") or name == "active_links"
            },
        )
        if "certified_share" in part and pd.notna(first["certified_share"]):
            count = first["num_realizations"]
            certified = number(round(first["certified_share"] * count), 0)
            parts.append(
                f"The optimum is certified in {certified} of {number(count, 0)} realizations. In its place stand "
                "`best_found`, the best powers that any method found, and `bound`, which no powers exceed: "
                "percentages of the optimum lie between the two columns."
            )
        optional = (*_OF_OPTIMUM, "active_links")
        empty = [name for name in optional if name not in part or part[name].isna().all()]
        parts.append(table(shown, {name: text for name, text in _RESULT_COLUMNS.items() if name not in empty}))
    return "\n\n".join(parts) + "\n"


def _range(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{number(low, 3)} to {number(high, 3)}"


def readings_page(readings: pd.DataFrame) -> str:
    """Lay out what `readings.readings` returns."""
    fitted = readings["reading"] == "R9"
    parts = [
        "# Readings of the paper's numbers",
        "How to read: one row per reading, that is, a choice of unit, draws and noise, which the paper does not "
        "state. WMMSE's level and the certified optimum say what is possible. A reading fits where WMMSE's level "
        "is one that the paper's numbers allow, the optimum reaches the paper's rate, and it leaves room for the "
        "gain over WMMSE, each within the ranges of claims C1 (2.64 to 2.70) and C2 (5 to 7 %). QGNN and GCN are "
        "our models of the primary pairs, on the evaluation set. With many readings, one that fits is no proof.",
        readings_table(readings),
        "## Draws, our models, and what to know",
        table(
            [
                {
                    "": row["reading"],
                    "models in": row["models"],
                    "our QGNN": number(row["qgnn"]),
                    "our GCN": number(row["gcn"]),
                    "draws": row["draws"],
                    "what to know": row["note"],
                }
                for row in readings[~fitted].to_dict("records")
            ]
        ),
        "## One unit, noise fitted to WMMSE's level",
        table(
            [
                {
                    "links": row["num_links"],
                    "quantity": row["models"],
                    "noise, W": number(row["noise_power"]),
                    "WMMSE": number(row["wmmse"], 3),
                    "optimum": number(row["optimum"], 3),
                    "largest gain, %": number(row["largest_gain"], 2),
                    "fits": _fits(row),
                }
                for row in readings[fitted].to_dict("records")
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def readings_table(readings: pd.DataFrame) -> str:
    """Lay out the readings at the public code's number of links and noise, in short."""
    rows = readings[readings["reading"] != "R9"].to_dict("records")
    return table(
        [
            {
                "reading": f"{row['reading']}: models in {row['models']}; WMMSE in {row['line']}",
                "WMMSE": number(row["wmmse"], 3),
                "optimum": number(row["optimum"], 3),
                "largest gain, %": number(row["largest_gain"], 2),
                "fits": _fits(row),
            }
            for row in rows
        ]
    )


def _fits(row: Mapping[Hashable, Any]) -> str:
    """Return whether a reading fits, and if not, why."""
    reasons = {
        "level_fits": "WMMSE's level",
        "rate_possible": "the rate is above the optimum",
        "gain_possible": "no room for the gain",
    }
    missing = [reason for name, reason in reasons.items() if not row[name]]
    return f"no: {'; '.join(missing)}" if missing else "yes"


def redraws_page(redraws: pd.DataFrame) -> str:
    """Lay out what `redraws.table` returns."""
    models, claims = (redraws[redraws["kind"] == kind] for kind in ("model", "claim"))
    rows = []
    for (name, part), own in claims.groupby(["name", "part"], sort=False):
        reached = own["verdict"].value_counts(sort=False)
        by_draw = {
            f"draw {int(row['draw'])}": interval(row["mean"], row["low"], row["high"]) for row in own.to_dict("records")
        }
        verdicts = ", ".join(f"{verdict} ({times} of {len(own)})" for verdict, times in reached.items())
        rows.append({"claim": name, "models": part, **by_draw, "verdict": verdicts, "changes": _yes(len(reached) > 1)})
    first = redraws.iloc[0]
    parts = [
        "# Other draws of the training realizations",
        f"How to read: draw 0 is the training set of all other runs; each further draw is another set of as many "
        f"realizations. Every model is trained on each with {first['num_seeds']} seeds and scored on the same "
        f"{number(int(first['num_realizations']))} evaluation realizations. Standard deviations (SD) are in points of "
        "percent; their 95 % intervals are wide, as there are few draws. A standard deviation of 0 means that the "
        "estimate of the variance came out at 0 or below. Intervals of values are over seeds and realizations.",
        "## Percent of WMMSE by draw",
        table(
            [
                {"run": name}
                | {f"draw {int(row['draw'])}": interval(row["mean"], row["low"], row["high"], 1)
                   for row in own.to_dict("records")}
                for name, own in models.groupby("name", sort=False)
            ]
        ),
        "## Where the scatter comes from",
        redraws_table(redraws),
        "Of a mean over the evaluation set, draw and seed count whole, and the variance of single realizations is "
        "divided by their number. All components, as variances of single values:",
        table(
            [
                {"run": row["name"], "source": row["part"], "variance": number(row["raw"]),
                 "95 % interval": f"{number(row['low'])} to {number(row['high'])}"}
                for row in redraws[redraws["kind"] == "variance"].to_dict("records")
            ]
        ),
        "## Verdicts by draw",
        "Fewer seeds than the claims' own evidence has make intervals wider, so more verdicts are undecided here.",
        table(rows) if rows else "No claim's runs have other draws.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def redraws_table(redraws: pd.DataFrame) -> str:
    """Lay out the redraws in short: a row per model."""
    rows = []
    variances = redraws[redraws["kind"] == "variance"].set_index(["name", "part"])
    for name, own in redraws[redraws["kind"] == "model"].groupby("name", sort=False):
        deviations = {}
        for source in ("draw", WITHIN, "realization"):
            row = variances.loc[(name, source)]
            size = row["num_realizations"] if source == "realization" else 1
            called = f"evaluation set of {number(int(size))}" if source == "realization" else source
            deviation, low, high = (math.sqrt(row[end] / size) for end in ("mean", "low", "high"))
            deviations[f"SD: {called}"] = interval(deviation, low, high, 2)
        means = own["mean"]
        rows.append({"run": name, "% of WMMSE": f"{number(means.min(), 1)} to {number(means.max(), 1)}", **deviations})
    return table(rows)


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def convergence_page(convergence: pd.DataFrame) -> str:
    """Lay out what `convergence.table` returns: a section per protocol."""
    parts = [
        "# Parameters and convergence",
        "How to read: test set, means over seeds, in the quantity that the protocol trains. Epochs to 95 %: first "
        "epoch at 95 % of the own final value, of the seeds that improve on the untrained model by a fifth (in "
        "brackets: how many). Gap: how far the mean curves are apart at the end, in percent of training. 95 % "
        "intervals are over seeds. Rows of equal parameters and equal epochs can be "
        "compared at every column.",
    ]
    for protocol, part in convergence.groupby("protocol", sort=False):
        rows = [
            {
                "run": row["run"],
                "quantum": row["quantum_parameters"],
                "classical": row["classical_parameters"],
                "parameters": row["parameters"],
                "epochs": row["epochs"],
                "epochs to 95 %": f"{with_interval(row, 'epochs_to_95', 1)} "
                f"({row['seeds_converged']} of {row['num_seeds']})",
                **{f"after {epoch}": number(row[f"test_after_{epoch}"], 3) for epoch in EPOCHS},
                "final": with_interval(row, "test_final", 3),
                "train": number(row["train_final"], 3),
                "gap, %": with_interval(row, "gap", 2),
            }
            for row in part.to_dict("records")
        ]
        parts += [f"## {PROTOCOL_TITLES[str(protocol)]}", table(rows)]
    return "\n\n".join(parts) + "\n"


def noise_page(summary: pd.DataFrame, devices: pd.DataFrame) -> str:
    """Lay out the noise study and its devices.

    Args:
        summary: What `tables.noise_summary` returns, of exact expectation values.
        devices: A row of `devices.describe` per noise model, its name in the column noise.
    """
    rows = [
        {
            "noise": row["noise"],
            "training": row["training"],
            "mitigation": row["mitigation"],
            "mean [95 % CI]": interval(row["mean"], row.get("low"), row.get("high"), 3),
            "% of ideal [95 % CI]": with_interval(row, "percent_of_ideal", 1),
            "% of WMMSE": number(row["percent_of_wmmse"], 1),
        }
        for row in summary.to_dict("records")
    ]
    columns = ["noise", "device", "two_qubit_gate", "leaf_qubit", "center_qubit", "edge_qubit",
               "center_reads_1_in_0", "center_reads_0_in_1", "leaf_two_qubit_error", "edge_two_qubit_error",
               "sx_per_leaf", "two_qubit_gates_per_leaf"]  # fmt: skip
    whole = ("leaf_qubit", "center_qubit", "edge_qubit", "sx_per_leaf", "two_qubit_gates_per_leaf")
    qubits = devices.astype(dict.fromkeys(whole, "Int64"))
    parts = [
        "# The QGNN on noisy devices",
        "How to read: weighted sum rate, eq. (2), bps/Hz, from exact expectation values, with 95 % t intervals over "
        "seeds. `unaware`: trained on an ideal device; `aware`: trained on the device itself. Percent of ideal: of the "
        "same seed's value when trained and run on an ideal device. Intervals are over seeds only, on one evaluation "
        "set, and not adjusted for their number.",
        table(rows),
        "## The qubits",
        "Two-qubit errors are average gate infidelities: 0.75 p for a depolarizing probability p.",
        table(qubits, {name: name.replace("_", " ") for name in columns}),
    ]
    return "\n\n".join(parts) + "\n"
