"""The numbers that the README shows, made from the tables, and put between the README's markers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..analysis.tables import TITLES
from ..training.trainer import METRICS

_NO_LEARNING = ("wmmse", "best_single_link", "on_off_3", "on_off_4", "optimum")


def results_block(table: pd.DataFrame, scenario: str) -> str:
    """Return short results tables as Markdown, one per protocol: every method in that protocol's quantity.

    Args:
        table: What `tables.results` returns, of one scenario.
        scenario: For the heading lines.
    """
    evaluation = table[table["split"] == "evaluation"]
    count = int(evaluation["num_realizations"].iloc[0])
    lines: list[str] = []
    for protocol, (metric, _) in METRICS.items():
        part = evaluation[(evaluation["metric"] == metric) & (evaluation["protocol"] == protocol)]
        if not (part["kind"] == "model").any():
            continue
        quantity = TITLES[metric]
        lines += [
            f"`{scenario}`, `{protocol}`: {quantity}, on the evaluation set of {count:,} realizations after the last "
            "epoch. 95 % t intervals: over seeds for models, over realizations for solvers.",
            "",
            "| method | parameters | k | L | heads | learning rate | mean [95 % CI] | % of WMMSE | % of optimum |",
            "|" + " --- |" * 9,
        ]
        for row in part.to_dict("records"):
            interval = "" if pd.isna(row["low"]) else f" [{row['low']:.3f}, {row['high']:.3f}]"
            cells = [
                f"`{row['method']}`",
                _text(row["parameters"], "{:,.0f}"),
                _text(row["k"], "{:.0f}"),
                _text(row["layers"], "{:.0f}"),
                _text(row["heads"], "{:.0f}"),
                _text(row["learning_rate"], "{:g}"),
                f"{row['mean']:.3f}{interval}",
                f"{row['percent_of_wmmse']:.1f}",
                f"{row['percent_of_optimum']:.1f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def cost_block(jobs: pd.DataFrame, machine: Mapping[str, Any]) -> str:
    """Return what the full run cost, as one Markdown paragraph.

    Args:
        jobs: rule, seconds (wall), cpu_seconds of every job.
        machine: What the jobs ran on; ``cpu`` and ``cores``.
    """
    parts = jobs.groupby("rule")["seconds"].sum().sort_values(ascending=False)
    listed = ", ".join(f"`{rule}` {value / 60:.1f}" for rule, value in parts.items() if value >= 30)
    minutes, cores = jobs["seconds"].sum() / 60, machine["cores"]
    return (
        f"{len(jobs)} jobs of one thread each, {minutes:.0f} minutes one after the other ({listed}), so about "
        f"{minutes / cores:.0f} minutes on this machine's {cores} cores ({machine['cpu']}), after the environment is "
        f"built; processor time {jobs['cpu_seconds'].sum() / 60:.0f} minutes.\n"
    )


def training_minutes(jobs: pd.DataFrame) -> dict[str, float]:
    """Return run id to the minutes that its training took.

    Args:
        jobs: rule, job (path of the benchmark), seconds.
    """
    trained = jobs[jobs["rule"] == "train_model"]
    names = trained["job"].str.removeprefix("train_model/").str.removesuffix(".tsv")
    return dict(zip(names, trained["seconds"] / 60, strict=True))


def noise_block(summary: pd.DataFrame) -> str:
    """Return the noise study as Markdown: a row per noise model, a column per way to train and to measure.

    Args:
        summary: What `device_study.summary` returns.
    """
    columns = {
        ("unaware", "raw"): "raw",
        ("unaware", "readout"): "readout inverted",
        ("unaware", "linear"): "linear extrapolation",
        ("unaware", "richardson"): "Richardson",
        ("aware", "raw"): "trained under the noise",
    }
    ideal = summary[summary["noise"] == "ideal"].iloc[0]
    lines = [
        f"Without noise: {ideal['mean']:.3f} [{ideal['low']:.3f}, {ideal['high']:.3f}] bps/Hz over "
        f"{ideal['num_seeds']:.0f} seeds, {ideal['num_realizations']:,} realizations. Percent of that, per seed, "
        "with 95 % t interval:",
        "",
        f"| noise | {' | '.join(columns.values())} |",
        "|" + " --- |" * (1 + len(columns)),
    ]
    for noise, part in summary[~summary["noise"].isin(["ideal", "wmmse"])].groupby("noise", sort=False):
        cells = [f"`{noise}`"]
        for training, mitigation in columns:
            found = part[(part["training"] == training) & (part["mitigation"] == mitigation)]
            cells += [
                f"{row['percent_of_ideal']:.1f} [{row['percent_of_ideal_low']:.1f}, {row['percent_of_ideal_high']:.1f}]"
                for row in found.to_dict("records")
            ] or [""]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def informed_block(
    table: pd.DataFrame, comparisons: pd.DataFrame, runs: Sequence[str], references: Mapping[str, str]
) -> str:
    """Return networks on informed stars, beside the GCN and what needs no learning, as Markdown.

    Args:
        table: What `tables.results` returns, of the runs' scenario.
        comparisons: What `tables.comparisons` returns, likewise.
        runs: The runs to show.
        references: Words for a run that they are compared with, to its id.
    """
    rows = table[(table["split"] == "evaluation") & (table["metric"] == "sum_rate")].set_index("method", drop=False)
    compared = comparisons.set_index(["reference", "method"]).sort_index()
    header = ["method", "leaves", "augmented", "parameters", "circuit angles", "% of WMMSE [95 % CI]", "% of optimum"]
    header += [f"against {words}, % [95 % CI], Holm p" for words in references]
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    for name in [*runs, *_NO_LEARNING]:
        row = rows.loc[name]
        scale = row["percent_of_wmmse"] / row["mean"]
        is_model = row["kind"] == "model"
        interval = f" [{row['low'] * scale:.1f}, {row['high'] * scale:.1f}]" if is_model else ""
        cells = [
            f"`{name}`",
            f"{row['k']:.0f} {row['stars']}" if pd.notna(row["stars"]) else ("all nodes" if is_model else ""),
            "yes" if pd.notna(row["drop_links"]) else "",
            _text(row["parameters"], "{:,.0f}"),
            _text(row["quantum_parameters"], "{:,.0f}"),
            f"{row['percent_of_wmmse']:.1f}{interval}",
            f"{row['percent_of_optimum']:.1f}",
        ]
        for reference in references.values():
            if (reference, name) not in compared.index:
                cells.append("")
                continue
            found = compared.loc[(reference, name)]
            difference, low, high = (
                100 * found[key] / rows.loc[reference, "mean"] for key in ("difference", "low", "high")
            )
            p_value = "< 0.001" if found["p_holm"] < 0.001 else f"{found['p_holm']:.3f}"
            cells.append(f"{difference:+.2f} [{low:+.2f}, {high:+.2f}], {p_value}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def choices_block(records: Mapping[str, pd.DataFrame]) -> str:
    """Return the variants that were compared on the validation split, as Markdown, a table for each run.

    Args:
        records: Run id to what `tuning.compare` returns.
    """
    lines: list[str] = []
    for run, record in records.items():
        scores = record.groupby("trial").agg(
            changes=("changes", "first"), parameters=("parameters", "first"), mean=("value", "mean"),
            lowest=("value", "min"), highest=("value", "max"),
        )  # fmt: skip
        start = scores["mean"].iloc[0]
        lines += [
            f"`{run}`, {record['seed'].nunique()} seeds each:",
            "",
            "| change | parameters | mean sum rate, bps/Hz | against the start, % | lowest, highest seed |",
            "|" + " --- |" * 5,
        ]
        for row in scores.sort_values("mean", ascending=False).to_dict("records"):
            against = 100 * (row["mean"] / start - 1)
            lines.append(
                f"| {row['changes']} | {row['parameters']:,} | {row['mean']:.4f} | {against:+.2f} "
                f"| {row['lowest']:.4f}, {row['highest']:.4f} |"
            )
        lines.append("")
    return "\n".join(lines)


def engine_block(table: pd.DataFrame) -> str:
    """Return the star engine's benchmark as Markdown.

    Args:
        table: benchmark, simulator, milliseconds, ratio.
    """
    lines = ["| benchmark | simulator | milliseconds | times the first |", "|" + " --- |" * 4]
    for row in table.to_dict("records"):
        lines.append(
            f"| {row['benchmark']} | {row['simulator']} | {_plain(row['milliseconds'])} | {_plain(row['ratio'])} |"
        )
    return "\n".join(lines) + "\n"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _literal(block: str) -> str:
    return block.replace("\\", r"\\")


def _text(value: float | None, template: str) -> str:
    return "" if value is None or pd.isna(value) else template.format(value)


def splice(text: str, blocks: Mapping[str, str]) -> str:
    r"""Put blocks between their markers, ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.

    Args:
        text: Markdown with a pair of markers for every block.
        blocks: Marker name to Markdown.

    Raises:
        ValueError: A pair of markers is missing.

    Example:
        >>> splice("a <!-- begin x -->old<!-- end x --> b", {"x": "new"})
        'a <!-- begin x -->\nnew\n<!-- end x --> b'
    """
    for name, block in blocks.items():
        pattern = re.compile(f"(<!-- begin {name} -->).*?(<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"no markers for block {name}")
        text = pattern.sub(rf"\1\n{_literal(block.rstrip())}\n\2", text)
    return text
