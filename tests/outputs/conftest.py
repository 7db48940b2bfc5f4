"""Tests of what a study wrote, run by the rule check_outputs in the study's working directory."""

import json
import os

import pytest

from qgnn_d2d import settings

STUDY = "QGNN_D2D_STUDY"  # the study's config as JSON
# Without a study there is nothing to test: `make test` runs these on the smoke study, through the rule.
collect_ignore_glob = [] if STUDY in os.environ else ["test_*.py"]


def _study():
    return settings.load(json.loads(os.environ[STUDY]))


@pytest.fixture(scope="session")
def study():
    return _study()


def pytest_generate_tests(metafunc):
    """Parametrize over what the study has."""
    study = _study()
    noise, scales = study.config.noise, study.config.scale
    values = {
        "run": list(study.runs),
        "scenario": list(study.scenarios),
        "experiment": list(study.experiments),
        "noise": noise.names if noise is not None else [],
        "scale_and_links": [(name, links) for name, scale in scales.items() for links in scale.links],
    }
    for name in values.keys() & set(metafunc.fixturenames):
        metafunc.parametrize(name, values[name])
