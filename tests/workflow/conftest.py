import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def snakemake():
    """Run Snakemake on the repository's Snakefile in another working directory."""

    def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), *arguments]
        return subprocess.run(
            [*command, "--directory", str(directory)],
            cwd=directory,
            env={**os.environ, "XDG_CACHE_HOME": str(directory / ".cache")},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def smoke(snakemake, tmp_path_factory):
    """Run the smoke study once per session; return its working directory."""
    directory = tmp_path_factory.mktemp("smoke")
    done = snakemake(directory, "--cores", "2", "--configfile", str(ROOT / "config" / "smoke.yaml"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return directory
