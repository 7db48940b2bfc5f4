import pytest

from tests import runs


@pytest.fixture(scope="session")
def snakemake():
    """Run Snakemake on the repository's Snakefile in another working directory."""
    return runs.snakemake


@pytest.fixture(scope="session")
def smoke(tmp_path_factory):
    """Run the smoke study once per session, without a network where that is permitted; return its working directory."""
    directory = tmp_path_factory.mktemp("smoke")
    done = runs.snakemake(directory, "--cores", "2", "--configfile", str(runs.SMOKE), within=runs.offline())
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return directory
