"""The numbers that README and docs show, made from the reference tables, and put between markers.

``results``, ``comparisons`` and noise ``summary`` are what `tables.results`, `tables.comparisons` and
`tables.noise_summary` return; ``rows`` maps words to a method's name or run.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..objective import BOUND, PROTOCOLS, trained_quantity
from ..solvers import shown_in
from .markdown import interval, number, p_value, table, with_interval


def evaluated(results: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return the evaluation set's rows in a protocol's own quantity, by method."""
    chosen = (results["split"] == "evaluation") & (results["metric"] == trained_quantity(protocol).name)
    rows = results[chosen & (results["protocol"] == protocol)]
    return rows.set_index("method", drop=False)


def summary_block(results: pd.DataFrame, rows: Mapping[str, str]) -> str:
    """Return the main results: one row per method, in eq. (2)."""
    found = evaluated(results, "stated")
    shown = [
        {
            "method": words,
            "parameters": number(found.loc[name, "parameters"], 0) or "–",
            "bps/Hz": number(found.loc[name, "mean"], 2),
            "% of WMMSE": number(found.loc[name, "percent_of_wmmse"], 0),
        }
        for words, name in rows.items()
    ]
    count = number(found["num_realizations"].iloc[0], 0)
    head = f"Weighted sum rate, eq. (2), on {count} unseen networks of 10 links, after the last epoch:"
    return f"{head}\n\n{table(shown)}\n"


def results_block(results: pd.DataFrame, experiment: str) -> str:
    """Return an experiment's results, a table per protocol: every model in that protocol's quantity.

    Beside them stand all methods in eq. (2), and in another quantity those that the gaps are shown of.
    """
    parts, few = [], ["optimum", *(method.name for method in shown_in("gaps"))]
    for protocol in PROTOCOLS:
        found = evaluated(results, protocol)
        if not (found["kind"] == "model").any():
            continue
        quantity = trained_quantity(protocol)
        parts.append(
            f"Experiment `{experiment}`, protocol `{protocol}`: {quantity.label}, {quantity.unit}, on the "
            f"evaluation set of {number(found['num_realizations'].iloc[0], 0)} realizations after the last "
            "epoch. 95 % t intervals: over seeds for models, over realizations for solvers."
        )
        rows = [
            {
                "method": f"`{row['method']}`",
                "parameters": number(row["parameters"], 0),
                "mean [95 % CI]": interval(row["mean"], row["low"], row["high"], 3),
                "% of WMMSE": number(row["percent_of_wmmse"], 1),
                "% of optimum": number(row["percent_of_optimum"], 1),
            }
            for row in found.to_dict("records")
            if protocol == PROTOCOLS[0] or row["kind"] == "model" or row["method"] in few
        ]
        parts.append(table(rows))
    return "\n\n".join(parts) + "\n"


def geometry_block(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return models and methods of experiments, in eq. (2), against the best known value and the optimum's bound.

    Args:
        tables: Experiment to what `tables.results` returns. Where every optimum is certified, it is the best known
            value and the bound.
    """
    parts = []
    for experiment, results in tables.items():
        found = evaluated(results, "stated")
        first = found.iloc[0]
        share = first.get("certified_share", math.nan)
        best, bound = ("best_found", BOUND) if pd.notna(share) else ("optimum", "optimum")
        strong = f" {number(first['interference_db'], 1)} dB of interference," if "interference_db" in found else ""
        active = f" {number(found.loc[best, 'active_links'], 1)} active links," if "active_links" in found else ""
        parts.append(
            f"Experiment `{experiment}`:{strong}{active} optimum certified in "
            f"{number(100 * (1 if pd.isna(share) else share), 1)} % of {number(first['num_realizations'], 0)} "
            "realizations."
        )
        rows = [
            {
                "method": f"`{row['method']}`",
                "parameters": number(row["parameters"], 0),
                "mean [95 % CI]": interval(row["mean"], row["low"], row["high"], 2),
                "% of best known": number(row[f"percent_of_{best}"], 1),
                "% of bound": number(row[f"percent_of_{bound}"], 1),
            }
            for row in found.to_dict("records")
        ]
        parts.append(table(rows))
    return "\n\n".join(parts) + "\n"


def informed_block(
    results: pd.DataFrame, comparisons: pd.DataFrame, runs: Sequence[str], references: Mapping[str, str]
) -> str:
    """Return runs and what needs no learning, each compared with ``references``: words for a run to its id."""
    found = evaluated(results, "stated")
    compared = comparisons.set_index(["reference", "method"]).sort_index()
    rows = []
    for name in [*runs, *(method.name for method in shown_in("baselines"))]:
        row = found.loc[name]
        scale = row["percent_of_wmmse"] / row["mean"]
        ends = (row["low"] * scale, row["high"] * scale) if row["kind"] == "model" else (None, None)
        shown = {
            "method": f"`{name}`",
            "parameters": number(row["parameters"], 0),
            "% of WMMSE [95 % CI]": interval(row["percent_of_wmmse"], ends[0], ends[1], 1),
        }
        for words, reference in references.items():
            cell = ""
            if (reference, name) in compared.index:
                cell = _against(compared.loc[(reference, name)], found.loc[reference, "mean"])
            shown[f"against {words}, % [95 % CI], Holm p"] = cell
        rows.append(shown)
    return table(rows) + "\n"


def percent_of(difference: Mapping[Hashable, Any] | pd.Series, mean: float) -> tuple[float, float, float]:
    """Return a row of `tables.comparisons` in percent of the reference's mean: difference, low, high."""
    value, low, high = (100 * float(difference[key]) / mean for key in ("difference", "low", "high"))
    return value, low, high


def _against(difference: Mapping[Hashable, Any] | pd.Series, mean: float) -> str:
    """Return a row of `tables.comparisons` as text: `percent_of` the reference's mean, and the Holm p value."""
    value, low, high = percent_of(difference, mean)
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}], {p_value(difference['p_holm'])}"


def noise_block(summary: pd.DataFrame) -> str:
    """Return the noise study: a row per noise model, a column per way to train and to measure."""
    columns = {
        ("unaware", "raw"): "raw",
        ("unaware", "readout"): "readout inverted",
        ("unaware", "richardson"): "Richardson",
        ("aware", "raw"): "trained under the noise",
    }
    ideal = summary[summary["noise"] == "ideal"].iloc[0]
    rows = []
    for noise, part in summary[~summary["noise"].isin(["ideal", "wmmse"])].groupby("noise", sort=False):
        by = part.set_index(["training", "mitigation"])
        cells = {
            words: with_interval(by.loc[key], "percent_of_ideal", 1) if key in by.index else ""
            for key, words in columns.items()
        }
        rows.append({"noise": f"`{noise}`"} | cells)
    head = (
        f"Without noise: {interval(ideal['mean'], ideal['low'], ideal['high'], 3)} bps/Hz over "
        f"{ideal['num_seeds']:.0f} seeds, {number(ideal['num_realizations'], 0)} realizations. Percent of that, per "
        "seed, with 95 % t interval:"
    )
    return f"{head}\n\n{table(rows)}\n"


def choices_block(records: Mapping[str, pd.DataFrame]) -> str:
    """Return the variants compared on the validation split, a table per run of what `search.compare` returns."""
    parts: list[str] = []
    for run, record in records.items():
        scores = record.groupby("trial").agg(
            changes=("changes", "first"), parameters=("parameters", "first"), mean=("value", "mean"),
            lowest=("value", "min"), highest=("value", "max"),
        )  # fmt: skip
        start = scores["mean"].iloc[0]
        rows = [
            {
                "change": row["changes"],
                "parameters": row["parameters"],
                "mean sum rate, bps/Hz": number(row["mean"], 4),
                "against the start, %": f"{100 * (row['mean'] / start - 1):+.2f}",
                "lowest, highest seed": f"{number(row['lowest'], 4)}, {number(row['highest'], 4)}",
            }
            for row in scores.sort_values("mean", ascending=False).to_dict("records")
        ]
        parts += [f"`{run}`, {record['seed'].nunique()} seeds each:", table(rows)]
    return "\n\n".join(parts) + "\n"


def cost_block(jobs: pd.DataFrame, machine: Mapping[str, Any]) -> str:
    """Return what the full run cost, in a sentence: of the jobs that `artifact.usage` reads, the machine's cpu."""
    minutes, processes = jobs["cpu_seconds"].sum() / 60, jobs["process"].where(jobs["process"] != jobs["rule"])
    training = jobs.loc[jobs["rule"] == "train_model", "cpu_seconds"].sum() / 60
    count = processes.nunique() + processes.isna().sum()
    return (
        f"The full study takes {minutes:.0f} minutes of processor time, {training:.0f} of them for training, in "
        f"{number(len(jobs))} jobs, done by {number(count)} processes of one thread ({machine['cpu']}). The largest "
        f"takes {number(jobs['max_rss_mb'].max() / 1024, 1)} GiB of memory.\n"
    )


def bullets_block(
    judged: Mapping[str, Any], results: pd.DataFrame, noise: pd.DataFrame, rows: Mapping[str, str],
    equal: Sequence[str],
) -> str:  # fmt: skip
    """Return the main findings as a list; every number is that of a table.

    Args:
        judged: What `claims.judge.judge` returns.
        results: Those of the main experiment.
        noise: The noise summary.
        rows: qgnn, gcn, gcn_small, qgnn_informed, gcn_informed to their runs.
        equal: Sentences on networks with equal information.
    """
    verdicts = pd.Series([claim["verdict"] for claim in judged["claims"]])
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.value_counts().items())
    found = evaluated(results, "stated")
    percent = {name: number(found.loc[run, "percent_of_wmmse"], 1) for name, run in rows.items()}
    optimum = number(found.loc["optimum", "percent_of_wmmse"] - 100, 1)
    aware = noise[(noise["training"] == "aware") & (noise["mitigation"] == "raw")].dropna(subset="percent_of_ideal")
    is_level = aware["noise"].str.match(r"p\d")
    devices, levels = aware[~is_level], aware[is_level]
    worst = number(devices["percent_of_ideal"].min(), 1)
    without = number(levels["percent_of_ideal"].min(), 1)  # at the largest level nothing is left of the circuit
    lines = [
        f"Of the ten claims: {counted}.",
        f"At the paper's point the QGNN reaches {percent['qgnn']} % of WMMSE. A GCN of the same size reaches "
        f"{percent['gcn_small']} %, the full GCN {percent['gcn']} %.",
        f"With chosen neighbors the QGNN reaches {percent['qgnn_informed']} % of WMMSE, and a GCN with the same "
        f"neighbors {percent['gcn_informed']} %.",
        *equal,
        f"The certified optimum is {optimum} % above WMMSE: no method can gain more on these networks.",
        f"Trained under simulated noise of {len(devices)} devices, the QGNN keeps {worst} % of its mean rate or more; "
        f"without a circuit {without} %.",
    ]
    return "".join(f"- {line}\n" for line in lines)


def wrapped(block: str, width: int = 118) -> str:
    r"""Return a block with its lines of text, but no table's, broken between words.

    Example:
        >>> wrapped("a caption of one line", 12)
        'a caption of\none line'
    """
    lines = [
        line
        if line.startswith(("|", "-"))
        else textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in block.splitlines()
    ]
    return "\n".join(lines)


def splice(text: str, blocks: Mapping[str, str]) -> str:
    r"""Put blocks of Markdown between the markers of their names, ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.

    Raises:
        ValueError: A pair of markers is missing.

    Example:
        >>> splice("a <!-- begin x -->old<!-- end x --> b", {"x": "new"})
        'a <!-- begin x -->\nnew\n<!-- end x --> b'
    """
    for name, block in blocks.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        whole = f"{begin}\n{block.rstrip()}\n{end}".replace("\\", r"\\")
        text, count = re.subn(f"{begin}.*?{end}", whole, text, flags=re.DOTALL)
        if not count:
            raise ValueError(f"no markers for block {name}")
    return text


def marked(text: str) -> list[str]:
    """Return the names of the blocks that a document has markers for.

    Example:
        >>> marked("a <!-- begin x -->old<!-- end x --> b")
        ['x']
    """
    return re.findall(r"<!-- begin (\w+) -->", text)
