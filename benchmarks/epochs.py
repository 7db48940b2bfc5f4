"""Time one epoch of every model, train and test set scored: compiled kernels and plain PyTorch in turns, one process.

CPU time on one thread; the ratio of medians is what a shared machine can tell.

    python -m benchmarks.epochs --output results/benchmarks/epochs.csv [run ...]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from qgnn_d2d import channels, settings
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings import Study
from qgnn_d2d.training import Trainer

ROOT = Path(__file__).resolve().parents[1]
RUNS = (
    "rayleigh-stated-gcn", "rayleigh-stated-gcn_informed", "rayleigh-stated-gcn_small", "rayleigh-stated-qgnn",
    "rayleigh-stated-qgnn_informed", "rayleigh-stated-qgnn_k9", "rayleigh-stated-qgnn-lagos",
    "rayleigh-released-qgnn_released", "rayleigh-released-gcn_released",
)  # fmt: skip
ROUNDS = 7


def epoch_row(study: Study, run: str) -> dict[str, object]:
    """Return a run's median CPU milliseconds per epoch in both ways, and how far their first scores are apart."""
    chosen = study.runs[run]
    drawn = {
        split: channels.to_channels(
            channels.draw(chosen.scenario, study.scenarios[chosen.scenario], split, study.splits[split], study.seed)
        )
        for split in ("train", "test")
    }
    ways = {way: Trainer(chosen, drawn["train"], drawn, compiled=way == "kernel") for way in ("kernel", "torch")}
    milliseconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(1 + ROUNDS):
        for way, trainer in ways.items():
            start = time.process_time()
            trainer.train_epoch()
            milliseconds[way].append(1e3 * (time.process_time() - start))
    kernel, plain = (statistics.median(values[1:]) for values in milliseconds.values())
    scores = [torch.tensor([record[2] for record in trainer.records[:4]]) for trainer in ways.values()]
    apart = float((scores[0] - scores[1]).abs().max())
    return {"run": run, "kernel_ms": kernel, "torch_ms": plain, "ratio": plain / kernel, "scores_apart": apart}


def main(arguments: Sequence[str] | None = None) -> None:
    """Time the runs, and write and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("runs", nargs="*", default=RUNS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    study = settings.read(ROOT / "config" / "paper.yaml")
    table = pd.DataFrame([epoch_row(study, run) for run in options.runs])
    write_csv(options.output, table)
    print(table.to_markdown(index=False, floatfmt=".3g"))


if __name__ == "__main__":
    main()
