import pytest


def pytest_collection_modifyitems(items):
    """Group tests for `pytest --dist loadgroup`: by file, but all that need the smoke study in one worker."""
    for item in items:
        group = "smoke" if "smoke" in getattr(item, "fixturenames", ()) else item.path.as_posix().replace("/", ".")
        item.add_marker(pytest.mark.xdist_group(group))
