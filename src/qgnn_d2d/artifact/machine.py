"""What numbers are made on: processor, C library, versions. One description, for jobs' records and the reference."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..io import sha256

PACKAGES = (
    "torch", "numpy", "numba", "llvmlite", "scipy", "pandas", "xarray", "pennylane", "pennylane-lightning",
    "pennylane-qiskit", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "h5netcdf", "safetensors", "snakemake",
)  # fmt: skip
"""Whose versions can change a number."""

_ROUNDING = ("cpu", "cpu_id", "vector_instructions", "libc", "threads", "packages")

# What PyTorch asks of a processor before it uses its vector instructions, the widest first.
_VECTORS = {"AVX512": {"avx512f", "avx512vl", "avx512bw", "avx512dq", "fma"}, "AVX2": {"avx2", "fma"}}


def processor() -> dict[str, Any]:
    """Return what of a machine can change a rounding: processor, vector instructions, C library."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    # Clouds hide the name of a processor, hardly ever its family and model.
    identity = [fields.get(key, "") for key in ("vendor_id", "cpu family", "model", "stepping")]
    return {
        "cpu": fields.get("model name") or platform.processor() or platform.machine(),
        "cpu_id": " ".join(filter(None, identity)),
        "vector_instructions": vector_instructions(fields.get("flags", "")),
        "libc": " ".join(platform.libc_ver()).strip(),
    }


def vector_instructions(flags: str) -> str:
    """Return what `torch.backends.cpu.get_cpu_capability` does, of the processor's flags, without loading PyTorch.

    Example:
        >>> vector_instructions("sse2 avx2 fma")
        'AVX2'
    """
    found, forced = set(flags.split()), os.environ.get("ATEN_CPU_CAPABILITY", "").upper()
    if forced in (*_VECTORS, "DEFAULT"):
        return forced
    return next((name for name, needed in _VECTORS.items() if needed <= found), "DEFAULT")


def environment(lock: Path) -> dict[str, Any]:
    """Return python, packages (the installed versions of `PACKAGES`) and lock_sha256, of the lock file."""
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "lock_sha256": sha256(lock),
    }


def describe(lock: Path, threads: int | None) -> dict[str, Any]:
    """Return all that a reference says of the machine that it was made on; ``threads``: the most of a training."""
    more = {"cores": os.cpu_count(), "platform": platform.platform(), "threads": threads}
    return processor() | environment(lock) | more


def changes(reference: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """Return what tells two results of `describe` apart and can change a rounding; empty for the same machine."""
    return [key for key in _ROUNDING if reference.get(key) != fresh.get(key)]
