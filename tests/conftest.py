import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

from tests import runs

# Property tests are seeded, and may be slow on a busy machine: `make test` tries 25 examples of each property,
# HYPOTHESIS_PROFILE=all (`make test-all`) 200. Hypothesis also tries numbers that it finds in the modules loaded so
# far, so examples may differ with them.
for profile, max_examples in {"artifact": 25, "all": 200}.items():
    settings.register_profile(
        profile,
        max_examples=max_examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "artifact"))


@pytest.fixture(scope="session")
def snakemake():
    """Run Snakemake on the repository's Snakefile in another working directory."""
    return runs.snakemake


@pytest.fixture(scope="session")
def smoke(tmp_path_factory):
    """The working directory of the finished smoke study, run once per test session; not to be written to."""
    base = tmp_path_factory.getbasetemp()
    # The workers of pytest-xdist have folders side by side; without them, the folder above is other sessions', too.
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "smoke"
    done = runs.once(directory, "--cores", "2", "--configfile", str(runs.SMOKE), within=runs.offline())
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return directory


@pytest.fixture(scope="module")
def smoke_copy(smoke, tmp_path_factory):
    """A copy of the finished smoke study, to be written to; Snakemake finds all of it up to date."""
    return shutil.copytree(smoke, tmp_path_factory.mktemp("copy") / "smoke", symlinks=True)
