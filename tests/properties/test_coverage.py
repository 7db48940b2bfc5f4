"""Every public function of the library is covered by a property test, or stands here with the reason why not."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import qgnn_d2d
from tests.properties.helpers import COVERED

ROOT = Path(__file__).parents[2]

CORPUS = "tests/workflow/test_fuzz_configs.py gives it more than a thousand broken configs"
LONG = "takes seconds to minutes per call; its parts are covered, and unit or physics tests call it"
DRAWS = "draws or lays out what covered functions compute; tests/workflow draw every figure of the smoke study"
MACHINE = "reads this machine and takes no input"
NOT_COVERED = {
    "configuration.load": CORPUS,
    "study.expand": CORPUS,
    "training.train": LONG,
    "tuning.search": LONG,
    "tuning.compare": LONG,
    "evaluation.evaluate": LONG,
    "evaluation.solve": LONG,
    "scale.model_rows": LONG,
    "scale.solver_rows": LONG,
    "scale.one_copy": LONG,
    "scale.inference_cost": LONG,
    "scale.inference_row": LONG,
    "device_study.noisy_estimator": LONG,
    "device_study.sum_rates": LONG,
    "device_study.noise_rows": LONG,
    "device_study.shot_rows": LONG,
    "device_study.aer_rows": LONG,
    "device_study.hardware_rows": LONG,
    "quantum.noise.noise_model": LONG,
    "quantum.noise.with_relaxation": LONG,
    "quantum.qnode.noisy_star_qnode": LONG,
    "claims.judge": LONG,
    "optimality.share_data": DRAWS,
    "claims.markdown": DRAWS,
    "claims.overview": DRAWS,
    "claims.beside": DRAWS,
    "device_study.markdown": DRAWS,
    "publication.results_block": DRAWS,
    "publication.noise_block": DRAWS,
    "publication.informed_block": DRAWS,
    "publication.choices_block": DRAWS,
    "provenance.describe": MACHINE,
    "provenance.versions": MACHINE,
    "provenance.processor": MACHINE,
    "verification.machine": MACHINE,
}
PLOTTING = "plotting."


def public_functions():
    """Yield module (without the package) and name of every public function, where it is defined."""
    for found in pkgutil.walk_packages(qgnn_d2d.__path__, "qgnn_d2d."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            function = inspect.unwrap(value) if callable(value) else value
            if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == found.name:
                yield f"{found.name.removeprefix('qgnn_d2d.')}.{name}"


def test_every_public_function_is_covered_or_says_why_not():
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.properties.{path.stem}")
    functions = set(public_functions())
    assert len(functions) > 150
    checked = {name for name in functions if not name.startswith(PLOTTING)}
    assert checked == COVERED | set(NOT_COVERED)
    assert not COVERED & set(NOT_COVERED)
