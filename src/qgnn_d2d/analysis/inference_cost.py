"""What inference costs: time and memory of a trained network, against the number of links."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from .. import models
from ..channels import Channels
from ..models import PowerModel
from ..settings import SCENARIOS, RunSettings, Scenario, validated
from ..training import cast, evaluation_leaves, load_weights
from ..training.inference import powers
from .scaling import SPLIT, draw


def one_copy(run: RunSettings, model: PowerModel) -> tuple[RunSettings, PowerModel]:
    """Return the settings with one seed, and a model of seed 0 alone, with its trained weights, in evaluation mode."""
    single = models.build(run.model, run.architecture, seed=run.seed, device=run.device)
    own = single.state_dict()
    single.load_state_dict(
        {name: values if values.shape == own[name].shape else values[:1] for name, values in model.state_dict().items()}
    )
    return run.model_copy(update={"num_seeds": 1}), single.eval()


def inference_cost(run: RunSettings, model: PowerModel, channels: Channels, repeats: int) -> dict[str, float]:
    """Measure inferences of one seed and realization in this process: stars, then powers, on one thread.

    Returns:
        ``seconds``, of the fastest; ``peak_mib``, this process's largest resident memory so far, interpreter and
        libraries included; ``added_mib``, by how much inference went beyond the memory that was resident before it.
    """
    torch.set_num_threads(1)
    single = cast(channels, torch.float32, run.device)
    before, peak_before = _memory()
    with suppress(OSError):  # Linux: forget the peak so far
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        powers(model, single, evaluation_leaves(run, model, single, SPLIT.format(single.num_links)))
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    return peak, peak


def inference_row(
    run: RunSettings, weights: Path | str, scenario: Scenario, num_links: int, repeats: int
) -> dict[str, Any]:
    """Measure `inference_cost` in a fresh process, so that its memory holds nothing of other measurements.

    Returns:
        run, model, k, num_links, seconds, peak_mib, added_mib.

    Raises:
        ValueError: The measurement failed; the line is the child's last.
    """
    request = {
        "run": run.as_dict(),
        "weights": str(weights),
        "scenario": scenario.model_dump(mode="json"),
        "num_links": num_links,
        "repeats": repeats,
    }
    library = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH")]))
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment = {**os.environ, "PYTHONPATH": path, **one_thread}
    command = [sys.executable, "-m", __name__]
    done = subprocess.run(
        command, input=json.dumps(request), env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise ValueError(f"inference of {run.id} at {num_links} links failed: {last}")
    return json.loads(done.stdout)


def _measure(request: Mapping[str, Any]) -> dict[str, Any]:
    """Do what `inference_row` asks its fresh process for."""
    run = RunSettings.from_dict(request["run"])
    scenario, num_links = request["scenario"], request["num_links"]
    drawn = draw(run.scenario, validated(SCENARIOS[scenario["kind"]], scenario), num_links, 1, run.seed)
    single, model = one_copy(run, load_weights(run, request["weights"]))
    about = {"run": run.id, "model": run.model, "k": model.k, "num_links": num_links}
    return {**about, **inference_cost(single, model, drawn, request["repeats"])}


if __name__ == "__main__":
    json.dump(_measure(json.load(sys.stdin)), sys.stdout)
