import pytest
from hypothesis import HealthCheck, settings

# One profile for all property tests: seeded, and whatever the machine's speed. Hypothesis also tries numbers that it
# finds in the modules loaded so far, so examples may differ with them.
settings.register_profile(
    "artifact",
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("artifact")

OF_THE_SMOKE_STUDY = [
    f"tests/workflow/{name}.py" for name in ("test_dag", "test_provenance", "test_report", "test_verification")
]


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadfile`, let one worker have all files that need the smoke study, which runs once per worker."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "the smoke study" if file in OF_THE_SMOKE_STUDY else file

    return Scheduling(config, log)
