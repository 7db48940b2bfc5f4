"""The certified optimum against SCIP, a general solver of nonconvex problems that shares none of its code.

SCIP is given eq. (2) as it stands (linear interference, logarithms), and computes its own bounds. It takes seconds
to minutes for M = 10, hence smaller networks.
"""

import math

import pytest
import torch

from benchmarks.optimum import scip_model
from qgnn_d2d.channels import realizations, to_channels
from qgnn_d2d.objective import released_gain
from qgnn_d2d.settings.scenario import Geometric, Rayleigh
from qgnn_d2d.solvers.branch_and_bound import optimum

pyscipopt = pytest.importorskip("pyscipopt", reason="SCIP is not installed (pip install pyscipopt==6.3.0)")

GAP = 1e-6  # of `optimum`
SCIP_GAP = 1e-5
RTOL = 2e-5  # both gaps, and what SCIP's tolerance on constraints is worth
SCIP_SECONDS = 60.0

CASES = {
    "rayleigh_3": ((Rayleigh(num_links=3), 4, 11), False),
    "rayleigh_4": ((Rayleigh(num_links=4), 4, 12), False),
    "rayleigh_5": ((Rayleigh(num_links=5), 4, 13), False),
    "rayleigh_6": ((Rayleigh(num_links=6), 4, 14), False),
    "rayleigh_5_at_30_dB": ((Rayleigh(num_links=5, noise_power=1e-3), 4, 15), False),
    "released_6": ((Rayleigh(num_links=6), 4, 16), True),
    "rayleigh_8": ((Rayleigh(num_links=8), 4, 20), False),
    "geometric_3": ((Geometric(num_links=3, area_edge=200), 4, 17), False),
    "geometric_4": ((Geometric(num_links=4, area_edge=200), 4, 18), False),
    "geometric_5": ((Geometric(num_links=5, area_edge=200), 4, 19), False),
}


def scip_optimum(gain, weight, noise_power, p_max):
    """Return the rate of SCIP's best powers and its upper bound, bps/Hz, for one network."""
    model = scip_model(gain, weight, noise_power, p_max, gap=SCIP_GAP, seconds=SCIP_SECONDS)
    assert model.getStatus() in ("optimal", "gaplimit")
    return model.getObjVal() / math.log(2), model.getDualbound() / math.log(2)


@pytest.mark.parametrize("name", CASES)
def test_scip_finds_the_same_optimum(name):
    drawn, released = CASES[name]
    channels = to_channels(realizations(*drawn))
    gain, weight = channels.gain, channels.weight
    if released:
        gain, weight = released_gain(gain, weight), torch.ones_like(weight)
    best = optimum(gain, weight, channels.noise_power, channels.p_max, gap=GAP)
    assert best.certified.all()
    for index in range(len(channels)):
        found, bound = scip_optimum(gain[index], weight[index], channels.noise_power, channels.p_max)
        assert found == pytest.approx(best.lower[index].item(), rel=RTOL)
        assert found <= best.upper[index].item() * (1 + RTOL)
        assert best.lower[index].item() <= bound * (1 + RTOL)
