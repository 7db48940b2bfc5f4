import pytest

from tests.unit.solvers.cases import CASES


@pytest.fixture(params=sorted(CASES))
def channels(request):
    return CASES[request.param]
