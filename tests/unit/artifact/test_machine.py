"""What numbers are made on."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from qgnn_d2d.artifact import machine

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "envs" / "requirements.lock"
NO_NUMBERS = {  # dependencies that draw, read, check or write what others compute
    "h5py", "tqdm", "matplotlib", "seaborn", "pydantic", "PyYAML", "pygments", "markdown-it-py", "rocrate", "tabulate",
    "pydantic_core", "pytest", "rich", "typer",
}  # fmt: skip
AVX2 = "sse4_2 avx avx2 fma"
AVX512 = f"{AVX2} avx512f avx512dq avx512bw avx512vl"


def test_vector_instructions_are_those_that_torch_uses():
    assert machine.processor()["vector_instructions"] == torch.backends.cpu.get_cpu_capability()


@pytest.mark.parametrize(
    ("flags", "capability"),
    [(AVX512, "AVX512"), (AVX512.replace("avx512vl", ""), "AVX2"), (AVX512.replace("fma", ""), "DEFAULT"),
     (AVX2, "AVX2"), ("sse2 avx", "DEFAULT"), ("", "DEFAULT")],
)  # fmt: skip
def test_the_widest_instructions_of_a_processor_count(flags, capability, monkeypatch):
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    assert machine.vector_instructions(flags) == capability


def test_instructions_that_the_user_forces_on_torch_count(monkeypatch):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert machine.vector_instructions(AVX512) == "AVX2"


def test_every_dependency_that_can_change_a_number_has_its_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dependencies = {re.match(r"[\w.-]+", line)[0] for line in project["dependencies"]}
    assert dependencies >= NO_NUMBERS
    packages = machine.environment(LOCK)["packages"]
    assert set(packages) == dependencies - NO_NUMBERS
    assert packages == {name: version(name) for name in packages}


def test_machines_are_told_apart_by_what_can_change_a_rounding():
    here = machine.describe(LOCK, threads=1)
    assert here["cpu"] and here["threads"] == 1 and here["libc"] and here["packages"]["torch"]
    assert machine.changes(here, here) == []
    assert machine.changes(here, here | {"cores": 128, "platform": "other"}) == []
    other = here | {"packages": {**here["packages"], "torch": "1.0"}, "vector_instructions": "other"}
    assert machine.changes(here, other) == ["vector_instructions", "packages"]
    assert machine.changes({"cpu": here["cpu"]}, here)  # a reference of an older kind
