"""Trained networks on networks of other sizes: their sum rate beside the solvers', and what inference costs.

A model that was trained on M links maps any number of links to powers, so nothing is trained here. Channels of another
M have a random stream of their own, named after scenario and M. A scenario keeps all its other parameters: `geometric`
keeps its area, so that more links are a denser network.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import torch

from .. import models
from ..channels import scenarios
from ..channels.scenarios import Channels
from ..checks import require_choice, require_count
from ..models import PowerModel
from ..random_streams import seed_sequence
from ..settings.study import RunSettings
from ..solvers import SOLVERS, Solver
from ..solvers.branch_and_bound import optimum
from ..training.trainer import allocate, cast, evaluation_leaves, load_weights
from . import evaluation
from .statistics import t_interval

METRIC = "sum_rate"

MULTISTART_LIMIT = 100
"""Links up to which `wmmse_multistart` is run: its M + 1 starts cost M^3 a realization and iteration."""

COLUMNS = (
    "num_links", "method", "kind", "model", "k", "seed", "num_realizations", "metric", "unit", "value", "upper_bound",
    "certified_share",
)  # fmt: skip

_COMPARED: Mapping[str, Solver] = MappingProxyType(
    {name: SOLVERS[name] for name in ("wmmse", "wmmse_multistart", "best_single_link")}
)
_CHUNK = 25  # realizations that a solver is given at a time: bounds its memory, changes nothing else
_SPLIT = "scale-{}"  # names the stars' streams
_MIB = 2**20


def draw(name: str, scenario: Mapping[str, Any], num_links: int, num_realizations: int, seed: int) -> Channels:
    """Draw channels of another number of links, independent of every split and of every other number.

    Args:
        name: The scenario's name, which its random streams are named after.
        scenario: kind and parameters, as in `study.Study.scenarios`; its num_links is replaced, nothing else.
        num_links: M.
        num_realizations: N.
        seed: The study's seed.

    Returns:
        N realizations, float64.

    Raises:
        ValueError: The kind has no streams for other M (see `scenarios.RESIZABLE`), M is below 2, N below 1, or a
            geometric scenario's square is too crowded for M pairs.

    Example:
        >>> draw("rayleigh", {"kind": "rayleigh", "parameters": {"num_links": 10}}, 20, 3, seed=1).gain.shape
        torch.Size([3, 20, 20])
    """
    require_choice(f"kind of scenario {name}", scenario["kind"], scenarios.RESIZABLE)
    require_count("num_links", num_links, minimum=2)
    parameters = {**scenario["parameters"], "num_links": num_links}
    stream = seed_sequence(seed, "scale", name, num_links)
    return scenarios.to_channels(
        scenarios.KINDS[scenario["kind"]](num_realizations=num_realizations, seed=stream, **parameters)
    )


def model_rows(run: RunSettings, model: PowerModel, channels: Channels) -> pd.DataFrame:
    """Evaluate every seed of a trained run, without training.

    Args:
        run: The run.
        model: Its trained model.
        channels: N realizations of any number of links, float64. Where a star's k leaves are more than there are other
            links, all others are its leaves.

    Returns:
        One row per seed, with the columns `COLUMNS`.
    """
    split = _SPLIT.format(channels.num_links)
    means = evaluation.evaluate(run, model, channels, split)[METRIC].mean("realization").values
    return _rows(channels, method=run.id, kind="model", model=run.model, k=model.k, seed=range(len(means)), value=means)


def solver_rows(channels: Channels, max_boxes: int, gap: float = evaluation.OPTIMUM_GAP) -> pd.DataFrame:
    """Solve every realization by WMMSE, by WMMSE from many starts, and to the certified optimum as far as that goes.

    The optimum has a value only if every realization is certified to ``gap``. Realizations are tried in batches of
    growing size, the first alone, and none is tried any more after one that ``max_boxes`` are not enough for: the
    mean is lost then, and what is left would only cost time.

    Args:
        channels: N realizations, float64.
        max_boxes: Boxes after which `solvers.optimum` gives a realization up.
        gap: Relative gap of a certificate.

    Returns:
        One row per method, with the columns `COLUMNS`; beyond `MULTISTART_LIMIT` links without `wmmse_multistart`. In
        the row `optimum`, num_realizations counts those tried, value is empty unless it is the certified mean,
        upper_bound is the mean of the bounds of those tried, and certified_share their share with a certificate.

    Raises:
        ValueError: ``max_boxes`` or ``gap`` is out of range (see `solvers.optimum`).
    """
    rows = []
    for name, solver in _COMPARED.items():
        if name == "wmmse_multistart" and channels.num_links > MULTISTART_LIMIT:
            continue
        parts = (channels.take(slice(start, start + _CHUNK)) for start in range(0, len(channels), _CHUNK))
        power = torch.cat([solver(part.gain, part.weight, part.noise_power, part.p_max) for part in parts])
        value = evaluation.score(channels, power, [METRIC])[METRIC].mean()
        rows.append(_rows(channels, method=name, kind="solver", value=[value]))
    found, stop = [], 0
    while stop < len(channels):
        part = channels.take(slice(stop, max(1, 2 * stop)))
        stop += len(part)
        found.append(optimum(part.gain, part.weight, part.noise_power, part.p_max, gap=gap, max_boxes=max_boxes))
        if not found[-1].certified.all():
            break
    lower, upper, certified = (
        torch.cat([getattr(part, name) for part in found]).double() for name in ("lower", "upper", "certified")
    )
    whole = len(certified) == len(channels) and bool(certified.all())
    best = _rows(channels, method="optimum", kind="solver", value=[lower.mean().item() if whole else np.nan])
    rows.append(
        best.assign(
            num_realizations=len(certified), upper_bound=upper.mean().item(), certified_share=certified.mean().item()
        )
    )
    return pd.concat(rows, ignore_index=True)


def _rows(channels: Channels, **values: Any) -> pd.DataFrame:
    size = {"num_links": channels.num_links, "num_realizations": len(channels)}
    frame = pd.DataFrame({**values, **size, "metric": METRIC, "unit": evaluation.UNITS[METRIC]})
    numbers = ["k", "seed", "value", "upper_bound", "certified_share"]
    frame = frame.reindex(columns=list(COLUMNS))
    return frame.astype({**dict.fromkeys(numbers, float), "k": "Int64", "seed": "Int64", "model": object})


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Summarize over seeds, in percent of WMMSE on the same realizations.

    Args:
        table: Rows of `model_rows` and `solver_rows` of any numbers of links.

    Returns:
        One row per number of links and method: num_links, method, kind, model, k, num_seeds, num_realizations, metric,
        unit, mean, percent_of_wmmse, low, high (its 95 % t interval over seeds, for models of at least 2), and
        certified_share.
    """
    wmmse = table[table["method"] == "wmmse"].set_index("num_links")["value"]
    rows = []
    for (num_links, _), part in table.groupby(["num_links", "method"], sort=False):
        percent = 100 * part["value"].to_numpy(float) / wmmse[num_links]
        low, high = t_interval(percent) if len(percent) > 1 else (np.nan, np.nan)
        first = part.iloc[0]
        rows.append(
            {
                **first[["num_links", "method", "kind", "model", "k"]],
                "num_seeds": int(part["seed"].notna().sum()),
                **first[["num_realizations", "metric", "unit"]],
                "mean": part["value"].mean(),
                "percent_of_wmmse": percent.mean(),
                "low": low,
                "high": high,
                "certified_share": first["certified_share"],
            }
        )
    return pd.DataFrame(rows)


# ---------------------------------------------------------------------------------------------------------------------
# What inference costs


def one_copy(run: RunSettings, model: PowerModel) -> tuple[RunSettings, PowerModel]:
    """Return a run's seed 0 alone, with its trained weights.

    Args:
        run: The run.
        model: Its trained model, all seeds.

    Returns:
        The settings with one seed, and a model of one seed in evaluation mode.
    """
    single = models.build(run.model, run.architecture, seed=run.seed, device=run.device)
    stacked = model.state_dict()
    own = single.state_dict()
    single.load_state_dict(
        {name: values if values.shape == own[name].shape else values[:1] for name, values in stacked.items()}
    )
    return replace(run, num_seeds=1), single.eval()


def inference_cost(run: RunSettings, model: PowerModel, channels: Channels, repeats: int) -> dict[str, float]:
    """Measure one inference in this process: choose the stars, then compute the powers, on one thread.

    Args:
        run: A run of one seed.
        model: Its trained model.
        channels: One realization.
        repeats: Inferences; the fastest counts for the time, all of them for the memory.

    Returns:
        ``seconds``; ``peak_mib``, this process's largest resident memory so far, interpreter and libraries included;
        ``added_mib``, by how much inference went beyond the memory that was resident before it.

    Raises:
        ValueError: ``repeats`` is below 1.
    """
    require_count("repeats", repeats)
    torch.set_num_threads(1)
    single = cast(channels, torch.float32, run.device)
    before, peak_before = _memory()
    with suppress(OSError):  # Linux: forget the peak so far
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        allocate(model, single, evaluation_leaves(run, model, single, _SPLIT.format(single.num_links)))
        seconds.append(time.perf_counter() - start)
    _, peak = _memory()
    return {"seconds": min(seconds), "peak_mib": max(peak, peak_before), "added_mib": max(0.0, peak - before)}


def _memory() -> tuple[float, float]:
    """Return this process's resident memory now and at its peak, MiB; the peak for both where there is no /proc."""
    # Not getrusage where it can be avoided: a child's ru_maxrss starts at its parent's.
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    if {"VmRSS", "VmHWM"} <= fields.keys():
        return int(fields["VmRSS"][0]) / 1024, int(fields["VmHWM"][0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / _MIB
    return peak, peak


def inference_row(
    run: RunSettings,
    weights: Path | str,
    name: str,
    scenario: Mapping[str, Any],
    num_links: int,
    repeats: int,
) -> dict[str, Any]:
    """Measure `inference_cost` in a fresh process, so that its memory holds nothing of other measurements.

    Args:
        run: The run, all seeds.
        weights: Its weights.
        name: Name of the scenario to draw one realization of.
        scenario: kind and parameters.
        num_links: M.
        repeats: Inferences.

    Returns:
        run, model, k, num_links, seconds, peak_mib, added_mib.

    Raises:
        ValueError: The measurement failed; the line is the child's last.
    """
    request = {
        "run": run.as_dict(),
        "weights": str(weights),
        "channels": [name, scenario["kind"], scenario["parameters"], num_links],
        "repeats": repeats,
    }
    library = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH")]))
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(request),
        env={**os.environ, "PYTHONPATH": path, **one_thread},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise ValueError(f"inference of {run.id} at {num_links} links failed: {last}")
    return json.loads(done.stdout)


def _measure(request: Mapping[str, Any]) -> dict[str, Any]:
    """Do what `inference_row` asks its fresh process for."""
    run = RunSettings.from_dict(request["run"])
    name, kind, parameters, num_links = request["channels"]
    channels = draw(name, {"kind": kind, "parameters": parameters}, num_links, 1, run.seed)
    single, model = one_copy(run, load_weights(run, request["weights"]))
    about = {"run": run.id, "model": run.model, "k": model.k, "num_links": num_links}
    return {**about, **inference_cost(single, model, channels, request["repeats"])}


def inference_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows of `inference_row` as a table; k is empty for models without stars."""
    return pd.DataFrame(rows).astype({"k": "Int64"})


if __name__ == "__main__":
    json.dump(_measure(json.load(sys.stdin)), sys.stdout)
