"""Small runs of every model, and channels for them."""

import qgnn_d2d.models.qgnn  # noqa: F401  (loads PennyLane, once)
from qgnn_d2d.channels import to_channels
from qgnn_d2d.channels.rayleigh import rayleigh
from qgnn_d2d.settings import MODELS, RunSettings, Training
from qgnn_d2d.settings.scenario import Rayleigh

SMALL = {name: {"width": 4, "layers": 1} for name in ("gcn_released", "qgnn_released")}
SMALL |= {name: {"layers": 1} for name in ("qgnn_informed", "mlp_informed", "twin_free", "twin_fourier")}


def run_of(model="qgnn", protocol="stated", epochs=2, num_seeds=2, training=None, **options):
    """Return a run; ``training`` and the options change its own."""
    optimizer = {"learning_rate": 0.02, "batch_size": 8, "epochs": epochs, **(training or {})}
    return RunSettings(
        id="a-run", scenario="rayleigh", protocol=protocol, model=model, training=Training(**optimizer), seed=5,
        architecture=MODELS[model](**{**SMALL.get(model, {}), **options}), num_seeds=num_seeds,
    )  # fmt: skip


def channels(count=20, seed=0, links=5):
    return to_channels(rayleigh(Rayleigh(num_links=links), count, seed))


def monitored():
    return {"train": channels(), "test": channels(seed=1)}
