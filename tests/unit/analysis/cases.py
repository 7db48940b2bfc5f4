"""Made-up manifests and values, as `evaluation.evaluate` and `solving.solve` give them."""

import numpy as np
import torch
import xarray as xr

from qgnn_d2d import models
from qgnn_d2d.channels import Channels
from qgnn_d2d.objective import QUANTITIES
from qgnn_d2d.settings import RunSettings
from qgnn_d2d.settings.scenario import Optimum
from qgnn_d2d.solvers import METHODS


def channels(count=4, links=4, seed=0, p_max=1.0):
    """Small networks."""
    generator = torch.Generator().manual_seed(seed)
    gain = torch.rand(count, links, links, generator=generator, dtype=torch.float64) ** 2
    return Channels(gain, torch.rand(count, links, generator=generator, dtype=torch.float64), 0.1, p_max)


def run(model="qgnn", num_seeds=2, protocol="stated", **options):
    """Settings of a run."""
    training = {"learning_rate": 0.02, "batch_size": 8, "epochs": 2}
    data = {"id": "a-run", "scenario": "rayleigh", "protocol": protocol, "model": model, "architecture": options}
    return RunSettings.from_dict(data | {"training": training, "seed": 5, "num_seeds": num_seeds})


def model_of(settings, data):
    """An untrained model, its features fitted to the data."""
    made = models.build(settings.model, settings.architecture, seeds=range(settings.num_seeds))
    made.features.fit(data.gain.float(), data.weight.float(), data.noise_power, data.p_max)
    return made.eval()


def studied(num_seeds=2, count=2):
    """Return run, model with features fitted, and channels."""
    data = channels(count, links=3)
    settings = run("qgnn", num_seeds, k=1, layers=1, start_range=1.0)
    return settings, model_of(settings, data), data


def manifest(name, model="qgnn", protocol="stated", seeds=2, train_size=None):
    settings = run(model, seeds, protocol).as_dict() | {"id": name, "train_size": train_size}
    return {"settings": settings, "num_parameters": {"quantum": 36, "classical": 47, "total": 83}}


def scored(factors, rates, quantities=("sum_rate", "released_metric")):
    """Models' values: ``factors``, run to a factor per seed, times the (N,) rates."""
    runs, seeds = zip(*((name, i) for name, parts in factors.items() for i in range(len(parts))), strict=True)
    values = np.concatenate([np.outer(parts, rates) for parts in factors.values()])
    about = {name: (("copy", "realization"), values, {"units": QUANTITIES[name].unit}) for name in quantities}
    return xr.Dataset(about, coords={"run": ("copy", list(runs)), "seed": ("copy", list(seeds))})


def solved(rates, factors=None, quantities=("sum_rate", "released_metric"), bound=None, optimum=True):
    """Solvers' values: the optimum's are ``rates`` (N,), the others' a factor below it.

    ``bound``, (N,), where it is another one, does not certify the realizations in which it is larger; without
    ``optimum`` there is none. The i-th solver has i links at full power, 4 W; interference is 20 dB above noise.
    """
    shares = {name: 1.0 if name == "optimum" else 0.8 for name in METHODS} | (factors or {})
    names = [name for name in METHODS if optimum or name != "optimum"]
    values = np.outer([shares[name] for name in names], rates)
    about = {name: (("solver", "realization"), values, {"units": QUANTITIES[name].unit}) for name in quantities}
    power = np.arange(len(names))[:, np.newaxis, np.newaxis] * np.ones((1, len(rates), 1)) > np.arange(len(names))
    about |= {name: (("solver", "realization", "link"), 4.0 * power) for name in ("power", "released_power")}
    upper = rates if bound is None else bound
    for one in [QUANTITIES[name] for name in quantities if optimum and QUANTITIES[name].bound]:
        about |= {one.bound: ("realization", upper), one.certificate: ("realization", upper == rates)}
    options = Optimum().model_dump() if optimum else {}
    return xr.Dataset(about, coords={"solver": names}, attrs={"p_max": 2.0, "interference": 100.0, **options})
