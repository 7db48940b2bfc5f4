"""Time the certified optimum on the paper's Rayleigh networks, beside SCIP where that is installed.

Both get the same networks one at a time and the same gap, on one thread; seconds are CPU time. SCIP, a general global
solver, is given eq. (2) as it stands, with a time limit, and no more links once it certifies none of a size. Their
bounds are compared.

    python -m benchmarks.optimum --output results/benchmarks/optimum.csv
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch

import qgnn_d2d
from benchmarks.peers import NotInstalledError, versions
from qgnn_d2d import channels
from qgnn_d2d.channels import Channels
from qgnn_d2d.io import write_csv
from qgnn_d2d.settings.scenario import Rayleigh
from qgnn_d2d.solvers.branch_and_bound import optimum

OURS, SCIP = "branch and bound", "SCIP"
INSTANCES = {10: 20, 15: 20, 20: 20, 25: 10, 30: 4}
GAP = 1e-4
MAX_BOXES = 3_000_000
SCIP_INSTANCES, SCIP_SECONDS = 3, 30.0  # by the clock
SCIP_FEASIBILITY = 1e-8  # in units of the noise power
TOLERANCE = 1e-5  # of SCIP's numbers, relative


class Solved(NamedTuple):
    """One network: bounds on the optimum in bps/Hz, whether they are within the gap, boxes or nodes, CPU seconds."""

    lower: float
    upper: float
    certified: bool
    boxes: int
    seconds: float


def branch_and_bound(network: Channels) -> Solved:
    """Solve one network with `optimum`."""
    start = time.process_time()
    best = optimum(*_parts(network), network.noise_power, network.p_max, gap=GAP, max_boxes=MAX_BOXES)
    seconds = time.process_time() - start
    return Solved(best.lower.item(), best.upper.item(), bool(best.certified), int(best.boxes), seconds)


def scip(network: Channels) -> Solved:
    """Solve one network with SCIP: linear interference, logarithms, as in tests/physics/test_optimum_scip.py."""
    start = time.process_time()
    model = scip_model(*_parts(network), network.noise_power, network.p_max, gap=GAP, seconds=SCIP_SECONDS)
    seconds = time.process_time() - start
    lower, upper = (bound / math.log(2) for bound in (model.getPrimalbound(), model.getDualbound()))
    certified = model.getStatus() in ("optimal", "gaplimit")
    return Solved(lower, upper, certified, int(model.getNTotalNodes()), seconds)


def scip_model(
    gain: torch.Tensor, weight: torch.Tensor, noise_power: float, p_max: float, *, gap: float, seconds: float
) -> Any:
    """Return SCIP's model of eq. (2) for one network, gains (M, M) and weights (M,), optimized; its rates are in nats.

    Interference is linear in the shares p_m^2 / P_max^2, and a rate is a difference of two logarithms.
    """
    import pyscipopt

    snr, links = (gain * (p_max**2 / noise_power)).tolist(), range(len(weight))
    model = pyscipopt.Model()
    model.hideOutput()
    model.setParam("limits/gap", gap)
    model.setParam("limits/time", seconds)
    model.setParam("numerics/feastol", SCIP_FEASIBILITY)
    share = [model.addVar(lb=0.0, ub=1.0) for _ in links]
    rates = []
    for m in links:
        others = [j for j in links if j != m]
        largest = sum(snr[m][j] for j in others)
        disturbance = model.addVar(lb=1.0, ub=1.0 + largest)
        total = model.addVar(lb=1.0, ub=1.0 + largest + snr[m][m])
        model.addCons(disturbance == 1.0 + pyscipopt.quicksum(snr[m][j] * share[j] for j in others))
        model.addCons(total == disturbance + snr[m][m] * share[m])
        nats = model.addVar(lb=0.0, ub=math.log1p(snr[m][m]))
        model.addCons(nats <= pyscipopt.log(total) - pyscipopt.log(disturbance))
        rates.append(weight[m].item() * nats)
    model.setObjective(pyscipopt.quicksum(rates), "maximize")
    model.optimize()
    return model


def _parts(network: Channels) -> tuple[torch.Tensor, torch.Tensor]:
    return network.gain[0], network.weight[0]


def require_agreement(ours: Solved, theirs: Solved) -> None:
    """Compare the bounds of two solvers on one network.

    Raises:
        ValueError: One's rate is above the other's upper bound.
    """
    for one, other in ((ours, theirs), (theirs, ours)):
        if one.lower > other.upper * (1 + TOLERANCE):
            raise ValueError(f"a rate of {one.lower} was found above the upper bound {other.upper}")


def row(num_links: int, solver: str, version: str, solved: Sequence[Solved]) -> dict[str, object]:
    """Return a row of the table: medians and largest values over the networks."""
    boxes, seconds = [one.boxes for one in solved], [one.seconds for one in solved]
    return {
        "links": num_links,
        "solver": solver,
        "version": version,
        "certified": f"{sum(one.certified for one in solved)} of {len(solved)}",
        "boxes": int(statistics.median(boxes)),
        "most_boxes": max(boxes),
        "seconds": float(f"{statistics.median(seconds):.3g}"),
        "most_seconds": float(f"{max(seconds):.3g}"),
    }


def rows(instances: Mapping[int, int]) -> list[dict[str, object]]:
    """Solve the test split's first networks of every size, and some of them with SCIP."""
    ours = f"qgnn-d2d {qgnn_d2d.__version__}"
    try:
        theirs: str | None = versions(["pyscipopt"])
    except NotInstalledError as error:
        theirs = None
        print(f"SCIP is skipped: {error} is not installed (make peers)", flush=True)
    table = []
    for num_links, count in instances.items():
        drawn = channels.to_channels(channels.draw("rayleigh", Rayleigh(num_links=num_links), "test", count, 0))
        networks = [drawn.take([index]) for index in range(count)]
        if not table:
            branch_and_bound(networks[0])  # warms up
        solved = [branch_and_bound(network) for network in networks]
        table.append(row(num_links, OURS, ours, solved))
        print(table[-1], flush=True)
        if theirs is None:
            continue
        compared = [scip(network) for network in networks[:SCIP_INSTANCES]]
        for one, other in zip(solved, compared, strict=False):
            require_agreement(one, other)
        table.append(row(num_links, SCIP, theirs, compared))
        print(table[-1], flush=True)
        if not any(one.certified for one in compared):
            print(f"SCIP certified none of {num_links} links in {SCIP_SECONDS:g} s: larger networks are left out")
            theirs = None
    return table


def main() -> None:
    """Solve all networks, print the table and write it as CSV."""
    parser = argparse.ArgumentParser(description="Time the certified optimum.")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/optimum.csv"))
    output = parser.parse_args().output
    torch.set_num_threads(1)
    table = pd.DataFrame(rows(INSTANCES))
    write_csv(output, table)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
