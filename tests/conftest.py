import pytest

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
