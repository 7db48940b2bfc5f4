"""Test what the study wrote: tests/outputs, run by pytest on the finished files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from _job import ROOT, run

from qgnn_d2d.io import write_json
from qgnn_d2d.settings import Study


class _Counter:
    """Counts how the tests came out."""

    def __init__(self) -> None:
        self.passed, self.failed = 0, list[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test's call, or a set-up that failed."""
        self.passed += report.when == "call" and report.passed
        if report.failed:
            self.failed.append(report.nodeid.rpartition("::")[2])


def main(study: Study, snakemake: Any) -> None:
    """Run the tests; what fails is named."""
    os.environ["QGNN_D2D_STUDY"] = json.dumps(snakemake.config)
    counter = _Counter()
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=--import-mode=importlib"]
    pytest.main([*options, "-c", str(ROOT / "pyproject.toml"), str(ROOT / "tests" / "outputs")], plugins=[counter])
    if counter.failed or not counter.passed:
        raise ValueError(f"study {study.name}: {len(counter.failed)} tests of its outputs failed: {counter.failed[:5]}")
    write_json(Path(snakemake.output[0]), {"passed": counter.passed})


if "snakemake" in globals():
    run(main, globals()["snakemake"])
